"""Loops compiled with numba, for jobs of many millions of pairs."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def told(
    cost, home_m, school_m, walk_ms, limit_min, no_way, ok, unreachable, over_limit,
    minutes, meters, status,
):  # fmt: skip
    """Turn costs and walks into minutes, metres and status: `geo_mbo.network.pairs` in one pass."""
    for i in range(cost.shape[0]):
        for j in range(cost.shape[1]):
            far = cost[i, j]
            walk_m = home_m[i] + school_m[j]
            took = ((far >> 32) / 10 + walk_m / walk_ms) / 60
            if far < no_way and took <= limit_min:
                minutes[i, j] = took
                meters[i, j] = (far & 0xFFFFFFFF) / 10 + walk_m
                status[i, j] = ok
            else:
                minutes[i, j] = meters[i, j] = np.inf
                status[i, j] = over_limit if far < no_way else unreachable
