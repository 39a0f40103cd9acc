"""Travel times: to the nearest providers, and of the students who travel now.

A *provider* is an institution: a second site of the same institution is not a second provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from geo_mbo.analysis.nearest import nearest_providers
from geo_mbo.analysis.trips import Trips, codes, trips
from geo_mbo.analysis.weighting import (
    Homes,
    group_quantiles,
    homes,
    joined,
    named,
    open_sites,
    positions,
    reached_stats,
    scaled,
)
from geo_mbo.counts import COUNTS, share

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Truths, Whole
    from geo_mbo.travel import TravelMatrix

By = Literal["origin_id", "site_id", "institution_id"]

_TIMES = {
    "area_id": "str",
    "mode": "str",
    "rank": "int64",
    "minutes_mean": "float64",
    "minutes_p50": "float64",
    "minutes_p80": "float64",
    "reached_share": "float64",
}
_ORIGIN_TIMES = {
    "origin_id": "str",
    "area_id": "str",
    "mode": "str",
    "rank": "int64",
    "minutes": "float64",
    "meters": "float64",
    "site_id": "str",
    "institution_id": "str",
}
_UNPLACED = tuple(name.replace("students", "students_unplaced") for name in COUNTS)
_TRAVEL = {
    "mode": "str",
    **dict.fromkeys(COUNTS, "float64"),
    "minutes_mean": "float64",
    "minutes_p50": "float64",
    "minutes_p80": "float64",
    "km_mean": "float64",
    "unreached_share": "float64",
    **dict.fromkeys(_UNPLACED, "float64"),
}
_WITHIN = {
    "area_id": "str",
    "mode": "str",
    "cutoff_min": "float64",
    **dict.fromkeys(COUNTS, "float64"),
    "share": "float64",
    "share_low": "float64",
    "share_high": "float64",
}


def time_to_providers(
    matrix: TravelMatrix, origins: pd.DataFrame, sites: pd.DataFrame, *, n: int = 3
) -> pd.DataFrame:
    """Travel time from each municipality to its nearest, second, ... `n`-th provider.

    The time to the nearest opportunity and to the n-th one, as in Neutens et al. (2010) and
    the R package accessibility (`cost_to_closest`), for a municipality as a distribution.

    Parameters
    ----------
    matrix
        Travel times.
    origins
        Contract ORIGINS; the weight is the number of young people.
    sites
        Contract SITES; open ones count (existing and competitor).
    n
        How many providers.

    Returns
    -------
    pandas.DataFrame
        ``area_id``, ``mode``, ``rank`` (1..`n`), ``minutes_mean`` over those who reach that many
        providers, ``minutes_p50`` and ``minutes_p80`` over all young people, ``reached_share``
        (0-1). Times are ``inf`` where nobody, or for a quantile too few, reach so many.

    Raises
    ------
    InputError
        The matrix has no times for an origin or a site.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> time_to_providers(town.matrix.select(modes=["bike"]), town.tables.origins,
    ...                   town.tables.sites, n=2)
      area_id  mode  rank  minutes_mean  minutes_p50  minutes_p80  reached_share
    0  GM9001  bike     1          14.0         16.0         16.0            1.0
    1  GM9001  bike     2          14.0         16.0         16.0            1.0
    2  GM9002  bike     1          13.6         12.0         12.0            1.0
    3  GM9002  bike     2          37.6         36.0         36.0            1.0
    4  GM9003  bike     1           inf          inf          inf            0.0
    5  GM9003  bike     2           inf          inf          inf            0.0
    """
    import pandas as pd

    there = homes(matrix, origins)
    usable = open_sites(sites)
    parts = []
    for mode in matrix.modes:
        minutes = there.minutes(matrix, mode)
        nearest, _ = nearest_providers(minutes, matrix, usable, n)
        stats = reached_stats(nearest, there)
        ranks = np.tile(np.arange(1, n + 1), len(there.area_ids))
        parts.append(
            pd.DataFrame(
                {
                    "area_id": named(there.area_ids, np.repeat(np.arange(len(ranks) // n), n)),
                    "mode": mode,
                    "rank": ranks,
                    **{name: values.T.ravel() for name, values in stats.items()},
                }
            )
        )
    return joined(parts, _TIMES)


def origin_times(
    matrix: TravelMatrix, origins: pd.DataFrame, sites: pd.DataFrame, *, n: int = 3
) -> pd.DataFrame:
    """Travel time from each origin to its nearest, second, ... `n`-th provider, and which it is.

    Parameters
    ----------
    matrix, origins, sites, n
        As for `time_to_providers`.

    Returns
    -------
    pandas.DataFrame
        ``origin_id``, ``area_id``, ``mode``, ``rank``, ``minutes``, ``meters`` (``inf``: not
        reached; metres ``nan``: not known), ``site_id`` and ``institution_id`` (missing: not
        reached, or no institution known). Of equally near providers the first by id comes first.

    Raises
    ------
    InputError
        The matrix has no times for an origin or a site.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> times = origin_times(town.matrix.select(modes=["car"]), town.tables.origins,
    ...                      town.tables.sites, n=1)
    >>> times[["origin_id", "minutes", "meters", "site_id"]]
      origin_id  minutes  meters  site_id
    0      9001      4.0  4000.0  90AA001
    1      9002      2.0  2000.0  90AA001
    2      9003      3.0  3000.0  90AA002
    3      9004      5.0  5000.0  90AA002
    4      9005      inf     inf      NaN
    """
    import pandas as pd

    there = homes(matrix, origins)
    usable = open_sites(sites)
    columns = positions(usable["site_id"], matrix.sites, what="sites")
    institutions = usable["institution_id"].to_numpy(object)
    parts = []
    for mode in matrix.modes:
        minutes = there.minutes(matrix, mode)
        nearest, at = nearest_providers(minutes, matrix, usable, n)
        flat = at.T.ravel()
        reached = flat >= 0
        origin = np.repeat(np.arange(len(there.ids)), n)
        meters = np.full(len(flat), np.inf)
        meters[reached] = matrix.meters(mode)[there.at[origin[reached]], columns[flat[reached]]]
        schools = np.full(len(flat), None, dtype=object)
        schools[reached] = institutions[flat[reached]]
        parts.append(
            pd.DataFrame(
                {
                    "origin_id": named(there.ids, origin),
                    "area_id": named(there.area_ids, there.area[origin]),
                    "mode": mode,
                    "rank": np.tile(np.arange(1, n + 1), len(there.ids)),
                    "minutes": nearest.T.ravel(),
                    "meters": meters,
                    "site_id": named(usable["site_id"], flat),
                    "institution_id": pd.Series(schools, dtype="str"),
                }
            )
        )
    return joined(parts, _ORIGIN_TIMES)


def student_travel(
    matrix: TravelMatrix, students: pd.DataFrame, origins: pd.DataFrame, *, by: By
) -> pd.DataFrame:
    """Travel of the students who go to school now, by woongemeente, site or institution.

    Parameters
    ----------
    matrix
        Travel times; also of sites that closed since.
    students
        Contract STUDENTS, the rows of one year; a masked count weighs with its expected value.
    origins
        Contract ORIGINS; students are spread over their municipality's origins by weight.
    by
        Column to group by.

    Returns
    -------
    pandas.DataFrame
        The column `by`, ``mode``, ``students`` (and bounds) whose trip can be told,
        ``minutes_mean`` and ``km_mean`` over those who reach their site, ``minutes_p50`` and
        ``minutes_p80`` over all of them, ``unreached_share`` (0-1), and ``students_unplaced`` (and
        bounds): home abroad or unknown, or a site that is not in the matrix. Where there is no
        trip to tell, times are ``nan``; where none reaches, ``inf``. Kilometres are ``nan`` where
        the matrix does not know them.

    Raises
    ------
    InputError
        The matrix has no times for an origin.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> students = town.tables.students.query("year == 2024")
    >>> travel = student_travel(town.matrix.select(modes=["bike"]), students, town.tables.origins,
    ...                         by="site_id")
    >>> travel[["site_id", "students", "minutes_p50", "unreached_share", "students_unplaced"]]
       site_id  students  minutes_p50  unreached_share  students_unplaced
    0  90AA001      72.5         16.0         0.034483                6.0
    1  90AA002      32.5         12.0         0.000000                0.0
    2  90BB001      40.5         16.0         0.000000                5.0
    """
    import pandas as pd

    there = homes(matrix, origins)
    moving = trips(matrix, students, there)
    keys = pd.concat([moving.pairs[by], moving.unplaced[by]]).dropna()
    groups = pd.Index(keys.unique()).sort_values()
    rows = codes(moving.pairs[by], groups)
    unplaced = codes(moving.unplaced[by], groups)
    counts = scaled(moving.pairs, rows >= 0, rows.clip(0), len(groups))
    others = scaled(moving.unplaced, unplaced >= 0, unplaced.clip(0), len(groups))
    others.columns = pd.Index(_UNPLACED)
    known = rows[moving.row] >= 0
    parts = [
        pd.DataFrame(
            {
                by: named(groups, np.arange(len(groups))),
                "mode": mode,
                **_travel_stats(matrix, mode, there, moving, (rows, known, len(groups))),
            }
        ).join([counts, others])
        for mode in matrix.modes
    ]
    return joined(parts, {by: "str", **_TRAVEL})


def students_within(
    matrix: TravelMatrix,
    students: pd.DataFrame,
    origins: pd.DataFrame,
    *,
    cutoffs_min: Sequence[float] = (15, 30, 45, 60),
) -> pd.DataFrame:
    """Count students by woongemeente who reach their own site within so many minutes.

    Parameters
    ----------
    matrix, students, origins
        As for `student_travel`.
    cutoffs_min
        Limits in minutes; who travels exactly so long is within.

    Returns
    -------
    pandas.DataFrame
        ``area_id``, ``mode``, ``cutoff_min``, ``students`` (and bounds) within, ``share`` (and
        bounds) of the area's students whose trip can be told; missing where there are none.
        Every area that has origins is there.

    Raises
    ------
    InputError
        The matrix has no times for an origin.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> students = town.tables.students.query("year == 2024")
    >>> students_within(town.matrix.select(modes=["bike"]), students, town.tables.origins,
    ...                 cutoffs_min=[15]).iloc[:, :6]
      area_id  mode  cutoff_min  students  students_low  students_high
    0  GM9001  bike        15.0      24.5          24.5           24.5
    1  GM9002  bike        15.0      24.0          24.0           24.0
    2  GM9003  bike        15.0       0.0           0.0            0.0
    """
    there = homes(matrix, origins)
    moving = trips(matrix, students, there)
    area = codes(moving.pairs["origin_id"], there.area_ids)
    whole = scaled(moving.pairs, np.ones(len(area)), area, len(there.area_ids))
    parts = []
    for mode in matrix.modes:
        minutes = moving.values(there.minutes(matrix, mode))
        for cutoff in cutoffs_min:
            part = np.bincount(
                moving.row, weights=moving.part * (minutes <= cutoff), minlength=len(area)
            ).clip(0, 1)
            within = scaled(moving.pairs, part, area, len(there.area_ids))
            parts.append(
                within.join(share(within, whole)).assign(
                    area_id=named(there.area_ids, np.arange(len(there.area_ids))),
                    mode=mode,
                    cutoff_min=float(cutoff),
                )
            )
    return joined(parts, _WITHIN)


def _travel_stats(
    matrix: TravelMatrix,
    mode: str,
    there: Homes,
    moving: Trips,
    grouped: tuple[Whole, Truths, int],
) -> dict[str, Floats]:
    """Give means, quantiles and the unreached share by group of pairs."""
    rows, known, count = grouped
    group = rows[moving.row][known]
    people = (moving.pairs["students"].to_numpy(float)[moving.row] * moving.part)[known]
    minutes = moving.values(there.minutes(matrix, mode))[known]
    km = moving.values(cast("Floats", matrix.meters(mode)[there.at]))[known] / 1000

    def added(weights: Floats) -> Floats:
        return np.bincount(group, weights=weights, minlength=count).astype(float)

    reached = np.isfinite(minutes)
    whole, within = added(people), added(people * reached)
    halves, eighty = group_quantiles(minutes, people, group, count=count, shares=(0.5, 0.8))
    nothing = np.where(whole > 0, np.inf, np.nan)
    return {
        "minutes_mean": _mean(added(people * np.where(reached, minutes, 0)), within, nothing),
        "minutes_p50": halves,
        "minutes_p80": eighty,
        "km_mean": _mean(added(people * np.where(reached, km, 0)), within, nothing),
        "unreached_share": _mean(added(people * ~reached), whole, np.full(count, np.nan)),
    }


def _mean(added: Floats, whole: Floats, otherwise: Floats) -> Floats:
    mean = otherwise.copy()
    np.divide(added, whole, out=mean, where=whole > 0)
    return mean
