"""The rational agent access model: people choose between a long way and a crowded site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.blocks import Times, amounts_of, blocks, counted, exact, plane_of
from geo_mbo.errors import above_zero

if TYPE_CHECKING:
    import numpy.typing as npt

    from geo_mbo.analysis.weighting import Floats, Whole

_FIRST_STEP, _LEAST_STEP, _HALF_LIFE = 0.2, 0.005, 50
"""Share of an origin's people that may move in a round, at first and at last; when it halves."""
_CAREFUL_ROUNDS = 20
"""In so many first rounds an attractive site is kept from being mobbed."""
_WHOLE = 1e-9
"""So little below a whole person is one: rounding, and so the order of rows, never decides."""


def raam(
    minutes: Times,
    demand: npt.ArrayLike,
    supply: npt.ArrayLike,
    *,
    tau_min: float = 60.0,
    rho: float | None = None,
    rounds: int = 150,
) -> Floats:
    """Give the cost of the way and the crowd when nobody gains by going elsewhere (RAAM).

    A site that is as crowded as the average of the country costs as much as `tau_min` minutes on
    the way. People start at their nearest site and move, a few of each origin in a round, from the
    dearest site they use to the cheapest, until both cost the same. Saxon and Snow (2020), "A
    rational agent model for the spatial accessibility of primary health care", Annals of the
    American Association of Geographers 110:205-222; rounds and steps are those of PySAL access.

    Parameters
    ----------
    minutes
        Origins x sites; ``inf``: not reached. Of equally near sites the first column is taken.
    demand
        People by origin; whole people move.
    supply
        Places by site; a site without places is not there.
    tau_min
        Minutes that weigh as much as the average crowd, above 0.
    rho
        The average crowd: people a place. None: all people by all places.
    rounds
        How often people move, 1 or more.

    Returns
    -------
    numpy.ndarray
        By origin, in units of `tau_min`: the mean over its people of minutes / tau plus people a
        place / rho. More is worse. Where nobody lives the cost for who would come; ``inf`` where no
        site with places is reached.

    Raises
    ------
    InputError
        Times that are no times, amounts that do not fit or are below 0, options not above 0.

    Examples
    --------
    By bicycle half an hour to either site. The first two origins are near the large site.

    >>> import numpy as np
    >>> minutes = np.array([[6.0, 30.0], [6.0, 30.0], [30.0, 6.0], [np.inf, np.inf]])
    >>> raam(minutes, [100, 100, 100, 50], [200, 100], tau_min=60).round(3)
    array([0.957, 0.957, 0.957,   inf])
    """
    above_zero(tau_min=tau_min, **({} if rho is None else {"rho": rho}))
    counted(rounds=rounds)
    plane = plane_of(minutes)
    people, places = amounts_of(
        {"demand": (demand, plane.shape[0]), "supply": (supply, plane.shape[1])}
    )
    there = np.flatnonzero(places > 0)
    costs = np.full(len(plane), np.inf)
    if not len(there) or not len(plane):
        return costs
    room = places[there]
    crowd = float(people.sum() / room.sum()) if rho is None else rho
    room = room * (crowd or 1.0)  # nobody anywhere: no crowd, whatever it is divided by
    reaching = np.concatenate(
        [np.isfinite(block[:, there].min(axis=1)) for _, block in blocks(plane)]
    )
    moving = np.flatnonzero(reaching & (people > 0))
    agents = _Agents(plane[np.ix_(moving, there)], people[moving], room, tau_min)
    for turn in range(rounds):
        agents.move(turn)
    costs[moving] = agents.costs
    nobody = np.flatnonzero(reaching & (people == 0))
    costs[nobody] = agents.cheapest(plane[np.ix_(nobody, there)])[0]
    return costs


@dataclass
class _Agents:
    """People of each origin at the few sites they use: lists instead of a second matrix."""

    plane: Floats
    people: Floats
    room: Floats
    tau_min: float

    def __post_init__(self) -> None:
        self.crowded = np.zeros(len(self.room))
        nearest = self.cheapest(self.plane)[1]
        self.used: Whole = nearest[:, None]
        self.there: Floats = self.people[:, None].copy()
        self.costs: Floats = np.zeros(len(self.people))

    def cheapest(self, plane: Floats) -> tuple[Floats, Whole]:
        """Give cost and column of the cheapest site of each row, as crowded as it is now."""
        cost, at = np.zeros(len(plane)), np.zeros(len(plane), dtype=np.intp)
        for rows, block in blocks(plane):
            total = exact(block)
            total /= self.tau_min
            total += self.crowded
            at[rows] = total.argmin(axis=1)
            cost[rows] = np.take_along_axis(total, at[rows][:, None], axis=1)[:, 0]
        return cost, at

    def move(self, turn: int) -> None:
        """Let some people of each origin go from their dearest site to the cheapest."""
        load = np.bincount(self.used.ravel(), self.there.ravel(), minlength=len(self.room))
        self.crowded = load / self.room
        everyone = np.arange(len(self.people))
        least, low = self.cheapest(self.plane)
        ways = exact(self.plane[everyone[:, None], self.used]) / self.tau_min
        cost: Floats = ways + self.crowded[self.used]
        from_column = self._dearest(cost)
        high = self.used[everyone, from_column]
        # So many have to move until both sites cost the same.
        small, large = self.room[low], self.room[high]
        even = (cost[everyone, from_column] - least) * small * large / (small + large)
        most = np.minimum(self.there[everyone, from_column], _step(turn) * self.people)
        leaving = np.where(low == high, 0.0, np.floor(np.minimum(even, most) + _WHOLE))
        if turn < _CAREFUL_ROUNDS:
            coming = np.bincount(low, leaving, minlength=len(self.room)) / self.room
            leaving = np.round(leaving / np.maximum(coming, 1)[low])
        cost = self._arrive(low, leaving, cost, least)
        self.there[everyone, from_column] -= leaving
        self.costs = (cost * self.there).sum(axis=1) / self.people

    def _dearest(self, cost: Floats) -> Whole:
        """Find the dearest site with people; of equally dear ones the first column."""
        held = np.where(self.there > 0, cost, -np.inf)
        most = held == held.max(axis=1, keepdims=True)
        first: Whole = np.where(most, self.used, len(self.room)).argmin(axis=1)
        return first

    def _arrive(self, low: Whole, leaving: Floats, cost: Floats, least: Floats) -> Floats:
        """Put those who move at their new site; give the costs with a column for new ones."""
        everyone = np.arange(len(self.people))
        known = self.used == low[:, None]
        column = known.argmax(axis=1)
        fresh = ~known[everyone, column] & (leaving > 0)
        free = (self.there == 0) & ~known
        column = np.where(fresh, free.argmax(axis=1), column)
        if (fresh & ~free[everyone, column]).any():
            column = np.where(fresh & ~free[everyone, column], self.used.shape[1], column)
            self.used = np.column_stack([self.used, self.used[:, 0]])
            self.there = np.column_stack([self.there, np.zeros(len(low))])
            cost = np.column_stack([cost, cost[:, 0]])
        here, to = everyone[leaving > 0], column[leaving > 0]
        self.used[here, to] = low[here]
        cost[here, to] = least[here]
        self.there[here, to] += leaving[here]
        return cost


def _step(turn: int) -> float:
    return float(max(_FIRST_STEP * 0.5 ** (turn / _HALF_LIFE), _LEAST_STEP))
