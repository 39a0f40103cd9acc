"""What the access of a study starts from: homes, open sites and their places, and each measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import log
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis import accessibility, competition
from geo_mbo.analysis.decay import Decay, exponential
from geo_mbo.analysis.raam import raam
from geo_mbo.analysis.weighting import Homes, homes, indexer, open_sites, positions
from geo_mbo.counts import COUNTS, total
from geo_mbo.errors import InputError, above_zero
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

MEASURES = {
    "minutes_1": "minutes",
    "minutes_3": "minutes",
    "sites_within": "sites",
    "sites_interval": "sites",
    "sites_gravity": "sites",
    "places_2sfca": "places a person",
    "places_e2sfca": "places a person",
    "places_3sfca": "places a person",
    "places_balanced": "places a person",
    "places_available": "places a person",
    "cost_raam": "ratio",
}
"""The measures of `access_scores`, with their units."""
_AT_LIMIT = 0.1
"""Weight at the limit of the decay that is taken where none is given."""


@dataclass(frozen=True)
class Given:
    """What the measures of a study start from: homes, open sites, and their places."""

    there: Homes
    sites: pd.DataFrame
    places: Floats
    limit_min: float
    decay: Decay


def site_places(
    tables: Tables, sites: pd.DataFrame, *, year: int | None = None, notify: Notify = to_log
) -> pd.DataFrame:
    """Give the places of each site: its capacity, or else the students there now.

    Parameters
    ----------
    tables
        Of the students, who come from everywhere.
    sites
        Contract SITES.
    year
        Of the students; None: the newest of history.
    notify
        Gets a note of sites with neither.

    Returns
    -------
    pandas.DataFrame
        ``site_id`` and the three columns of a count, in the order of `sites`; 0 where not known.

    Raises
    ------
    InputError
        There are students, but none in that year.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> site_places(town.tables, town.tables.sites, notify=lambda note: None)
       site_id  students  students_low  students_high
    0  90AA001     400.0         400.0          400.0
    1  90AA002      32.5          31.0           34.0
    2  90BB001     200.0         200.0          200.0
    3  90BB901       0.0           0.0            0.0
    """
    import pandas as pd

    now = total(students_of(tables, year).dropna(subset=["site_id"]), ["site_id"])
    at = indexer(sites["site_id"], now["site_id"])
    there = np.vstack([now[list(COUNTS)].to_numpy(float), np.zeros((1, 3))])[at]
    capacity = sites["capacity"].to_numpy(float)
    known = np.isfinite(capacity)
    there[known] = capacity[known, None]
    absent = ~known & (at < 0)
    if absent.any():
        notify(note("access_no_places", sites["site_id"][absent]))
    return pd.DataFrame(
        {"site_id": sites["site_id"].to_numpy(), **dict(zip(COUNTS, there.T, strict=True))}
    )


def given_of(
    tables: Tables,
    matrix: TravelMatrix,
    limit_min: float,
    decay: Decay | None,
    year: int | None,
    notify: Notify,
) -> Given:
    """Give what all measures of a study start from.

    Raises
    ------
    InputError
        As for `geo_mbo.analysis.scores.access_scores`.
    """
    above_zero(limit_min=limit_min)
    sites = open_sites(tables.sites)
    places = site_places(tables, sites, year=year, notify=notify)[list(COUNTS)].to_numpy(float)
    falling = decay or exponential(rate=-log(_AT_LIMIT) / limit_min)
    return Given(homes(matrix, tables.origins), sites, places.T, limit_min, falling)


def students_of(tables: Tables, year: int | None) -> pd.DataFrame:
    """Give the students of a year; None: of the newest year of history.

    Raises
    ------
    InputError
        There are students, but none in that year.
    """
    students = tables.students
    if not len(students):
        return students
    history = students.loc[students["kind"] == "history", "year"]
    asked = year if year is not None else history.max()
    found = students[students["year"] == asked]
    if year is not None and not len(found):
        there = ", ".join(map(str, sorted(students["year"].unique())))
        raise InputError.of("no_such_year", year=year, there=there)
    return found


def minutes_of(matrix: TravelMatrix, mode: str, given: Given) -> Floats:
    """Give the minutes of homes to open sites, both in their order: one copy."""
    columns = positions(given.sites["site_id"], matrix.sites, what="sites")
    plane: Floats = matrix.minutes(mode)[np.ix_(given.there.at, columns)]
    return plane


def measured(
    given: Given, minutes: Floats, *, only: Sequence[str] = tuple(MEASURES)
) -> dict[str, list[Floats]]:
    """Give measures by origin: expected, with few places, with many places."""
    one, limit, people = np.ones(minutes.shape[1]), given.limit_min, given.there.people
    of_sites: dict[str, Callable[[], Floats]] = {
        "minutes_1": lambda: accessibility.time_to_nth(minutes),
        "minutes_3": lambda: accessibility.time_to_nth(minutes, n=3),
        "sites_within": lambda: accessibility.cumulative(minutes, one, cutoff_min=limit),
        "sites_interval": lambda: accessibility.cumulative_interval(
            minutes, one, from_min=limit * 2 / 3, to_min=limit * 4 / 3
        ),
        "sites_gravity": lambda: accessibility.gravity(minutes, one, decay=given.decay),
    }
    found = {name: [of_sites[name]()] * 3 for name in only if name in of_sites}
    by_name: dict[str, Callable[..., Floats]] = {
        "places_2sfca": partial(competition.two_step, limit_min=limit),
        "places_e2sfca": partial(competition.two_step, decay=given.decay, limit_min=limit),
        "places_3sfca": partial(competition.three_step, decay=given.decay, limit_min=limit),
        "places_balanced": partial(competition.balanced, decay=given.decay),
        "places_available": partial(_available, decay=given.decay),
        "cost_raam": partial(raam, tau_min=limit),
    }
    nothing = np.full(len(minutes), np.nan)
    for name in (name for name in only if name in by_name):
        values = [nothing] * 3
        if given.places.any():
            bounds = given.places[:1] if name == "cost_raam" else given.places
            values = [by_name[name](minutes, people, places) for places in bounds]
            same = np.array_equal(given.places[1], given.places[2])
            values += (values if same else [nothing]) * (3 - len(values))
        found[name] = values
    return found


def _available(minutes: Floats, people: Floats, places: Floats, *, decay: Decay) -> Floats:
    """Give spatial availability a person; missing where nobody lives."""
    given = competition.spatial_availability(minutes, people, places, decay=decay)
    each = np.full(len(people), np.nan)
    np.divide(given, people, out=each, where=people > 0)
    return each
