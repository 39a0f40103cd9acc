"""Every two sites with the same education: how near, how alike, how small, now and later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.growth import growth_of
from geo_mbo.analysis.overlap import SIDES, Overlaps, overlaps
from geo_mbo.analysis.provision import SMALL_STUDENTS
from geo_mbo.analysis.signals import FEW_NATIONALLY, Provision, provision_of
from geo_mbo.analysis.units import UNIT_COLUMNS, Unit
from geo_mbo.analysis.weighting import Homes, homes, joined, positions
from geo_mbo.notes import Notify, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Whole
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

_OVERLAPS = ("sorensen", "share_a_in_b", "share_b_in_a")
_WHOSE = ("a", "b", "together")
_PAIRS = {
    **UNIT_COLUMNS,
    "site_a": "str",
    "site_b": "str",
    "institution_a": "str",
    "institution_b": "str",
    "same_institution": "bool",
    "mode": "str",
    "limit_min": "float64",
    "distance_km": "float64",
    "minutes_ab": "float64",
    "minutes_ba": "float64",
    "measured_from": "str",
    **dict.fromkeys(("young_people_a", "young_people_b", "young_people_both"), "float64"),
    "overlap": "float64",
    **{f"{name}{side}": "float64" for name in _OVERLAPS for side in SIDES},
    **{f"students_{who}{side}": "float64" for who in _WHOSE for side in SIDES},
    "forecast_year": "float64",
    **{f"students_{who}_then{side}": "float64" for who in _WHOSE for side in SIDES},
    "region_a": "str",
    "region_b": "str",
    **{f"students_national{side}": "float64" for side in SIDES},
    "institutions_national": "int64",
    **dict.fromkeys(("few_in_region", "few_in_region_perhaps"), "bool"),
    **dict.fromkeys(("few_nationally", "few_nationally_perhaps"), "bool"),
}


def provision_pairs(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    limit_min: float,
    unit: Unit | None = None,
    year: int | None = None,
    between: TravelMatrix | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Put every two open sites with the same education beside each other.

    A row is a reason to look, never a verdict: signals stand beside distance, shared young people
    and overlap, and one name does not always mean one programme.

    Parameters
    ----------
    tables
        Sites, offers, origins, areas, enrolments and students are used.
    matrix
        Travel times from the origins to at least the open sites.
    limit_min
        Limit in minutes of shared young people; exactly so long is within.
    unit
        What counts as the same; default: programme, level and track (BOL and BBL apart).
    year
        Year of students and enrolments; None: the latest. Enrolments of another year are taken
        where there are none of this one.
    between
        Travel times from site to site (its origins are site ids). Without it the way is taken from
        the origin that is nearest to the one site to the other, and may be off by the way from
        that origin to the site; between sites at one place it is 0.
    notify
        Gets a note on enrolments without a key.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``unit``, ``level``, ``track``, ``site_a`` and ``site_b`` (the first by id is a),
        ``institution_a``, ``institution_b``, ``same_institution``, ``mode``, ``limit_min``,
        ``distance_km`` as the crow flies, ``minutes_ab`` and ``minutes_ba`` (``inf``: no way),
        ``measured_from`` (``site`` or ``postcode``), ``young_people_a``, ``_b``, ``_both`` within
        the limit and their ``overlap`` (as `geo_mbo.analysis.provision.duplication`; missing where
        nobody is within the limit of one), ``sorensen``, ``share_a_in_b``, ``share_b_in_a`` (as
        `geo_mbo.analysis.overlap.site_overlap`, of all students of the sites), ``students_a``,
        ``students_b``, ``students_together``: enrolled in the unit at the institutions, at all
        their sites (missing: not known; of one institution counted once), the same in
        ``forecast_year`` (``_then``) when the unit keeps its part of each institution's students,
        ``region_a``, ``region_b``, ``students_national`` and ``institutions_national``,
        ``few_in_region``: two institutions in one region with surely fewer than 18 students each,
        ``few_nationally``: surely fewer than 50 in the country with more than one institution; and
        ``_perhaps``. Numbers have bounds (``_low``, ``_high``). Every pair is there for every mode.

    Raises
    ------
    InputError
        A matrix has no times for an origin or a site.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = provision_pairs(town.tables, town.matrix.select(modes=["bike"]), limit_min=30)
    >>> found[["unit", "minutes_ab", "minutes_ba", "overlap", "students_together"]]
        unit  minutes_ab  minutes_ba  overlap  students_together
    0  98001         0.0         0.0      1.0               24.0
    1  98003        36.0        32.0      0.0               37.0
    >>> found[["few_in_region", "few_nationally"]].values.tolist()
    [[True, True], [False, True]]
    """
    given = provision_of(tables, unit or Unit(levels=True), year=year, notify=notify)
    at = _pairs(given)
    ids = given.sites["site_id"]
    history = tables.students[tables.students["kind"] == "history"]
    now = history[history["year"] == (year or history["year"].max())]
    alike = overlaps(now, ids)
    same = _beside(_facts(given, at), {**_alike(alike, at), **_students(given, at, tables, year)})
    there = homes(matrix, tables.origins)
    columns = positions(ids, matrix.sites, what="sites")
    parts = []
    for mode in matrix.modes:
        minutes = there.minutes(matrix, mode)[:, columns]
        ways = _between(minutes, mode, given, between)
        parts.append(
            _beside(
                same,
                {
                    "mode": mode,
                    "limit_min": float(limit_min),
                    "minutes_ab": ways[at[1], at[2]],
                    "minutes_ba": ways[at[2], at[1]],
                    **_shared(minutes, there, at, limit_min),
                },
            )
        )
    measured = "postcode" if between is None else "site"
    return joined([part.assign(measured_from=measured) for part in parts], _PAIRS)


