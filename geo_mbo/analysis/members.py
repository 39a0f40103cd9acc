"""Which areas belong to a catchment, for certain or perhaps, when counts are intervals.

The catchment of a site is the smallest set of areas that gives a share of its students. Where
counts are masked that set is not known: an area is in it *surely* when it is in it for every number
within the bounds, and *perhaps* when it is for some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.weighting import SLACK, joined
from geo_mbo.counts import COUNTS, share

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Truths

CORE, WIDE = 0.5, 0.8
"""Shares of a site's students that its core and its wide catchment hold."""
FEWEST = 5
"""A site of fewer students than this has no shares: they would tell of so few people."""

SETS = ("core", "wide")
CATCHMENTS = {
    "site_id": "str",
    "area_id": "str",
    "rank": "int64",
    **dict.fromkeys(COUNTS, "float64"),
    "share": "float64",
    "share_low": "float64",
    "share_high": "float64",
    "cumulative_share": "float64",
    **{f"{name}{more}": "bool" for name in SETS for more in ("", "_surely", "_perhaps")},
    "withheld": "bool",
}
"""Columns of core and wide catchments, observed or modelled."""


def catchments(flows: pd.DataFrame, *, core: float, wide: float) -> pd.DataFrame:
    """Rank the areas of each site and tell which are in its core and wide catchment.

    Parameters
    ----------
    flows
        ``site_id``, ``area_id`` and the three columns of the count, each pair once.
    core, wide
        Shares (0-1) that the catchments hold.

    Returns
    -------
    pandas.DataFrame
        The columns of `CATCHMENTS`.

    Examples
    --------
    >>> import pandas as pd
    >>> flows = pd.DataFrame({"site_id": "S", "area_id": ["A", "B"], "students": [10.0, 2.5],
    ...                       "students_low": [10.0, 1.0], "students_high": [10.0, 4.0]})
    >>> catchments(flows, core=0.5, wide=0.8)[["area_id", "wide", "wide_surely", "wide_perhaps"]]
      area_id   wide  wide_surely  wide_perhaps
    0       A   True         True          True
    1       B  False        False          True
    """
    known = flows[flows["students_high"] > 0].sort_values(
        ["site_id", "students", "area_id"], ascending=[True, False, True], ignore_index=True
    )
    by_site = known.groupby("site_id")
    whole = by_site[list(COUNTS)].transform("sum")
    found = known.join(share(known, whole)).assign(rank=by_site.cumcount() + 1)
    before = found.groupby("site_id")["share"].cumsum() - found["share"]
    found = found.assign(cumulative_share=before + found["share"])
    for name, least in zip(SETS, (core, wide), strict=True):
        found[name] = before < least * (1 - SLACK)
        found[f"{name}_surely"], found[f"{name}_perhaps"] = _by_site(found, least)
    hidden = (whole["students_high"] < FEWEST).to_numpy()
    shares = ["share", "share_low", "share_high", "cumulative_share"]
    found.loc[hidden, shares] = np.nan
    found.loc[hidden, [name for name in CATCHMENTS if name.startswith(SETS)]] = False
    return joined([found.assign(withheld=hidden)], CATCHMENTS)


def _by_site(found: pd.DataFrame, least: float) -> tuple[Truths, Truths]:
    """Apply `members` to the rows of each site."""
    surely, perhaps = np.zeros((2, len(found)), dtype=bool)
    low, high = (found[name].to_numpy(float) for name in COUNTS[1:])
    areas = found["area_id"].to_numpy(object)
    for rows in found.groupby("site_id").indices.values():
        by_id = rows[np.argsort(areas[rows], kind="stable")]
        surely[by_id], perhaps[by_id] = members(low[by_id], high[by_id], least=least)
    return surely, perhaps


def members(low: Floats, high: Floats, *, least: float) -> tuple[Truths, Truths]:
    """Say which areas are in the smallest set that gives a share, surely and perhaps.

    An area is in the set when those with more students (of equal ones the earlier) give less than
    the share. How far they stay below it is a sum of one term an area, so that the worst and the
    best case follow area by area: for the worst the area itself has its fewest students, every
    area that can come before it has its most, all others their fewest.

    Parameters
    ----------
    low, high
        Bounds of the students of each area, in the order in which equal numbers rank.
    least
        Share (0-1).

    Returns
    -------
    tuple
        Truth values by area: for all numbers within the bounds, and for some.

    Examples
    --------
    >>> low, high = np.array([10.0, 1.0]), np.array([10.0, 4.0])
    >>> [found.tolist() for found in members(low, high, least=0.8)]
    [[True, False], [True, True]]
    """
    part = least * (1 - SLACK)
    rest = 1 - part
    place = np.arange(len(low))
    later = place[None, :] > place[:, None]
    own = np.eye(len(low), dtype=bool)
    ahead = (high[None, :] > low[:, None]) | ((high[None, :] == low[:, None]) & ~later)
    worst = np.where(ahead, rest * high[None, :], -part * low[None, :])
    behind = (low[None, :] < high[:, None]) | ((low[None, :] == high[:, None]) & later)
    most = np.minimum(high[None, :], high[:, None])
    best = np.where(behind, -part * most, rest * low[None, :])
    worst[own], best[own] = -part * low, -part * high
    return worst.sum(axis=1) < 0, best.sum(axis=1) < 0
