"""Turn restrictions: from relations of OpenStreetMap to sequences of arcs that may not be made.

Source of the rules: the OpenStreetMap wiki, "Relation:restriction" and "Conditional restrictions".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.modes import Mode
from geo_mbo.network.gathered import Gathered, Relation
from geo_mbo.network.stretches import Pieces

if TYPE_CHECKING:
    from geo_mbo.network.road import Truths

    Trail = tuple[int, ...]
    Binds = tuple[bool, ...]

_TRANSPORT = {
    "foot": ("foot",),
    "bicycle": ("bicycle", "vehicle"),
    "moped": ("speed_pedelec", "moped", "motor_vehicle", "vehicle"),
    "motorcar": ("motorcar", "motor_vehicle", "vehicle"),
}
"""By vehicle the words that mean it, the most telling first."""
_TIMED = ("day_on", "day_off", "hour_on", "hour_off")
_SEVERAL = {"no_entry": "from", "no_exit": "to"}
"""Restrictions with several members of one role: each of them is meant."""
_MOST_WAYS = 8
"""Via ways of a restriction; one with more is a fault of the map, and tried in vain."""


@dataclass
class Forbidden:
    """Sequences of arcs (of pieces) that are forbidden, and by mode whether they bind it.

    Attributes
    ----------
    trails
        The sequences; consecutive arcs meet at a node.
    unclear
        Restrictions that are not applied: members are missing, or do not meet in one way only.
    conditional
        Restrictions that hold at times only, and are not applied.
    """

    trails: dict[Trail, Binds] = field(default_factory=dict)
    unclear: int = 0
    conditional: int = 0

    def add(self, trail: Trail, binds: Binds) -> None:
        """Forbid a sequence, besides what is forbidden already."""
        before = self.trails.get(trail, (False,) * len(binds))
        self.trails[trail] = tuple(a or b for a, b in zip(before, binds, strict=True))


def via_nodes(gathered: Gathered) -> Truths:
    """Mark the nodes over which a restriction leads."""
    marked = np.zeros(len(gathered.ref), bool)
    named = [ref for r in gathered.relations for kind, ref, role in r.members
             if (kind, role) == ("n", "via")]  # fmt: skip
    ids = np.array(named, np.int64)
    at = np.searchsorted(gathered.ref, ids)
    at = at[at < len(marked)]
    marked[at] = np.isin(gathered.ref[at], ids)
    return marked


def forbidden(
    gathered: Gathered, pieces: Pieces, usable: Truths, modes: Sequence[Mode]
) -> Forbidden:
    """Find the sequences of arcs that the restrictions of a file forbid.

    Parameters
    ----------
    gathered, pieces
        The roads, whole and cut.
    usable
        By mode (rows) which arcs of the pieces are open to it.
    modes
        Who travels.
    """
    found = Forbidden()
    at = _Roads(gathered, pieces, usable)
    for relation in gathered.relations:
        said, timed = rulings(relation.tags, modes)
        found.conditional += timed
        for value, binds in said.items():
            known = value.startswith(("no_", "only_"))
            trails = at.trails(relation, value, binds) if known else None
            found.unclear += trails is None
            for trail in trails or ():
                found.add(trail, binds)
    return found


def rulings(tags: Mapping[str, str], modes: Sequence[Mode]) -> tuple[dict[str, Binds], bool]:
    """Tell what a relation forbids to whom, and whether it says something for certain times only.

    Examples
    --------
    >>> from geo_mbo.modes import chosen
    >>> who = chosen(["walk", "bike", "car"])
    >>> rulings({"restriction": "no_left_turn", "except": "bicycle"}, who)
    ({'no_left_turn': (False, False, True)}, False)
    >>> rulings({"restriction:conditional": "no_left_turn @ (Mo-Fr 7:00-9:00)"}, who)
    ({}, True)
    """
    by_mode = [_value(tags, mode.vehicle, "") for mode in modes]
    timed = any(_value(tags, mode.vehicle, ":conditional") for mode in modes)
    if any(key in tags for key in _TIMED):
        return {}, timed or any(by_mode)
    said = {
        value: tuple(other == value for other in by_mode)
        for value in by_mode
        if value not in ("", "no", "none")
    }
    return said, timed


def _value(tags: Mapping[str, str], vehicle: str, ending: str) -> str:
    """Give what the tags say to a vehicle; what is said to all vehicles is not said to walkers."""
    words = _TRANSPORT[vehicle]
    for word in words:
        if f"restriction:{word}{ending}" in tags:
            return tags[f"restriction:{word}{ending}"]
    spared = {part.strip() for part in tags.get("except", "").split(";")}
    if vehicle == "foot" or spared & set(words):
        return ""
    return tags.get(f"restriction{ending}", "")


class _Roads:
    """Looks up the pieces of roads, and how they meet."""

    def __init__(self, gathered: Gathered, pieces: Pieces, usable: Truths) -> None:
        self._gathered = gathered
        self._usable = usable
        self._ends = pieces.ends
        self._way = pieces.way

    @cached_property
    def _slots(self) -> dict[int, list[int]]:
        """Slots at each node where a way that a restriction names begins or ends."""
        ids = [ref for r in self._gathered.relations for kind, ref, _ in r.members if kind == "w"]
        named = np.isin(self._gathered.way, np.array(ids, np.int64))
        nodes = np.unique(self._ends.reshape(-1, 2)[named[self._way]])
        slot = np.flatnonzero(np.isin(self._ends, nodes))
        slot = slot[np.argsort(self._ends[slot], kind="stable")]
        begins = np.searchsorted(self._ends[slot], np.append(nodes, self._ends.max() + 1))
        return {
            int(node): slot[a:z].tolist()
            for node, (a, z) in zip(nodes, pairwise(begins), strict=True)
        }

    def trails(self, relation: Relation, value: str, binds: Binds) -> list[Trail] | None:
        """Give the sequences that a relation forbids; None where it is not clear."""
        roles: dict[str, list[tuple[str, int]]] = {"from": [], "via": [], "to": []}
        for kind, ref, role in relation.members:
            roles.get(role, []).append((kind, ref))
        for role in ("from", "to"):
            if not roles[role] or (len(roles[role]) > 1 and _SEVERAL.get(value) != role):
                return None
        found: list[Trail] = []
        for (_, begin), (_, end) in product(roles["from"], roles["to"]):
            trail = self._trail(begin, roles["via"], end, binds)
            if trail is None:
                return None
            found += self._others(trail, binds) if value.startswith("only_") else [trail]
        return [trail for trail in found if self._open(trail, binds)]

    def _pieces(self, way_id: int) -> range:
        """Give the pieces of a way, in its direction."""
        way = int(np.searchsorted(self._gathered.way, way_id))
        if way == len(self._gathered.way) or self._gathered.way[way] != way_id:
            return range(0)
        return range(*np.searchsorted(self._way, (way, way + 1)).tolist())

    def _trail(
        self, begin: int, via: Sequence[tuple[str, int]], end: int, binds: Binds
    ) -> Trail | None:
        """Give the one way from a road over others, or a node, to a road; None without just one."""
        if [kind for kind, _ in via] == ["n"]:
            middles = self._at_node(via[0][1])
        elif via and all(kind == "w" for kind, _ in via):
            middles = list(self._along([ref for _, ref in via]))
        else:
            return None
        found = [
            (came, *middle, goes)
            for enter, middle, leave in middles
            for came in self._arcs(begin, enter, arriving=True)
            for goes in self._arcs(end, leave, arriving=False)
        ]
        usual = [trail for trail in found if self._open(trail, binds)]
        chosen = found if len(found) == 1 else usual
        return chosen[0] if len(chosen) == 1 else None

    def _at_node(self, ref: int) -> list[tuple[int, Trail, int]]:
        node = int(np.searchsorted(self._gathered.ref, ref))
        there = node < len(self._gathered.ref) and self._gathered.ref[node] == ref
        return [(node, (), node)] if there else []

    def _along(self, ways: Sequence[int]) -> Iterator[tuple[int, Trail, int]]:
        """Give the walks along ways from end to end: where they enter, arcs, where they leave."""
        if len(ways) > _MOST_WAYS or len(set(ways)) < len(ways):
            return
        orders = [ways] if len(ways) == 1 else [ways, ways[::-1]]
        for order, backward in product(orders, (False, True)):
            walks = [self._whole(order[0], backward=backward)]
            for way in order[1:]:
                turned = self._whole(way, backward=False), self._whole(way, backward=True)
                walks = [
                    (*walk, *further)
                    for walk in walks
                    for further in turned
                    if walk and further and self._head(walk[-1]) == self._tail(further[0])
                ]
            yield from ((self._tail(walk[0]), walk, self._head(walk[-1])) for walk in walks if walk)

    def _whole(self, way: int, *, backward: bool) -> Trail:
        """Give all arcs along a way; none where there is a hole in it."""
        arcs = [2 * piece + backward for piece in self._pieces(way)]
        arcs = arcs[::-1] if backward else arcs
        whole = all(self._head(a) == self._tail(b) for a, b in pairwise(arcs))
        return tuple(arcs) if whole else ()

    def _arcs(self, way: int, node: int, *, arriving: bool) -> list[int]:
        """Give the arcs of a way that arrive at a node, or leave it."""
        end = self._head if arriving else self._tail
        pieces = self._pieces(way)
        return [a for a in range(2 * pieces.start, 2 * pieces.stop) if end(a) == node]

    def _others(self, trail: Trail, binds: Binds) -> list[Trail]:
        """Give the same way with every other road at its end."""
        node = self._tail(trail[-1])
        return [
            (*trail[:-1], arc)
            for arc in self._slots[node]
            if arc != trail[-1] and self._open((arc,), binds)
        ]

    def _open(self, trail: Trail, binds: Binds) -> bool:
        """Tell whether somebody who is bound may go this way at all."""
        return bool((self._usable[:, trail].all(axis=1) & np.array(binds)).any())

    def _head(self, arc: int) -> int:
        return int(self._ends[arc ^ 1])

    def _tail(self, arc: int) -> int:
        return int(self._ends[arc])
