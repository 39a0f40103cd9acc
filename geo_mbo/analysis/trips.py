"""Students put on the way: those of a municipality spread over the origins inside it.

A count of students by woongemeente says nothing about where in the municipality they live. They are
spread over its origins by the number of young people there; the counts stay intervals. Where a
source tells the PC4 (``home_id``) and that is an origin, they travel from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo_mbo.analysis.weighting import Homes, indexer
from geo_mbo.counts import total

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Whole
    from geo_mbo.travel import TravelMatrix

PAIR = ["origin_id", "origin_kind", "site_id", "institution_id"]


@dataclass(frozen=True)
class Trips:
    """Students from home to school, spread over origins.

    Attributes
    ----------
    pairs
        One row a woongemeente (or a PC4 within it) and site with a place on the map:
        ``origin_id`` (the woongemeente), ``origin_kind``, ``site_id``, ``institution_id``,
        ``home_id`` and the three columns of the count.
    unplaced
        The same columns for students without a trip: home abroad or unknown, no origin in
        their municipality, no site known or none in the matrix.
    row, origin, site
        For each part of a pair: its row in `pairs`, its origin in the order of the `Homes`, its
        site's column in the matrix.
    part
        Share of the pair's students who live at this origin; adds up to 1 a pair.
    """

    pairs: pd.DataFrame
    unplaced: pd.DataFrame
    row: Whole
    origin: Whole
    site: Whole
    part: Floats

    def values(self, plane: Floats) -> Floats:
        """Give the value of each part of a plane of origins (in the order of the homes) x sites."""
        taken: Floats = plane[self.origin, self.site].astype(float)
        return taken


def trips(matrix: TravelMatrix, students: pd.DataFrame, there: Homes) -> Trips:
    """Spread students over the origins of their municipality.

    Parameters
    ----------
    matrix
        Holds the sites.
    students
        Contract STUDENTS, the rows of one year. Rows that differ in programme, level, track or age
        are added up.
    there
        The origins.

    Examples
    --------
    >>> from geo_mbo.analysis.weighting import homes
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> students = town.tables.students.query("year == 2024 and site_id == '90AA001'")
    >>> moving = trips(town.matrix, students, homes(town.matrix, town.tables.origins))
    >>> moving.pairs[["origin_id", "students"]]
      origin_id  students
    0    GM9001      60.0
    1    GM9002      10.0
    2    GM9003       2.5
    >>> moving.part  # 300 : 100, 200 : 50, and all on the island in one place
    array([0.75, 0.25, 0.8 , 0.2 , 1.  ])
    """
    told = students if "home_id" in students else students.assign(home_id=None)
    flows = total(told, [*PAIR, "home_id"])
    area = indexer(flows["origin_id"].fillna(""), there.area_ids)
    site = indexer(flows["site_id"].fillna(""), matrix.sites)
    placed = (area >= 0) & (site >= 0) & (flows["origin_kind"] == "municipality").to_numpy()
    area, site = area[placed], site[placed]
    home = indexer(flows["home_id"].astype(object).fillna("")[placed], there.ids)
    known = (home >= 0) & (there.area[home] == area) if len(there.ids) else home >= 0
    sizes = np.where(known, 1, (there.stops - there.starts)[area])
    row = np.repeat(np.arange(len(area)), sizes)
    # Counting within each pair: 0, 1, 2 ... behind the first origin of its municipality.
    within = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    origin = np.where(known, home, there.starts[area])[row] + within
    share = there.weight / there.per_area(there.weight)[there.area]
    return Trips(
        pairs=flows[placed].reset_index(drop=True),
        unplaced=flows[~placed].reset_index(drop=True),
        row=row,
        origin=origin,
        site=site[row],
        part=np.where(known[row], 1.0, share[origin]),
    )


def codes(values: pd.Series, groups: pd.Index[Any]) -> Whole:
    """Give the position of each value in `groups`."""
    return indexer(values.fillna(""), groups)
