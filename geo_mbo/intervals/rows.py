"""Rows of counts as the arithmetic of intervals takes them: numbers checked, groups numbered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.counts import COUNTS
from geo_mbo.errors import Breach, InputError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.intp]


def counts_of(table: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Give expected, low and high numbers; refuse what is no interval."""
    expected, low, high = (table[name].to_numpy(float) for name in COUNTS)
    missing = np.isnan(expected) | np.isnan(low) | np.isnan(high)
    tests = {
        "interval_missing": missing,
        "interval_negative": low < 0,
        "interval_turned": (low > high) | (expected < low) | (expected > high),
    }
    breaches = [
        Breach(
            code, {"column": "students", "count": int(wrong.sum()), "row": int(wrong.argmax()) + 1}
        )
        for code, wrong in tests.items()
        if wrong.any()
    ]
    if breaches:
        raise InputError(breaches)
    return expected, low, high


def finite(numbers: Sequence[float] | pd.Series, name: str) -> Floats:
    """Give numbers of the rows; refuse any that is missing or infinite."""
    values = np.asarray(numbers, dtype=float)
    wrong = ~np.isfinite(values)
    if wrong.any():
        raise InputError.of(
            "interval_missing", column=name, count=int(wrong.sum()), row=int(wrong.argmax()) + 1
        )
    return values


def grouped(table: pd.DataFrame, by: Sequence[str]) -> tuple[pd.DataFrame, Whole]:
    """Give the keys of the groups, sorted, and the group of each row."""
    import pandas as pd

    if not by:
        none = pd.DataFrame(index=range(min(len(table), 1)))
        return none, np.zeros(len(table), dtype=np.intp)
    groups = table.groupby(list(by), dropna=False, observed=True, sort=True)
    number = np.asarray(groups.ngroup(), dtype=np.intp)
    first = np.unique(number, return_index=True)[1]
    return table[list(by)].iloc[first].reset_index(drop=True), number


def added(group: Whole, values: Floats, count: int) -> Floats:
    """Add values up by group."""
    return np.bincount(group, weights=values, minlength=count).astype(float)


def divided(above: Floats, below: Floats) -> Floats:
    """Divide; missing where nothing is below the line."""
    ratio = np.full(len(above), np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
