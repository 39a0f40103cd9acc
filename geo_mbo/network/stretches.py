"""Cutting roads where they meet, and merging the pieces where nothing changes.

A slot is one end of a piece: ``2 * piece`` its tail, ``2 * piece + 1`` its head. An arc is one
direction of a piece, by the slot where it begins; so ``arc ^ 1`` is the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.gathered import Gathered, Judge, starts

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.network.gathered import Short
    from geo_mbo.network.road import Truths, Whole

_BLOCK = 250_000
"""Rows that are expanded at once: bounds what is needed beside the result."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Roads cut where they meet: piece ``i`` has ``count[i]`` vertices from ``node[begin[i]]``."""

    node: Short
    begin: Whole
    count: Short
    way: Whole
    """Place of the road among those gathered; ascending."""

    @property
    def ends(self) -> Short:
        """Nodes at the slots."""
        return np.column_stack(
            [self.node[self.begin], self.node[self.begin + self.count - 1]]
        ).ravel()

    def __len__(self) -> int:
        return len(self.begin)


@dataclass(frozen=True, eq=False)
class Stretches:
    """Pieces merged into stretches of road between junctions.

    Attributes
    ----------
    tail, head
        Nodes at both ends.
    vertex, start
        Stretch ``i`` has the nodes ``vertex[start[i]:start[i + 1]]``.
    first, last
        Slots of pieces where it begins and ends.
    arc_of
        Of each arc of a piece the arc of the stretch that it lies in.
    """

    tail: Short
    head: Short
    vertex: Short
    start: Whole
    first: Whole
    last: Whole
    arc_of: Short


def cut(gathered: Gathered, stops: Truths) -> Pieces:
    """Cut every road where it ends, leaves the file, meets another (or itself), or stops somebody.

    Parameters
    ----------
    gathered
        The roads.
    stops
        Nodes to cut at besides.
    """
    node, owner, begins = _runs(gathered)
    meets = (np.bincount(node, minlength=len(gathered.ref)) > 1) | stops
    ends = np.append(begins[1:], True)
    cuts = np.flatnonzero(meets[node] | begins | ends)
    run = np.cumsum(begins, dtype=np.int32)
    follows = run[cuts[:-1]] == run[cuts[1:]]
    begin, end = cuts[:-1][follows], cuts[1:][follows]
    count = (end - begin + 1).astype(np.int32)
    return Pieces(node=node, begin=begin, count=count, way=owner[begin].astype(np.int64))


def _runs(gathered: Gathered) -> tuple[Short, Short, Truths]:
    """Give the vertices that have a place, their road, and where a new run of them begins."""
    count = np.diff(gathered.start)
    owner = np.repeat(np.arange(len(count), dtype=np.int32), count)
    begins = np.zeros(len(owner), bool)
    begins[gathered.start[:-1][count > 0]] = True
    here = gathered.here[gathered.node]
    begins[1:] |= ~here[:-1]
    node, owner, begins = gathered.node[here], owner[here], begins[here]
    fresh = begins.copy()
    fresh[1:] |= np.diff(node) != 0  # a node twice in a row is one vertex
    return node[fresh], owner[fresh], begins[fresh]


def kinds(judge: Judge) -> Short:
    """Give for each rule of a road two numbers, there and back: equal where nothing changes."""
    numbers: dict[tuple[object, ...], int] = {}
    found = np.zeros((len(judge.roads), 2), np.int32)
    for k, rule in enumerate(judge.roads):
        same = (rule.joinable, rule.rank, rule.yields, rule.ferry)
        there, back = zip(*rule.kmh, strict=True)
        for way, kind in enumerate(((there, back, *same), (back, there, *same))):
            found[k, way] = numbers.setdefault(kind, len(numbers))
    return found


def merge(pieces: Pieces, kind: Short, fixed: Truths) -> Stretches:
    """Merge pieces at nodes where just two of them meet and nothing changes.

    Parameters
    ----------
    pieces
        The pieces.
    kind
        Of each arc of a piece: what it is like to travel along it.
    fixed
        Nodes to keep in any case.
    """
    partner = _partners(pieces.ends, kind, fixed)
    root, rank = _chains(partner, pieces.ends)
    arc = _chosen(root, pieces)
    order = np.lexsort((rank[arc], root[arc] >> 1))
    arc = arc[order]
    opens = rank[arc] == 0
    stretch = np.cumsum(opens) - 1
    arc_of = np.empty(len(partner), np.int32)
    arc_of[arc], arc_of[arc ^ 1] = 2 * stretch, 2 * stretch + 1
    first, last = arc[opens], arc[np.append(opens[1:], True)] ^ 1
    vertex, start = _vertices(pieces, arc, opens)
    ends = pieces.ends
    return Stretches(
        tail=ends[first], head=ends[last],
        vertex=vertex, start=start, first=first, last=last, arc_of=arc_of,
    )  # fmt: skip


