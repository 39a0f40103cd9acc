"""Modelled catchments: where a site's students would come from by a model of choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.members import CORE, WIDE, catchments
from geo_mbo.analysis.trips import trips
from geo_mbo.analysis.weighting import homes, named
from geo_mbo.counts import COUNTS
from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.trips import Trips
    from geo_mbo.analysis.weighting import Floats, Homes
    from geo_mbo.travel import TravelMatrix

_MORE_THAN_ALL = 1 + 1e-6


def modelled_catchments(
    matrix: TravelMatrix,
    students: pd.DataFrame,
    origins: pd.DataFrame,
    *,
    choice: Floats,
    core: float = CORE,
    wide: float = WIDE,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Find the core and the wide catchment that each site has by a model of choice.

    As many students as go to school now from each municipality choose again by the model: the
    trade area of Huff (1964, "Defining and estimating a trading area", Journal of Marketing
    28:34-38).

    Parameters
    ----------
    matrix
        Gives the order of origins and sites.
    students
        Contract STUDENTS, the rows of one year; those whose trip can be told choose.
    origins
        Contract ORIGINS; students are spread over their municipality's origins by weight.
    choice
        Chance (0-1) that a student of an origin chooses a site: origins x sites, in the order of
        the matrix. A row may add up to less than 1: the others go nowhere.
    core, wide
        Shares (0-1) of the site's modelled students that the catchments hold.
    notify
        Gets a note on the students who choose no site.

    Returns
    -------
    pandas.DataFrame
        The columns of `observed_catchments`; students are expected ones and the bounds are those of
        how many there are to choose, not of the model.

    Raises
    ------
    InputError
        The matrix has no times for an origin, or `choice` holds no chances of these origins and
        sites.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> nearest = np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    >>> found = modelled_catchments(town.matrix, town.tables.students.query("year == 2024"),
    ...                             town.tables.origins, choice=nearest)
    >>> found[["site_id", "area_id", "students", "students_low", "students_high"]]
       site_id area_id  students  students_low  students_high
    0  90AA001  GM9001     100.5          99.0          102.0
    1  90AA002  GM9002      42.5          41.0           44.0
    2  90BB901  GM9003       2.5           1.0            4.0
    """
    there = homes(matrix, origins)
    moving = trips(matrix, students, there)
    flows = choosing(matrix, moving, there, choice)
    lost = max(float(moving.pairs["students"].sum() - flows["students"].sum()), 0.0)
    if round(lost):
        notify(note("students_choose_nothing", count=round(lost)))
    site, area = np.nonzero(flows["students_high"].T > 0)
    found = {
        "site_id": named(matrix.sites, site),
        "area_id": named(there.area_ids, area),
        **{name: values[area, site] for name, values in flows.items()},
    }
    import pandas as pd

    return catchments(pd.DataFrame(found), core=core, wide=wide)


def choosing(
    matrix: TravelMatrix, moving: Trips, there: Homes, choice: Floats
) -> dict[str, Floats]:
    """Give the students that choose each site, areas x sites, for each column of the count."""
    chance = checked_choice(matrix, choice)[there.at]
    found = {}
    for name in COUNTS:
        people = moving.pairs[name].to_numpy(float)[moving.row] * moving.part
        asking = np.bincount(moving.origin, weights=people, minlength=len(there.ids))
        found[name] = there.per_area((chance * asking[:, None]).T).T
    return found


def checked_choice(matrix: TravelMatrix, choice: Floats) -> Floats:
    """Refuse what is no table of chances of the origins and sites of the matrix.

    Raises
    ------
    InputError
        Another shape; numbers below 0, above 1 or missing; rows that add up to more than 1.
    """
    chance = np.asarray(choice, dtype=float)
    due = (len(matrix.origins), len(matrix.sites))
    if chance.shape != due:
        raise InputError.of(
            "choice_shape",
            given=" x ".join(map(str, chance.shape)),
            due=" x ".join(map(str, due)),
        )
    wrong = ~((chance >= 0) & (chance <= _MORE_THAN_ALL)).all(axis=1)
    wrong |= ~(chance.sum(axis=1) <= _MORE_THAN_ALL)
    if wrong.any():
        first = str(matrix.origins[np.flatnonzero(wrong)[0]])
        raise InputError.of("choice_no_chance", count=int(wrong.sum()), first=first)
    return chance
