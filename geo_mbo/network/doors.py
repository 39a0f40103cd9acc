"""Doors of snapped points: the nodes by which they meet the graph, and the cost to these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.engine.places import Places
from geo_mbo.network.costs import NO_WAY, packed
from geo_mbo.network.road import ragged

if TYPE_CHECKING:
    from geo_mbo.network.costs import Costs
    from geo_mbo.network.road import Floats, Truths, Whole
    from geo_mbo.network.snapping import Snaps
    from geo_mbo.network.turns import Roads


def ways_out(roads: Roads, snaps: Snaps, mode: str) -> Places:
    """Give the doors by which one leaves snapped points: the ends of their edges."""
    if not len(roads.network.tail):
        return _none(len(snaps.edge))
    return _of_open(*by_ends(roads, snaps, mode))


def by_ends(roads: Roads, snaps: Snaps, mode: str) -> tuple[Whole, Costs]:
    """Give for each point the node at the tail and the head of its edge, and the costs to these.

    Who stands at the very end of an edge is there at once, also where the edge is closed in that
    direction.
    """
    edge, parts, seconds, delays = _both_ways(roads, snaps, mode, arriving=False)
    arcs = np.column_stack([2 * edge + 1, 2 * edge])
    ends = np.column_stack([roads.network.tail[edge], roads.network.head[edge]])
    node = np.where(parts == 0, ends, roads.landing[arcs])
    cost = packed(seconds + np.where(parts == 0, 0, delays), _meters(roads, edge, parts))
    cost[snaps.edge < 0] = NO_WAY
    return node, cost


def ways_in(roads: Roads, snaps: Snaps, mode: str) -> Places:
    """Give the doors by which one gets to snapped points: whence their edges may be taken."""
    if not len(roads.network.tail):
        return _none(len(snaps.edge))
    places, _ = with_sides(roads, snaps, mode)
    return places


def with_sides(roads: Roads, snaps: Snaps, mode: str) -> tuple[Places, Whole]:
    """Give the same, and of each door whether it lies at the tail (0) or the head (1)."""
    edge, parts, seconds, _ = _both_ways(roads, snaps, mode, arriving=True)
    cost = packed(seconds, _meters(roads, edge, parts))
    cost[snaps.edge < 0] = NO_WAY
    arcs = np.column_stack([2 * edge, 2 * edge + 1]).ravel()
    ends = np.column_stack([roads.network.tail[edge], roads.network.head[edge]]).ravel()
    first, last = roads.links_of(arcs)
    barred = roads.barred.get(mode, np.zeros(0, np.int64))
    first_double, last_double, doubles = _doubles(roads, ends)
    here = (parts == 0).ravel()
    # Midway: the tails of the links of the arc. At a junction: the junction and its doubles.
    links = ragged(first, np.where(here, 0, last - first))
    by_link = np.repeat(np.arange(len(arcs)), np.where(here, 0, last - first))
    allowed = ~np.isin(links, barred)
    at = ragged(first_double, np.where(here, last_double - first_double, 0))
    by_double = np.repeat(np.arange(len(arcs)), np.where(here, last_double - first_double, 0))
    door = np.concatenate([by_link[allowed], np.flatnonzero(here), by_double])
    node = np.concatenate([roads.tail[links[allowed]], ends[here], doubles[at]])
    flat = cost.ravel()[door]
    flat[: allowed.sum()] += roads.turn_cost[links[allowed]]
    point = door // 2
    order = np.argsort(point, kind="stable")
    order = order[flat[order] < NO_WAY]
    start = np.searchsorted(point[order], np.arange(len(edge) + 1))
    return Places(start, node[order].astype(np.int32), flat[order]), door[order] % 2


def _both_ways(
    roads: Roads, snaps: Snaps, mode: str, *, arriving: bool
) -> tuple[Whole, Floats, Floats, Floats]:
    """Give for each point its edge and, by tail and by head: part of it, seconds and delay."""
    network = roads.network
    edge = np.where(snaps.edge >= 0, snaps.edge, 0)
    there, back = network.times(mode)[:, edge]
    delay_there, delay_back = network.delays(mode)[:, edge]
    parts = np.column_stack([snaps.share, 1 - snaps.share])
    way = np.column_stack([there, back] if arriving else [back, there])
    delays = np.column_stack([delay_back, delay_there])
    with np.errstate(invalid="ignore"):  # nothing of a closed edge is nothing
        return edge, parts, np.where(parts == 0, 0.0, parts * way), delays


def _none(count: int) -> Places:
    """Give places without doors: where there are no roads."""
    return Places(np.zeros(count + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64))


def _meters(roads: Roads, edge: Whole, parts: Floats) -> Floats:
    return parts * roads.network.length_m[edge][:, None]


def _of_open(node: Whole, cost: Costs) -> Places:
    open_door: Truths = cost < NO_WAY
    start = np.concatenate([[0], np.cumsum(open_door.sum(axis=1))])
    return Places(start, node[open_door].astype(np.int32), cost[open_door])


def _doubles(roads: Roads, junctions: Whole) -> tuple[Whole, Whole, Whole]:
    """Give for each junction where its doubles start and end in the third array."""
    count = len(roads.network.node_x)
    doubled = roads.junction[count:]
    order = np.argsort(doubled, kind="stable")
    first = np.searchsorted(doubled[order], junctions)
    last = np.searchsorted(doubled[order], junctions, side="right")
    return first, last, order + count
