"""What a published total tells of its parts.

Parts that are masked lie between bounds; so does what the others leave of their total. Each part
is at least the least total without the others at their most, and at most the greatest total
without the others at their least. That is the narrowest that one sum allows (bounds consistency of
a linear equation; Fischetti and Salazar-González call the problem that of cell suppression, JASA
2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.errors import Breach, InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.sources.facts import FACTS

if TYPE_CHECKING:
    import pandas as pd

_SAME = ("year", "kind", "measure", "unit")
_EPSILON = 1e-9


def tightened(
    parts: pd.DataFrame,
    totals: pd.DataFrame,
    *,
    by: Sequence[str],
    source: str = "",
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Narrow the bounds of masked counts by the totals that were published of them.

    Parameters
    ----------
    parts
        Facts (`geo_mbo.sources.facts.read_facts`). All parts of a total are there, or a part that
        is not there is zero.
    totals
        The rows of totals of the same file (``totals=True``), or a file of fewer dimensions. A row
        counts where it has all of `by`, and no value in a dimension by which its parts differ.
    by
        Dimensions that parts and totals share.
    source
        Whose numbers they are, for the notes.
    notify
        Gets notes on how many bounds were narrowed, and on totals that their parts cannot add up
        to: those are not used.

    Returns
    -------
    pandas.DataFrame
        `parts` in their order, with ``low`` and ``high`` as narrow as the totals allow, never wider
        than before, and ``expected`` such that the parts add to their total. What was published
        (``count``, ``masked``) stays.

    Raises
    ------
    InputError
        Parts or totals lack a dimension of `by`.

    Examples
    --------
    >>> import pandas as pd
    >>> told = {"year": 2024, "kind": "history", "measure": "students", "unit": "students"}
    >>> parts = pd.DataFrame({"institution_id": "01ZZ", "track": ["BOL", "BBL", "EX"], **told,
    ...     "count": [10.0, None, None], "masked": [False, True, True],
    ...     "expected": [10, 2.5, 2.5], "low": [10.0, 1, 1], "high": [10.0, 4, 4]})
    >>> total = pd.DataFrame({"institution_id": ["01ZZ"], **told, "count": 17.0, "masked": False,
    ...     "expected": 17.0, "low": 17.0, "high": 17.0})
    >>> found = tightened(parts, total, by=["institution_id"], notify=lambda found: None)
    >>> found[["track", "expected", "low", "high"]]
      track  expected   low  high
    0   BOL      10.0  10.0  10.0
    1   BBL       3.5   3.0   4.0
    2    EX       3.5   3.0   4.0
    """
    absent = sorted({name for name in by for table in (parts, totals) if name not in table})
    if absent:
        there = ", ".join(name for name in parts.columns if name not in FACTS)
        raise InputError(
            [Breach("totals_no_column", {"value": name, "there": there}) for name in absent]
        )
    keys = [*by, *_SAME]
    known = _usable(parts, totals, by).groupby(keys, dropna=False)
    # Two totals of one thing hold both.
    least, most = known["low"].max(), known["high"].min()
    at = parts[keys].merge(
        least.rename("least").to_frame().join(most.rename("most")).reset_index(), how="left"
    )
    sums = _Sums(parts, keys)
    low, high = _bounds(parts, sums, at["least"].to_numpy(float), at["most"].to_numpy(float))
    wrong = (at["most"].to_numpy(float) < sums.low - _EPSILON) | (
        at["least"].to_numpy(float) > sums.high + _EPSILON
    )
    before = parts["low"].to_numpy(float), parts["high"].to_numpy(float)
    low, high = np.where(wrong, before[0], low), np.where(wrong, before[1], high)
    if wrong.any():
        labels = parts.loc[wrong, [*by, "year"]].astype("str").agg(", ".join, axis=1).unique()
        notify(note("totals_contradict", labels, source=source))
    narrower = (low > before[0] + _EPSILON) | (high < before[1] - _EPSILON)
    if narrower.any():
        notify(note("totals_tightened", count=int(narrower.sum()), source=source))
    told = parts.assign(low=low, high=high)
    middle = (at["least"].to_numpy(float) + at["most"].to_numpy(float)) / 2
    return told.assign(expected=_expected(told, keys, np.where(wrong, np.nan, middle)))


class _Sums:
    """Sums of the bounds of all parts of each row's total; a blank part may be anything from 0."""

    def __init__(self, parts: pd.DataFrame, keys: Sequence[str]) -> None:
        self.part_low = parts["low"].fillna(0.0).to_numpy(float)
        self.part_high = parts["high"].fillna(np.inf).to_numpy(float)
        open_ = np.isinf(self.part_high)
        sides = parts[list(keys)].assign(
            low_=self.part_low, high_=np.where(open_, 0.0, self.part_high), open_=open_
        )
        groups = sides.groupby(list(keys), dropna=False)
        self.low = groups["low_"].transform("sum").to_numpy(float)
        finite = groups["high_"].transform("sum").to_numpy(float)
        count = groups["open_"].transform("sum").to_numpy(float)
        self.high = np.where(count > 0, np.inf, finite)
        self.others_low = self.low - self.part_low
        rest = finite - np.where(open_, 0.0, self.part_high)
        self.others_high = np.where(count - open_ > 0, np.inf, rest)


def _usable(parts: pd.DataFrame, totals: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Keep the totals over all dimensions by which parts differ, and over no others."""
    chosen = totals[totals[list(by)].notna().all(axis=1) & totals["low"].notna()]
    others = [n for n in parts.columns if n not in (*FACTS, *by) and n in totals]
    for name in others:
        differing = parts.groupby(list(by), dropna=False)[name].nunique(dropna=False)
        if (differing > 1).any():
            chosen = chosen[chosen[name].isna()]
    return chosen


def _bounds(
    parts: pd.DataFrame, sums: _Sums, least: np.ndarray, most: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    before_low, before_high = parts["low"].to_numpy(float), parts["high"].to_numpy(float)
    low = np.fmax(before_low, least - sums.others_high)
    high = np.fmin(before_high, most - sums.others_low)
    # A blank cell was not published at all: nothing is said of it.
    blank = np.isnan(before_low)
    return np.where(blank, before_low, low), np.where(blank, before_high, high)


def _expected(told: pd.DataFrame, keys: Sequence[str], total: np.ndarray) -> np.ndarray:
    """Go as far from the least to the most in each part of a total as makes them add to it."""
    low, high = told["low"].to_numpy(float), told["high"].to_numpy(float)
    sides = told[list(keys)].assign(low_=low, high_=high, blank_=np.isnan(low) | np.isnan(high))
    groups = sides.groupby(list(keys), dropna=False)
    least = groups["low_"].transform("sum").to_numpy(float)
    most = groups["high_"].transform("sum").to_numpy(float)
    whole = ~groups["blank_"].transform("any").to_numpy(bool) & ~np.isnan(total)
    room = most - least
    share = np.divide(total - least, room, out=np.full(len(low), 0.5), where=room > _EPSILON)
    before = told["expected"].to_numpy(float)
    spread = low + np.clip(share, 0.0, 1.0) * (high - low)
    # Where the total says nothing of the middle, it still may not lie outside the bounds.
    return np.where(np.isnan(low), before, np.clip(np.where(whole, spread, before), low, high))
