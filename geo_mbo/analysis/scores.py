"""Access and equity of a study: the measures of access by municipality, and how unequal they are.

`access_scores` gives what the young people of each municipality can reach, as means over them;
`equity_scores` how that is spread over all young people, and the minutes of students over students.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.analysis.decay import Decay
from geo_mbo.analysis.score_planes import MEASURES, given_of, measured, minutes_of, students_of
from geo_mbo.analysis.spread import Spread, spread_rows
from geo_mbo.analysis.trips import trips
from geo_mbo.analysis.weighting import Homes, indexer, joined, named
from geo_mbo.counts import COUNTS
from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Truths
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

_VALUES = ("value", "value_low", "value_high")
_SCORES = {
    "area_id": "str",
    "mode": "str",
    "measure": "str",
    "unit": "str",
    **dict.fromkeys(_VALUES, "float64"),
    "told_share": "float64",
    "young_people": "float64",
}
_EQUITY = {
    "mode": "str",
    "people_kind": "str",
    "of": "str",
    "measure": "str",
    **dict.fromkeys(_VALUES, "float64"),
    "bounds": "str",
    "people": "float64",
}
_OF = ("minutes_1", "sites_within", "sites_gravity", "places_2sfca")


def access_scores(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    limit_min: float,
    decay: Decay | None = None,
    year: int | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give access of the young people of each municipality by every measure and mode.

    Parameters
    ----------
    tables
        Origins (weight: young people), sites (open ones count; a known capacity is their number of
        places) and students (where a capacity is not known: those there now, from everywhere).
    matrix
        Travel times from all origins to all open sites.
    limit_min
        Limit in minutes, above 0; exactly so long is within. The interval of cut-offs is from two
        thirds to four thirds of it, minute by minute.
    decay
        One of `geo_mbo.analysis.decay` or any such function; at best one that fits the trips there
        are. None: exponential, a tenth at the limit.
    year
        Year of the students; None: the newest of history.
    notify
        Gets notes: sites of which no number of places is known.

    Returns
    -------
    pandas.DataFrame
        One row a municipality, mode and measure, by ``area_id``, ``mode`` and the order of
        `MEASURES`: ``unit``; ``value``: the mean over young people (in an area without them over
        its origins), with ``value_low`` and ``value_high`` where numbers of students are masked
        (every measure of places grows with each of them; of ``cost_raam`` no bounds are known);
        ``told_share`` (0-1): of young people with a value, who alone are in the mean;
        ``young_people``. ``inf``: nobody reaches so many. Measures of places are missing where no
        place is known. ``minutes_3`` is of sites, not of providers.

    Raises
    ------
    InputError
        The matrix has no times for an origin or an open site; no limit above 0; there are students,
        but none in that year.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> bike = town.matrix.select(modes=["bike"])
    >>> found = access_scores(town.tables, bike, limit_min=30, notify=lambda note: None)
    >>> found.query("measure == 'sites_within'")[["area_id", "value", "young_people"]]
       area_id  value  young_people
    2   GM9001    2.0         400.0
    13  GM9002    1.0         250.0
    24  GM9003    0.0          50.0
    """
    import pandas as pd

    given = given_of(tables, matrix, limit_min, decay, year, notify)
    there = given.there
    parts = []
    for mode in matrix.modes:
        planes = measured(given, minutes_of(matrix, mode, given))
        whole = there.per_area(there.weight)
        for name, values in planes.items():
            told = np.isfinite(values[0])
            share = there.per_area(told * there.weight) / whole
            means = [_area_mean(there, value, told) for value in values]
            parts.append(
                pd.DataFrame(
                    {
                        "area_id": named(there.area_ids, np.arange(len(there.area_ids))),
                        "mode": mode,
                        "measure": name,
                        "unit": MEASURES[name],
                        **dict(zip(_VALUES, means, strict=True)),
                        "told_share": share,
                        "young_people": there.per_area(there.people),
                    }
                )
            )
    found = joined(parts, _SCORES)
    rank = {name: k for k, name in enumerate(MEASURES)}
    order = np.lexsort((found["measure"].map(rank), found["mode"], found["area_id"]))
    return found.iloc[order].reset_index(drop=True)


