"""Barriers that stop somebody: the node is taken apart, and joined again for who may pass."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.stretches import Stretches

if TYPE_CHECKING:
    from geo_mbo.network.gathered import Short
    from geo_mbo.network.road import Truths, Whole

    Trail = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Graph:
    """Edges between junctions, by numbers: where nodes and vertices are is told elsewhere.

    Attributes
    ----------
    node
        Of each junction its place among the gathered nodes; the same twice where it is taken apart.
    tail, head
        Junctions at both ends of each edge.
    vertex, start
        Edge ``i`` has the gathered nodes ``vertex[start[i]:start[i + 1]]``.
    """

    node: Short
    tail: Whole
    head: Whole
    vertex: Short
    start: Whole


@dataclass(frozen=True, eq=False)
class Gates:
    """Where gates are: ends of edges (first all tails, then all heads) at a node that stops some.

    Every such end gets a junction of its own, and an edge without length from there to the gate;
    these edges come after all others, in the order of the ends.
    """

    end: Whole
    hub: Whole
    edges: int

    def __len__(self) -> int:
        return len(self.end)

    def through(self, trail: Trail) -> list[Trail]:
        """Give the same way of arcs with the edges of the gates that it leads through.

        Who turns back at a gate may do so on either side of it, which are two ways.
        """
        ways: list[Trail] = [(trail[0],)]
        for arc, following in pairwise(trail):
            middle = self._between(arc, following)
            either = [(), middle] if following == arc ^ 1 and middle else [middle]
            ways = [(*way, *between, following) for way in ways for between in either]
        return ways

    def met(self, trail: Trail) -> list[int]:
        """Give the edges of all gates at the nodes that a way leads through."""
        heads = [self._gate(arc >> 1, head=arc & 1 == 0) for arc in trail[:-1]]
        hubs = [self.hub[gate - self.edges] for gate in heads if gate >= 0]
        found: list[int] = (self.edges + np.flatnonzero(np.isin(self.hub, hubs))).tolist()
        return found

    def _between(self, arc: int, following: int) -> Trail:
        into = self._gate(arc >> 1, head=arc & 1 == 0)
        out = self._gate(following >> 1, head=following & 1 == 1)
        return (2 * into, 2 * out + 1) if into >= 0 and out >= 0 else ()

    def _gate(self, edge: int, *, head: bool) -> int:
        """Give the edge of the gate at an end of an edge; -1 without a gate."""
        end = edge + head * self.edges
        at = int(np.searchsorted(self.end, end))
        there = at < len(self.end) and self.end[at] == end
        return self.edges + at if there else -1


def graph_of(stretches: Stretches, nodes: int) -> Graph:
    """Give stretches as a graph, with only the nodes that they end at.

    Parameters
    ----------
    stretches
        The stretches.
    nodes
        How many nodes were gathered.
    """
    used = np.zeros(nodes, bool)
    used[stretches.tail] = used[stretches.head] = True
    number = np.cumsum(used, dtype=np.int32) - 1
    return Graph(
        node=np.flatnonzero(used).astype(np.int32),
        tail=number[stretches.tail].astype(np.int64),
        head=number[stretches.head].astype(np.int64),
        vertex=stretches.vertex,
        start=stretches.start,
    )


def gates_of(graph: Graph, gate: Truths) -> Gates:
    """Find the ends of edges at junctions that are gates."""
    end = np.flatnonzero(np.concatenate([gate[graph.tail], gate[graph.head]]))
    hub = np.concatenate([graph.tail, graph.head])[end]
    return Gates(end=end, hub=hub, edges=len(graph.tail))


def with_gates(graph: Graph, gates: Gates) -> Graph:
    """Take the junction of every gate apart."""
    if not len(gates):
        return graph
    side = len(graph.node) + np.arange(len(gates))
    moved = np.concatenate([graph.tail, graph.head])
    moved[gates.end] = side
    hub = graph.node[gates.hub]
    return Graph(
        node=np.concatenate([graph.node, hub]),
        tail=np.concatenate([moved[: gates.edges], side]),
        head=np.concatenate([moved[gates.edges :], gates.hub]),
        vertex=np.concatenate([graph.vertex, np.repeat(hub, 2)]),
        start=np.concatenate([graph.start, graph.start[-1] + 2 * np.arange(1, len(gates) + 1)]),
    )
