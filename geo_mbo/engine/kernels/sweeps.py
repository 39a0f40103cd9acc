"""The sweep: from up to 64 targets at once to all nodes above the origins that were asked for.

Delling, Goldberg, Nowak & Werneck 2013 (PHAST, J. Parallel Distrib. Comput. 73:940-952), on the
elimination tree: all nodes that a node takes its label from are its ancestors, so the labels of one
path from the root are all that is needed at a time. They lie in a stack, one row a depth, a lane a
target; the stack stays in the processor's cache, and only what was asked for is written out.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LANES = 64
"""Targets in one sweep: fewer do not fill the processor's vectors, more leave its cache."""
_LANES = np.uint64(LANES)


@njit(cache=True, nogil=True)
def restricted(asked, parent, row, head, weight, depth):
    """Keep what a sweep to the asked nodes needs: they and their ancestors, from the top down.

    Returned are the ranks of these nodes, and their arcs in rows: the depth of the upper end and
    the weight.
    """
    nodes = parent.size
    wanted = np.zeros(nodes, np.bool_)
    for v in asked:
        while v != -1 and not wanted[v]:
            wanted[v] = True
            v = parent[v]
    count, arcs = 0, 0
    for v in range(nodes):
        if wanted[v]:
            count += 1
            arcs += row[v + 1] - row[v]
    kept = np.empty(count, np.int32)
    start = np.empty(count + 1, np.int64)
    level = np.empty(arcs, np.uint32)
    cost = np.empty(arcs, weight.dtype)
    i, used = 0, 0
    for v in range(nodes - 1, -1, -1):
        if not wanted[v]:
            continue
        kept[i], start[i] = v, used
        i += 1
        for k in range(row[v + 1] - 1, row[v] - 1, -1):
            level[used], cost[used] = depth[head[k]], weight[k]
            used += 1
    start[count] = used
    return kept, start, level, cost


@njit(cache=True, nogil=True, error_model="numpy")
def climb(
    first, last, door_start, door_node, door_cost, parent, row, head, weight, spot, unreached
):
    """Give the labels of all ancestors of the targets first to last, a row a node, a lane a target.

    ``spot`` holds -1 for every node, and afterwards the row of each; the ranks of the rows come
    with it, so that it can be cleared. The way of one target alone goes in its own lane; where two
    meet, all lanes go on together.
    """
    size = 0
    for d in range(door_start[first], door_start[last]):
        v = door_node[d]
        while v != -1 and spot[v] == -1:
            spot[v] = size
            size += 1
            v = parent[v]
    nodes = np.full(size, -1, np.int32)
    shared = np.zeros(size, np.bool_)
    for d in range(door_start[first], door_start[last]):
        v = door_node[d]
        while v != -1 and nodes[spot[v]] != v:
            nodes[spot[v]] = v
            v = parent[v]
        while v != -1 and not shared[spot[v]]:
            shared[spot[v]] = True
            v = parent[v]
    label = np.full((size, LANES), unreached, weight.dtype)
    for t in range(first, last):
        lane = t - first
        for d in range(door_start[t], door_start[t + 1]):
            at = spot[door_node[d]]
            label[at, lane] = min(label[at, lane], door_cost[d])
    for t in range(first, last):
        lane = t - first
        for d in range(door_start[t], door_start[t + 1]):
            v = door_node[d]
            while v != -1 and not shared[spot[v]]:
                so_far = label[spot[v], lane]
                if so_far < unreached:
                    for k in range(row[v], row[v + 1]):
                        at = spot[head[k]]
                        label[at, lane] = min(label[at, lane], so_far + weight[k])
                v = parent[v]
    for v in np.sort(nodes[shared]):
        mine = label[spot[v]]
        for k in range(row[v], row[v + 1]):
            theirs = label[spot[head[k]]]
            cost = weight[k]
            for lane in range(LANES):
                theirs[lane] = min(theirs[lane], theirs.dtype.type(mine[lane] + cost))
    return nodes, label


@njit(cache=True, nogil=True, error_model="numpy")
def sweep(
    nodes, depth, start, level, cost, spot, label, ask_start, ask_row, ask_cost, ask_new,
    height, unreached, out, column, lanes,
):  # fmt: skip
    """Go down from the root; write the labels of the asked nodes into columns of ``out``.

    A row of ``out`` that is asked at several nodes gets the least of label and cost over them;
    ``ask_new`` marks the one that is met first.
    """
    stack = np.empty(height * LANES, cost.dtype)
    mine = np.empty(LANES, cost.dtype)
    for i in range(nodes.size):
        at = spot[nodes[i]]
        if at >= 0:
            for lane in range(LANES):
                mine[lane] = label[at, lane]
        else:
            for lane in range(LANES):
                mine[lane] = unreached
        for k in range(start[i], start[i + 1]):
            w = cost[k]
            base = np.uint64(level[k]) * _LANES
            above = stack[base : base + _LANES]
            for lane in range(LANES):
                mine[lane] = min(mine[lane], mine.dtype.type(above[lane] + w))
        base = np.uint64(depth[i]) * _LANES
        for lane in range(LANES):
            stack[base + np.uint64(lane)] = mine[lane]
        for a in range(ask_start[i], ask_start[i + 1]):
            more = ask_cost[a]
            line = out[ask_row[a], column : column + lanes]
            if ask_new[a]:
                for lane in range(lanes):
                    line[lane] = min(unreached, line.dtype.type(mine[lane] + more))
            else:
                for lane in range(lanes):
                    line[lane] = min(line[lane], line.dtype.type(mine[lane] + more))
