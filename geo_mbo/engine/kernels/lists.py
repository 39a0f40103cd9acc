"""Sweeps with a list of the nearest few targets a node, instead of a lane a target."""

from __future__ import annotations

import numpy as np
from numba import njit

NOBODY = np.int32(-1)


@njit(cache=True, nogil=True, inline="always")
def _put(costs, names, cost, name):
    """Put a target into a list sorted by cost and name, each once; drop what is past its end."""
    last = costs.size - 1
    if cost > costs[last] or (cost == costs[last] and name >= names[last] >= 0):
        return
    at = 0
    while at < last and names[at] != name:
        at += 1
    if names[at] == name and costs[at] <= cost:
        return
    while at > 0 and (costs[at - 1] > cost or (costs[at - 1] == cost and names[at - 1] > name)):
        costs[at], names[at] = costs[at - 1], names[at - 1]
        at -= 1
    costs[at], names[at] = cost, name


@njit(cache=True, nogil=True)
def climbed(node, door_cost, owner, parent, row, head, weight, spot, k, unreached):
    """Give the nearest targets of every ancestor of a target; ``spot`` says in which row."""
    size = 0
    for v in node:
        while v != -1 and spot[v] == -1:
            spot[v] = size
            size += 1
            v = parent[v]
    nodes = np.empty(size, np.int32)
    for v in range(spot.size):
        if spot[v] >= 0:
            nodes[spot[v]] = v
    costs = np.full((size, k), unreached, weight.dtype)
    names = np.full((size, k), NOBODY)
    for d in range(node.size):
        if door_cost[d] < unreached:
            _put(costs[spot[node[d]]], names[spot[node[d]]], door_cost[d], owner[d])
    for v in np.sort(nodes):
        mine = spot[v]
        for a in range(row[v], row[v + 1]):
            theirs = spot[head[a]]
            for j in range(k):
                cost = costs[mine, j] + weight[a]
                if cost >= unreached or cost > costs[theirs, k - 1]:
                    break
                _put(costs[theirs], names[theirs], cost, names[mine, j])
    return costs, names


@njit(cache=True, nogil=True, error_model="numpy")
def swept(
    node, depth, start, level, weight, spot, cost, which, ask_start, ask_row, ask_cost,
    height, unreached, found, found_names,
):  # fmt: skip
    """Go down from the root with lists instead of lanes."""
    k = cost.shape[1]
    costs = np.empty((height, k), weight.dtype)
    names = np.empty((height, k), np.int32)
    for i in range(node.size):
        mine, mine_names = costs[depth[i]], names[depth[i]]
        at = spot[node[i]]
        if at >= 0:
            mine[:], mine_names[:] = cost[at], which[at]
        else:
            mine[:], mine_names[:] = unreached, NOBODY
        for a in range(start[i], start[i + 1]):
            above = level[a]
            for j in range(k):
                far = costs[above, j] + weight[a]
                if far >= unreached or far > mine[k - 1]:
                    break
                _put(mine, mine_names, far, names[above, j])
        for a in range(ask_start[i], ask_start[i + 1]):
            for j in range(k):
                far = mine[j] + ask_cost[a]
                if far >= unreached:
                    break
                _put(found[ask_row[a]], found_names[ask_row[a]], far, mine_names[j])
