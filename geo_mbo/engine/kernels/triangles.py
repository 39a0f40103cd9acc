"""Customisation: weights of the arcs on the arcs of the hierarchy, for any weight, exactly.

Dibbelt, Strasser & Wagner 2016 (ACM J. Exp. Algorithmics 21, article 1.5): every arc of the
hierarchy first takes the weight of the arcs that lie on it; then, from low nodes to high, the
lesser of itself and the two other sides of every lower triangle. Perfect customisation then goes
down again and finds the arcs that no fastest path needs: they can be left out of a search.

Nothing can overflow: no weight passes ``unreached``, and two of these together still fit.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def laid(slot, weight, forward, backward):
    """Lay the weights of the given arcs on the hierarchy: of several on one the least."""
    for k in range(slot.size):
        at = slot[k]
        if at >= forward.size:
            continue
        if at >= 0:
            forward[at] = min(forward[at], weight[k])
        else:
            backward[~at] = min(backward[~at], weight[k])


@njit(cache=True, nogil=True, error_model="numpy")
def triangles_below(runs, row, up, below_start, below, below_slot, forward, backward):
    """Take the way by a lower node where it is the shorter, for runs of nodes (first, last).

    ``forward`` leads from the lower to the higher node of an arc, ``backward`` comes back. All
    nodes below these must have been done.
    """
    place = np.full(row.size - 1, -1, np.int32)
    for r in range(len(runs)):
        for x in range(runs[r, 0], runs[r, 1]):
            for k in range(row[x], row[x + 1]):
                place[up[k]] = k
            for q in range(below_start[x], below_start[x + 1]):
                side = below_slot[q]
                to_x, from_x = forward[side], backward[side]
                for k in range(side + 1, row[below[q] + 1]):
                    base = place[up[k]]
                    there = from_x + forward[k]
                    if there < forward[base]:
                        forward[base] = there
                    back = backward[k] + to_x
                    if back < backward[base]:
                        backward[base] = back


@njit(cache=True, nogil=True, error_model="numpy")
def triangles_above(runs, row, up, forward, backward):
    """Let no arc of runs of nodes (first, last) be longer than a way by higher nodes.

    All nodes above these must have been done.
    """
    place = np.full(row.size - 1, -1, np.int32)
    for r in range(len(runs) - 1, -1, -1):
        for x in range(runs[r, 1] - 1, runs[r, 0] - 1, -1):
            begin, end = row[x], row[x + 1]
            for k in range(begin, end):
                place[up[k]] = k
            for k in range(begin, end):
                y = up[k]
                # All higher upper neighbours of x are upper neighbours of y: two sorted rows.
                for j in range(row[y], row[y + 1]):
                    other = place[up[j]]
                    if other < begin:
                        continue
                    if forward[k] + forward[j] < forward[other]:
                        forward[other] = forward[k] + forward[j]
                    if backward[j] + backward[k] < backward[other]:
                        backward[other] = backward[j] + backward[k]
                    if forward[other] + backward[j] < forward[k]:
                        forward[k] = forward[other] + backward[j]
                    if forward[j] + backward[other] < backward[k]:
                        backward[k] = forward[j] + backward[other]
            for k in range(begin, end):
                place[up[k]] = -1
