"""The order in which nodes are eliminated: nested dissection, so that few arcs have to be added.

METIS cuts the graph where few nodes part it (Karypis & Kumar 1998, SIAM J. Sci. Comput.
20:359-392). Where it is not installed, the graph is cut by its coordinates: as exact, with more
arcs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import InputError

if TYPE_CHECKING:
    from geo_mbo.engine.types import Floats, Nodes, Starts


def elimination_order(
    nodes: int, tail: Nodes, head: Nodes, *, x: Floats | None = None, y: Floats | None = None
) -> Nodes:
    """Give every node its rank: 0 is eliminated first.

    Parameters
    ----------
    nodes
        How many there are.
    tail, head
        Ends of the arcs; direction does not matter.
    x, y
        Coordinates, used where METIS is not there.

    Raises
    ------
    InputError
        Neither METIS nor coordinates are there.
    """
    start, near = neighbours(nodes, tail, head)
    if not len(near):
        return np.arange(nodes, dtype=np.int32)
    try:
        import pymetis
    except ImportError:
        if x is None or y is None:
            raise InputError.of("no_order") from None
        return order_by_place(start, near, x, y)
    graph = pymetis.CSRAdjacency(start.astype(np.int32), near)
    order, _ = pymetis.nested_dissection(graph)
    return ranked(np.asarray(order, np.int32))


def ranked(order: Nodes) -> Nodes:
    """Turn a list of nodes in their order into the rank of each node."""
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order), dtype=order.dtype)
    return rank


def neighbours(nodes: int, tail: Nodes, head: Nodes) -> tuple[Starts, Nodes]:
    """Give the neighbours of every node in rows, each once and ascending, whatever direction."""
    from scipy.sparse import coo_array

    apart = tail != head
    one, other = tail[apart], head[apart]
    ends = np.concatenate([one, other]), np.concatenate([other, one])
    rows = coo_array((np.ones(2 * len(one), np.int8), ends), shape=(nodes, nodes)).tocsr()
    rows.sum_duplicates()  # it sorts each row too
    return rows.indptr.astype(np.int64), rows.indices.astype(np.int32)


def order_by_place(start: Starts, near: Nodes, x: Floats, y: Floats) -> Nodes:
    """Rank by halving the country again and again along its longer side.

    The nodes of the one half that have a neighbour in the other part the two; they come last.

    Examples
    --------
    >>> start, near = neighbours(3, np.array([0, 1]), np.array([1, 2]))
    >>> sorted(order_by_place(start, near, np.array([0.0, 1.0, 2.0]), np.zeros(3)).tolist())
    [0, 1, 2]
    """
    nodes = len(start) - 1
    rank = np.empty(nodes, np.int32)
    side = np.zeros(nodes, np.int32)
    parts = [(np.arange(nodes), nodes)]
    stamp = 0
    while parts:
        part, after = parts.pop()
        if len(part) <= _SMALL:
            rank[part] = after - len(part) + np.arange(len(part))
            continue
        stamp += 2
        along = x if np.ptp(x[part]) >= np.ptp(y[part]) else y
        by_place = part[np.argsort(along[part], kind="stable")]
        one, other = np.split(by_place, [len(part) // 2])
        side[one], side[other] = stamp, stamp + 1
        counts = (start[one + 1] - start[one]).astype(np.int64)
        at = np.arange(counts.sum()) + np.repeat(start[one] - np.cumsum(counts) + counts, counts)
        crosses = np.zeros(len(one), bool)
        crosses[np.repeat(np.arange(len(one)), counts)[side[near[at]] == stamp + 1]] = True
        between = one[crosses]
        rank[between] = after - len(between) + np.arange(len(between))
        side[between] = 0
        parts.append((one[~crosses], after - len(between) - len(other)))
        parts.append((other, after - len(between)))
    return rank


_SMALL = 16
"""Parts of so few nodes are not halved further: it takes time and saves few arcs."""
