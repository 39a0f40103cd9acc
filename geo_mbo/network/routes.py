"""The way of a pair over the roads: which arcs, how long, and its line on the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.engine.places import Places
from geo_mbo.network.costs import NO_WAY
from geo_mbo.network.doors import by_ends, with_sides
from geo_mbo.network.pairs import Snapped, straight
from geo_mbo.network.search import Searcher, plain_way

if TYPE_CHECKING:
    from geo_mbo.network.road import Floats, Network, Whole


@dataclass(frozen=True, eq=False)
class Way:
    """One way over the roads, from a place on an edge to another.

    Attributes
    ----------
    arc, begin, end
        The arcs (``2 * edge`` there, ``2 * edge + 1`` back), and the shares of their edges at which
        the way joins and leaves each; nothing where both places are one.
    """

    arc: Whole
    begin: Floats
    end: Floats

    def points(self, network: Network) -> Floats:
        """Give the points of its line on the map (points x 2); none where it has no length."""
        import shapely

        lines = network.lines(self.arc // 2)
        parts = [
            shapely.get_coordinates(_part(line, begin, end))
            for line, begin, end in zip(lines, self.begin, self.end, strict=True)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, 2))


def way_of(searcher: Searcher, points: Snapped) -> tuple[int, Way]:
    """Find the fastest way from one origin to one site.

    Parameters
    ----------
    searcher
        The roads, and what searches them.
    points
        One origin and one site on the road.

    Returns
    -------
    tuple of int and Way
        Its cost (`NO_WAY` where there is none) and the way.
    """
    roads, mode = searcher.roads, points.mode
    home, school = points.homes, points.schools
    if home.edge[0] < 0 or school.edge[0] < 0:
        return int(NO_WAY), _way([])
    edge, other = int(home.edge[0]), int(school.edge[0])
    here, there = float(home.share[0]), float(school.share[0])
    node, cost = (values[0] for values in by_ends(roads, home, mode))
    doors, sides = with_sides(roads, school, mode)
    out = np.flatnonzero(cost < NO_WAY)
    start = Places(np.array([0, len(out)]), node[out].astype(np.int32), cost[out])
    found = _searched(searcher, mode, start, doors)
    if edge == other:
        ahead = straight(roads.network, mode, np.array([edge]), np.array([there - here]))
        if ahead[0] < NO_WAY and (found is None or ahead[0] <= found[0]):
            return int(ahead[0]), _way([(2 * edge + (there < here), here, there)])
    if found is None:
        return int(NO_WAY), _way([])
    total, links, first, last = found
    end = min(out[node[out] == first], key=lambda k: cost[k])
    side = sides[min(np.flatnonzero(doors.node == last), key=lambda k: doors.cost[k])]
    steps = [(2 * edge + 1 - end, here, end)]
    steps += [(arc, arc % 2, 1 - arc % 2) for arc in roads.arc[links]]
    steps += [(2 * other + side, side, there)]
    return total, _way(steps)


def _way(steps: list[tuple[Any, Any, Any]]) -> Way:
    arc, begin, end = np.array([s for s in steps if s[1] != s[2]], float).reshape(-1, 3).T
    return Way(arc.astype(np.int64), begin, end)


def _searched(
    searcher: Searcher, mode: str, origin: Places, target: Places
) -> tuple[int, Whole, int, int] | None:
    """Give cost, links, first and last node of the fastest way between two places."""
    if not searcher.prepares(1):
        return plain_way(searcher.roads, mode, origin, target)
    from geo_mbo.engine import route

    found = route(searcher.metric(mode), searcher.roads.weights(mode), origin, target)
    return None if found is None else (found.cost, found.arcs, found.first, found.last)


def _part(line: Any, begin: float, end: float) -> Any:
    from shapely.ops import substring

    return substring(line, begin, end, normalized=True)