def equity_scores(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    limit_min: float,
    decay: Decay | None = None,
    year: int | None = None,
    rank_by: str | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Tell how unequally access and travel are spread over people.

    Parameters
    ----------
    tables, matrix, limit_min, decay, year
        As for `access_scores`.
    rank_by
        Indicator that says how well off an area is, such as income: of the origin (PC4) or else of
        its municipality, the newest number. It ranks people for ``palma`` and ``concentration``;
        where it has no number people are left out of both, and told. None: ``palma`` is of the
        values themselves, ``concentration`` is missing.
    notify
        Gets notes: as `access_scores`, and young people of an unknown rank.

    Returns
    -------
    pandas.DataFrame
        ``mode``, ``people_kind`` and ``of``: young people by four measures of `access_scores`,
        students by ``minutes_own``, their way to the site they go to. ``measure``: ``mean``,
        quantiles over all (``inf``: fewer reach anything), ``gini``, ``theil`` and the part of it
        between municipalities, ``palma``, ``concentration``; of minutes ``over_limit`` and
        ``unreached`` (shares, 0-1; who reaches nothing is over the limit), of other measures
        ``fgt0`` to ``fgt2`` below half of the median. Of minutes, who reaches nothing is in the
        quantiles and the shares only.

        ``value`` with ``value_low`` and ``value_high``: of students, where masked numbers may be
        anything from 1 to 4. ``bounds`` says how: ``outer`` (not narrower than the truth),
        ``searched`` (could be a little wider), empty where nothing is masked or bounds are not
        known. ``people``: expected number.

    Raises
    ------
    InputError
        As for `access_scores`; or there is no such indicator.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> bike = town.matrix.select(modes=["bike"])
    >>> found = equity_scores(town.tables, bike, limit_min=30, notify=lambda note: None)
    >>> told = found.query("of == 'minutes_own' and measure in ['gini', 'over_limit']")
    >>> told[["measure", "value", "value_low", "value_high", "people"]].round(3)
           measure  value  value_low  value_high  people
    51        gini  0.222      0.209       0.234   145.5
    56  over_limit  0.120      0.092       0.147   145.5
    """
    import pandas as pd

    given = given_of(tables, matrix, limit_min, decay, year, notify)
    there = given.there
    ranks = None if rank_by is None else _ranks(tables, there, rank_by, notify)
    moving = trips(matrix, students_of(tables, year), there)
    students = moving.pairs[list(COUNTS)].to_numpy(float)[moving.row].T * moving.part
    young = np.repeat(there.people[None], 3, axis=0)
    rows: list[dict[str, Any]] = []
    for mode in matrix.modes:
        planes = measured(given, minutes_of(matrix, mode, given), only=_OF)
        spreads = {
            ("young_people", name): Spread(np.array(values), young, there.area, ranks)
            for name, values in planes.items()
        }
        own = np.repeat(moving.values(there.minutes(matrix, mode))[None], 3, axis=0)
        spreads["students", "minutes_own"] = Spread(own, students, there.area[moving.origin], None)
        for (kind, name), spread in spreads.items():
            about = {"mode": mode, "people_kind": kind, "of": name}
            limit = limit_min if name.startswith("minutes") else None
            rows += [about | row for row in spread_rows(spread, limit_min=limit)]
    return joined([pd.DataFrame(rows)] if rows else [], _EQUITY)


def _area_mean(there: Homes, values: Floats, told: Truths) -> Floats:
    """Give the mean of an area over those with a value; `inf` where all others reach nothing."""
    weight = told * there.weight
    whole = there.per_area(weight)
    mean = np.where(there.per_area(np.isinf(values) * there.weight) > 0, np.inf, np.nan)
    np.divide(there.per_area(np.where(told, values, 0) * weight), whole, out=mean, where=whole > 0)
    return mean


def _ranks(tables: Tables, there: Homes, rank_by: str, notify: Notify) -> Floats:
    """Give how well off the people of each origin are; missing where it is not known."""
    table = tables.indicators[tables.indicators["indicator"] == rank_by]
    if not len(table):
        known = ", ".join(sorted(tables.indicators["indicator"].unique()))
        raise InputError.of("access_no_indicator", value=rank_by, there=known)
    newest = table.sort_values("year").drop_duplicates(["key_kind", "key"], keep="last")
    ranks = np.full(len(there.ids), np.nan)
    areas = there.area_ids.take(there.area)
    for kind, keys in (("municipality", areas), ("pc4", there.ids)):
        rows = newest[newest["key_kind"] == kind]
        at = indexer(keys, rows["key"])
        values = np.append(rows["value"].to_numpy(float), np.nan)[at]
        ranks = np.where(np.isnan(values), ranks, values)
    unknown = np.isnan(ranks) & (there.people > 0)
    if unknown.any():
        notify(note("access_no_rank", there.ids[unknown], people=int(there.people[unknown].sum())))
    return ranks
