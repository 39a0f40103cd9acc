"""The way of one pair: which arcs of the graph it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.engine.hierarchy import Hierarchy
    from geo_mbo.engine.metric import Metric
    from geo_mbo.engine.places import Places
    from geo_mbo.engine.types import Nodes, Weights

    Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Route:
    """A fastest way through the graph.

    Attributes
    ----------
    arcs
        Positions of its arcs in their order; none where both places meet at one node.
    first, last
        The nodes of the graph that it leads from and to.
    cost
        What it costs, with the doors at both ends.
    """

    arcs: Whole
    first: int
    last: int
    cost: int


def route(metric: Metric, weight: Weights, origin: Places, target: Places) -> Route | None:
    """Find the fastest way from one place to another.

    Labels go up from both ends along the elimination tree and meet at the best node; every added
    arc on the way is then taken apart into the two below it, down to arcs of the graph.

    Parameters
    ----------
    metric
        The metric.
    weight
        The weights it was made from.
    origin, target
        One place each.

    Returns
    -------
    Route or None
        None: there is no way.

    Examples
    --------
    >>> from geo_mbo.engine import Places, build_hierarchy, customise
    >>> weight = np.array([5, 7, 20], np.int32)
    >>> line = build_hierarchy(3, np.array([0, 1, 0]), np.array([1, 2, 2]))
    >>> found = route(customise(line, weight), weight, Places.at([0]), Places.at([2]))
    >>> found.arcs, found.cost
    (array([0, 1]), 12)
    """
    there, there_by = _labels(metric, origin, metric.up)
    back, back_by = _labels(metric, target, metric.down)
    both = there.keys() & back.keys()
    top = min(both, key=lambda v: (there[v] + back[v], v), default=-1)
    if top < 0 or there[top] + back[top] >= metric.unreached:
        return None
    first, up = _climbed(metric.hierarchy.row, there_by, top)
    last, down = _climbed(metric.hierarchy.row, back_by, top)
    way = [(arc, True) for arc in reversed(up)] + [(arc, False) for arc in down]
    rank = metric.hierarchy.rank
    return Route(
        _unpacked(metric, weight, way),
        int(np.flatnonzero(rank == first)[0]),
        int(np.flatnonzero(rank == last)[0]),
        there[top] + back[top],
    )


def _climbed(row: Whole, by: dict[int, int], top: int) -> tuple[int, list[int]]:
    """Go back down from the top to the door that its label comes from; give it and the arcs."""
    arcs, v = [], top
    while v in by:
        arcs.append(by[v])
        v = _lower_end(row, by[v])
    return v, arcs


def _lower_end(row: Whole, arc: int) -> int:
    return int(np.searchsorted(row, arc, side="right")) - 1


def _labels(
    metric: Metric, place: Places, weight: Weights
) -> tuple[dict[int, int], dict[int, int]]:
    """Give the cost of every ancestor of a place's doors, and the arc by which it is reached."""
    h = metric.hierarchy
    cost: dict[int, int] = {}
    ancestors: set[int] = set()
    for node, entry in zip(h.rank[place.node].tolist(), place.cost.tolist(), strict=True):
        cost[node] = min(entry, cost.get(node, entry))
        v = node
        while v >= 0 and v not in ancestors:
            ancestors.add(v)
            v = int(h.parent[v])
    by: dict[int, int] = {}
    none = int(metric.unreached)
    for v in sorted(ancestors):
        if v not in cost:
            continue
        arcs = range(int(h.row[v]), int(h.row[v + 1]))
        for arc, head in zip(arcs, h.up[arcs.start : arcs.stop].tolist(), strict=True):
            far = cost[v] + int(weight[arc])
            if far < min(cost.get(head, none), none):
                cost[head], by[head] = far, arc
    return cost, by


def _unpacked(metric: Metric, weight: Weights, way: list[tuple[int, bool]]) -> Whole:
    """Take added arcs apart: each is an arc of the graph, or two arcs by a lower node."""
    h = metric.hierarchy
    found: list[int] = []
    todo = way[::-1]
    while todo:
        arc, upwards = todo.pop()
        due = (metric.up if upwards else metric.down)[arc]
        own = h.arcs_on(arc if upwards else ~arc)
        own = own[weight[own] == due]
        if len(own):
            found.append(int(own[0]))
            continue
        to_low, to_high = _sides(h, arc)
        first, last = (to_low, to_high) if upwards else (to_high, to_low)
        k = int(np.flatnonzero(metric.down[first] + metric.up[last] == due)[0])
        todo += [(int(last[k]), True), (int(first[k]), False)]
    return np.array(found, np.int64)


def _sides(h: Hierarchy, arc: int) -> tuple[Nodes, Nodes]:
    """Give the two other sides of all lower triangles of an arc: to its lower and higher end."""
    ends = (_lower_end(h.row, arc), int(h.up[arc]))
    low, high = (slice(int(h.below_row[v]), int(h.below_row[v + 1])) for v in ends)
    _, at_low, at_high = np.intersect1d(
        h.below[low], h.below[high], assume_unique=True, return_indices=True
    )
    return h.below_arc[low][at_low], h.below_arc[high][at_high]
