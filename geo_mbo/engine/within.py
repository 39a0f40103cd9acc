"""All nodes within a limit of each target: what isochrones are drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.engine.pins import ranked

if TYPE_CHECKING:
    from geo_mbo.engine.metric import Metric
    from geo_mbo.engine.places import Places
    from geo_mbo.engine.types import Nodes, Weights

_ROOM = 40_000_000
"""Nodes that one sweep may tell of, a gigabyte of them; fewer targets go together otherwise."""


def within(metric: Metric, targets: Places, *, limit: int) -> Iterator[tuple[Nodes, Weights]]:
    """Give for each target the nodes from which it can be reached within a limit, and their costs.

    A sweep that leaves out every subtree whose border lies beyond the limit of all its targets.

    Parameters
    ----------
    metric
        The metric; `Metric.turned` for what can be reached *from* each target.
    targets
        The targets; near ones together are quickest.
    limit
        Greatest cost.

    Yields
    ------
    tuple of arrays
        Nodes of the graph, in no order, and their costs: one pair a target.
    """
    from geo_mbo.engine.kernels import bounded, sweeps

    h = metric.hierarchy
    node_of = np.argsort(h.rank).astype(np.int32)
    doors = ranked(metric, targets)
    spot = np.full(h.nodes, -1, np.int32)
    up, down = metric.up_arcs, metric.down_arcs
    most = metric.up.dtype.type(min(limit, int(metric.unreached) - 1))
    first, size = 0, sweeps.LANES
    while first < len(targets):
        last = min(first + size, len(targets))
        above, label = sweeps.climb(
            first, last, doors.start, doors.node, doors.cost,
            h.parent, down.row, down.head, down.weight, spot, metric.unreached,
        )  # fmt: skip
        room = _ROOM if size > 1 else h.nodes * sweeps.LANES
        rank, lane, cost = bounded.swept(
            h.depth, h.size, h.row, h.up, up.row, up.head, up.weight, spot, label,
            h.height, metric.unreached, most, room,
        )  # fmt: skip
        spot[above] = -1
        if len(rank) > room:
            size //= 2
            continue
        node, far, start = bounded.by_lane(rank, lane, cost, node_of, last - first)
        for k in range(last - first):
            yield node[start[k] : start[k + 1]], far[start[k] : start[k + 1]]
        first = last
