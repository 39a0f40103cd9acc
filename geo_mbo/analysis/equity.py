"""Equity: how unequally travel is spread over people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.inequality import gini
from geo_mbo.analysis.trips import trips
from geo_mbo.analysis.weighting import group_quantiles, homes, joined

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats
    from geo_mbo.travel import TravelMatrix

__all__ = ["gini", "travel_inequality"]

_INEQUALITY = {
    "mode": "str",
    "people_kind": "str",
    "people": "float64",
    "gini": "float64",
    "minutes_p20": "float64",
    "minutes_p50": "float64",
    "minutes_p80": "float64",
    "minutes_p80_p20": "float64",
    "limit_min": "float64",
    "share_over_limit": "float64",
    "unreached_share": "float64",
}


def travel_inequality(
    matrix: TravelMatrix, students: pd.DataFrame, origins: pd.DataFrame, *, limit_min: float
) -> pd.DataFrame:
    """Tell how unequal travel times are: of students to their site, of young people to the nearest.

    Parameters
    ----------
    matrix
        Travel times to the sites that count for young people's nearest one.
    students
        Contract STUDENTS, the rows of one year; may be empty. Of those without a trip (home abroad
        or unknown, site not in the matrix) nothing is told.
    origins
        Contract ORIGINS.
    limit_min
        Limit in minutes; exactly so long is not over it.

    Returns
    -------
    pandas.DataFrame
        ``mode``, ``people_kind`` (``students``: trip to their own site; ``young_people``: to the
        nearest site), ``people`` (expected number), ``gini`` of the minutes of those who reach,
        ``minutes_p20``, ``_p50``, ``_p80`` over all, ``minutes_p80_p20``: their ratio,
        ``limit_min``, ``share_over_limit`` (0-1; who reaches nothing is over it),
        ``unreached_share``. Each mode has both rows; ``nan`` where there are no people.

    Raises
    ------
    InputError
        The matrix has no times for an origin.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> students = town.tables.students.query("year == 2024")
    >>> schools = town.matrix.select(modes=["bike"], sites=["90AA001", "90AA002", "90BB001"])
    >>> found = travel_inequality(schools, students, town.tables.origins, limit_min=30)
    >>> found[["people_kind", "people", "gini", "minutes_p80", "share_over_limit"]].round(3)
        people_kind  people   gini  minutes_p80  share_over_limit
    0      students   145.5  0.222         16.0             0.120
    1  young_people   700.0  0.130         16.0             0.071
    """
    import pandas as pd

    there = homes(matrix, origins)
    moving = trips(matrix, students, there)
    travelling = moving.pairs["students"].to_numpy(float)[moving.row] * moving.part
    rows = []
    for mode in matrix.modes:
        minutes = there.minutes(matrix, mode)
        nearest = minutes.min(axis=1, initial=np.inf).astype(float)
        for kind, times, people in (
            ("students", moving.values(minutes), travelling),
            ("young_people", nearest, there.people),
        ):
            rows.append({"mode": mode, "people_kind": kind, **_spread(times, people, limit_min)})
    return joined([pd.DataFrame(rows)], _INEQUALITY)


def _spread(minutes: Floats, people: Floats, limit_min: float) -> dict[str, float]:
    whole = float(people.sum())
    reached = np.isfinite(minutes)
    everyone = np.zeros(len(minutes), dtype=np.intp)
    low, half, high = group_quantiles(minutes, people, everyone, count=1, shares=(0.2, 0.5, 0.8))[
        :, 0
    ].tolist()
    return {
        "people": whole,
        "gini": gini(minutes[reached], people[reached]),
        "minutes_p20": low,
        "minutes_p50": half,
        "minutes_p80": high,
        "minutes_p80_p20": high / low if 0 < low < np.inf else float("nan"),
        "limit_min": float(limit_min),
        "share_over_limit": float(people[minutes > limit_min].sum()) / whole
        if whole
        else float("nan"),
        "unreached_share": float(people[~reached].sum()) / whole if whole else float("nan"),
    }
