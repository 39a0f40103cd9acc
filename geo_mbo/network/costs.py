"""Cost of a way: tenths of a second and decimetres in one whole number.

Costs add up and compare as whole numbers do: the lesser of two is the faster way, and of equally
fast ways the shorter, so that minutes and metres always belong to the same way, exactly. Nothing
can overflow: nobody goes faster than `FASTEST_MS`, so that a way within `HORIZON_MIN` is shorter
than what the lower half holds; beyond it a cost only tells that there is a way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.network.road import Floats

    Costs = npt.NDArray[np.int64]

_SHIFT = 32
_HORIZON_TENTHS = 2**21
HORIZON_MIN = _HORIZON_TENTHS / 600
"""Longest way that is told in minutes and metres: 3,495 minutes, more than two days."""
_FASTEST = 2**_SHIFT // _HORIZON_TENTHS
FASTEST_MS = float(_FASTEST)
"""Nobody goes faster than this (m/s): a stretch of 2,048 m takes a second at least."""
_MOST = 2**_SHIFT - 1
NO_WAY = np.int64(2**62 - 1)
"""The cost that stands for *no way*; two of them together still fit."""


def packed(seconds: Floats, meters: Floats) -> Costs:
    """Pack seconds and metres, rounded to tenths and decimetres; ``inf`` seconds: no way.

    Examples
    --------
    >>> cost = packed(np.array([90.04, 0.0, np.inf]), np.array([450.0, 0.3, 10.0]))
    >>> seconds_of(cost).tolist(), meters_of(cost).tolist()
    ([90.0, 0.1, inf], [450.0, 0.3, inf])
    """
    open_way = np.isfinite(seconds)
    # Beyond the horizon a cost only tells that there is a way: twice as far is as good as any.
    length = np.rint(np.minimum(np.where(open_way, meters, 0) * 10, _MOST)).astype(np.int64)
    tenths = np.rint(np.where(open_way, seconds, 0) * 10)
    tenths = np.minimum(tenths, 2 * _HORIZON_TENTHS).astype(np.int64)
    tenths = np.maximum(tenths, -(-length // _FASTEST))
    return np.where(open_way, (tenths << _SHIFT) + length, NO_WAY)


def seconds_of(cost: Costs) -> Floats:
    """Give the seconds of costs; ``inf`` where there is no way."""
    return np.where(cost < NO_WAY, (cost >> _SHIFT) / 10, np.inf)


def meters_of(cost: Costs) -> Floats:
    """Give the metres of costs; ``inf`` where there is no way."""
    return np.where(cost < NO_WAY, (cost & _MOST) / 10, np.inf)


def most_within(minutes: float) -> int:
    """Give the greatest cost of a way of at most so many minutes (at most `HORIZON_MIN`)."""
    tenths = np.floor(min(max(minutes, 0), HORIZON_MIN) * 600 + 1e-6)
    return ((int(tenths) + 1) << _SHIFT) - 1
