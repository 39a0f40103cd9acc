"""The search engine: seconds and metres of the fastest path from every node to a few places.

One function, `search`, over one value, `Graph`; another engine can take its place as long as it
gives the same two arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from geo_mbo.network.road import Floats, Network, Truths, Whole


@dataclass(frozen=True, eq=False)
class Graph:
    """The arcs of one mode, in rows by the node that the search comes from.

    Attributes
    ----------
    seconds
        Square sparse matrix; of parallel arcs the fastest, of equally fast ones the shortest.
    meters
        Length of each stored arc, in the order of ``seconds.data``.
    """

    seconds: csr_array
    meters: Floats


def graph(network: Network, mode: str, *, towards: bool = True) -> Graph:
    """Make the graph of one mode.

    Parameters
    ----------
    network
        The roads.
    mode
        A mode that the network holds.
    towards
        Turn all arcs round, so that a search from a site finds the ways *to* it.
    """
    from scipy.sparse import csr_array

    there, back = np.isfinite(network.times(mode))
    seconds = np.concatenate([network.times(mode)[0][there], network.times(mode)[1][back]])
    meters = np.concatenate([network.length_m[there], network.length_m[back]])
    first = np.concatenate([network.tail[there], network.head[back]])
    last = np.concatenate([network.head[there], network.tail[back]])
    row, column = (last, first) if towards else (first, last)
    order = np.lexsort((meters, seconds, column, row))
    row, column = row[order], column[order]
    best = np.concatenate([[True], (np.diff(row) != 0) | (np.diff(column) != 0)])[: len(row)]
    best &= row != column  # round a loop back to where one was: never the fastest way
    nodes = len(network.node_x)
    starts = np.searchsorted(row[best], np.arange(nodes + 1))
    parts = (seconds[order][best], column[best].astype(np.int32), starts.astype(np.int32))
    matrix = csr_array(parts, shape=(nodes, nodes))
    return Graph(matrix, meters[order][best])


def search(
    roads: Graph, nodes: Whole, seconds: Floats, meters: Floats, *, limit_s: float = np.inf
) -> tuple[Floats, Floats]:
    """Find the fastest path between every node and each of some places.

    Exact: Dijkstra's algorithm, one search a place, as in `scipy.sparse.csgraph.dijkstra`. Each
    place becomes a node of its own that no arc leads into, so that no place can alter what is
    found for another.

    Parameters
    ----------
    roads
        The graph; its arcs lead away from the places.
    nodes, seconds, meters
        Of each place (row) the nodes where it meets the road (columns), and the seconds and metres
        to them; ``inf`` seconds = this way is closed.
    limit_s
        Greatest number of seconds; beyond it is ``inf``.

    Returns
    -------
    tuple of arrays
        Seconds and metres of the fastest path, places x nodes; ``inf`` = not reached.
    """
    from scipy.sparse.csgraph import dijkstra

    count, own = len(nodes), roads.seconds.shape[0]
    if not count:
        return np.empty((0, own)), np.empty((0, own))
    whole, entry_m = _with_places(roads, nodes, seconds, meters)
    reached, before = dijkstra(
        whole,
        directed=True,
        indices=own + np.arange(count),
        limit=limit_s,
        return_predecessors=True,
    )
    keys = np.repeat(np.arange(own + count), np.diff(whole.indptr)) * (own + count) + whole.indices
    arc_m = np.concatenate([roads.meters, entry_m])
    walked = np.stack([_along(tree.astype(np.int64), keys, arc_m) for tree in before])
    return reached[:, :own], walked[:, :own]


def can_reach(roads: Graph, nodes: Whole) -> Truths:
    """Mark the nodes that the arcs lead to from any of `nodes`, however long it takes."""
    from scipy.sparse.csgraph import breadth_first_order

    found = np.zeros(roads.seconds.shape[0], dtype=bool)
    for node in np.unique(nodes):
        if not found[node]:
            found[
                breadth_first_order(roads.seconds, node, directed=True, return_predecessors=False)
            ] = True
    return found


def _with_places(
    roads: Graph, nodes: Whole, seconds: Floats, meters: Floats
) -> tuple[csr_array, Floats]:
    """Put the places under the graph as rows of their own; the fastest of two ways to one node."""
    from scipy.sparse import csr_array

    count, own = len(nodes), roads.seconds.shape[0]
    place = np.repeat(np.arange(count), nodes.shape[1])
    flat_s, flat_m, flat = seconds.ravel(), meters.ravel(), nodes.ravel()
    order = np.lexsort((flat_m, flat_s, flat, place))
    order = order[np.isfinite(flat_s[order])]
    double = np.concatenate([[0], (np.diff(place[order]) == 0) & (np.diff(flat[order]) == 0)])
    order = order[double[: len(order)] == 0]
    ends = np.searchsorted(place[order], np.arange(1, count + 1))
    base = roads.seconds
    whole = csr_array(
        (
            np.concatenate([base.data, flat_s[order]]),
            np.concatenate([base.indices, flat[order].astype(np.int32)]),
            np.concatenate([base.indptr, (base.indptr[-1] + ends).astype(np.int32)]),
        ),
        shape=(own + count, own + count),
    )
    return whole, flat_m[order]


def _along(before: Whole, keys: Whole, arc_m: Floats) -> Floats:
    """Sum the metres from each node back to the root of a tree of predecessors.

    Every node points at the one before it; pointers are doubled until all point at the root
    (pointer jumping: Wyllie 1979), so that no loop over nodes is needed.
    """
    nodes = np.arange(len(before))
    linked = before >= 0
    back = np.where(linked, before, nodes)
    meters = np.zeros(len(before))
    meters[linked] = arc_m[np.searchsorted(keys, back[linked] * len(before) + nodes[linked])]
    while True:
        further = back[back]
        if (further == back).all():
            break
        meters, back = meters + meters[back], further
    return np.where(linked, meters, np.inf)
