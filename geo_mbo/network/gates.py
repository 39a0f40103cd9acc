"""Barriers that stop somebody: the node is taken apart, and joined again for who may pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.road import Network

if TYPE_CHECKING:
    from geo_mbo.network.road import Truths, Whole

    Trail = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Gates:
    """Where gates are: ends of edges (first all tails, then all heads) at a node that stops some.

    Every such end gets a node of its own, and an edge without length from there to the gate.
    """

    end: Whole
    hub: Whole
    edges: int

    def through(self, trail: Trail) -> list[Trail]:
        """Give the same way of arcs with the edges of the gates that it leads through.

        Who turns back at a gate may do so on either side of it, which are two ways.
        """
        ways: list[Trail] = [(trail[0],)]
        for arc, following in pairwise(trail):
            middle = self._between(arc, following)
            ways = [
                (*way, *between, following)
                for way in ways
                for between in ([(), middle] if following == arc ^ 1 and middle else [middle])
            ]
        return ways

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


def gates_of(network: Network, hubs: Truths) -> Gates:
    """Find the ends of edges at these nodes."""
    at = np.concatenate([network.tail, network.head])
    end = np.flatnonzero(hubs[at])
    return Gates(end=end, hub=at[end], edges=len(network.tail))


def with_gates(network: Network, gates: Gates, passable: Mapping[str, Truths]) -> Network:
    """Take the node of every gate apart; only who may pass gets from one side to the other.

    Parameters
    ----------
    network
        The roads.
    gates
        Where the gates are.
    passable
        By mode, whether it may pass: of each end at a gate.
    """
    count = len(gates.end)
    if not count:
        return network
    side = len(network.node_x) + np.arange(count)
    moved = np.concatenate([network.tail, network.head])
    moved[gates.end] = side
    doubled = np.repeat(gates.hub, 2)
    seconds = {
        mode: np.hstack([times, np.tile(np.where(passable[mode], 0.0, np.inf), (2, 1))])
        for mode, times in network.seconds.items()
    }
    delay_s = {
        mode: np.hstack([delays, np.zeros((2, count))]) for mode, delays in network.delay_s.items()
    }
    return replace(
        network,
        node_x=np.concatenate([network.node_x, network.node_x[gates.hub]]),
        node_y=np.concatenate([network.node_y, network.node_y[gates.hub]]),
        node_osm=np.concatenate([network.node_osm, network.node_osm[gates.hub]]),
        tail=np.concatenate([moved[: gates.edges], side]),
        head=np.concatenate([moved[gates.edges :], gates.hub]),
        length_m=np.concatenate([network.length_m, np.zeros(count)]),
        seconds=seconds,
        delay_s=delay_s,
        joinable=np.concatenate([network.joinable, np.zeros(count, bool)]),
        shape_x=np.concatenate([network.shape_x, network.node_x[doubled]]),
        shape_y=np.concatenate([network.shape_y, network.node_y[doubled]]),
        shape_start=np.concatenate(
            [network.shape_start, network.shape_start[-1] + 2 * np.arange(1, count + 1)]
        ),
    )
