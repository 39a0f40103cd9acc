"""The way of a pair over the roads: which arcs, how long, and its line on the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from geo_mbo.engine.places import Places
from geo_mbo.network.costs import NO_WAY
from geo_mbo.network.doors import by_ends, with_sides
from geo_mbo.network.pairs import Snapped, straight
from geo_mbo.network.search import Searcher, least_links, with_places
from geo_mbo.network.turns import Roads

if TYPE_CHECKING:
    from geo_mbo.network.road import Floats, Network, Whole

    Found: TypeAlias = tuple[int, Whole, int, int]
    """Cost, links, first and last node of a way."""
    Find: TypeAlias = Callable[[Places, Places], Found | None]


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


def way_of(roads: Roads, points: Snapped, find: Find) -> tuple[int, Way]:
    """Find the fastest way from one origin to one site.

    Parameters
    ----------
    roads
        The roads.
    points
        One origin and one site on the road.
    find
        What `finder` gives.

    Returns
    -------
    tuple of int and Way
        Its cost (`NO_WAY` where there is none) and the way.
    """
    mode = points.mode
    home, school = points.homes, points.schools
    if home.edge[0] < 0 or school.edge[0] < 0:
        return int(NO_WAY), _way([])
    edge, other = int(home.edge[0]), int(school.edge[0])
    here, there = float(home.share[0]), float(school.share[0])
    node, cost = (values[0] for values in by_ends(roads, home, mode))
    doors, sides = with_sides(roads, school, mode)
    out = np.flatnonzero(cost < NO_WAY)
    start = Places(np.array([0, len(out)]), node[out].astype(np.int32), cost[out])
    found = find(start, doors)
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


def finder(searcher: Searcher, mode: str, *, searches: int) -> Find:
    """Give what finds a way between two places, made ready once for so many of them."""
    if not searcher.prepares(searches):
        return _plain_finder(searcher.roads, mode)
    from geo_mbo.engine import route

    metric, weight = searcher.metric(mode), searcher.roads.weights(mode)

    def find(origin: Places, target: Places) -> Found | None:
        found = route(metric, weight, origin, target)
        return None if found is None else (found.cost, found.arcs, found.first, found.last)

    return find


def _plain_finder(roads: Roads, mode: str) -> Find:
    """Search from the target backwards, and follow the tree from the origin."""
    from scipy.sparse.csgraph import dijkstra

    nodes, links = len(roads.junction), least_links(roads, mode, towards=True)
    order = np.lexsort((roads.weights(mode), roads.head, roads.tail))
    # The first link from one node to the next is the least of them.
    keys = roads.tail[order].astype(np.int64) * nodes + roads.head[order]

    def find(origin: Places, target: Places) -> Found | None:
        whole = with_places(links, target)
        (reached,), (after,) = dijkstra(
            whole, directed=True, indices=np.array([nodes]), return_predecessors=True
        )
        ways = reached[origin.node] + origin.cost
        if not len(ways) or not np.isfinite(ways.min()):
            return None
        on = [int(origin.node[np.argmin(ways)])]
        while after[on[-1]] != nodes:
            on.append(int(after[on[-1]]))
        steps = np.array(on[:-1], np.int64) * nodes + np.array(on[1:], np.int64)
        return int(ways.min()), order[np.searchsorted(keys, steps)], on[0], on[-1]

    return find


def _part(line: Any, begin: float, end: float) -> Any:
    from shapely.ops import substring

    return substring(line, begin, end, normalized=True)
