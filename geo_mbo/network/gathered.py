"""What both readers of OpenStreetMap files give: roads as rows of nodes, and what is ruled of them.

Tags repeat a thousandfold, so that each distinct set of tags is judged once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.modes import Mode, priority
from geo_mbo.network.access import (
    Sign,
    duration_s,
    gate_is_open,
    joinable,
    road_class,
    sign_here,
    speeds_kmh,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.network.road import Truths, Whole

    Short = npt.NDArray[np.int32]

NOWHERE = 2**31 - 1
"""The coordinate of a node that the file does not hold."""
DEGREE = 1e-7
"""Coordinates are whole numbers of this many degrees."""
_WIDE = 45.0
"""A place more degrees of longitude from the middle cannot be told in metres with the rest."""
ROAD_KEYS = ("highway", "route")
"""A way without any of these is no road."""


@dataclass(frozen=True)
class RoadRule:
    """What the tags of a road say: speeds by mode there and back, its rank where roads cross."""

    kmh: tuple[tuple[float, float], ...]
    joinable: bool
    crossing_s: float
    ferry: bool
    rank: float
    yields: bool


@dataclass(frozen=True)
class Spot:
    """What the tags of a node say: by mode whether one may pass, and what one stops for."""

    passable: tuple[bool, ...]
    sign: Sign
    direction: str

    @property
    def gate(self) -> bool:
        """Does it stop somebody for good."""
        return not all(self.passable)


@dataclass
class Judge:
    """Judge of the tags of ways and nodes, for these modes; keeps what was ruled."""

    modes: Sequence[Mode]
    roads: list[RoadRule] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    _ways: dict[tuple[tuple[str, str], ...], int] = field(default_factory=dict)
    _nodes: dict[tuple[tuple[str, str], ...], int] = field(default_factory=dict)

    def way(self, tags: Mapping[str, str]) -> int:
        """Give the number of the rule for a way; -1 where nobody may use it."""
        key = tuple(tags.items())
        if key not in self._ways:
            rule = _road(tags, self.modes)
            opened = any(kmh for pair in rule.kmh for kmh in pair)
            self._ways[key] = len(self.roads) if opened else -1
            if opened:
                self.roads.append(rule)
        return self._ways[key]

    def node(self, tags: Mapping[str, str]) -> int:
        """Give the number of the rule for a node; -1 where nobody needs to stop."""
        key = tuple(tags.items())
        if key not in self._nodes:
            spot = Spot(
                tuple(gate_is_open(tags, mode.vehicle) for mode in self.modes), *sign_here(tags)
            )
            stops = spot.gate or bool(spot.sign)
            self._nodes[key] = len(self.spots) if stops else -1
            if stops:
                self.spots.append(spot)
        return self._nodes[key]


def _road(tags: Mapping[str, str], modes: Sequence[Mode]) -> RoadRule:
    road = road_class(tags)
    ferry = road == "ferry"
    rank, never = priority()
    round_about = tags.get("junction") in ("roundabout", "circular")
    return RoadRule(
        kmh=tuple(speeds_kmh(tags, mode) for mode in modes),
        joinable=joinable(tags),
        crossing_s=(duration_s(tags) or nan) if ferry else nan,
        ferry=ferry,
        rank=rank.get(road, rank.get(road.removesuffix("_link"), 0)) + round_about / 2,
        yields=road not in never and not round_about,
    )


@dataclass(frozen=True)
class Relation:
    """A relation that says which turns may not be made: its tags, members by role, and id."""

    tags: Mapping[str, str]
    members: Sequence[tuple[str, int, str]]
    """Kind (``n``, ``w``, ``r``), OpenStreetMap id, role."""
    id: int


def tells_of_turns(tags: Mapping[str, str]) -> bool:
    """Tell whether a relation with these tags is a turn restriction."""
    return tags.get("type") == "restriction"


@dataclass(frozen=True, eq=False)
class Gathered:
    """The roads of a file.

    Attributes
    ----------
    ref
        OpenStreetMap ids of the nodes of roads, ascending.
    lon, lat
        Their places in units of `DEGREE`; `NOWHERE` where the file does not hold them.
    spot
        Of each node the number of its rule among the spots of the judge; -1 where there is none.
    way
        OpenStreetMap ids of the roads, ascending.
    rule
        Of each road the number of its rule among the roads of the judge.
    node, start
        Road ``i`` has the nodes ``node[start[i]:start[i + 1]]``, by their place in `ref`.
    relations
        Turn restrictions.
    """

    ref: Whole
    lon: Short
    lat: Short
    spot: Short
    way: Whole
    rule: Whole
    node: Short
    start: Whole
    relations: Sequence[Relation]

    @cached_property
    def here(self) -> Truths:
        """Mark the nodes of which the file holds a place on earth that fits on one map."""
        there = (self.lat >= -90 / DEGREE) & (self.lat <= 90 / DEGREE)
        there &= (self.lon >= -180 / DEGREE) & (self.lon <= 180 / DEGREE)
        if there.any():
            middle = np.median(self.lon[there])
            there &= np.abs(self.lon - middle) <= _WIDE / DEGREE
        return there

    def clipped(self, box: tuple[float, float, float, float]) -> Gathered:
        """Keep the roads with any node inside a box (west, south, east, north; degrees)."""
        # Whole numbers as the places are: to compare with fractions would copy all places.
        west, south, east, north = (round(min(max(side, -181), 181) / DEGREE) for side in box)
        inside = (self.lon >= west) & (self.lon <= east) & (self.lat >= south) & (self.lat <= north)
        count = np.diff(self.start)
        kept = np.zeros(len(count), bool)
        some = count > 0
        if some.any():  # a country's roads are many: no numbers beside a mark of each
            kept[some] = np.logical_or.reduceat(inside[self.node], self.start[:-1][some])
        node = self.node[np.repeat(kept, count)]
        used = np.zeros(len(self.ref), bool)
        used[node] = True
        ways = set(self.way[kept].tolist())
        return Gathered(
            ref=self.ref[used],
            lon=self.lon[used],
            lat=self.lat[used],
            spot=self.spot[used],
            way=self.way[kept],
            rule=self.rule[kept],
            node=np.searchsorted(np.flatnonzero(used), node).astype(np.int32),
            start=starts(count[kept]),
            relations=[
                relation
                for relation in self.relations
                if any(kind == "w" and ref in ways for kind, ref, _ in relation.members)
            ],
        )

    def without_rows(self) -> Gathered:
        """Let go of which road has which nodes."""
        return replace(self, node=np.zeros(0, np.int32), start=np.zeros(1, np.int64))

    def by_way_id(self) -> Gathered:
        """Put the roads in the order of their ids, so that their order in the file is no matter."""
        if (np.diff(self.way) > 0).all():
            return self
        from geo_mbo.network.road import ragged

        order = np.argsort(self.way, kind="stable")
        count = np.diff(self.start)[order]
        return replace(
            self,
            way=self.way[order],
            rule=self.rule[order],
            node=self.node[ragged(self.start[:-1][order], count)],
            start=starts(count),
        )


def starts(count: npt.NDArray[np.integer]) -> Whole:
    """Give where each of some rows begins in one long row, and where the last ends.

    Examples
    --------
    >>> starts(np.array([2, 3]))
    array([0, 2, 5])
    """
    return np.concatenate([[0], np.cumsum(count, dtype=np.int64)])


def places_of(refs: list[Whole], ids: Whole) -> Short:
    """Give the place of each reference among the ascending ids; lets go of the references."""
    at = np.empty(sum(map(len, refs)), np.int32)
    end = len(at)
    while refs:
        some = refs.pop()
        at[end - len(some) : end] = np.searchsorted(ids, some)
        end -= len(some)
    return at
