"""The elimination game: from an order of the nodes to a tree, and the arcs of its hierarchy.

Compiled with numba; nodes are their ranks in the order, and every graph is in rows (CSR). All
upper neighbours of a node are its ancestors in the elimination tree (Liu 1990, SIAM J. Matrix
Anal. 11:134-172), which all that follows is built on.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def upper_rows(tail, head, nodes):
    """Give for each node its neighbours of higher rank, in rows; loops left out, doubles kept."""
    start = np.zeros(nodes + 1, np.int64)
    for k in range(tail.size):
        if tail[k] != head[k]:
            start[min(tail[k], head[k]) + 1] += 1
    for v in range(nodes):
        start[v + 1] += start[v]
    above = np.empty(start[nodes], np.int32)
    free = start[:-1].copy()
    for k in range(tail.size):
        a, b = tail[k], head[k]
        if a != b:
            low = min(a, b)
            above[free[low]] = max(a, b)
            free[low] += 1
    return start, above


@njit(cache=True, nogil=True)
def elimination_tree(start, above):
    """Give each node its parent, -1 for a root: Liu's algorithm with path compression."""
    nodes = start.size - 1
    below_start, below, _ = transposed(start, above)
    parent = np.full(nodes, -1, np.int32)
    ancestor = np.full(nodes, -1, np.int32)
    for high in range(nodes):
        for k in range(below_start[high], below_start[high + 1]):
            v = below[k]
            while v != -1 and v != high:
                further = ancestor[v]
                ancestor[v] = high
                if further == -1:
                    parent[v] = high
                v = further
    return parent


@njit(cache=True, nogil=True)
def transposed(start, above):
    """Turn rows round: for each node the lower ones that name it, ascending, and where they do."""
    nodes = start.size - 1
    below_start = np.zeros(nodes + 1, np.int64)
    for k in range(above.size):
        below_start[above[k] + 1] += 1
    for v in range(nodes):
        below_start[v + 1] += below_start[v]
    below = np.empty(above.size, np.int32)
    slot = np.empty(above.size, np.int32)
    free = below_start[:-1].copy()
    for v in range(nodes):
        for k in range(start[v], start[v + 1]):
            at = free[above[k]]
            below[at] = v
            slot[at] = k
            free[above[k]] = at + 1
    return below_start, below, slot


@njit(cache=True, nogil=True)
def children(parent):
    """Give the first child of each node and the next sibling; roots hang under one node more."""
    nodes = parent.size
    first = np.full(nodes + 1, -1, np.int32)
    sibling = np.full(nodes, -1, np.int32)
    for v in range(nodes - 1, -1, -1):
        up = parent[v] if parent[v] >= 0 else nodes
        sibling[v] = first[up]
        first[up] = v
    return first, sibling


@njit(cache=True, nogil=True)
def postorder(parent):
    """Give the nodes numbers so that every subtree is one run of numbers that ends at its root."""
    nodes = parent.size
    first, sibling = children(parent)
    number = np.empty(nodes, np.int32)
    stack = np.empty(nodes + 1, np.int32)
    given = 0
    root = first[nodes]
    while root != -1:
        top = 0
        stack[0] = root
        while top >= 0:
            v = stack[top]
            child = first[v]
            if child != -1:
                first[v] = sibling[child]
                top += 1
                stack[top] = child
            else:
                number[v] = given
                given += 1
                top -= 1
        root = sibling[root]
    return number


@njit(cache=True, nogil=True)
def filled(start, above, parent):
    """Play the elimination game: add arcs until the upper neighbours of every node all meet.

    Every node hands its upper neighbours on to its parent. Rows come out ascending.
    """
    nodes = parent.size
    first, sibling = children(parent)
    seen = np.full(nodes, -1, np.int32)
    row = np.zeros(nodes + 1, np.int64)
    room = above.size * 3 + 16
    up = np.empty(room, np.int32)
    used = 0
    for v in range(nodes):
        most = start[v + 1] - start[v]
        child = first[v]
        while child != -1:
            most += row[child + 1] - row[child]
            child = sibling[child]
        if used + most > room:
            room = room + room // 2 + most
            larger = np.empty(room, np.int32)
            larger[:used] = up[:used]
            up = larger
        begin = used
        seen[v] = v
        for k in range(start[v], start[v + 1]):
            if seen[above[k]] != v:
                seen[above[k]] = v
                up[used] = above[k]
                used += 1
        child = first[v]
        while child != -1:
            for k in range(row[child], row[child + 1]):
                if seen[up[k]] != v:
                    seen[up[k]] = v
                    up[used] = up[k]
                    used += 1
            child = sibling[child]
        if used - begin > 1:
            up[begin:used].sort()
        row[v + 1] = used
    return row, up[:used].copy()


@njit(cache=True, nogil=True)
def depths(parent):
    """Count the ancestors of each node."""
    found = np.zeros(parent.size, np.int32)
    for v in range(parent.size - 1, -1, -1):
        if parent[v] >= 0:
            found[v] = found[parent[v]] + 1
    return found


@njit(cache=True, nogil=True)
def slots(tail, head, row, up):
    """Say which hierarchy arc each given arc lies on: ``k`` upwards, ``~k`` downwards.

    A loop lies on none; it gets the number of hierarchy arcs, which is no slot.
    """
    found = np.empty(tail.size, np.int32)
    for k in range(tail.size):
        a, b = tail[k], head[k]
        if a == b:
            found[k] = up.size
            continue
        low, high = min(a, b), max(a, b)
        left, right = row[low], row[low + 1]
        while left < right:
            middle = (left + right) >> 1
            if up[middle] < high:
                left = middle + 1
            else:
                right = middle
        found[k] = left if a < b else ~left
    return found


@njit(cache=True, nogil=True)
def subtree_sizes(parent):
    """Count the nodes of each subtree, its root with it."""
    size = np.ones(parent.size, np.int32)
    for v in range(parent.size):
        if parent[v] >= 0:
            size[parent[v]] += size[v]
    return size
