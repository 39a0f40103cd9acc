"""Where the catchments differ: what students do, what travel time says and what a model expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.modelled import choosing
from geo_mbo.analysis.nearest import nearest_site
from geo_mbo.analysis.privacy import veiled
from geo_mbo.analysis.trips import Trips, trips
from geo_mbo.analysis.weighting import homes, joined, named
from geo_mbo.counts import COUNTS, share
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Homes, Whole
    from geo_mbo.travel import TravelMatrix


def _counts(word: str) -> tuple[str, ...]:
    return tuple(name.replace("students", f"students_{word}") for name in COUNTS)


_NEAREST, _MODEL, _PASSING = (_counts(word) for word in ("nearest", "model", "passing"))
_UNREACHED = _counts("unreached")
_CELLS = (COUNTS, _NEAREST, _MODEL, _PASSING, _UNREACHED)
_NUMBERS = {name: "float64" for cell in _CELLS for name in cell}
_SHARES = ("share", "share_low", "share_high", "share_nearest", "share_model")
_DIFFERENCES = {
    "site_id": "str",
    "area_id": "str",
    "mode": "str",
    **_NUMBERS,
    **dict.fromkeys(_SHARES, "float64"),
    "minutes_extra": "float64",
}
_SITES = {
    "site_id": "str",
    "mode": "str",
    **_NUMBERS,
    "minutes_extra": "float64",
    "drawn": "float64",
    "draws_less": "bool",
    "draws_less_perhaps": "bool",
}


def catchment_differences(
    matrix: TravelMatrix,
    students: pd.DataFrame,
    origins: pd.DataFrame,
    *,
    mode: str,
    choice: Floats | None = None,
    margin_min: float = 0.0,
) -> pd.DataFrame:
    """Put what students do beside the nearest site and a model, by site and municipality.

    All three are shares of the same students: those of the municipality whose trip can be told.
    A nearer site need not offer what they learn: who passes it may have to.

    Parameters
    ----------
    matrix
        Travel times to the sites that count: select the open ones.
    students
        Contract STUDENTS, the rows of one year. Of those at a site that is not in the matrix no
        trip can be told.
    origins
        Contract ORIGINS; students are spread over their municipality's origins by weight.
    mode
        Mode of travel.
    choice
        Chances of a model (origins x sites, in the order of the matrix), as for
        `geo_mbo.analysis.modelled.modelled_catchments`. Without it the columns are missing.
    margin_min
        Students pass a nearer site when it is more than so many minutes nearer; exactly so many is
        not passing.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``area_id``, ``mode``, ``students`` (and bounds; counts of 1-4 as a masked
        cell) who go to the site, ``students_nearest``: for whom it is the nearest (of equally near
        ones the first by id), ``students_model``, ``students_passing``: who go to the site and pass
        a nearer one, ``students_unreached``: who go there though this mode does not reach it; each
        with bounds. ``share`` (and bounds), ``share_nearest`` and ``share_model`` of the
        municipality's students (0-1), ``minutes_extra``: what passing costs on average (``nan``:
        nobody passes). Pairs without students in any of the three are not there.

    Raises
    ------
    InputError
        The matrix has no times for an origin or by this mode; `choice` holds no chances.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = catchment_differences(town.matrix.select(sites=["90AA001", "90AA002", "90BB001"]),
    ...     town.tables.students.query("year == 2024"), town.tables.origins, mode="bike")
    >>> found.query("area_id == 'GM9002'")[
    ...     ["site_id", "students", "students_nearest", "students_passing", "minutes_extra"]]
       site_id  students  students_nearest  students_passing  minutes_extra
    1  90AA001      10.0               0.0              10.0           24.0
    4  90AA002      30.0              42.5               0.0            NaN
    6  90BB001       2.5               0.0               2.5           24.0
    """
    there = homes(matrix, origins)
    moving = _veiled_trips(trips(matrix, students, there))
    planes = _planes(matrix, moving, there, there.minutes(matrix, mode), margin_min)
    if choice is None:
        planes |= dict.fromkeys(_MODEL, np.zeros(planes[COUNTS[0]].shape))
    else:
        chosen = choosing(matrix, moving, there, choice)
        planes |= {name: chosen[of] for name, of in zip(_MODEL, COUNTS, strict=True)}
    found = _listed(matrix, there, planes).assign(mode=mode)
    if choice is None:
        found[[*_MODEL, "share_model"]] = np.nan
    return joined([found], _DIFFERENCES)


def _listed(matrix: TravelMatrix, there: Homes, planes: dict[str, Floats]) -> pd.DataFrame:
    """Give the pairs of site and municipality with any students, with their shares."""
    import pandas as pd

    order = np.argsort(matrix.sites.to_numpy(object), kind="stable")
    some = (planes[COUNTS[2]] > 0) | (planes[_NEAREST[2]] > 0) | (planes[_MODEL[2]] > 0)
    place, area = np.nonzero(some[:, order].T)
    site = order[place]
    found = pd.DataFrame({name: values[area, site] for name, values in planes.items()})
    whole = pd.DataFrame({name: planes[name].sum(axis=1)[area] for name in COUNTS})
    found = found.join(share(found[list(COUNTS)], whole))
    everybody = whole["students"].to_numpy(float)
    return found.assign(
        site_id=named(matrix.sites, site),
        area_id=named(there.area_ids, area),
        share_nearest=_over(found[_NEAREST[0]].to_numpy(float), everybody),
        share_model=_over(found[_MODEL[0]].to_numpy(float), everybody),
        minutes_extra=_over(found["extra"].to_numpy(float), found[_PASSING[0]].to_numpy(float)),
    )


def _veiled_trips(moving: Trips) -> Trips:
    """Give the trips with counts of 1-4 as masked cells."""
    return Trips(
        veiled(moving.pairs),
        moving.unplaced,
        moving.row,
        moving.origin,
        moving.site,
        moving.part,
    )


def _planes(
    matrix: TravelMatrix, moving: Trips, there: Homes, minutes: Floats, margin_min: float
) -> dict[str, Floats]:
    """Give students by municipality and site: going, nearest, passing, unreached; and minutes."""
    order = np.argsort(matrix.sites.to_numpy(object), kind="stable")
    at = nearest_site(minutes[:, order])
    nearest = np.where(at >= 0, order[at], -1) if len(order) else at
    own = moving.values(minutes)
    least = minutes.min(axis=1, initial=np.inf).astype(float)[moving.origin]
    extra = np.where(np.isfinite(own), own, 0) - np.where(np.isfinite(least), least, 0)
    passing = np.isfinite(own) & (extra > margin_min)
    shape = (len(there.area_ids), len(matrix.sites))
    area = there.area[moving.origin] if len(there.ids) else moving.origin

    def placed(values: Floats, site: Whole) -> Floats:
        known = site >= 0
        cell = area[known] * shape[1] + site[known]
        size = shape[0] * shape[1]
        added = np.bincount(cell, weights=values[known], minlength=size)
        return added.astype(float).reshape(shape)

    found = {}
    for name, *others in zip(COUNTS, _NEAREST, _PASSING, _UNREACHED, strict=True):
        people = moving.pairs[name].to_numpy(float)[moving.row] * moving.part
        found[name] = placed(people, moving.site)
        found[others[0]] = placed(people, nearest[moving.origin])
        found[others[1]] = placed(people * passing, moving.site)
        found[others[2]] = placed(people * ~np.isfinite(own), moving.site)
    people = moving.pairs["students"].to_numpy(float)[moving.row] * moving.part
    return found | {"extra": placed(people * np.where(passing, extra, 0), moving.site)}


def _over(added: Floats, whole: Floats) -> Floats:
    result = np.full(len(whole), np.nan)
    np.divide(added, whole, out=result, where=whole > 0)
    return result


def site_differences(differences: pd.DataFrame, *, notify: Notify = to_log) -> pd.DataFrame:
    """Tell by site who passes a nearer one, and whether it draws what its travel time promises.

    Parameters
    ----------
    differences
        Result of `catchment_differences`.
    notify
        Gets the findings: students who pass a nearer site, and sites that surely draw fewer
        students than live nearest to them.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``mode``, the students of `catchment_differences` added up, ``minutes_extra``
        over all who pass a nearer site, ``drawn``: students as a part of those for whom the site is
        the nearest (1 = as many, ``inf``: for nobody; the one need not be the other),
        ``draws_less``: fewer by all numbers within the bounds, ``draws_less_perhaps``: by some.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = catchment_differences(town.matrix.select(sites=["90AA001", "90AA002", "90BB001"]),
    ...     town.tables.students.query("year == 2024"), town.tables.origins, mode="bike")
    >>> site_differences(found, notify=lambda told: print(told.text()))[
    ...     ["site_id", "students", "students_nearest", "drawn", "draws_less"]].round(2)
    Students who pass a nearer site: 15, on average 24.0 minutes further by bicycle (sites: 3)
    Sites that draw fewer students than live nearest to them by bicycle: 2 (90AA001, 90AA002)
       site_id  students  students_nearest  drawn  draws_less
    0  90AA001      72.5             100.5   0.72        True
    1  90AA002      32.5              42.5   0.76        True
    2  90BB001      40.5               0.0    inf       False
    """
    if differences.empty:
        return joined([], _SITES)
    rows = differences.assign(
        extra=(differences["minutes_extra"] * differences["students_passing"]).fillna(0.0)
    )
    sums = rows.groupby(["site_id", "mode"], sort=True)[[*_NUMBERS, "extra"]]
    found = sums.sum(min_count=1).reset_index()
    drawn, near = found["students"].to_numpy(), found["students_nearest"].to_numpy()
    passing = found["students_passing"].to_numpy()
    found = found.assign(
        minutes_extra=_over(found["extra"].to_numpy(), passing),
        drawn=np.where(near > 0, _over(drawn, near), np.where(drawn > 0, np.inf, np.nan)),
        draws_less=found["students_high"] < found["students_nearest_low"],
        draws_less_perhaps=found["students_low"] < found["students_nearest_high"],
    )
    for mode, of_mode in found.groupby("mode"):
        _tell(of_mode, str(mode), notify)
    return joined([found], _SITES)


def _tell(found: pd.DataFrame, mode: str, notify: Notify) -> None:
    """Say how many students pass a nearer site, and which sites draw too few."""
    passing = found[found["students_passing"] > 0]
    count = round(float(passing["students_passing"].sum()))
    if count:
        minutes = float(found["extra"].sum() / passing["students_passing"].sum())
        notify(
            note(
                "students_pass_nearer", count=count, sites=len(passing), minutes=minutes, mode=mode
            )
        )
    few = found.loc[found["draws_less"], "site_id"]
    if len(few):
        notify(note("sites_draw_less", few, mode=mode))
