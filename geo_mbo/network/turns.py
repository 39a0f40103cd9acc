"""The graph that is searched: the roads, with turns that may not be made taken out exactly.

A junction where a turn depends on where one comes from is doubled for who comes along: the double
stands for *at this junction, having come that way*, and lacks the arcs that may not follow. The
doubles are the states of an Aho-Corasick automaton (1975, Comm. ACM 18:333-340) that watches for
the forbidden sequences, so that any number of them, of any length, overlapping or not, is exact,
and the graph hardly grows. One graph serves all modes: a mode that a sequence does not bind keeps
the arc.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.costs import NO_WAY, packed

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.network.costs import Costs
    from geo_mbo.network.road import Network, Truths, Whole

    Trail = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Roads:
    """The directed graph of a network, for all its modes.

    An arc is one direction of an edge (``2 * edge`` there, ``2 * edge + 1`` back); a link is an arc
    as one of its junctions or their doubles has it.

    Attributes
    ----------
    network
        What it was made from.
    junction
        Junction of each node: first the junctions themselves, then the doubles.
    tail, head, arc
        Nodes at both ends of each link, and the arc that it is; in the order of their arcs.
    landing
        Of each arc the node at its end for who sets out midway.
    barred
        By mode the links that may not be used since a turn is forbidden.
    """

    network: Network
    junction: Whole
    tail: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    arc: Whole
    landing: npt.NDArray[np.int32]
    barred: Mapping[str, Whole]

    def weights(self, mode: str) -> Costs:
        """Give the cost of every link for one mode, delays on arrival included."""
        seconds = (self.network.times(mode) + self.network.delays(mode)).T.ravel()
        meters = np.repeat(self.network.length_m, 2)
        weight = packed(seconds, meters)[self.arc]
        weight[self.barred.get(mode, np.zeros(0, np.int64))] = NO_WAY
        return weight

    def links_of(self, arcs: Whole) -> tuple[Whole, Whole]:
        """Give the first link of each arc, and one past its last."""
        return np.searchsorted(self.arc, arcs), np.searchsorted(self.arc, arcs, side="right")


def roads_of(network: Network) -> Roads:
    """Make the graph of a network: links for every arc that some mode may use."""
    ends = np.column_stack([network.tail, network.head])
    tails, heads = ends.ravel(), ends[:, ::-1].ravel()
    usable = np.zeros(2 * len(network.tail), bool)
    for mode in network.modes:
        usable |= np.isfinite(network.times(mode)).T.ravel()
    states = _States(network, tails, heads, usable)
    tail, head, arc, barred = states.links()
    order = np.argsort(arc, kind="stable")
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return Roads(
        network=network,
        junction=np.concatenate([np.arange(len(network.node_x)), states.junction]),
        tail=tail[order].astype(np.int32),
        head=head[order].astype(np.int32),
        arc=arc[order],
        landing=states.landing.astype(np.int32),
        barred={mode: np.sort(back[rows]) for mode, rows in barred.items()},
    )


class _States:
    """The automaton: where one is after any way, as far as it matters for what may follow."""

    def __init__(self, network: Network, tails: Whole, heads: Whole, usable: Truths) -> None:
        self._tails, self._heads = tails, heads
        self._arcs = np.flatnonzero(usable)
        turns = network.turns
        self._modes = [mode for mode in network.modes if mode in turns.binds]
        self._forbidden: dict[Trail, set[str]] = {}
        for k in range(len(turns)):
            trail = tuple(turns.arc[turns.start[k] : turns.start[k + 1]].tolist())
            bound = {mode for mode in self._modes if turns.binds[mode][k]}
            if bound and len(trail) > 1 and usable[list(trail)].all():
                self._forbidden.setdefault(trail, set()).update(bound)
        trails = {trail[:k] for trail in self._forbidden for k in range(1, len(trail))}
        first = len(network.node_x)
        self._number = {trail: first + k for k, trail in enumerate(sorted(trails))}
        self.junction = np.array([heads[t[-1]] for t in self._number], np.int64)
        self.landing = heads.copy()
        for trail, node in self._number.items():
            if len(trail) == 1:
                self.landing[trail[0]] = node

    def links(self) -> tuple[Whole, Whole, Whole, dict[str, Whole]]:
        """Give tail, head and arc of every link, and by mode the rows that are barred."""
        rows: list[tuple[int, int, int]] = []
        barred: dict[str, list[int]] = {mode: [] for mode in self._modes}
        outgoing = self._outgoing()
        for trail, node in self._number.items():
            for following in outgoing[int(self._heads[trail[-1]])]:
                after = (*trail, following)
                for mode in self._bound(after):
                    barred[mode].append(len(self._arcs) + len(rows))
                rows.append((node, self._next(after), following))
        plain = np.stack([self._tails[self._arcs], self.landing[self._arcs], self._arcs])
        tail, head, arc = np.hstack([plain, np.array(rows, np.int64).reshape(-1, 3).T])
        return tail, head, arc, {mode: np.array(k, np.int64) for mode, k in barred.items()}

    def _outgoing(self) -> dict[int, list[int]]:
        """List the arcs that leave the junctions of the doubles."""
        order = self._arcs[np.argsort(self._tails[self._arcs], kind="stable")]
        wanted = np.unique(self.junction)
        first = np.searchsorted(self._tails[order], wanted)
        last = np.searchsorted(self._tails[order], wanted, side="right")
        return {int(v): order[a:b].tolist() for v, a, b in zip(wanted, first, last, strict=True)}

    def _bound(self, trail: Trail) -> set[str]:
        """Give the modes for which the end of a trail is a forbidden sequence."""
        ends = (trail[k:] for k in range(len(trail) - 1))
        return set().union(*(self._forbidden.get(end, set()) for end in ends))

    def _next(self, trail: Trail) -> int:
        """Give the node after a trail: the double that knows most of it, or the junction."""
        for k in range(len(trail)):
            if trail[k:] in self._number:
                return self._number[trail[k:]]
        return int(self._heads[trail[-1]])
