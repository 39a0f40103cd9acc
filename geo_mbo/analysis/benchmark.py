"""Benchmark: institutions beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.access import student_travel
from geo_mbo.analysis.trips import codes, trips
from geo_mbo.analysis.weighting import homes, joined, open_sites
from geo_mbo.counts import COUNTS

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.travel import TravelMatrix

WITHIN_MIN = 30
"""Limit in minutes of ``within_30_share``."""

RANKED_SHARE = 0.5
"""Where more than this share reach nothing the mean is of a minority, and gives no rank."""

_BENCHMARK = {
    "institution_id": "str",
    "institution": "str",
    "mode": "str",
    "sites": "int64",
    "programmes": "int64",
    **dict.fromkeys(COUNTS, "float64"),
    "minutes_mean": "float64",
    "unreached_share": "float64",
    "within_30_share": "float64",
    "rank": "int64",
}


def institution_benchmark(
    matrix: TravelMatrix,
    students: pd.DataFrame,
    offers: pd.DataFrame,
    sites: pd.DataFrame,
    origins: pd.DataFrame,
) -> pd.DataFrame:
    """Put institutions beside each other: sites, programmes, students and their travel.

    Travel says as much about where students live as about the institution; compare like with like.

    Parameters
    ----------
    matrix
        Travel times; also of sites that closed since.
    students
        Contract STUDENTS with ``institution_id``, the rows of one year; may be empty.
    offers
        Contract OFFERS; those of sites that are not open are not counted.
    sites
        Contract SITES; open ones count (existing and competitor).
    origins
        Contract ORIGINS.

    Returns
    -------
    pandas.DataFrame
        ``institution_id``, ``institution``, ``mode``, ``sites``, ``programmes`` (different ones),
        ``students`` (and bounds) whose trip can be told, ``minutes_mean`` over those who reach
        their site, ``unreached_share`` (0-1): who does not, ``within_30_share``: share of all of
        them within 30 minutes (0-1; exactly 30 is within), ``rank`` by mean minutes within the
        mode (1 = shortest; equal means share a rank; 0 = no trips to tell, or more than half reach
        nothing). Every institution of an open site is there for every mode.

    Raises
    ------
    InputError
        The matrix has no times for an origin.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> t = town.tables
    >>> found = institution_benchmark(town.matrix.select(modes=["bike"]),
    ...     t.students.query("year == 2024"), t.offers, t.sites, t.origins)
    >>> found[["institution_id", "sites", "programmes", "minutes_mean", "within_30_share", "rank"]]
      institution_id  sites  programmes  minutes_mean  within_30_share  rank
    0           90AA      2           3     16.770732         0.857143     2
    1           90BB      1           2     15.456790         0.938272     1
    """
    import pandas as pd

    usable = open_sites(sites).dropna(subset=["institution_id"])
    listed = usable.groupby("institution_id").agg(
        institution=("institution", "first"), sites=("site_id", "size")
    )
    offered = offers.merge(usable[["site_id", "institution_id"]], on="site_id")
    listed["programmes"] = offered.groupby("institution_id")["programme_id"].nunique()
    known = students[students["institution_id"].isin(listed.index)]
    travel = student_travel(matrix, known, origins, by="institution_id").set_index(
        ["institution_id", "mode"]
    )
    within = _within_share(matrix, known, origins)
    whole = listed.reset_index().merge(
        pd.DataFrame({"mode": pd.Series(matrix.modes, dtype="str")}), how="cross"
    )
    told = travel[[*COUNTS, "minutes_mean", "unreached_share"]]
    found = whole.join(told, on=["institution_id", "mode"]).join(
        within, on=["mode", "institution_id"]
    )
    filled = found.fillna({"programmes": 0, **dict.fromkeys(COUNTS, 0.0)})
    of_most = filled["minutes_mean"].where(filled["unreached_share"] <= RANKED_SHARE)
    ranked = of_most.groupby(filled["mode"]).rank(method="min").fillna(0)
    order = pd.Categorical(filled["mode"], categories=matrix.modes)
    placed = filled.assign(rank=ranked, order=order).sort_values(["order", "institution_id"])
    return joined([placed], _BENCHMARK)


def _within_share(matrix: TravelMatrix, students: pd.DataFrame, origins: pd.DataFrame) -> pd.Series:
    """Give the share within 30 minutes by institution and mode."""
    import pandas as pd

    there = homes(matrix, origins)
    moving = trips(matrix, students, there)
    groups = pd.Index(moving.pairs["institution_id"].unique(), name="institution_id")
    group = codes(moving.pairs["institution_id"], groups)[moving.row]
    people = moving.pairs["students"].to_numpy(float)[moving.row] * moving.part
    whole = np.bincount(group, weights=people, minlength=len(groups))
    shares = {}
    for mode in matrix.modes:
        near = moving.values(there.minutes(matrix, mode)) <= WITHIN_MIN
        within = np.bincount(group, weights=people * near, minlength=len(groups))
        part = np.divide(within, whole, out=np.full(len(groups), np.nan), where=whole > 0)
        shares[mode] = pd.Series(part, index=groups)
    return pd.concat(shares, names=["mode"]).rename("within_30_share")
