"""The nearest few of many targets, for all origins in one sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.engine.pins import Pins, ranked

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.engine.places import Places
    from geo_mbo.engine.types import Weights


def nearest(pins: Pins, targets: Places, *, k: int) -> tuple[Weights, npt.NDArray[np.int32]]:
    """Give the cost to the nearest k targets of every origin, and which they are.

    A list of the nearest few goes with every node instead of a lane for every target: up from all
    targets at once, then down to all origins. Of equally near targets the first counts.

    Parameters
    ----------
    pins
        The origins.
    targets
        The targets.
    k
        How many.

    Returns
    -------
    tuple of arrays of origins x k
        Costs, nearest first (``metric.unreached``: there are no more), and positions of the targets
        (-1: there are no more).
    """
    from geo_mbo.engine.kernels import lists

    m, h = pins.metric, pins.metric.hierarchy
    doors = ranked(m, targets)
    spot = np.full(h.nodes, -1, np.int32)
    cost, which = lists.climbed(
        doors.node, doors.cost, doors.owner.astype(np.int32), h.parent,
        m.down_arcs.row, m.down_arcs.head, m.down_arcs.weight, spot, k, m.unreached,
    )  # fmt: skip
    found = np.full((pins.count, k), m.unreached, m.up.dtype)
    names = np.full((pins.count, k), lists.NOBODY)
    lists.swept(
        pins.node, pins.depth, pins.start, pins.level, pins.cost, spot, cost, which,
        pins.ask_start, pins.ask_row, pins.ask_cost, h.height, m.unreached, found, names,
    )  # fmt: skip
    return found, names
