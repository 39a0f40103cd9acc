"""Forecasts: how numbers of students change between two years, masked counts included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from geo_mbo.analysis.weighting import joined
from geo_mbo.counts import COUNTS, total
from geo_mbo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats

_BASE = tuple(name.replace("students", "students_base") for name in COUNTS)
_CHANGE = {
    "base_year": "int64",
    "year": "int64",
    **dict.fromkeys(_BASE, "float64"),
    **dict.fromkeys(COUNTS, "float64"),
    "change": "float64",
    "change_low": "float64",
    "change_high": "float64",
}


def forecast_change(
    students: pd.DataFrame,
    *,
    base_year: int,
    year: int,
    by: Literal["origin_id", "site_id", "institution_id"],
) -> pd.DataFrame:
    """Tell how the number of students changes from `base_year` to `year`.

    Interval arithmetic (Moore 1966, "Interval Analysis"): the least change has the fewest students
    in `year` and the most in `base_year`.

    Parameters
    ----------
    students
        Contract STUDENTS; holds both years.
    base_year, year
        From and to.
    by
        Column to group by. Rows where it is missing are left out.

    Returns
    -------
    pandas.DataFrame
        The column `by`, ``base_year``, ``year``, ``students_base`` (and bounds), ``students``
        (and bounds), ``change`` (and bounds) as a share: -0.25 is a quarter less. A group that
        only one year has counts 0 in the other; ``change`` is missing where the base is 0, and
        its upper bound ``inf`` where the base may be.

    Raises
    ------
    InputError
        There are students, but none in one of the years.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> students = sample_town().tables.students
    >>> forecast_change(students, base_year=2024, year=2030, by="site_id")[
    ...     ["site_id", "students_base", "students", "change", "change_low", "change_high"]
    ... ].round(3)
       site_id  students_base  students  change  change_low  change_high
    0  90AA001           78.5      67.0  -0.146      -0.162       -0.130
    1  90AA002           32.5      26.0  -0.200      -0.235       -0.161
    2  90BB001           45.5      33.0  -0.275      -0.298       -0.250
    """
    _refuse_missing_years(students, (base_year, year))
    rows = students.dropna(subset=[by])
    before = total(rows[rows["year"] == base_year], [by]).set_index(by)
    after = total(rows[rows["year"] == year], [by]).set_index(by)
    before.columns = before.columns.str.replace("students", "students_base")
    found = before.join(after, how="outer").fillna(0.0).sort_index().reset_index()
    base, base_low, base_high = (found[name].to_numpy(float) for name in _BASE)
    then, low, high = (found[name].to_numpy(float) for name in COUNTS)
    some = base > 0
    found = found.assign(
        base_year=base_year,
        year=year,
        change=np.where(some, _change(then, base), np.nan),
        change_low=np.where(some, _change(low, base_high), np.nan),
        change_high=np.where(some, _change(high, base_low), np.nan),
    )
    return joined([found], {by: "str", **_CHANGE})


def _change(after: Floats, before: Floats) -> Floats:
    """Give after / before - 1; ``inf`` where nothing was before."""
    ratio = np.full(len(after), np.inf)
    np.divide(after, before, out=ratio, where=before > 0)
    return ratio - 1


def _refuse_missing_years(students: pd.DataFrame, years: tuple[int, ...]) -> None:
    there = set(students["year"])
    for year in years:
        if there and year not in there:
            known = ", ".join(map(str, sorted(there)))
            raise InputError.of("no_such_year", year=str(year), there=known)
