"""Ranges on the grid, and the cheapest of them for a small system, found exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.counts import MASKED_HIGH, MASKED_LOW
from geo_mbo.suppression.system import EPSILON, System

if TYPE_CHECKING:
    from scipy.optimize import LinearConstraint

    from geo_mbo.suppression.system import Floats, Whole

GRID = 5
"""Ranges go from a multiple of this up to just before one."""

MORE = ((0, 0), (1, 0), (0, 1), (1, 1), (2, 2), (4, 4))
"""How many steps a range may go farther down and up, in the exact choice."""

SMALL_COST = 10.0
"""A small count that is widened no longer shows that it is one."""

SECONDS = 5.0
"""The choice so far is taken when it takes longer than this."""


def rounded(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Give the ranges on the grid that hold these bounds.

    Examples
    --------
    >>> rounded(np.array([25.0, 26.0]), np.array([29.0, 30.0]))
    (array([25., 25.]), array([29., 34.]))
    """
    floor = GRID * np.floor((low + EPSILON) / GRID)
    return np.maximum(floor, np.minimum(low, 0.0)), GRID * np.ceil((high + 1 - EPSILON) / GRID) - 1


def cost(system: System) -> Floats:
    """Give what widening each cell by one costs: relative to its number, small counts ten times."""
    size = np.where(np.isfinite(system.high), system.high, 0.0)
    price: Floats = np.where(system.small, SMALL_COST, 1.0) / (1 + np.maximum(size, 0.0))
    return price


@dataclass(frozen=True)
class _Choice:
    """What can be chosen: a way of widening for each free cell, and by how much each widens."""

    free: Whole
    downs: Floats
    ups: Floats
    goals: tuple[tuple[int, float], ...]

    @property
    def chosen(self) -> int:
        """Number of choices: ways x free cells."""
        return int(self.downs.size)


def exactly(system: System) -> System | None:
    """Give the cheapest ranges for all small cells at once; None where the choice has none.

    A truth value for each way of widening each cell, and for each end of each small cell a set of
    numbers within the bounds so widened.
    """
    from scipy.optimize import Bounds, milp

    free, small = np.arange(len(system.low)), np.flatnonzero(system.small)
    ways = [_ways(system, free, more) for more in MORE]
    downs, ups = (np.array([way[side] for way in ways]) for side in (0, 1))
    goals = tuple((int(c), float(g)) for c in small for g in (MASKED_LOW, MASKED_HIGH))
    choice = _Choice(free, downs, ups, goals)
    count, chosen = len(system.low), choice.chosen
    numbers = np.full(count * len(goals), np.inf)
    least, most = np.append(np.zeros(chosen), -numbers), np.append(np.ones(chosen), numbers)
    for k, (cell, goal) in enumerate(goals):
        least[chosen + k * count + cell] = most[chosen + k * count + cell] = goal
    prices = ((downs + ups) * cost(system)[free]).ravel()
    found = milp(
        np.append(prices, np.zeros(len(numbers))),
        integrality=np.append(np.ones(chosen), np.zeros(len(numbers))),
        bounds=Bounds(least, most),
        constraints=_rules(system, choice),
        options={"time_limit": SECONDS},
    )
    if found.x is None:
        return None
    taken = found.x[:chosen].reshape(downs.shape) > 0.5
    low, high = system.low.copy(), system.high.copy()
    low[free] -= (taken * downs).sum(axis=0)
    high[free] += (taken * ups).sum(axis=0)
    return system.with_bounds(low, high)


def _ways(system: System, free: Whole, more: tuple[int, int]) -> tuple[Floats, Floats]:
    """Give by how much a range on the grid goes below and above each cell's bounds."""
    low, high = system.low[free], system.high[free]
    floor, ceiling = rounded(low, np.where(np.isfinite(high), high, 0.0))
    floor = np.maximum(floor - GRID * more[0], np.minimum(low, 0.0))
    up = np.where(np.isfinite(high), ceiling + GRID * more[1] - high, 0.0)
    return low - floor, up


def _rules(system: System, choice: _Choice) -> list[LinearConstraint]:
    """Give the rules: within the ranges taken, all sums hold, at most one way a cell."""
    from scipy.optimize import LinearConstraint
    from scipy.sparse import block_diag, csr_array, eye_array, hstack, kron

    count, size, goals = len(system.low), len(choice.free), len(choice.goals)
    at = (choice.free, np.arange(size))
    pick = csr_array((np.ones(size), at), shape=(count, size))
    several = csr_array(np.ones((goals, 1)))
    numbers = eye_array(count * goals, format="csr")

    def beside(steps: Floats) -> Any:
        wide = hstack([pick.multiply(row[None, :]) for row in steps], format="csr")
        return hstack([kron(several, wide), numbers], format="csr")

    sums = block_diag([system.sums] * goals, format="csr")
    none = csr_array((sums.shape[0], choice.chosen))
    once = hstack([eye_array(size)] * len(MORE), format="csr")
    return [
        LinearConstraint(beside(-choice.ups), ub=np.tile(system.high, goals)),
        LinearConstraint(beside(choice.downs), lb=np.tile(system.low, goals)),
        LinearConstraint(hstack([none, sums], format="csr"), lb=0, ub=0),
        LinearConstraint(hstack([once, csr_array((size, count * goals))], format="csr"), ub=1),
    ]
