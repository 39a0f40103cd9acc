"""Catchments (verzorgingsgebieden): where students come from, and who lives within reach.

The observed catchment is what students do now, the travel catchment what roads allow, and the
modelled one what a model of choice expects (`geo_mbo.analysis.modelled`). Their differences are the
finding (`geo_mbo.analysis.differences`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.members import CORE, WIDE, catchments
from geo_mbo.analysis.nearest import nearest_site
from geo_mbo.analysis.privacy import veiled
from geo_mbo.analysis.weighting import SLACK, homes, joined, named, open_sites, positions
from geo_mbo.counts import COUNTS, share, total

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Homes, Truths, Whole
    from geo_mbo.travel import TravelMatrix

_OBSERVED = {
    "site_id": "str",
    "area_id": "str",
    "origin_kind": "str",
    "rank": "int64",
    **dict.fromkeys(COUNTS, "float64"),
    "share": "float64",
    "share_low": "float64",
    "share_high": "float64",
    "cumulative_share": "float64",
    "inside": "bool",
}
_TRAVEL = {
    "site_id": "str",
    "origin_id": "str",
    "mode": "str",
    "minutes": "float64",
    "weight": "float64",
    "within": "bool",
    "nearest": "bool",
}
_REACH = {
    "site_id": "str",
    "mode": "str",
    "limit_min": "float64",
    "young_people_within": "float64",
    "young_people_nearest": "float64",
    "areas_within": "int64",
}


def observed_catchment(students: pd.DataFrame, *, share: float = 0.8) -> pd.DataFrame:
    """Find the municipalities that most students of a site come from.

    The smallest set of municipalities that gives at least `share` of the site's students whose home
    is in the Netherlands and known: municipalities by students, most first, until it is reached.
    The primary service area of market studies (Applebaum 1966, "Methods for determining store
    trade areas", Journal of Marketing Research 3:127-141).

    Parameters
    ----------
    students
        Contract STUDENTS, the rows of one year. Rows without a site have no catchment and are
        left out; rows that differ in programme, level, track or age are added up.
    share
        Share of the students (0-1) that the catchment holds.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``area_id``, ``origin_kind``, ``rank`` (1 = most students; equal numbers by
        ``area_id``), ``students`` (and bounds), ``share`` (and bounds) and ``cumulative_share`` of
        the site's students, ``inside`` the catchment. Expected values decide the order. Students
        from abroad or without a known home are rows too, with rank 0 and no share.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> students = sample_town().tables.students.query("year == 2024")
    >>> found = observed_catchment(students).query("site_id == '90AA001'")
    >>> found[["area_id", "rank", "students", "cumulative_share", "inside"]].round(3)
      area_id  rank  students  cumulative_share  inside
    0  GM9001     1      60.0             0.828    True
    1  GM9002     2      10.0             0.966   False
    2  GM9003     3       2.5             1.000   False
    3      BE     0       6.0               NaN   False
    """
    flows = total(students.dropna(subset=["site_id"]), ["site_id", "origin_kind", "origin_id"])
    flows = flows[flows["students_high"] > 0].fillna({"origin_id": "UNKNOWN"})
    home = (flows["origin_kind"] == "municipality").to_numpy()
    known = flows[home].sort_values(
        ["site_id", "students", "origin_id"], ascending=[True, False, True], ignore_index=True
    )
    elsewhere = flows[~home].assign(
        rank=0, share=np.nan, share_low=np.nan, share_high=np.nan, cumulative_share=np.nan
    )
    parts = [_ranked(known, least=share), elsewhere.assign(inside=False)]
    found = joined([p.rename(columns={"origin_id": "area_id"}) for p in parts], _OBSERVED)
    return found.sort_values("site_id", kind="stable", ignore_index=True)


def _ranked(known: pd.DataFrame, *, least: float) -> pd.DataFrame:
    """Give rank, shares and the line of the catchment to flows sorted within each site."""
    by_site = known.groupby("site_id")
    whole = by_site[list(COUNTS)].transform("sum")
    found = known.join(share(known, whole)).assign(rank=by_site.cumcount() + 1)
    so_far = found.groupby("site_id")["share"].cumsum()
    before = so_far - found["share"]
    return found.assign(cumulative_share=so_far, inside=before < least * (1 - SLACK))


def observed_catchments(
    students: pd.DataFrame, *, core: float = CORE, wide: float = WIDE
) -> pd.DataFrame:
    """Find the core and the wide catchment of each site, and how sure each municipality is in them.

    Primary and secondary trade areas (Applebaum 1966), as `observed_catchment`, with what masked
    counts leave open: a municipality is in a catchment surely or perhaps.

    Parameters
    ----------
    students
        Contract STUDENTS, the rows of one year. Who comes from abroad, from elsewhere or from an
        unknown home is not counted here; `observed_catchment` has rows for them.
    core, wide
        Shares (0-1) of the students with a known home that the catchments hold.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``area_id``, ``rank`` (1 = most students; equal numbers by ``area_id``),
        ``students`` (and bounds; counts of 1-4 as a masked cell), ``share`` (and bounds) and
        ``cumulative_share`` of the site's students, ``core`` and ``wide``: inside by expected
        numbers, ``core_surely`` and ``wide_surely``: by all numbers within the bounds,
        ``core_perhaps`` and ``wide_perhaps``: by some. ``withheld``: the site has fewer than five
        students; shares are missing then and nothing is inside.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> students = sample_town().tables.students.query("year == 2024")
    >>> found = observed_catchments(students).query("site_id == '90AA001'")
    >>> found[["area_id", "students", "core", "wide", "wide_surely", "wide_perhaps"]]
      area_id  students   core   wide  wide_surely  wide_perhaps
    0  GM9001      60.0   True   True         True          True
    1  GM9002      10.0  False  False        False         False
    2  GM9003       2.5  False  False        False         False
    """
    known = students[students["origin_kind"] == "municipality"]
    flows = total(known.dropna(subset=["site_id", "origin_id"]), ["site_id", "origin_id"])
    by_area = veiled(flows).rename(columns={"origin_id": "area_id"})
    return catchments(by_area, core=core, wide=wide)


def travel_catchment(
    matrix: TravelMatrix, origins: pd.DataFrame, *, mode: str, limit_min: float
) -> pd.DataFrame:
    """List the pairs of site and origin within the limit, and each origin's nearest site.

    Parameters
    ----------
    matrix
        Travel times to the sites that count.
    origins
        Contract ORIGINS.
    mode
        Mode of travel.
    limit_min
        Limit in minutes; exactly so long is within.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``origin_id``, ``mode``, ``minutes``, ``weight`` (young people of the origin),
        ``within`` the limit, ``nearest``: this site is the nearest of all for this origin (of
        equally near ones the first by id), within the limit or not. Pairs that are neither are not
        there; `site_reach` has a row for every site.

    Raises
    ------
    InputError
        The matrix has no times for an origin, or not by this mode.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> schools = town.matrix.select(sites=["90AA001", "90AA002"])
    >>> travel_catchment(schools, town.tables.origins, mode="bike", limit_min=15)
       site_id origin_id  mode  minutes  weight  within  nearest
    0  90AA001      9001  bike     16.0   300.0   False     True
    1  90AA001      9002  bike      8.0   100.0    True     True
    2  90AA002      9003  bike     12.0   200.0    True     True
    3  90AA002      9004  bike     20.0    50.0   False     True
    """
    import pandas as pd

    there = homes(matrix, origins)
    order = np.argsort(matrix.sites.to_numpy(object), kind="stable")
    minutes = there.minutes(matrix, mode)[:, order]
    nearest = np.zeros(minutes.shape, dtype=bool)
    at = nearest_site(minutes)
    some = np.flatnonzero(at >= 0)
    nearest[some, at[some]] = True
    site, origin = np.nonzero(((minutes <= limit_min) | nearest).T)
    pairs = pd.DataFrame(
        {
            "site_id": named(matrix.sites[order], site),
            "origin_id": named(there.ids, origin),
            "mode": mode,
            "minutes": minutes[origin, site],
            "weight": there.people[origin],
            "within": minutes[origin, site] <= limit_min,
            "nearest": nearest[origin, site],
        }
    )
    return joined([pairs], _TRAVEL)


def site_reach(
    matrix: TravelMatrix, origins: pd.DataFrame, sites: pd.DataFrame, *, limit_min: float
) -> pd.DataFrame:
    """Count the young people within reach of each open site.

    Parameters
    ----------
    matrix, origins
        As for `travel_catchment`.
    sites
        Contract SITES; open ones count (existing and competitor).
    limit_min
        Limit in minutes; exactly so long is within.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``mode``, ``limit_min``, ``young_people_within`` the limit (cumulative
        opportunities seen from the site; Hansen 1959), ``young_people_nearest``: for whom no other
        open site is nearer (of equally near ones the first by id), ``areas_within``: municipalities
        with an origin within the limit. Every open site and mode is there, with 0 where nobody is.

    Raises
    ------
    InputError
        The matrix has no times for an origin or a site.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> site_reach(town.matrix.select(modes=["bike"]), town.tables.origins, town.tables.sites,
    ...            limit_min=30).drop(columns=["mode", "limit_min"])
       site_id  young_people_within  young_people_nearest  areas_within
    0  90AA001                400.0                 400.0             1
    1  90AA002                250.0                 250.0             1
    2  90BB001                400.0                   0.0             1
    """
    import pandas as pd

    there = homes(matrix, origins)
    ids = open_sites(sites)["site_id"]
    columns = positions(ids, matrix.sites, what="sites")
    parts = []
    for mode in matrix.modes:
        minutes = there.minutes(matrix, mode)[:, columns]
        within = minutes <= limit_min
        at = nearest_site(minutes)
        parts.append(
            pd.DataFrame(
                {
                    "site_id": ids,
                    "mode": mode,
                    "limit_min": float(limit_min),
                    "young_people_within": there.people @ within,
                    "young_people_nearest": np.bincount(
                        at[at >= 0], weights=there.people[at >= 0], minlength=len(ids)
                    ),
                    "areas_within": _areas(within, there),
                }
            )
        )
    return joined(parts, _REACH)


def _areas(within: Truths, there: Homes) -> Whole:
    """Count areas with an origin within, by site."""
    found: Whole = (there.per_area(within.T.astype(float)) > 0).sum(axis=1)
    return found
