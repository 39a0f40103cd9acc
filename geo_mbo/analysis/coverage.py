"""Coverage (dekking): which programmes lie within reach, and where they do not (lacunes)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.nearest import nearest_offering
from geo_mbo.analysis.weighting import area_quantiles, homes, joined, named, positions

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Homes, Whole
    from geo_mbo.travel import TravelMatrix

STATES = ("served", "out_of_reach")
"""State of a programme in an area; `geo_mbo.analysis.states` has a third: reached, but full."""

OUT_SHARE = 0.5
"""From this share of an area's young people out of reach on, the area is ``out_of_reach``."""

_COVERAGE = {
    "programme_id": "str",
    "area_id": "str",
    "mode": "str",
    "limit_min": "float64",
    "young_people": "float64",
    "young_people_out": "float64",
    "share_out": "float64",
    "minutes_nearest": "float64",
    "nearest_site_id": "str",
    "state": "str",
}
_GAPS = {
    "programme_id": "str",
    "programme": "str",
    "level": "float64",
    "sector": "str",
    "mode": "str",
    "limit_min": "float64",
    "areas": "int64",
    "area_ids": "str",
    "young_people_out": "float64",
    "share_out_national": "float64",
}


def coverage(
    matrix: TravelMatrix,
    offers: pd.DataFrame,
    origins: pd.DataFrame,
    *,
    limit_min: float,
    programmes: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Tell for each programme and municipality how many young people are out of its reach.

    Out of reach is who has no site with the programme within the limit: the covering problem's
    uncovered demand (Toregas et al. 1971; Church and ReVelle 1974).

    Parameters
    ----------
    matrix
        Travel times to the sites of the offers.
    offers
        Contract OFFERS, of open sites. A programme counts in any track; give only the offers
        of one track for the coverage of that track.
    origins
        Contract ORIGINS; the weight is the number of young people.
    limit_min
        Limit in minutes; exactly so long is within.
    programmes
        Programmes to tell of; those of `offers` where not given. One that nobody offers is out of
        reach everywhere.

    Returns
    -------
    pandas.DataFrame
        ``programme_id``, ``area_id``, ``mode``, ``limit_min``, ``young_people``,
        ``young_people_out``, ``share_out`` (0-1; of the origins where nobody young lives),
        ``minutes_nearest``: weighted median over the area of the time to the nearest site that
        offers the programme (``inf``: half or more reach none), ``nearest_site_id``: the site that
        median trip goes to (missing: none), ``state``: ``served``, or ``out_of_reach`` where
        half the young people or more are. Every programme x area x mode is there.

    Raises
    ------
    InputError
        The matrix has no times for an origin or a site.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = coverage(town.matrix.select(modes=["bike"]), town.tables.offers,
    ...                  town.tables.origins, limit_min=30)
    >>> carpentry = found[found["programme_id"] == "98002"]
    >>> carpentry[["area_id", "young_people_out", "minutes_nearest", "nearest_site_id", "state"]]
      area_id  young_people_out  minutes_nearest nearest_site_id         state
    3  GM9001             400.0             40.0         90AA002  out_of_reach
    4  GM9002               0.0             12.0         90AA002        served
    5  GM9003              50.0              inf             NaN  out_of_reach
    """
    there = homes(matrix, origins)
    names = sorted(set(offers["programme_id"]) if programmes is None else set(programmes))
    offering = [positions(ids, matrix.sites, what="sites") for ids in _sites_of(offers, names)]
    parts = [
        _of_mode(there.minutes(matrix, mode), offering, there, limit_min).assign(
            programme_id=named(names, np.repeat(np.arange(len(names)), len(there.area_ids))),
            area_id=named(there.area_ids, np.tile(np.arange(len(there.area_ids)), len(names))),
            nearest_site_id=lambda rows: named(matrix.sites, rows["site"].to_numpy()),
            mode=mode,
            limit_min=float(limit_min),
        )
        for mode in matrix.modes
    ]
    return joined(parts, _COVERAGE)


def gaps(
    coverage: pd.DataFrame,
    offers: pd.DataFrame,
    *,
    min_share: float = 0.5,
    min_young_people: float = 1,
) -> pd.DataFrame:
    """List the programmes that are out of reach somewhere (lacunes), worst first.

    Parameters
    ----------
    coverage
        Result of `coverage`.
    offers
        Contract OFFERS: names, levels and sectors of the programmes.
    min_share
        An area counts from this share (0-1) of its young people out of reach on.
    min_young_people
        And from so many young people out of reach on.

    Returns
    -------
    pandas.DataFrame
        ``programme_id``, ``programme``, ``level``, ``sector`` (missing where `offers` does not
        know it), ``mode``, ``limit_min``, ``areas``: how many, ``area_ids`` with ``;`` between
        them, ``young_people_out`` in these areas, ``share_out_national``: their share in all
        young people. Modes in the order of `coverage`; within each the most people first.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = coverage(town.matrix.select(modes=["bike"]), town.tables.offers,
    ...                  town.tables.origins, limit_min=30)
    >>> gaps(found, town.tables.offers)[["programme", "areas", "area_ids", "young_people_out"]]
          programme  areas       area_ids  young_people_out
    0      Timmeren      2  GM9001;GM9003             450.0
    1    Verzorging      2  GM9002;GM9003             300.0
    2  Programmeren      1         GM9003              50.0
    """
    import pandas as pd

    out = coverage[
        is_gap(
            coverage["share_out"],
            coverage["young_people_out"],
            min_share=min_share,
            min_young_people=min_young_people,
        )
    ].sort_values("area_id")
    everybody = coverage.groupby(["programme_id", "mode"])["young_people"].sum()
    listed = out.groupby(["programme_id", "mode", "limit_min"], sort=True).agg(
        areas=("area_id", "size"),
        area_ids=("area_id", ";".join),
        young_people_out=("young_people_out", "sum"),
    )
    if listed.empty:
        return joined([], _GAPS)
    found = listed.reset_index().join(everybody.rename("everybody"), on=["programme_id", "mode"])
    found = found.join(facts(offers)[["programme", "level", "sector"]], on="programme_id")
    found["share_out_national"] = found["young_people_out"] / found["everybody"]
    modes = pd.unique(coverage["mode"]).tolist()
    found["order"] = found["mode"].map(modes.index)
    found = found.sort_values(
        ["order", "young_people_out", "programme_id"], ascending=[True, False, True]
    )
    return joined([found], _GAPS)


def is_gap(
    share_out: pd.Series,
    young_people_out: pd.Series,
    *,
    min_share: float,
    min_young_people: float = 1,
) -> pd.Series:
    """Say which areas count as a gap, by the share and number of young people out of reach."""
    return (share_out >= min_share) & (young_people_out >= min_young_people)


def facts(offers: pd.DataFrame) -> pd.DataFrame:
    """Give name, level and sector of each programme: those of its first offer by site and track."""
    first = offers.sort_values(["site_id", "track"]).drop_duplicates("programme_id")
    return first.set_index("programme_id")


def _sites_of(offers: pd.DataFrame, programmes: list[str]) -> list[list[str]]:
    """Give the sites of each programme, by id, so that the first of equals is always the same."""
    by_programme = offers.groupby("programme_id")["site_id"].unique()
    return [sorted(by_programme.get(name, [])) for name in programmes]


def _of_mode(
    minutes: Floats, offering: list[Whole], there: Homes, limit_min: float
) -> pd.DataFrame:
    """Give the numbers of one mode, programmes x areas in long form."""
    import pandas as pd

    times, at = nearest_offering(minutes, offering)
    beyond = times > limit_min
    people = np.broadcast_to(there.per_area(there.people), (len(offering), len(there.starts)))
    median = area_quantiles(times, there, shares=(0.5,))[0]
    share_out = there.per_area(beyond * there.weight) / there.per_area(there.weight)
    return pd.DataFrame(
        {
            "young_people": people.ravel(),
            "young_people_out": there.per_area(beyond * there.people).ravel(),
            "share_out": share_out.ravel(),
            "minutes_nearest": np.take_along_axis(times, median, axis=1).ravel(),
            "site": np.take_along_axis(at, median, axis=1).ravel(),
            "state": named(STATES, (share_out.ravel() >= OUT_SHARE).astype(int)),
        }
    )
