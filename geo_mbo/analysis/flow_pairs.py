"""Flows of woongemeente x site with their travel time: what a decay is estimated from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.trips import trips
from geo_mbo.analysis.weighting import Homes, homes, indexer, named
from geo_mbo.counts import COUNTS, total

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats
    from geo_mbo.travel import TravelMatrix


def flow_pairs(
    matrix: TravelMatrix, students: pd.DataFrame, origins: pd.DataFrame, *, mode: str
) -> pd.DataFrame:
    """Put the students of every woongemeente and site beside the time between these.

    Parameters
    ----------
    matrix
        Travel times from home to school.
    students
        Contract STUDENTS, the rows of one year; those without a place on the map are left out (see
        `geo_mbo.analysis.trips.trips`).
    origins
        Contract ORIGINS.
    mode
        Which times.

    Returns
    -------
    pandas.DataFrame
        ``origin_id`` (woongemeente), ``site_id``, ``minutes`` (mean over the young people who reach
        the site, ``inf`` where nobody does), ``students``, ``students_low``, ``students_high``:
        every municipality that has origins with every site of the matrix.

    Raises
    ------
    InputError
        The matrix has no times for an origin, or no such mode.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> students = town.tables.students.query("year == 2024")
    >>> flow_pairs(town.matrix, students, town.tables.origins, mode="bike").iloc[:3, :4]
      origin_id  site_id  minutes  students
    0    GM9001  90AA001     14.0      60.0
    1    GM9001  90AA002     38.0       2.5
    2    GM9001  90BB001     14.0      38.0
    """
    import pandas as pd

    there = homes(matrix, origins)
    moving = trips(matrix, students, there).pairs
    counts = total(moving, ["origin_id", "site_id"])
    minutes = area_minutes(there, matrix, mode)
    shape = minutes.shape
    at = indexer(counts["origin_id"], there.area_ids) * shape[1] + indexer(
        counts["site_id"], matrix.sites
    )
    area, site = np.indices(shape).reshape(2, -1)
    columns = {}
    for name in COUNTS:
        columns[name] = np.zeros(len(area))
        columns[name][at] = counts[name].to_numpy(float)
    return pd.DataFrame(
        {
            "origin_id": named(there.area_ids, area),
            "site_id": named(matrix.sites, site),
            "minutes": minutes.ravel(),
            **columns,
        }
    )


def area_minutes(there: Homes, matrix: TravelMatrix, mode: str) -> Floats:
    """Give mean minutes of areas x sites, over those who reach the site; ``inf`` where none do."""
    minutes = there.minutes(matrix, mode).astype(float)
    reached = np.isfinite(minutes)
    weight = there.weight[:, None]
    # Where only origins without young people reach a site, these count equally.
    weight = np.where(weight > 0, weight, 1e-9)
    within = there.per_area((reached * weight).T).T
    added = there.per_area((np.where(reached, minutes, 0.0) * weight).T).T
    mean: Floats = np.full(within.shape, np.inf)
    np.divide(added, within, out=mean, where=within > 0)
    return mean
