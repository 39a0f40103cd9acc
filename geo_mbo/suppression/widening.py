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
from geo_mbo.suppression.system import EPSILON, System, least_cost, parts, system_of

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.suppression.system import Floats, Whole

EXACT_UP_TO = 40
"""A part of a system with no more cells is solved exactly."""

_ROUNDS = 20
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
            best = _taken_back(held, _step_by_step(held, todo))
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


def _step_by_step(system: System, todo: Whole) -> System:
    """Let one small cell after another take the ranges that cost least."""
    now = system
    for cell in todo:
        for goal in (MASKED_LOW, MASKED_HIGH):
            found = _cheapest(now, int(cell), float(goal))
            now = _wider(now, found, found)
    return now


def _cheapest(system: System, cell: int, goal: float) -> Floats:
    """Give the set of numbers with a small cell at its goal that goes least beyond the bounds."""
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    count, size = len(system.low), system.sums.shape[0]
    one = eye_array(count, format="csr")
    tops, floors = np.isfinite(system.high), np.isfinite(system.low)
    beyond = vstack([hstack([one, -one])[tops], hstack([-one, -one])[floors]], format="csr")
    lows, highs = np.minimum(system.low, 0.0), np.full(count, np.inf)
    lows[cell] = highs[cell] = goal
    numbers = least_cost(
        np.append(np.zeros(count), cost(system)),
        hstack([system.sums, csr_array((size, count))], format="csr"),
        np.append(lows, np.zeros(count)),
        np.append(highs, np.full(count, np.inf)),
        most=(beyond, np.append(system.high[tops], -system.low[floors])),
    )
    if numbers is None:
        raise StillOpenError.of("cells_still_open", count=1)
    return numbers[:count]


def _taken_back(before: System, after: System) -> System:
    """Undo what proved needless, the dearest first."""
    extra = (after.high - before.high) + (before.low - after.low)
    wider = np.flatnonzero(extra > EPSILON)
    if (
        len(wider) > _TAKEN_BACK
        or len(after.low) > _TAKEN_BACK_OF
        or (after.small & opened(*reached(after))).any()
    ):
        return after
    price = extra * cost(before)
    for cell in wider[np.argsort(-price[wider], kind="stable")]:
        low, high = after.low.copy(), after.high.copy()
        low[cell], high[cell] = before.low[cell], before.high[cell]
        tried = after.with_bounds(low, high)
        if not (tried.small & opened(*reached(tried))).any():
            after = tried
    return after
