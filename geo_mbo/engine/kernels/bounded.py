"""The sweep that leaves out what lies beyond a limit."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo_mbo.engine.kernels.sweeps import LANES

_LANES = np.uint64(LANES)


@njit(cache=True, nogil=True)
def by_lane(rank, lanes, cost, node_of, count):
    """Put what was reached in the order of the lanes; give nodes, costs, and where lanes start."""
    start = np.zeros(count + 1, np.int64)
    for k in range(lanes.size):
        start[lanes[k] + 1] += 1
    for lane in range(count):
        start[lane + 1] += start[lane]
    node, far = np.empty(rank.size, np.int32), np.empty(rank.size, cost.dtype)
    free = start.copy()
    for k in range(rank.size):
        at = free[lanes[k]]
        node[at], far[at] = node_of[rank[k]], cost[k]
        free[lanes[k]] = at + 1
    return node, far, start


@njit(cache=True, nogil=True)
def _grown(values, room):
    larger = np.empty(room, values.dtype)
    larger[: values.size] = values
    return larger


@njit(cache=True, nogil=True, error_model="numpy")
def swept(
    depth, size, row, up, kept_row, kept_head, kept_weight, spot, label, height, unreached, limit,
    most,
):  # fmt: skip
    """Sweep down all nodes but for subtrees out of reach; tell who is reached by which lane.

    A subtree is out of reach when no target lies in it (targets are labelled, and their ancestors)
    and no upper neighbour of its root, its border, is within the limit. Where more than ``most``
    are reached the sweep is given up: what is told is then too many, and not all.
    """
    stack = np.empty(height * LANES, kept_weight.dtype)
    mine = np.empty(LANES, kept_weight.dtype)
    least = np.empty(height, kept_weight.dtype)
    rank, lanes = np.empty(1 << 16, np.int32), np.empty(1 << 16, np.uint8)
    cost = np.empty(1 << 16, kept_weight.dtype)
    found = 0
    v = depth.size - 1
    while v >= 0:
        at = spot[v]
        if at < 0:
            near = unreached
            for k in range(row[v], row[v + 1]):
                near = min(near, least[depth[up[k]]])
            if near > limit:
                v -= size[v]
                continue
            for lane in range(LANES):
                mine[lane] = unreached
        else:
            for lane in range(LANES):
                mine[lane] = label[at, lane]
        for k in range(kept_row[v], kept_row[v + 1]):
            w = kept_weight[k]
            base = np.uint64(depth[kept_head[k]]) * _LANES
            above = stack[base : base + _LANES]
            for lane in range(LANES):
                mine[lane] = min(mine[lane], mine.dtype.type(above[lane] + w))
        base = np.uint64(depth[v]) * _LANES
        nearest = unreached
        for lane in range(LANES):
            stack[base + np.uint64(lane)] = mine[lane]
            nearest = min(nearest, mine[lane])
        least[depth[v]] = nearest
        if nearest <= limit:
            if found > most:
                break
            if found + LANES > rank.size:
                room = 2 * rank.size
                rank, lanes, cost = _grown(rank, room), _grown(lanes, room), _grown(cost, room)
            for lane in range(LANES):
                rank[found], lanes[found], cost[found] = v, lane, mine[lane]
                found += mine[lane] <= limit
        v -= 1
    return rank[:found], lanes[:found], cost[:found]
