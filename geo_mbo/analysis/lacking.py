"""Where an offer is lacking most, and how large a new one would be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.members import FEWEST
from geo_mbo.analysis.states import Supply, allocations, supply
from geo_mbo.analysis.units import UNIT_COLUMNS, Unit, place_of
from geo_mbo.analysis.weighting import homes, indexer, joined, named
from geo_mbo.counts import COUNTS
from geo_mbo.notes import Notify, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Homes, Whole
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

_LACKING = {
    **UNIT_COLUMNS,
    "mode": "str",
    "limit_min": "float64",
    "rank": "int64",
    "area_id": "str",
    "young_people": "float64",
    "young_people_out": "float64",
    "young_people_full": "float64",
    "share_lacking": "float64",
    "host_site_id": "str",
    "young_people_gained": "float64",
    **dict.fromkeys(COUNTS, "float64"),
}


def lacking_offers(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    limit_min: float,
    rates: pd.DataFrame,
    unit: Unit | None = None,
    most: int = 10,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """List for each unit the municipalities where most young people lack it, and what is to gain.

    A new offer is put at the site of the municipality from which most of those who lack it would
    have it within the limit, those of neighbouring municipalities included. Where the municipality
    has no site in the matrix, or none that helps, its own young people are counted, all of them: a
    place has to be found there, and the number is the most that it gains inside the municipality.

    Parameters
    ----------
    matrix
        Travel times to at least the open sites; candidates in it may be hosts too.
    tables, limit_min, unit, notify
        As for `geo_mbo.analysis.states.coverage_states`.
    rates
        Result of `geo_mbo.analysis.units.participation` for the same unit.
    most
        At most so many municipalities for each unit and mode.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``unit``, ``level``, ``track``, ``mode``, ``limit_min``, ``rank`` (1 = most young
        people lack it; equal numbers by ``area_id``), ``area_id``, ``young_people``,
        ``young_people_out`` of reach, ``young_people_full``: within reach without room,
        ``share_lacking`` (0-1) of the municipality, ``host_site_id`` (missing: none there helps),
        ``young_people_gained``: who lack it now and would have it within the limit, ``students``
        (and bounds): what the new offer would have at the rate of the whole study; missing where
        the rate is. Municipalities where fewer than five lack it are not listed.

    Raises
    ------
    InputError
        The matrix has no times for an origin or an open site.

    Examples
    --------
    >>> from geo_mbo.analysis.units import participation
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> t = town.tables
    >>> rates = participation(t.enrolments, t.offers, t.origins, unit=Unit())
    >>> found = lacking_offers(t, town.matrix.select(modes=["bike"]),
    ...                        limit_min=30, rates=rates)
    >>> found.query("unit == '98002'")[
    ...     ["area_id", "young_people_out", "host_site_id", "young_people_gained", "students"]
    ... ].round(1)
      area_id  young_people_out host_site_id  young_people_gained  students
    2  GM9001             400.0      90AA001                400.0      22.9
    3  GM9003              50.0      90BB901                 50.0       2.9
    """
    there = homes(matrix, tables.origins)
    given = supply(tables, matrix, rates=rates, unit=unit or Unit(), notify=notify)
    matrix = matrix.select(sites=sorted(matrix.sites))  # of equal hosts the first by id
    hosts = _hosts(matrix, tables.sites, there)
    known = rates.set_axis(range(len(rates)))
    at = place_of(given.units, known, unit or Unit())
    parts = []
    for mode, _, found in allocations(matrix, there, given, limit_min=limit_min):
        within = (there.minutes(matrix, mode) <= limit_min).astype(float)
        out = (~found.reached) * there.people
        full = np.where(found.reached, 1 - found.served, 0.0) * there.people
        gained, host = _best_hosts((out + full) @ within, hosts, len(there.area_ids))
        planes = {
            "young_people_out": there.per_area(out),
            "young_people_full": there.per_area(full),
            "gained": gained,
        }
        rows = _worst(planes, host, most=most)
        parts.append(
            _told(rows, given, matrix, there).assign(
                mode=mode, limit_min=float(limit_min), **_sizes(rows, known, at)
            )
        )
    return joined(parts, _LACKING)


def _hosts(matrix: TravelMatrix, sites: pd.DataFrame, there: Homes) -> Whole:
    """Give the area of each site in the matrix; -1: not among the areas, or closed."""
    usable = sites[sites["status"] != "closed"].set_index("site_id")["municipality_id"]
    home = usable.reindex(matrix.sites.astype(object)).astype(object)
    return indexer(home.where(home.notna(), ""), there.area_ids)


def _best_hosts(gains: Floats, hosts: Whole, count: int) -> tuple[Floats, Whole]:
    """Give the greatest gain of a site in each area and that site; -1 and 0: there is none.

    Of equal gains the first column counts.
    """
    best = np.zeros((len(gains), count))
    host = np.full((len(gains), count), -1, dtype=np.intp)
    for area in np.unique(hosts[hosts >= 0]):
        columns = np.flatnonzero(hosts == area)
        first = gains[:, columns].argmax(axis=1)
        best[:, area] = gains[np.arange(len(gains)), columns[first]]
        host[:, area] = np.where(best[:, area] > 0, columns[first], -1)
    return best, host


def _worst(planes: dict[str, Floats], host: Whole, *, most: int) -> dict[str, Whole]:
    """Choose the areas where most lack each unit: unit, area, rank, and their numbers."""
    lacking = planes["young_people_out"] + planes["young_people_full"]
    order = np.argsort(-lacking, axis=1, kind="stable")[:, :most]
    enough = np.take_along_axis(lacking, order, axis=1) >= FEWEST
    unit, place = np.nonzero(enough)
    area = order[unit, place]
    own = lacking[unit, area]
    gained = planes["gained"][unit, area]
    return {
        "unit": unit,
        "area": area,
        "rank": place + 1,
        "host": host[unit, area],
        "out": planes["young_people_out"][unit, area],
        "full": planes["young_people_full"][unit, area],
        "gained": np.where(gained > 0, gained, own),
    }


def _told(
    rows: dict[str, Whole], given: Supply, matrix: TravelMatrix, there: Homes
) -> pd.DataFrame:
    import pandas as pd

    people = there.per_area(there.people)[rows["area"]]
    lacking = rows["out"] + rows["full"]
    share = np.divide(lacking, people, out=np.full(len(people), np.nan), where=people > 0)
    return pd.DataFrame(
        {
            **{name: given.units[name].array.take(rows["unit"]) for name in UNIT_COLUMNS},
            "rank": rows["rank"],
            "area_id": named(there.area_ids, rows["area"]),
            "young_people": people,
            "young_people_out": rows["out"],
            "young_people_full": rows["full"],
            "share_lacking": share,
            "host_site_id": named(matrix.sites, rows["host"]),
            "young_people_gained": rows["gained"],
        }
    )


def _sizes(rows: dict[str, Whole], rates: pd.DataFrame, at: Whole) -> dict[str, Floats]:
    """Give the students that the gained young people would make."""
    place = at[rows["unit"]]
    found = {}
    for name in COUNTS:
        known = np.append(rates[name.replace("students", "rate")].to_numpy(float), np.nan)
        found[name] = rows["gained"] * known[place]
    return found
