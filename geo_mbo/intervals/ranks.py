"""Quantiles and the Gini index over people whose number is an interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import InputError
from geo_mbo.intervals.rows import added, counts_of, divided, grouped

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.intervals.rows import Floats, Whole

SLACK = 1e-12
"""Relative: sums of weights that should equal a share do so."""

_STEPS = 60
_CLOSE = 1e-14


def weighted_quantiles(
    table: pd.DataFrame, values: pd.Series, *, shares: Sequence[float], by: Sequence[str]
) -> pd.DataFrame:
    """Give quantiles over people whose number is an interval.

    A quantile is the least value that at least the share of the people do not exceed. It is least
    when all who are at or below it are at their most and all others at their least: the bounds are
    the narrowest.

    Parameters
    ----------
    table, by
        As for `weighted_sum`.
    values
        The value of each row; may be ``inf``, never missing.
    shares
        Quantiles asked, above 0 and up to 1.

    Returns
    -------
    pandas.DataFrame
        `by`, ``share``, ``value``, ``value_low``, ``value_high``, one row a group and share;
        missing where there surely is nobody.

    Raises
    ------
    InputError
        As for `weighted_sum`, or a value is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"students": [3, 2.5], "students_low": [3, 1.0],
    ...                       "students_high": [3, 4.0]})
    >>> weighted_quantiles(cells, pd.Series([20.0, 48.0]), shares=[0.5], by=[])
       share  value  value_low  value_high
    0    0.5   20.0       20.0        48.0
    """
    import pandas as pd

    told = values.to_numpy(float)
    if np.isnan(told).any():
        raise InputError.of("interval_missing", column="values", count=int(np.isnan(told).sum()))
    expected, low, high = counts_of(table)
    keys, group = grouped(table, by)
    order = np.lexsort((told, group))
    at, told = group[order], told[order]
    expected, low, high = expected[order], low[order], high[order]
    found = [
        keys.assign(
            share=float(share),
            value=_quantile(at, told, expected, expected, share, len(keys)),
            value_low=_quantile(at, told, high, low, share, len(keys)),
            value_high=_quantile(at, told, low, high, share, len(keys)),
        )
        for share in shares
    ]
    return pd.concat(found, ignore_index=True)


def weighted_gini(table: pd.DataFrame, values: pd.Series, *, by: Sequence[str]) -> pd.DataFrame:
    """Give the Gini index of values over people whose number is an interval.

    The index is the area under F (1 - F) divided by the area under 1 - F, where F is the share of
    the people at or below each value (Dorfman 1979, Review of Economics and Statistics
    61:146-149). Here each F may be anything within its own narrowest bounds, so that the bounds of
    the index are **outer** ones: never too narrow. Where there are two values they are the
    narrowest for numbers that need not be whole. The ratio is brought to its extreme by the method
    of Dinkelbach (1967, Management Science 13:492-498).

    Parameters
    ----------
    table, by
        As for `weighted_sum`.
    values
        The value of each row, 0 or more; who has none (``inf`` or missing) is left out.

    Returns
    -------
    pandas.DataFrame
        `by` and ``value``, ``value_low``, ``value_high`` (0-1), one row a group, sorted; missing
        where nobody surely or possibly has a value above 0.

    Raises
    ------
    InputError
        As for `weighted_sum`, or a value is negative.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"students": [10, 2.5], "students_low": [10, 1.0],
    ...                       "students_high": [10, 4.0]})
    >>> weighted_gini(cells, pd.Series([20.0, 48.0]), by=[]).round(3)
       value  value_low  value_high
    0  0.175      0.103       0.204
    """
    expected, low, high = counts_of(table)
    told = values.to_numpy(float)
    if (told < 0).any():
        raise InputError.of("interval_negative", column="values", count=int((told < 0).sum()))
    keys, group = grouped(table, by)
    found = np.full((len(keys), 3), np.nan)
    some = np.isfinite(told) & (high > 0)
    for k in np.unique(group[some]):
        rows = some & (group == k)
        found[k] = _gini(told[rows], expected[rows], low[rows], high[rows])
    return keys.assign(value=found[:, 0], value_low=found[:, 1], value_high=found[:, 2])


def _quantile(
    group: Whole,
    values: Floats,
    within: Floats,
    beyond: Floats,
    share: float,
    count: int,
) -> Floats:
    """Give the first value up to which the share is reached; rows by group and value.

    The weight of a row is `within` where its value is at most the quantile, else `beyond`.
    """
    found = np.full(count, np.nan)
    some = np.maximum(within, beyond) > 0
    group, values, within, beyond = group[some], values[some], within[some], beyond[some]
    if not len(group):
        return found
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    sizes = np.diff(np.append(starts, len(group)))

    def so_far(weights: Floats) -> Floats:
        sums = np.cumsum(weights)
        since: Floats = sums - np.repeat(np.append(0.0, sums)[starts], sizes)
        return since

    reached = so_far(within)
    rest = np.repeat(np.add.reduceat(beyond, starts), sizes) - so_far(beyond)
    whole = reached + np.maximum(rest, 0.0)
    enough = reached >= share * whole * (1 - SLACK) - SLACK
    place = np.where(enough, np.arange(len(group)), len(group))
    first = np.minimum(np.minimum.reduceat(place, starts), starts + sizes - 1)
    found[group[starts]] = values[first]
    return found


def _gini(values: Floats, expected: Floats, low: Floats, high: Floats) -> Floats:
    """Give the index of one group, and its outer bounds."""
    steps, at = np.unique(values, return_inverse=True)
    sides = [added(at, w, len(steps)) for w in (expected, low, high)]
    below = [np.cumsum(side)[:-1] for side in sides]
    above = [side.sum() - under for side, under in zip(sides, below, strict=True)]
    first, width = float(steps[0]), np.diff(steps)
    shares = divided(below[0], below[0] + above[0])
    least, most = divided(below[1], below[1] + above[2]), divided(below[2], below[2] + above[1])
    least, most = np.nan_to_num(least, nan=0.0), np.nan_to_num(most, nan=1.0)
    told = _index(np.nan_to_num(shares), first, width)

    def smallest(guess: float) -> Floats:
        ends = [(1 - f) * (f - guess) for f in (least, most)]
        return np.where(ends[0] <= ends[1], least, most)

    def largest(guess: float) -> Floats:
        top: Floats = np.clip((1 + guess) / 2, least, most)
        return top

    bounds = [_brought(pick, told, first, width) for pick in (smallest, largest)]
    return np.array([told, *bounds])


def _index(shares: Floats, first: float, width: Floats) -> float:
    mean = first + float(width @ (1 - shares))
    return float(width @ (shares * (1 - shares))) / mean if mean > 0 else float("nan")


def _brought(pick: Callable[[float], Floats], start: float, first: float, width: Floats) -> float:
    """Bring the index to an extreme: pick the shares that beat a guess, until none do."""
    guess = start if np.isfinite(start) else 0.0
    for _ in range(_STEPS):
        better = _index(pick(guess), first, width)
        if not np.isfinite(better) or abs(better - guess) <= _CLOSE:
            break
        guess = better
    return guess if np.isfinite(start) else float("nan")