Pairs = tuple["Whole", "Whole", "Whole"]
"""Unit, first and second site of each pair: positions in `Provision`."""


def _beside(frame: pd.DataFrame, columns: dict[str, object]) -> pd.DataFrame:
    """Put columns beside those of a frame at once: one after another would copy it each time."""
    import pandas as pd

    return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)


def _pairs(given: Provision) -> Pairs:
    """List every two sites of each unit; the offers are sorted by unit and site."""
    unit, site = given.at_unit, given.at_site
    partners = np.searchsorted(unit, unit, side="right") - np.arange(len(unit)) - 1
    first = np.repeat(np.arange(len(unit)), partners)
    behind = np.arange(len(first)) - np.repeat(np.cumsum(partners) - partners, partners)
    return unit[first], site[first], site[first + 1 + behind]


def _facts(given: Provision, at: Pairs) -> pd.DataFrame:
    """Give what is the same for all modes: names, distance and regions."""
    import pandas as pd

    unit, a, b = at
    ids, owners = given.sites["site_id"], given.sites["institution_id"]
    x, y = given.sites.geometry.x.to_numpy(), given.sites.geometry.y.to_numpy()
    owner = given.of_site
    return pd.DataFrame(
        {
            **{name: given.units[name].array.take(unit) for name in UNIT_COLUMNS},
            "site_a": ids.array.take(a),
            "site_b": ids.array.take(b),
            "institution_a": owners.array.take(a),
            "institution_b": owners.array.take(b),
            "same_institution": (owner[a] == owner[b]) & owners.notna().to_numpy()[a],
            "distance_km": np.hypot(x[a] - x[b], y[a] - y[b]) / 1000,
            "region_a": given.region.array.take(a),
            "region_b": given.region.array.take(b),
        }
    )


def _alike(alike: Overlaps, at: Pairs) -> dict[str, object]:
    _, a, b = at
    found: dict[str, object] = {}
    for k, side in enumerate(SIDES):
        found[f"sorensen{side}"] = alike.sorensen[k, a, b]
        found[f"share_a_in_b{side}"] = alike.inside[k, a, b]
        found[f"share_b_in_a{side}"] = alike.inside[k, b, a]
    return found


def _students(given: Provision, at: Pairs, tables: Tables, year: int | None) -> dict[str, object]:
    """Give the students of both, now and later, and the signals."""
    unit, a, b = at
    one, other = given.of_site[a], given.of_site[b]
    last, growth = growth_of(tables.students, tables.sites, given.providers, year=year)
    provides = given.provides
    national = np.where(provides, given.students, 0.0).copy()
    whole = np.where(np.isnan(given.students).all(axis=1), np.nan, np.nansum(national, axis=1))
    several = provides.sum(axis=0)
    found: dict[str, object] = {"forecast_year": last, "institutions_national": several[unit]}
    small = []
    for k, side in enumerate(SIDES):
        now = given.students[k]
        found |= _both(now[one, unit], now[other, unit], one == other, "", side)
        with np.errstate(invalid="ignore"):  # nobody now, times without end: not known
            then = now * growth[k][:, None]
        found |= _both(then[one, unit], then[other, unit], one == other, "_then", side)
        found[f"students_national{side}"] = whole[k, unit]
        small.append((now[one, unit] < SMALL_STUDENTS) & (now[other, unit] < SMALL_STUDENTS))
    region = given.region.to_numpy(object)
    together = given.region.notna().to_numpy()[a] & (region[a] == region[b]) & (one != other)
    for k, more in ((2, ""), (1, "_perhaps")):
        found[f"few_in_region{more}"] = together & small[k]
        found[f"few_nationally{more}"] = (whole[k] < FEW_NATIONALLY)[unit] & (several > 1)[unit]
    return found


def _both(one: Floats, other: Floats, same: Whole, when: str, side: str) -> dict[str, object]:
    return {
        f"students_a{when}{side}": one,
        f"students_b{when}{side}": other,
        f"students_together{when}{side}": np.where(same, one, one + other),
    }


def _between(minutes: Floats, mode: str, given: Provision, between: TravelMatrix | None) -> Floats:
    """Give minutes from site to site."""
    ids = given.sites["site_id"]
    if between is not None:
        rows = positions(ids, between.origins, what="origins")
        columns = positions(ids, between.sites, what="sites")
        return between.minutes(mode)[rows][:, columns].astype(float)
    found = np.full((minutes.shape[1], minutes.shape[1]), np.inf)
    if len(minutes):
        home = minutes.argmin(axis=0)
        known = np.isfinite(minutes[home, np.arange(len(home))])
        found[known] = minutes[home[known]]
    x, y = given.sites.geometry.x.to_numpy(), given.sites.geometry.y.to_numpy()
    found[(x[:, None] == x) & (y[:, None] == y)] = 0.0
    return found


def _shared(minutes: Floats, there: Homes, at: Pairs, limit_min: float) -> dict[str, object]:
    """Count the young people within the limit of one, the other and both."""
    _, a, b = at
    within = (minutes <= limit_min).astype(float)
    # One product of matrices counts the shared people of all pairs of sites at once.
    shared = within.T @ (within * there.people[:, None])
    smaller = np.minimum(shared[a, a], shared[b, b])
    overlap = np.full(len(a), np.nan)
    np.divide(shared[a, b], smaller, out=overlap, where=smaller > 0)
    return {
        "young_people_a": shared[a, a],
        "young_people_b": shared[b, b],
        "young_people_both": shared[a, b],
        "overlap": overlap,
    }
