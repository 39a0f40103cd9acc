"""The reader who has everything that is published, and works out what he can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.counts import MASKED_HIGH, MASKED_LOW
from geo_mbo.suppression.system import (
    EPSILON,
    System,
    alike,
    is_tree,
    least_cost,
    parts,
    propagated,
    system_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.suppression.system import Floats, Whole


FAR_OFF = 0.5
"""Sums that miss by at least this part of the farthest go together with it."""


def audit(cells: pd.DataFrame, sums: pd.DataFrame) -> pd.DataFrame:
    """Work out how near every small count can be brought by all sums together.

    The least and the greatest number that a cell can be while all sums hold, by linear programming
    (Hundepool and others 2012, chapter 4.4). Numbers need not be whole there, so that where tables
    share more than two margins a reader who counts in whole people may come nearer still.

    Sums that cannot all hold are of different people: those that miss farthest are left out.

    Parameters
    ----------
    cells
        Columns `CELLS`: what is published, a count of one to four as 1 to 4.
    sums
        Columns `SUMS`: parts with factor 1 and their total with -1.

    Returns
    -------
    pandas.DataFrame
        ``cell``, ``least``, ``greatest``, ``open`` (nearer than 1 to 4), one row a small cell.

    Raises
    ------
    InputError
        A cell is there twice, a sum names a cell that is not there, or bounds are no bounds.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"cell": ["a", "b", "c", "all"], "low": [1, 1, 90, 97],
    ...     "high": [4, 4, 90, 97], "small": [True, True, False, False]})
    >>> sums = pd.DataFrame({"sum": "s", "cell": ["a", "b", "c", "all"], "factor": [1, 1, 1, -1]})
    >>> audit(cells, sums)
      cell  least  greatest  open
    0    a    3.0       4.0  True
    1    b    3.0       4.0  True
    """
    system = system_of(cells, sums)
    low, high = ranges(system)
    found = cells.loc[system.small, ["cell"]].reset_index(drop=True)
    return found.assign(
        least=low[system.small],
        greatest=high[system.small],
        open=opened(low, high)[system.small],
    )


def opened(low: Floats, high: Floats) -> np.ndarray:
    """Say which ranges are nearer than that of a mask."""
    return np.asarray((low > MASKED_LOW + EPSILON) | (high < MASKED_HIGH - EPSILON))


def ranges(system: System) -> tuple[Floats, Floats]:
    """Give the least and the greatest that each small cell can be; others as published."""
    low, high = system.low.copy(), system.high.copy()
    for cells, sums in parts(system):
        one = holding(system.part(cells, sums))
        least, most = reached(one)
        mine = cells[one.small]
        low[mine], high[mine] = least[one.small], most[one.small]
    return low, high


def holding(system: System) -> System:
    """Leave out the sums that keep the others from holding, those that are farthest off first."""
    now = system
    while now.sums.shape[0]:
        _, whole = alike(now)
        low, high = propagated(whole)
        if (low <= high + EPSILON).all() and is_tree(whole):
            break
        off = _off(whole)
        if off.max() <= EPSILON * 10:
            break
        now = now.part(np.arange(len(now.low)), np.flatnonzero(off < off.max() * FAR_OFF))
    return now


def _off(system: System) -> Floats:
    """Give by how much each sum has to miss, so that all together miss least."""
    from scipy.sparse import eye_array, hstack

    count, size = len(system.low), system.sums.shape[0]
    slack = eye_array(size, format="csr")
    numbers = least_cost(
        np.append(np.zeros(count), np.ones(2 * size)),
        hstack([system.sums, slack, -slack], format="csr"),
        np.append(system.low, np.zeros(2 * size)),
        np.append(system.high, np.full(2 * size, np.inf)),
    )
    if numbers is None:
        return np.zeros(size)
    off: Floats = numbers[count : count + size] + numbers[count + size :]
    return off


def reached(system: System, among: np.ndarray | None = None) -> tuple[Floats, Floats]:
    """Give the bounds that small cells can reach in one part; `among`: only of these."""
    low, high = propagated(system)
    asked = system.small if among is None else system.small & among
    # One sum at a time already tells what is open; that is enough to know of it.
    asked = asked & ~opened(low, high)
    group, whole = alike(system)
    # What the others of its group leave a cell when the group is at its least or most.
    rest_low = whole.low[group] - system.low
    rest_high = whole.high[group] - np.where(np.isinf(system.high), 0.0, system.high)
    if is_tree(whole):
        least, most = propagated(whole)
    else:
        goals = np.full((2, len(whole.low)), np.nan)
        np.fmin.at(goals[0], group[asked], rest_high[asked] + MASKED_LOW)
        np.fmax.at(goals[1], group[asked], rest_low[asked] + MASKED_HIGH)
        least = _sought(whole, goals[0], 1.0)
        most = _sought(whole, goals[1], -1.0)
    at = np.flatnonzero(asked)
    low[at] = np.maximum(system.low[at], least[group[at]] - rest_high[at])
    high[at] = np.minimum(system.high[at], most[group[at]] - rest_low[at])
    return low, high


def _sought(system: System, goals: Floats, sign: float) -> Floats:
    """Bring cells down (sign 1) or up (-1) to their goals, or as near as they get.

    Many at once: what one solution reaches needs no solving of its own.
    """
    seen = np.where(sign > 0, system.high, system.low)
    todo = np.flatnonzero(np.isfinite(goals))
    seen[np.isinf(goals)] = -sign * np.inf
    while len(todo):
        solved = _solve(system, todo, sign)
        seen[todo] = sign * np.minimum(sign * seen[todo], sign * solved[todo])
        left = todo[sign * (seen[todo] - goals[todo]) > EPSILON]
        if len(left) == len(todo):
            for cell in todo:
                seen[cell] = _solve(system, np.array([cell]), sign)[cell]
            break
        todo = left
    return seen


def _solve(system: System, cells: Whole, sign: float) -> Floats:
    """Bring the sum of some cells to its least (sign 1) or greatest (-1)."""
    cost = np.zeros(len(system.low))
    cost[cells] = sign
    numbers = least_cost(cost, system.sums, system.low, system.high)
    return (system.low if sign > 0 else system.high) if numbers is None else numbers
