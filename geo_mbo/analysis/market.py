"""Market shares of institutions or sites in each municipality, and how concentrated they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from geo_mbo.analysis.members import FEWEST
from geo_mbo.analysis.privacy import veiled
from geo_mbo.analysis.weighting import joined
from geo_mbo.counts import COUNTS, share, total

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Whole

By = Literal["institution_id", "site_id"]

_STEPS = 60
_HALVES = {"hhi": "float64", "hhi_low": "float64", "hhi_high": "float64"}
_SHARES = {
    "area_id": "str",
    "by": "str",
    "provider_id": "str",
    **dict.fromkeys(COUNTS, "float64"),
    "share": "float64",
    "share_low": "float64",
    "share_high": "float64",
    "withheld": "bool",
}
_CONCENTRATION = {
    "area_id": "str",
    "by": "str",
    "providers": "int64",
    **dict.fromkeys(COUNTS, "float64"),
    **_HALVES,
    "withheld": "bool",
}


def market_shares(students: pd.DataFrame, *, by: By = "institution_id") -> pd.DataFrame:
    """Give the share of each institution or site in the students of each municipality.

    Parameters
    ----------
    students
        Contract STUDENTS, the rows of one year; those with a known municipality and provider count.
    by
        What is a provider.

    Returns
    -------
    pandas.DataFrame
        ``area_id`` (woongemeente), ``by``, ``provider_id``, ``students`` (and bounds; counts of 1-4
        as a masked cell), ``share`` (0-1, and bounds) of the students of the municipality who go to
        any provider, ``withheld``: fewer than five live there, and shares are missing. The largest
        first; equal ones by ``provider_id``.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> students = sample_town().tables.students.query("year == 2024")
    >>> market_shares(students).drop(columns=["by", "students_low", "students_high"]).round(2)
      area_id provider_id  students  share  share_low  share_high  withheld
    0  GM9001        90AA      62.5   0.62       0.62        0.63     False
    1  GM9001        90BB      38.0   0.38       0.37        0.38     False
    2  GM9002        90AA      40.0   0.94       0.91        0.98     False
    3  GM9002        90BB       2.5   0.06       0.02        0.09     False
    4  GM9003        90AA       2.5    NaN        NaN         NaN      True
    """
    flows = provider_flows(students, by)
    whole = flows.groupby("area_id")[list(COUNTS)].transform("sum")
    few = (whole["students_high"] < FEWEST).to_numpy()
    found = flows.join(share(flows, whole))
    found.loc[few, ["share", "share_low", "share_high"]] = np.nan
    ordered = found.assign(withheld=few).sort_values(
        ["area_id", "students", "provider_id"], ascending=[True, False, True]
    )
    return joined([ordered.assign(by=by)], _SHARES)


def concentration(students: pd.DataFrame, *, by: By = "institution_id") -> pd.DataFrame:
    """Give the index of Herfindahl and Hirschman of the students of each municipality.

    The sum of squared market shares (Hirschman 1964, "The paternity of an index", American Economic
    Review 54:761): 1 where all go to one provider, 1/n where n have equally many.

    Parameters
    ----------
    students, by
        As for `market_shares`.

    Returns
    -------
    pandas.DataFrame
        ``area_id``, ``by``, ``providers``: how many have students from there, ``students`` (and
        bounds), ``hhi`` (0-1, and bounds: the low one is exact, the high one may not be reached),
        ``withheld``: fewer than five live there, and the index is missing.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> students = sample_town().tables.students.query("year == 2024")
    >>> concentration(students)[["area_id", "providers", "hhi", "hhi_low", "hhi_high"]].round(3)
      area_id  providers    hhi  hhi_low  hhi_high
    0  GM9001          2  0.530    0.527     0.532
    1  GM9002          2  0.889    0.835     0.952
    2  GM9003          1    NaN      NaN       NaN
    """
    flows = provider_flows(students, by)
    groups = flows.groupby("area_id")
    found = groups[list(COUNTS)].sum()
    found.insert(0, "providers", groups.size())
    number = groups.ngroup().to_numpy()
    values = [flows[name].to_numpy(float) for name in COUNTS]
    for name, index in zip(_HALVES, hhi_of(number, *values, count=len(found)), strict=True):
        found[name] = index
    few = (found["students_high"] < FEWEST).to_numpy()
    found.loc[few, list(_HALVES)] = np.nan
    return joined([found.reset_index().assign(by=by, withheld=few)], _CONCENTRATION)


def provider_flows(students: pd.DataFrame, by: str) -> pd.DataFrame:
    """Add up students by municipality and provider; sorted, counts of 1-4 as a masked cell."""
    known = students[students["origin_kind"] == "municipality"].dropna(subset=["origin_id", by])
    flows = veiled(total(known, ["origin_id", by]))
    flows = flows[flows["students_high"] > 0].reset_index(drop=True)
    return flows.rename(columns={"origin_id": "area_id", by: "provider_id"})


def hhi_of(
    group: Whole, expected: Floats, low: Floats, high: Floats, *, count: int
) -> tuple[Floats, Floats, Floats]:
    """Give the index of each group with its least value and a bound that none exceeds.

    Least are the numbers that are as equal as their bounds let them be: the sum of squares over the
    square of the sum is pseudoconvex, so that there is one such point, where every number within
    its bounds equals the sum of squares over the sum.

    Parameters
    ----------
    group
        Group of each provider, 0..`count` - 1.
    expected, low, high
        Its students.

    Examples
    --------
    >>> one, five = np.array([1.0, 1.0]), np.array([5.0, 5.0])
    >>> [index.round(3) for index in hhi_of(np.array([0, 0]), (one + five) / 2, one, five, count=1)]
    [array([0.5]), array([0.5]), array([0.833])]
    """

    def added(values: Floats) -> Floats:
        return np.bincount(group, weights=values, minlength=count).astype(float)

    def index(values: Floats) -> Floats:
        whole, squares = added(values), added(values**2)
        result = np.full(count, np.nan)
        np.divide(squares, whole**2, out=result, where=whole > 0)
        return result

    least, most = np.zeros(count), np.full(count, high.max(initial=0.0))
    for _ in range(_STEPS):
        middle = (least + most) / 2
        at = np.clip(middle[group], low, high)
        below = added(at * (at - middle[group])) > 0
        least, most = np.where(below, middle, least), np.where(below, most, middle)
    lowest = index(np.clip(most[group], low, high))
    rest = added(low)[group] - low
    largest = np.divide(high, high + rest, out=np.zeros(len(high)), where=high > 0)
    greatest = np.zeros(count)
    np.maximum.at(greatest, group, largest)
    # Shares add up to 1, so that the index is no more than the largest of them.
    bounds = (_most_unequal(group, low, high, count=count), added(largest**2), greatest)
    return index(expected), lowest, np.minimum.reduce(bounds)


def _most_unequal(group: Whole, low: Floats, high: Floats, *, count: int) -> Floats:
    """Give a bound that the index does not exceed.

    A square within its bounds lies below the straight line between its ends. With lines for squares
    the greatest sum at a given total raises the providers in the order of low + high, and is exact
    where each is at one end. In between the ratio may have a maximum of its own.
    """
    order = np.lexsort((-(low + high), group))
    group, low, high = group[order], low[order], high[order]
    first = np.searchsorted(group, group, side="left")

    def upto(values: Floats, start: Floats) -> Floats:
        running = np.append(0.0, np.cumsum(values))
        within: Floats = running[1:] - running[first]
        return np.bincount(group, weights=start, minlength=count)[group] + within

    whole, squares = upto(high - low, low), upto(high**2 - low**2, low**2)
    slope = low + high
    before, rest = whole - (high - low), squares - slope * whole
    found = np.zeros(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = -2 * rest / slope
        ends = np.fmax(squares / whole**2, (squares - high**2 + low**2) / before**2)
        between = np.where((turn > before) & (turn < whole), -(slope**2) / (4 * rest), 0.0)
        np.fmax.at(found, group, np.fmax(ends, between))
    some = np.bincount(group, weights=high, minlength=count) > 0
    return np.where(some, np.minimum(found, 1.0), np.nan)
