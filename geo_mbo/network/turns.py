"""The graph that is searched: the roads, with turns that may not be made taken out exactly.

A junction where a turn depends on where one comes from is doubled for who comes along: the double
stands for *at this junction, having come that way*, and lacks the arcs that may not follow. The
doubles are the states of an Aho-Corasick automaton (1975, Comm. ACM 18:333-340) that watches for
the forbidden sequences, so that any number of them, of any length, overlapping or not, is exact,
and the graph hardly grows. One graph serves all modes to which turning costs nothing: a mode that
a sequence does not bind keeps the arc. A mode that loses time in a turn has a graph of its own, in
which every junction is doubled for every arc that leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.network.costs import NO_WAY, packed
from geo_mbo.network.road import ragged

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.network.costs import Costs
    from geo_mbo.network.road import Floats, Network, Truths, Whole

    Trail = tuple[int, ...]

BEND_DEGREES = 40.0
"""Up to this angle one goes straight on."""
ABOUT_DEGREES = 175.0
"""From this angle on one turns about, also into a road beside the one that one came by: neither to
the left nor to the right."""
_ARM_M = 15.0
"""A road leads to where it is after so many metres: what it does at the kerb is no direction."""


@dataclass(frozen=True, eq=False)
class Roads:
    """The directed graph of a network, for one mode or several.

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
    turn_cost
        Of each link what the turn into it costs, coming as its tail says.
    """

    network: Network
    junction: Whole
    tail: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    arc: Whole
    landing: npt.NDArray[np.int32]
    barred: Mapping[str, Whole]
    turn_cost: Costs

    def weights(self, mode: str) -> Costs:
        """Give the cost of every link for one mode, delays on arrival included."""
        seconds = (self.network.times(mode) + self.network.delays(mode)).T.ravel()
        meters = np.repeat(self.network.length_m, 2)
        weight: Costs = np.minimum(packed(seconds, meters)[self.arc] + self.turn_cost, NO_WAY)
        weight[self.barred.get(mode, np.zeros(0, np.int64))] = NO_WAY
        return weight

    def links_of(self, arcs: Whole) -> tuple[Whole, Whole]:
        """Give the first link of each arc, and one past its last."""
        return np.searchsorted(self.arc, arcs), np.searchsorted(self.arc, arcs, side="right")


def roads_of(network: Network, mode: str | None = None) -> Roads:
    """Make the graph of a network: links for every arc that some mode may use.

    Parameters
    ----------
    network
        The roads.
    mode
        The mode to be searched: one that loses time in turns has a graph of its own; None: the
        graph that all others share.
    """
    own = mode in network.turn_s
    modes = [mode] if mode is not None and own else shared_modes(network)
    ends = np.column_stack([network.tail, network.head])
    tails, heads = ends.ravel(), ends[:, ::-1].ravel()
    usable = np.zeros(2 * len(network.tail), bool)
    for name in modes:
        usable |= np.isfinite(network.times(name)).T.ravel()
    states = _States(network, modes, tails, heads, usable, all_arcs=own)
    tail, head, arc, barred = states.links()
    cost = np.zeros(len(arc), np.int64)
    if mode is not None and own:
        turns = np.flatnonzero(states.came_by[tail] >= 0)
        came = states.came_by[tail[turns]]
        cost[turns] = packed(_turn_s(network, mode, came, arc[turns]), np.zeros(len(turns)))
    order = np.argsort(arc, kind="stable")
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return Roads(
        network=network,
        junction=states.junction,
        tail=tail[order].astype(np.int32),
        head=head[order].astype(np.int32),
        arc=arc[order],
        landing=states.landing.astype(np.int32),
        barred={name: np.sort(back[rows]) for name, rows in barred.items()},
        turn_cost=cost[order],
    )


def shared_modes(network: Network) -> list[str]:
    """Give the modes to which turning costs nothing."""
    return [name for name in network.modes if name not in network.turn_s]


class _States:
    """The automaton: where one is after any way, as far as it matters for what may follow.

    ``junction`` and ``came_by`` tell of each node where it is and by which arc one came there (-1:
    not known, a plain junction).
    """

    def __init__(
        self,
        network: Network,
        modes: list[str],
        tails: Whole,
        heads: Whole,
        usable: Truths,
        *,
        all_arcs: bool,
    ) -> None:
        self._heads, self._arcs = heads, np.flatnonzero(usable)
        self._order = self._arcs[np.argsort(tails[self._arcs], kind="stable")]
        self._sorted_tails = tails[self._order]
        self._tails = tails
        self._forbidden = _forbidden(network, modes, usable)
        self._modes = modes
        trails = {trail[:k] for trail in self._forbidden for k in range(1, len(trail))}
        single = {trail[0] for trail in trails if len(trail) == 1}
        arcs = self._arcs if all_arcs else np.array(sorted(single), np.int64)
        longer = sorted(trail for trail in trails if len(trail) > 1)
        count = len(network.node_x)
        self.landing = heads.copy()
        self.landing[arcs] = count + np.arange(len(arcs))
        self._number = {trail: count + len(arcs) + k for k, trail in enumerate(longer)}
        last = np.array([trail[-1] for trail in longer], np.int64)
        self.came_by = np.concatenate([np.full(count, -1), arcs, last])
        self.junction = np.concatenate([np.arange(count), heads[arcs], heads[last]])
        self._single = arcs

    def links(self) -> tuple[Whole, Whole, Whole, dict[str, Whole]]:
        """Give tail, head and arc of every link, and by mode the rows that are barred."""
        came, following = self._followed(self._single)
        tail = np.concatenate([self._tails[self._arcs], self.landing[came]])
        arc = np.concatenate([self._arcs, following])
        head = self.landing[arc]
        barred: dict[str, list[int]] = {mode: [] for mode in self._modes}
        # Of the many pairs of arcs only those that sequences begin or end with are special.
        keys = came * len(self._heads) + following
        order = np.argsort(keys, kind="stable")
        for pair in {trail[:2] for trail in (*self._number, *self._forbidden)}:
            for row in order[_run(keys[order], pair[0] * len(self._heads) + pair[1])]:
                head[len(self._arcs) + row] = self._next(pair)
                for mode in self._bound(pair):
                    barred[mode].append(len(self._arcs) + int(row))
        rows: list[tuple[int, int, int]] = []
        for trail, node in self._number.items():
            _, out = self._followed(np.array(trail[-1:], np.int64))
            for follower in out.tolist():
                for mode in self._bound((*trail, follower)):
                    barred[mode].append(len(arc) + len(rows))
                rows.append((node, self._next((*trail, follower)), follower))
        more = np.array(rows, np.int64).reshape(-1, 3).T
        tail, head, arc = np.hstack([np.stack([tail, head, arc]), more])
        return tail, head, arc, {mode: np.array(k, np.int64) for mode, k in barred.items()}

    def _followed(self, arcs: Whole) -> tuple[Whole, Whole]:
        """Give every pair of one of these arcs and one that leaves the junction at its end."""
        at = self._heads[arcs]
        first = np.searchsorted(self._sorted_tails, at)
        count = np.searchsorted(self._sorted_tails, at, side="right") - first
        return np.repeat(arcs, count), self._order[ragged(first, count)]

    def _bound(self, trail: Trail) -> set[str]:
        """Give the modes for which the end of a trail is a forbidden sequence."""
        ends = (trail[k:] for k in range(len(trail) - 1))
        return set().union(*(self._forbidden.get(end, set()) for end in ends))

    def _next(self, trail: Trail) -> int:
        """Give the node after a trail: the double that knows most of it."""
        ends = (trail[k:] for k in range(len(trail) - 1))
        known = (self._number[end] for end in ends if end in self._number)
        return next(known, int(self.landing[trail[-1]]))


def _forbidden(network: Network, modes: list[str], usable: Truths) -> dict[Trail, set[str]]:
    """Give the forbidden sequences, and the modes that each of them binds."""
    turns = network.turns
    found: dict[Trail, set[str]] = {}
    for k in range(len(turns)):
        trail = tuple(turns.arc[turns.start[k] : turns.start[k + 1]].tolist())
        bound = {mode for mode in modes if mode in turns.binds and turns.binds[mode][k]}
        if bound and len(trail) > 1 and usable[list(trail)].all():
            found.setdefault(trail, set()).update(bound)
    return found


def _run(keys: Whole, key: int) -> slice:
    return slice(*np.searchsorted(keys, (key, key + 1)))


def _turn_s(network: Network, mode: str, came: Whole, following: Whole) -> Floats:
    """Give the seconds lost in each turn from one arc into another, by its angle.

    Where only two roads meet nobody turns, however sharp the bend; who goes back by the road that
    he came by turns about everywhere.
    """
    lost = network.turn_s[mode]
    out, into = _headings(network)
    turn = (out[following] - into[came] + 180) % 360 - 180
    seconds = np.select(
        [np.abs(turn) >= ABOUT_DEGREES, turn > BEND_DEGREES, turn < -BEND_DEGREES],
        [lost.about_s, lost.left_s, lost.right_s],
        0.0,
    )
    open_ways = np.isfinite(network.times(mode)).any(axis=0)
    ends = np.concatenate([network.tail[open_ways], network.head[open_ways]])
    legs = np.bincount(ends, minlength=len(network.node_x))
    at = np.column_stack([network.head, network.tail]).ravel()[came]
    seconds[legs[at] < 3] = 0.0
    nowhere = network.length_m == 0  # a gate has no direction
    seconds[nowhere[came >> 1] | nowhere[following >> 1]] = 0.0
    seconds[came ^ 1 == following] = lost.about_s
    return seconds


def _headings(network: Network) -> tuple[Floats, Floats]:
    """Give the direction (degrees) in which each arc sets out, and in which it arrives."""
    import shapely

    edges = np.arange(len(network.tail))
    lines = network.lines(edges)
    near, far = (
        shapely.get_coordinates(shapely.line_interpolate_point(lines, metres))
        for metres in (_ARM_M, -_ARM_M)
    )
    first, last = (shapely.get_coordinates(shapely.get_point(lines, k)) for k in (0, -1))
    at_tail, at_head = near - first, far - last
    out = np.stack([at_tail, at_head], axis=1).reshape(-1, 2)
    into = -np.stack([at_head, at_tail], axis=1).reshape(-1, 2)
    return _degrees(out), _degrees(into)


def _degrees(way: Floats) -> Floats:
    return np.degrees(np.arctan2(way[:, 1], way[:, 0]))
