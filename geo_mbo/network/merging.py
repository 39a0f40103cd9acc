"""Roads of several OpenStreetMap files as one: neighbouring extracts overlap at their borders.

An extract holds whole ways that cross its border, so that the extract on the other side holds them
too. Ids of OpenStreetMap are the same in all files: nodes meet by theirs, and a way or a turn
restriction counts once. This is done before roads are cut where they meet, since a way that lies
there twice would meet itself all along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.gathered import NOWHERE, Gathered, Relation, starts
from geo_mbo.network.road import ragged

if TYPE_CHECKING:
    from geo_mbo.network.gathered import Short
    from geo_mbo.network.road import Truths, Whole


@dataclass(frozen=True)
class Merged:
    """Roads of several files as one, and how many ways and nodes two files tell differently."""

    roads: Gathered
    differ: int


def merged(parts: Sequence[Gathered]) -> Merged:
    """Put the roads of several files together; what lies in several of them is there once.

    Of two versions of one way the one with the most nodes holds (an extract may have cut the
    other off), of equals that of the file named first; so it is with a node's place and tags.

    Parameters
    ----------
    parts
        Roads of each file, judged by one judge.
    """
    if len(parts) == 1:
        return Merged(parts[0], 0)
    ref = _distinct(parts)
    at = [np.searchsorted(ref, part.ref).astype(np.int32) for part in parts]
    lon, lat, spot, moved = _places(parts, at, len(ref))
    way = np.concatenate([part.way for part in parts])
    rule = np.concatenate([part.rule for part in parts])
    node = np.concatenate([where[part.node] for where, part in zip(at, parts, strict=True)])
    count = np.concatenate([np.diff(part.start) for part in parts])
    start = starts(count)
    order = np.lexsort((-count, way))  # stable: of equals the file named first
    fresh = np.ones(len(order), bool)
    fresh[1:] = np.diff(way[order]) != 0
    kept = order[fresh]
    first = kept[np.cumsum(fresh) - 1][~fresh]
    differ = _differ(first, order[~fresh], rule, node, start)
    return Merged(
        Gathered(
            ref=ref,
            lon=lon,
            lat=lat,
            spot=spot,
            way=way[kept],
            rule=rule[kept],
            node=node[ragged(start[:-1][kept], count[kept])],
            start=starts(count[kept]),
            relations=_relations(parts),
        ),
        differ + moved,
    )


def _distinct(parts: Sequence[Gathered]) -> Whole:
    """Give the ids of the nodes of all files, ascending; each file has them in order already."""
    ref = np.concatenate([part.ref for part in parts])
    ref.sort(kind="stable")  # merges what is in order
    fresh = np.ones(len(ref), bool)
    np.not_equal(ref[1:], ref[:-1], out=fresh[1:])
    return ref[fresh]


def _places(
    parts: Sequence[Gathered], at: Sequence[Short], nodes: int
) -> tuple[Short, Short, Short, int]:
    """Give place and rule of each node from the first file that holds it, and how many moved."""
    lon, lat = np.full(nodes, NOWHERE, np.int32), np.full(nodes, NOWHERE, np.int32)
    spot = np.full(nodes, -1, np.int32)
    told = np.zeros(nodes, bool)
    moved = 0
    for part, where in zip(parts, at, strict=True):
        held = (part.lon != NOWHERE) | (part.spot >= 0)
        again = where[held & told[where]]
        mine = held & told[where]
        moved += int(
            ((lon[again] != part.lon[mine]) | (lat[again] != part.lat[mine])
             | (spot[again] != part.spot[mine])).sum()
        )  # fmt: skip
        held &= ~told[where]
        new = where[held]
        lon[new], lat[new], spot[new] = part.lon[held], part.lat[held], part.spot[held]
        told[new] = True
    return lon, lat, spot, moved


def _differ(one: Whole, other: Whole, rule: Whole, node: Short, start: Whole) -> int:
    """Count the pairs of ways that have another rule or other nodes."""
    count = np.diff(start)
    differs: Truths = (rule[one] != rule[other]) | (count[one] != count[other])
    alike = np.flatnonzero(~differs)
    long = count[one[alike]]
    unlike = (
        node[ragged(start[:-1][one[alike]], long)] != node[ragged(start[:-1][other[alike]], long)]
    )
    owner = np.repeat(alike, long)
    differs[owner[unlike]] = True
    return int(differs.sum())


def _relations(parts: Sequence[Gathered]) -> list[Relation]:
    """Give the turn restrictions of all files, each once; the file named first holds."""
    found: dict[int, Relation] = {}
    for part in parts:
        for relation in part.relations:
            found.setdefault(relation.id, relation)
    return [found[ref] for ref in sorted(found)]
