"""Many to many: pin the origins once, then sweep to them from any targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.engine.metric import in_threads
from geo_mbo.engine.places import Places

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.engine.metric import Metric
    from geo_mbo.engine.types import Nodes, Starts, Truths, Weights

    Whole = npt.NDArray[np.int64]

_PARTS = 16
"""Parts to deal the batches of targets out to threads in."""


@dataclass(frozen=True, eq=False)
class Pins:
    """Origins pinned on a metric: only they and their ancestors take part in a sweep.

    Attributes
    ----------
    metric
        The metric.
    count
        How many origins there are.
    node, depth
        Ranks that take part, from the top down, and their depths.
    start, level, cost
        Their arcs in rows: depth of the upper end, and weight.
    ask_start, ask_row, ask_cost, ask_new
        Of each rank that takes part the origins that have a door there: which origin, at what
        cost, and whether it is the first of its doors to be met.
    doorless
        Origins that meet the graph nowhere.
    """

    metric: Metric
    count: int
    node: Nodes
    depth: npt.NDArray[np.uint32]
    start: Starts
    level: npt.NDArray[np.uint32]
    cost: Weights
    ask_start: Starts
    ask_row: Whole
    ask_cost: Weights
    ask_new: Truths
    doorless: Whole

    def costs(self, targets: Places, *, threads: int | None = None) -> Weights:
        """Give the cost of the fastest way from every origin to every target, exactly.

        Parameters
        ----------
        targets
            The targets.
        threads
            How many; None: one a processor.

        Returns
        -------
        array of origins x targets
            ``metric.unreached`` where there is no way.
        """
        from geo_mbo.engine.kernels.sweeps import LANES

        metric = self.metric
        found = np.empty((self.count, len(targets)), metric.up.dtype)
        found[self.doorless] = metric.unreached
        doors = ranked(metric, targets)
        starts = range(0, len(targets), LANES)
        parts = [starts[k::_PARTS] for k in range(min(_PARTS, len(starts)))]
        in_threads(lambda part: self._swept(doors, part, found), parts, threads)
        return found

    def _swept(self, targets: Places, starts: Sequence[int], out: Weights) -> None:
        """Sweep from these batches of targets."""
        from geo_mbo.engine.kernels import sweeps

        m, h = self.metric, self.metric.hierarchy
        spot = np.full(h.nodes, -1, np.int32)
        doors = (targets.start, targets.node, targets.cost)
        down = (h.parent, m.down_arcs.row, m.down_arcs.head, m.down_arcs.weight)
        arcs = (self.node, self.depth, self.start, self.level, self.cost)
        asked = (self.ask_start, self.ask_row, self.ask_cost, self.ask_new)
        for first in starts:
            last = min(first + sweeps.LANES, len(targets))
            above, label = sweeps.climb(first, last, *doors, *down, spot, m.unreached)
            sweeps.sweep(
                *arcs, spot, label, *asked, h.height, m.unreached, out, first, last - first
            )
            spot[above] = -1


def pin(metric: Metric, origins: Places) -> Pins:
    """Pin origins on a metric.

    Parameters
    ----------
    metric
        The metric.
    origins
        The origins, by nodes of the graph.

    Examples
    --------
    >>> from geo_mbo.engine import build_hierarchy, customise
    >>> line = build_hierarchy(3, np.array([0, 1]), np.array([1, 2]))
    >>> metric = customise(line, np.array([5, 7], np.int32))
    >>> pin(metric, Places.at([0, 1, 2])).costs(Places.at([2])).ravel()
    array([12,  7,  0], dtype=int32)
    """
    from geo_mbo.engine.kernels import sweeps

    h, arcs = metric.hierarchy, metric.up_arcs
    ranks = h.rank[origins.node]
    node, start, level, cost = sweeps.restricted(
        ranks, h.parent, arcs.row, arcs.head, arcs.weight, h.depth
    )
    place = np.full(h.nodes, -1, np.int32)
    place[node] = np.arange(len(node), dtype=np.int32)
    at, row = place[ranks], origins.owner
    order = np.argsort(at, kind="stable")
    new = np.zeros(len(at), bool)
    new[order[np.unique(row[order], return_index=True)[1]]] = True
    return Pins(
        metric=metric,
        count=len(origins),
        node=node,
        depth=h.depth[node].astype(np.uint32),
        start=start,
        level=level,
        cost=cost,
        ask_start=np.searchsorted(at[order], np.arange(len(node) + 1)),
        ask_row=row[order],
        ask_cost=origins.cost[order].astype(metric.up.dtype),
        ask_new=new[order],
        doorless=np.flatnonzero(np.diff(origins.start) == 0),
    )


def ranked(metric: Metric, places: Places) -> Places:
    """Name the doors by ranks, and their costs in the kind of number of the metric."""
    node = metric.hierarchy.rank[places.node]
    return Places(places.start, node, places.cost.astype(metric.up.dtype))
