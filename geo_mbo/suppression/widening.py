"""Which numbers to tell as a range, so that no small count can be worked out from the others.

For each small count and each end of its mask there has to be a whole set of numbers, within what is
published, in which it is that end (Fischetti and Salazar-Gonzalez 2001, Management Science
47:1008-1026). In a small system the cheapest ranges that allow it are found exactly, as a
mixed-integer programme; in a large one count after count takes the cheapest ranges by linear
programming, and what proved needless is taken back (as Kelly, Golden and Assad 1992, Networks
22:397-417, do with flows). The cost of a range is by how much it is wider, relative to the number:
large numbers bear it best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.counts import MASKED_HIGH, MASKED_LOW
from geo_mbo.errors import GeoMboError
from geo_mbo.suppression.audit import holding, opened, reached
from geo_mbo.suppression.exact import cost, exactly, rounded
from geo_mbo.suppression.system import (
    EPSILON,
    System,
    alike,
    least_cost,
    parts,
    propagated,
    system_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.suppression.system import Floats, Whole

EXACT_UP_TO = 40
"""A part of a system with no more cells is solved exactly."""

_ROUNDS = 20
_NEARBY = 2
_TAKEN_BACK, _TAKEN_BACK_OF = 60, 2_000


class StillOpenError(GeoMboError):
    """No ranges protect every small count: a mistake in the program."""


def widened(
    cells: pd.DataFrame, sums: pd.DataFrame, *, exact_up_to: int = EXACT_UP_TO
) -> pd.DataFrame:
    """Widen numbers until no small count can be brought nearer than 1 to 4.

    Parameters
    ----------
    cells
        Columns `CELLS`: what would be published, a count of one to four as 1 to 4.
    sums
        Columns `SUMS`: parts with factor 1 and their total with -1.
    exact_up_to
        Parts of the system with no more cells than this are widened at the least cost.

    Returns
    -------
    pandas.DataFrame
        `cells` with bounds that hold the old ones, and ``widened``. Where they are wider they
        end at multiples of five (25 to 29), which says nothing of the number inside. Small
        counts come last, and some have to: a total of fewer than five of two small parts.

    Raises
    ------
    InputError
        A cell is there twice, a sum names a cell that is not there, or bounds are no bounds.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"cell": ["a", "b", "all"], "low": [1, 93, 96], "high": [4, 93, 96],
    ...     "small": [True, False, False]})
    >>> sums = pd.DataFrame({"sum": "s", "cell": ["a", "b", "all"], "factor": [1, 1, -1]})
    >>> widened(cells, sums)
      cell   low  high  small  widened
    0    a   1.0   4.0   True    False
    1    b  90.0  94.0  False     True
    2  all  95.0  99.0  False     True
    """
    system = system_of(cells, sums)
    low, high = system.low.copy(), system.high.copy()
    for at, of_sums in parts(system):
        one = _closed(system.part(at, of_sums), exact=len(at) <= exact_up_to)
        low[at], high[at] = one.low, one.high
    wider = (low < system.low - EPSILON) | (high > system.high + EPSILON)
    return cells.assign(low=low, high=high, widened=wider)


def _closed(system: System, *, exact: bool) -> System:
    """Widen one part of a system until none of its small cells is open."""
    now, among, count = system, system.small, -1
    for turn in range(_ROUNDS):
        # Sums that did not hold may do so once numbers are ranges.
        held = holding(now)
        if held.sums.shape[0] != count:
            among, count = system.small, held.sums.shape[0]
        # A cell that is not open stays so when others are widened.
        among = among & opened(*reached(held, among))
        todo = np.flatnonzero(among)
        if not len(todo):
            return now
        best = exactly(held) if exact and turn == 0 else None
        if best is None:
            best = _taken_back(held, _step_by_step(held, todo, nearby=turn < _NEARBY), todo)
        now = now.with_bounds(best.low, best.high)
    raise StillOpenError.of("cells_still_open", count=len(todo))


def _wider(system: System, least: Floats, most: Floats) -> System:
    """Widen the cells that have to go beyond their bounds to ranges on the grid."""
    down, up = least < system.low - EPSILON, most > system.high + EPSILON
    asked = down | up
    low, high = rounded(np.minimum(least, system.low), np.maximum(most, system.high))
    return system.with_bounds(
        np.where(asked, np.minimum(low, system.low), system.low),
        np.where(asked, np.maximum(high, system.high), system.high),
    )


def _step_by_step(system: System, todo: Whole, *, nearby: bool) -> System:
    """Let one small cell after another take the ranges that cost least.

    `nearby`: as if only the sums that the cell itself is in had to hold. That is quick, nearly
    always enough where other sums have room, and put right in a later round where it is not.
    """
    low, high = system.low.copy(), system.high.copy()
    columns = system.sums.tocsc()
    for cell in todo:
        cells, sums = np.arange(len(low)), np.arange(system.sums.shape[0])
        if nearby:
            sums = sums[columns.indices[columns.indptr[cell] : columns.indptr[cell + 1]]]
            cells = cells[np.unique(system.sums[sums].indices)]
        one = system.with_bounds(low, high).part(cells, sums)
        at = int(np.searchsorted(cells, cell))
        if nearby and not opened(*propagated(one))[at]:
            continue
        for goal in (MASKED_LOW, MASKED_HIGH):
            one = _wider(one, *_cheapest(one, at, float(goal)))
        low[cells], high[cells] = one.low, one.high
    return system.with_bounds(low, high)


def _cheapest(system: System, cell: int, goal: float) -> tuple[Floats, Floats]:
    """Give how low and high each cell has to go, at the least cost, for a small one at its goal.

    Of cells that stand in the same sums the cheapest goes for all.
    """
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    group, whole = alike(system, apart=cell)
    count, size = len(whole.low), whole.sums.shape[0]
    order = np.argsort(cost(system), kind="stable")
    first = order[np.unique(group[order], return_index=True)[1]]
    one = eye_array(count, format="csr")
    tops, floors = np.isfinite(whole.high), np.isfinite(whole.low)
    beyond = vstack([hstack([one, -one])[tops], hstack([-one, -one])[floors]], format="csr")
    lows, highs = np.minimum(whole.low, 0.0), np.full(count, np.inf)
    lows[group[cell]] = highs[group[cell]] = goal
    numbers = least_cost(
        np.append(np.zeros(count), cost(system)[first]),
        hstack([whole.sums, csr_array((size, count))], format="csr"),
        np.append(lows, np.zeros(count)),
        np.append(highs, np.full(count, np.inf)),
        most=(beyond, np.append(whole.high[tops], -whole.low[floors])),
    )
    if numbers is None:
        raise StillOpenError.of("cells_still_open", count=1)
    told = numbers[:count]
    least, most = system.low.copy(), system.high.copy()
    most[first] += np.maximum(told - np.where(np.isfinite(whole.high), whole.high, told), 0.0)
    for one_of in np.flatnonzero(whole.low - told > EPSILON):
        left = float(whole.low[one_of] - told[one_of])
        # No number goes below 0: what one cannot give the next does.
        for at in order[group[order] == one_of]:
            given = min(left, max(float(least[at]), 0.0))
            least[at], left = least[at] - given, left - given
    return least, most


def _taken_back(before: System, after: System, todo: Whole) -> System:
    """Undo what proved needless, the dearest first; only `todo` can be open."""
    asked = np.zeros(len(before.low), dtype=bool)
    asked[todo] = True

    def shut(system: System) -> bool:
        return not (asked & opened(*reached(system, asked))).any()

    extra = (after.high - before.high) + (before.low - after.low)
    wider = np.flatnonzero(extra > EPSILON)
    if len(wider) > _TAKEN_BACK or len(after.low) > _TAKEN_BACK_OF or not shut(after):
        return after
    price = extra * cost(before)
    for cell in wider[np.argsort(-price[wider], kind="stable")]:
        low, high = after.low.copy(), after.high.copy()
        low[cell], high[cell] = before.low[cell], before.high[cell]
        tried = after.with_bounds(low, high)
        if shut(tried):
            after = tried
    return after
