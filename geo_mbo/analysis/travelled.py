"""Mean minutes and kilometres of the students who go to school, by home, school or both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.trips import trips
from geo_mbo.analysis.weighting import group_quantiles, homes, indexer
from geo_mbo.counts import COUNTS
from geo_mbo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.trips import Trips
    from geo_mbo.analysis.weighting import Floats, Homes, Whole
    from geo_mbo.travel import TravelMatrix

MEASURES = ("minutes", "km")
FACTS = ("year", *COUNTS, "unreached_share", "sites", "homes", "minutes_spread", "crow_flies")
"""What `travelled` tells beside the value."""
CROW_FLIES = "crow-flies"
"""How the source of a matrix without a network begins."""
FEWEST = 5
"""Fewer students than this, travelling from their own postcode, could be traced."""


def travelled(
    matrix: TravelMatrix, students: pd.DataFrame, origins: pd.DataFrame, *, by: Sequence[str]
) -> pd.DataFrame:
    """Give mean minutes and kilometres of the students who go to school, and facts about them.

    Parameters
    ----------
    matrix
        Travel times.
    students
        Contract STUDENTS, the rows of one year; a masked count weighs with its expected value.
    origins
        Contract ORIGINS.
    by
        ``["origin_id"]`` (woongemeente), ``["institution_id"]``, ``["site_id"]`` or several.

    Returns
    -------
    pandas.DataFrame
        The columns of `by`, ``mode``, ``measure``, ``value`` (over those who reach; ``inf`` where
        nobody does, ``nan`` where metres are not known or fewer than five students travel from a
        postcode that was told), ``year``, ``students`` with bounds, ``unreached_share`` (0-1),
        ``sites`` and ``homes`` (how many places to go to and to come from), ``minutes_spread``
        (80 % less 20 % quantile), ``crow_flies`` (no network was used).

    Raises
    ------
    InputError
        The matrix has no times for an origin, or students are of several years.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> students = town.tables.students.query("year == 2024")
    >>> found = travelled(town.matrix.select(modes=["bike"]), students, town.tables.origins,
    ...                   by=["institution_id"])
    >>> minutes = found.query("measure == 'minutes'")
    >>> minutes[["institution_id", "value", "students", "sites"]].round(1)
      institution_id  value  students  sites
    0           90AA   16.8     105.0      2
    1           90BB   15.5      40.5      1
    """
    import pandas as pd

    years = sorted(students["year"].unique())
    if len(years) > 1:
        raise InputError.of("validation_years", there=", ".join(map(str, years)))
    there = homes(matrix, origins)
    moving = trips(matrix, students, there)
    pairs = moving.pairs.dropna(subset=list(by))
    keys = pairs[list(by)].drop_duplicates().sort_values(list(by), ignore_index=True)
    group = _groups(moving.pairs, keys, by)
    facts = keys.join(_facts(moving, group, keys, students))
    parts = []
    for mode in matrix.modes:
        for measure in MEASURES:
            part = facts.assign(mode=mode, measure=measure)
            parts.append(
                part.assign(**_means(matrix, moving, there, (group, len(keys)), (mode, measure)))
            )
    names = [*by, "mode", "measure", "value", *FACTS]
    if not parts:
        return pd.DataFrame(columns=names)
    found = pd.concat(parts, ignore_index=True)
    told = found.pop("told").to_numpy(bool) & (found["students_high"] < FEWEST).to_numpy()
    for name in ("value", "unreached_share", "minutes_spread"):
        found[name] = found[name].mask(told)
    return found.assign(crow_flies=matrix.source.startswith(CROW_FLIES))[names]


def _groups(pairs: pd.DataFrame, keys: pd.DataFrame, by: Sequence[str]) -> Whole:
    """Give the position of each pair among the keys; -1 where a key is missing."""
    whole = pairs[list(by)].notna().all(axis=1).to_numpy()
    at = indexer(_joined(pairs, by), _joined(keys, by))
    return np.where(whole, at, -1)


def _joined(frame: pd.DataFrame, by: Sequence[str]) -> list[str]:
    return ["\x1f".join(map(str, row)) for row in frame[list(by)].itertuples(index=False)]


def _facts(moving: Trips, group: Whole, keys: pd.DataFrame, students: pd.DataFrame) -> pd.DataFrame:
    """Give what is the same for all modes: students, places, and whether postcodes were told."""
    import pandas as pd

    pairs = moving.pairs[group >= 0].assign(group=group[group >= 0])
    counts = pairs.groupby("group")[list(COUNTS)].sum()
    part = group[moving.row]
    known = part >= 0
    trip = pd.DataFrame({"group": part, "home": moving.origin, "site": moving.site})[known]
    places = trip.groupby("group")[["site", "home"]].nunique()
    places.columns = pd.Index(["sites", "homes"])
    told = pairs["home_id"].notna().groupby(pairs["group"]).any().rename("told")
    year = int(students["year"].iloc[0]) if len(students) else None
    facts = counts.join([places, told]).reindex(range(len(keys)))
    return facts.assign(year=pd.array([year] * len(keys), dtype="Int64"))


def _means(
    matrix: TravelMatrix,
    moving: Trips,
    there: Homes,
    grouped: tuple[Whole, int],
    asked: tuple[str, str],
) -> dict[str, Floats]:
    """Give the mean of a measure by group, who does not reach, and how far homes lie apart."""
    (of_pair, count), (mode, measure) = grouped, asked
    group = of_pair[moving.row]
    known = group >= 0
    group = group[known]
    people = (moving.pairs["students"].to_numpy(float)[moving.row] * moving.part)[known]
    minutes = moving.values(there.minutes(matrix, mode))[known]
    plane = matrix.meters(mode)[there.at] / 1000
    values = minutes if measure == "minutes" else moving.values(plane)[known]
    reached = np.isfinite(minutes)
    within = np.bincount(group, weights=people * reached, minlength=count)
    whole = np.bincount(group, weights=people, minlength=count)
    added = np.bincount(group, weights=people * np.where(reached, values, 0), minlength=count)
    mean = np.where(whole > 0, np.inf, np.nan)
    np.divide(added, within, out=mean, where=within > 0)
    share = np.full(count, np.nan)
    np.divide(whole - within, whole, out=share, where=whole > 0)
    near, far = group_quantiles(
        minutes[reached], people[reached], group[reached], count=count, shares=(0.2, 0.8)
    )
    return {"value": mean, "unreached_share": share, "minutes_spread": far - near}