def _partners(ends: Short, kind: Short, fixed: Truths) -> Short:
    """Give of each slot the one that it is merged with; -1 where there is none."""
    partner = np.full(len(ends), -1, np.int32)
    loose = (np.bincount(ends, minlength=len(fixed)) == 2) & ~fixed
    slot = np.flatnonzero(loose[ends])
    slot = slot[np.argsort(ends[slot], kind="stable")]
    one, other = slot[::2], slot[1::2]
    fits = (kind[one ^ 1] == kind[other]) & (one >> 1 != other >> 1)
    partner[one[fits]], partner[other[fits]] = other[fits], one[fits]
    return partner


def _chains(partner: Short, ends: Short) -> tuple[Short, Short]:
    """Give of each arc the first arc of its chain, and how many lie before it.

    By pointer doubling: every round looks twice as far back. Rings that meet nothing never end;
    they are cut at their first node.
    """
    root, rank, open_rings = _looked_back(partner)
    if len(open_rings):
        _open(open_rings, partner, ends)
        root, rank, _ = _looked_back(partner)
    return root, rank


def _looked_back(partner: Short) -> tuple[Short, Short, Whole]:
    root = np.arange(len(partner), dtype=np.int32)
    rank = np.zeros(len(partner), np.int32)
    going = np.flatnonzero(partner >= 0)
    root[going] = partner[going] ^ 1
    rank[going] = 1
    while len(going):
        behind = root[going]
        rank[going] += rank[behind]
        root[going] = root[behind]
        left = going[partner[root[going]] >= 0]
        if len(left) == len(going):  # none came to an end: what is left are rings
            break
        going = left
    return root, rank, going


def _open(arcs: Whole, partner: Short, ends: Short) -> None:
    """Cut each ring at its lowest node."""
    seen: set[int] = set()
    for begin in arcs.tolist():
        if begin in seen:
            continue
        ring, arc = [], begin
        while arc not in seen:
            seen.update((arc, arc ^ 1))
            ring.append(arc)
            arc = int(partner[arc ^ 1])
        at = min(ring, key=lambda slot: int(ends[slot]))
        partner[partner[at]] = -1
        partner[at] = -1


def _chosen(root: Short, pieces: Pieces) -> Short:
    """Choose of each piece the arc along the direction of its chain: from the lower node on.

    A piece by itself keeps the direction of its road.
    """
    arc = 2 * np.arange(len(pieces), dtype=np.int32)
    one, other = root[arc], root[arc + 1]
    ends = pieces.ends
    second = np.column_stack(
        [pieces.node[pieces.begin + 1], pieces.node[pieces.begin + pieces.count - 2]]
    ).ravel()
    key = [(ends[a], second[a], a) for a in (one, other)]
    back = np.zeros(len(arc), bool)
    for mine, its in zip(*(part[::-1] for part in key), strict=True):
        back = np.where(mine == its, back, its < mine)
    alone = (one == arc) & (other == arc + 1)
    return np.where(back & ~alone, arc + 1, arc)


def _vertices(pieces: Pieces, arc: Short, opens: Truths) -> tuple[Short, Whole]:
    """Join the vertices of arcs in a row; where one goes on, the node between counts once."""
    count = pieces.count[arc >> 1] - ~opens
    at = starts(count)
    vertex = np.empty(int(at[-1]), np.int32)
    for a in range(0, len(arc), _BLOCK):
        z = min(a + _BLOCK, len(arc))
        piece, back = arc[a:z] >> 1, (arc[a:z] & 1).astype(bool)
        step = np.where(back, -1, 1)
        first = pieces.begin[piece] + np.where(back, pieces.count[piece] - 1, 0)
        first += np.where(opens[a:z], 0, step)
        owner = np.repeat(np.arange(z - a), count[a:z])
        k = np.arange(at[a], at[z]) - at[a:z][owner]
        vertex[at[a] : at[z]] = pieces.node[first[owner] + k * step[owner]]
    return vertex, np.append(at[:-1][opens], len(vertex))


def lengths_m(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], start: Whole
) -> npt.NDArray[np.float64]:
    """Give the lengths of lines in metres, some at a time."""
    from geo_mbo.network.road import polyline_lengths

    parts = [np.zeros(0)]
    for a in range(0, len(start) - 1, _BLOCK):
        some = start[a : a + _BLOCK + 1]
        inside = slice(some[0], some[-1])
        parts.append(polyline_lengths(x[inside], y[inside], some - some[0]))
    return np.concatenate(parts)
