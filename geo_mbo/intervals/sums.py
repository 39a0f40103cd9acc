"""Sums, ratios, means and growth of counts that are intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import InputError
from geo_mbo.intervals.rows import added, counts_of, divided, finite, grouped

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.intervals.rows import Floats, Whole


def weighted_sum(
    table: pd.DataFrame, parts: Sequence[float] | pd.Series, *, by: Sequence[str]
) -> pd.DataFrame:
    """Add up counts, each times a number of its own that may be negative.

    A difference between two sums over the same counts is such a sum: the part of each count in the
    one minus its part in the other. What is in both cancels, as it does not when the bounds of the
    sums are subtracted. The bounds are the narrowest (a linear function over a box).

    Parameters
    ----------
    table
        The three columns of a count, and `by`.
    parts
        What each row counts for, in the order of the rows; finite.
    by
        Columns to group by; none: all rows together. A missing key is a group of its own.

    Returns
    -------
    pandas.DataFrame
        `by` and ``value``, ``value_low``, ``value_high``, one row a group, sorted.

    Raises
    ------
    InputError
        A count or a number is missing, a bound is negative, or the low bound exceeds the high one.

    Examples
    --------
    Before, all of both counts are at the site; after, half of the second:

    >>> import pandas as pd
    >>> cells = pd.DataFrame({"students": [10, 2.5], "students_low": [10, 1.0],
    ...                       "students_high": [10, 4.0]})
    >>> weighted_sum(cells, pd.Series([1.0, 0.5]) - 1, by=[])
       value  value_low  value_high
    0  -1.25       -2.0        -0.5
    """
    expected, low, high = counts_of(table)
    part = finite(parts, "parts")
    keys, group = grouped(table, by)
    rise, fall = part.clip(min=0), part.clip(max=0)
    return keys.assign(
        value=added(group, part * expected, len(keys)),
        value_low=added(group, rise * low + fall * high, len(keys)),
        value_high=added(group, rise * high + fall * low, len(keys)),
    )


def weighted_ratio(
    table: pd.DataFrame,
    above: Sequence[float] | pd.Series,
    below: Sequence[float] | pd.Series,
    *,
    by: Sequence[str],
) -> pd.DataFrame:
    """Divide two sums over the same counts.

    A share has 1 above for what is in it and 1 below for all; a mean has the values above and 1
    below; what is after a change over what was before has parts in both. The bounds are the
    narrowest.

    Parameters
    ----------
    table, by
        As for `weighted_sum`.
    above, below
        What each row counts for above and below the line, in the order of the rows. Below is 0 or
        more, and where it is 0 so is above.

    Returns
    -------
    pandas.DataFrame
        `by` and ``value``, ``value_low``, ``value_high``, one row a group, sorted; over all numbers
        that leave something below the line, missing where none does. ``value`` is that of the
        expected counts.

    Raises
    ------
    InputError
        As for `weighted_sum`; or below is negative, or 0 where above is not.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"students": [10, 2.5, 2.5], "students_low": [10, 1.0, 1.0],
    ...                       "students_high": [10, 4.0, 4.0]})
    >>> weighted_ratio(cells, [20.0, 50.0, 30.0], [1.0, 1.0, 1.0], by=[]).round(2)
       value  value_low  value_high
    0  26.67      23.33        28.89
    """
    expected, low, high = counts_of(table)
    over, under = finite(above, "above"), finite(below, "below")
    wrong = (under < 0) | ((under == 0) & (over != 0))
    if wrong.any():
        raise InputError.of("interval_below", count=int(wrong.sum()), row=int(wrong.argmax()) + 1)
    keys, group = grouped(table, by)
    own = np.divide(over, under, out=np.zeros(len(over)), where=under > 0)
    order = np.lexsort((own, group))
    sums = [added(group, side * expected, len(keys)) for side in (over, under)]
    rows = [side[order] for side in (over, under, low, high)]
    back = [side[::-1] for side in rows]
    return keys.assign(
        value=divided(sums[0], sums[1]),
        value_low=_extreme(group[order], *rows, count=len(keys), least=True),
        value_high=_extreme(group[order][::-1], *back, count=len(keys), least=False),
    )


def weighted_mean(table: pd.DataFrame, values: pd.Series, *, by: Sequence[str]) -> pd.DataFrame:
    """Average values over people whose number is an interval.

    The bounds are the narrowest: people with small values at their most and those with large ones
    at their least, up to the mean itself, and the other way round.

    Parameters
    ----------
    table, by
        As for `weighted_sum`.
    values
        The value of each row; who has none (``inf`` or missing) is not averaged.

    Returns
    -------
    pandas.DataFrame
        As for `weighted_ratio`; missing where nobody has a value.

    Raises
    ------
    InputError
        As for `weighted_sum`.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"students": [10, 2.5], "students_low": [10, 1.0],
    ...                       "students_high": [10, 4.0]})
    >>> weighted_mean(cells, pd.Series([20.0, 48.0]), by=[]).round(1)
       value  value_low  value_high
    0   25.6       22.5        28.0
    """
    told = values.to_numpy(float)
    known = np.isfinite(told)
    return weighted_ratio(
        table, np.where(known, told, 0.0).tolist(), known.astype(float).tolist(), by=by
    )


def growth(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Give the change from one count to another that has no people in common with it.

    Two years are such counts: nothing ties the number in a masked cell of the one to that of the
    other. The bounds are the narrowest then. For counts that share rows use `weighted_ratio`.

    Parameters
    ----------
    before, after
        Counts in the three columns, on the same index.

    Returns
    -------
    pandas.DataFrame
        ``change`` (-0.25: a quarter less), ``change_low``, ``change_high``; missing where there
        surely was nobody before, ``inf`` as a high bound where there may have been nobody.

    Raises
    ------
    InputError
        As for `weighted_sum`.

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"students": [2.5], "students_low": [1.0], "students_high": [4.0]})
    >>> after = pd.DataFrame({"students": [8.0], "students_low": [8.0], "students_high": [8.0]})
    >>> growth(before, after)
       change  change_low  change_high
    0     2.2         1.0          7.0
    """
    import pandas as pd

    base, least, most = counts_of(before)
    then, low, high = counts_of(after)
    some = most > 0

    def change(value: Floats, of: Floats) -> Floats:
        ratio = np.where(value > 0, np.inf, 0.0)
        np.divide(value, of, out=ratio, where=of > 0)
        return np.where(some, ratio - 1, np.nan)

    sides = {"change": (then, base), "change_low": (low, most), "change_high": (high, least)}
    return pd.DataFrame({name: change(*pair) for name, pair in sides.items()}, index=before.index)


def _extreme(
    group: Whole,
    over: Floats,
    under: Floats,
    low: Floats,
    high: Floats,
    *,
    count: int,
    least: bool,
) -> Floats:
    """Give the extreme ratio of each group; rows come group by group, the most extreme first.

    The first rows are at their most and all others at their least; where to turn is tried at every
    row, and before the first.
    """
    found = np.full(count, np.nan)
    if not len(group):
        return found
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    sizes = np.diff(np.append(starts, len(group)))
    tops: list[Floats] = []
    bottoms: list[Floats] = []
    for sides, side in ((tops, over), (bottoms, under)):
        floor = np.add.reduceat(side * low, starts)
        steps = np.cumsum(side * (high - low))
        before = np.append(0.0, steps)[starts]
        sides += [floor, np.repeat(floor - before, sizes) + steps]
    pick = np.fmin if least else np.fmax
    at_rows = pick.reduceat(divided(tops[1], bottoms[1]), starts)
    found[group[starts]] = pick(at_rows, divided(tops[0], bottoms[0]))
    return found
