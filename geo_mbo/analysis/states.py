"""Coverage in three states: served, within reach but full, out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.capacity import Allocation, allocate
from geo_mbo.analysis.units import UNIT_COLUMNS, Unit, place_of, units_in
from geo_mbo.analysis.weighting import (
    SLACK,
    Homes,
    homes,
    indexer,
    joined,
    named,
    open_sites,
    positions,
)
from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Whole
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

THREE_STATES = ("served", "full", "out_of_reach")
HALF = 0.5
"""From this share on a state is that of a whole area."""
YOUNG_PEOPLE, AREA_KM2 = "young_people", "area_km2"

_STATES = {
    **UNIT_COLUMNS,
    "area_id": "str",
    "mode": "str",
    "limit_min": "float64",
    "weighed_by": "str",
    **dict.fromkeys(("whole", "served", "full", "out"), "float64"),
    **dict.fromkeys(("share_served", "share_full", "share_out"), "float64"),
    "state": "str",
}
_LOADS = {
    "site_id": "str",
    "mode": "str",
    "limit_min": "float64",
    "capacity": "float64",
    "asked": "float64",
    "placed": "float64",
    "filled": "float64",
}


@dataclass(frozen=True)
class Weights:
    """What a share is a share of: ``young_people`` or ``area_km2``, a number for each origin.

    Attributes
    ----------
    name
        Stands in every row of a result, so that the two are never taken for each other.
    values
        By ``origin_id``.
    """

    name: str
    values: pd.Series


def by_young_people(origins: pd.DataFrame) -> Weights:
    """Weigh every origin by its young people.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> by_young_people(sample_town().tables.origins).values["9001"]
    np.float64(300.0)
    """
    return Weights(YOUNG_PEOPLE, origins.set_index("origin_id")["weight"].astype(float))


def by_area(areas: gpd.GeoDataFrame, origins: pd.DataFrame) -> Weights:
    """Weigh every origin by the area of its postcode, in square kilometres.

    Raises
    ------
    InputError
        Origins have no postcode area.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> tables = sample_town().tables
    >>> by_area(tables.areas, tables.origins).values["9001"]
    np.float64(14.0)
    """
    rows = areas[areas["level"] == "pc4"]
    km2 = (rows.geometry.area / 1e6).set_axis(rows["area_id"])
    values = origins["origin_id"].map(km2).set_axis(origins["origin_id"]).astype(float)
    if values.isna().any():
        lone = values.index[values.isna()]
        raise InputError.of("origins_without_area", count=len(lone), first=str(lone[0]))
    return Weights(AREA_KM2, values)


@dataclass(frozen=True)
class Supply:
    """Units and where they are offered, in the order of the matrix of open sites."""

    units: pd.DataFrame
    sites: pd.DataFrame
    columns: Whole
    offering: list[Whole]
    rate: Floats
    room: Floats


def supply(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    rates: pd.DataFrame | float,
    unit: Unit,
    notify: Notify = to_log,
) -> Supply:
    """Put the units of offers beside the open sites that offer them."""
    usable, offers = open_sites(tables.sites), tables.offers
    units, of_offer = units_in(offers, unit)
    bare = int((of_offer < 0).sum())
    if bare:
        first = offers.loc[of_offer < 0, "programme_id"].unique()
        notify(note("offers_without_unit", first, count=bare))
    at = indexer(offers["site_id"], usable["site_id"])
    given = (of_offer >= 0) & (at >= 0)
    offering: list[Whole] = [np.zeros(0, dtype=np.intp)] * len(units)
    order = np.lexsort((at[given], of_offer[given]))
    of_unit, of_site = of_offer[given][order], at[given][order]
    for k, some in enumerate(np.split(of_site, np.searchsorted(of_unit, np.arange(1, len(units))))):
        if len(units):
            offering[k] = np.unique(some)
    return Supply(
        units=units,
        sites=usable,
        columns=positions(usable["site_id"], matrix.sites, what="sites"),
        offering=offering,
        rate=_rates(units, rates, unit, notify),
        room=usable["capacity"].astype(float).fillna(np.inf).to_numpy(),
    )


def _rates(units: pd.DataFrame, rates: pd.DataFrame | float, unit: Unit, notify: Notify) -> Floats:
    """Give the rate of each unit; a unit that has none asks no places."""
    import pandas as pd

    if not isinstance(rates, pd.DataFrame):
        return np.full(len(units), float(rates))
    at = place_of(units, rates, unit)
    known = rates["rate"].to_numpy(float)
    found = np.where(at >= 0, np.append(known, np.nan)[at], np.nan)
    lone = units.loc[np.isnan(found), "unit"].unique()
    if len(lone):
        notify(note("units_without_rate", lone))
    return np.nan_to_num(found)


def allocations(
    matrix: TravelMatrix, there: Homes, given: Supply, *, limit_min: float
) -> Iterator[tuple[str, Floats, Allocation]]:
    """Give by mode the minutes (origins x open sites) and who gets a place."""
    demand = given.rate[:, None] * there.people[None, :]
    for mode in matrix.modes:
        minutes = there.minutes(matrix, mode)[:, given.columns]
        found = allocate(minutes, given.offering, demand, given.room, limit_min=limit_min)
        yield mode, minutes, found


def coverage_states(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    limit_min: float,
    rates: pd.DataFrame | float,
    unit: Unit | None = None,
    weights: Weights | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Tell for each unit and municipality how much is served, full and out of reach.

    The three states of PlanWise (with service, without service, without coverage): *served* is who
    has a site within the limit with room, *full* who has one but no room is left
    (`geo_mbo.analysis.capacity` tells who gets the places), *out of reach* who has none.

    Shares of young people and shares of area are two measures: the second counts a large empty
    postcode as much as a full one as large. `weights` chooses one, and every row names it.

    Parameters
    ----------
    tables
        Offers, sites and origins are used. Open sites count (existing and competitor); the offers
        of others offer nothing, but their units count. All units of a site share its ``capacity``;
        where that is missing there is room. The weight of an origin is the number of young people,
        who ask for the places.
    matrix
        Travel times to at least the open sites.
    limit_min
        Limit in minutes; exactly so long is within.
    rates
        Places asked by each young person: result of `geo_mbo.analysis.units.participation` for the
        same unit, or one number for every unit. A unit without a rate asks nothing.
    unit
        What counts as the same (default: programme and track).
    weights
        `by_young_people` (default) or `by_area`.
    notify
        Gets notes on offers without the key and on units without a rate.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``unit``, ``level``, ``track``, ``area_id``, ``mode``, ``limit_min``,
        ``weighed_by`` (``young_people`` or ``area_km2``), ``whole``, ``served``, ``full`` and
        ``out`` in that measure, ``share_served``, ``share_full`` and ``share_out`` (0-1, together
        1; of the origins where the whole is 0), ``state`` of the area: ``out_of_reach`` where half
        or more is, else ``full`` where half or more is not served, else ``served``. Every unit x
        area x mode is there.

    Raises
    ------
    InputError
        The matrix has no times for an origin or an open site, or an origin has no weight.

    Examples
    --------
    From Aldermeer 20 seek 98003 at 90BB001, which has 8 places: 5 for 9002, 3 of 15 for 9001.

    >>> from dataclasses import replace
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> t = town.tables
    >>> full = t.sites.assign(capacity=[None, None, 8.0, None])
    >>> found = coverage_states(replace(t, sites=full), town.matrix.select(modes=["bike"]),
    ...                         limit_min=30, rates=0.05)
    >>> found.query("unit == '98003'")[["area_id", "whole", "served", "full", "out", "state"]]
      area_id  whole  served   full   out         state
    6  GM9001  400.0   160.0  240.0   0.0          full
    7  GM9002  250.0   250.0    0.0   0.0        served
    8  GM9003   50.0     0.0    0.0  50.0  out_of_reach
    """
    there = homes(matrix, tables.origins)
    given = supply(tables, matrix, rates=rates, unit=unit or Unit(), notify=notify)
    chosen = weights or by_young_people(tables.origins)
    values = chosen.values.reindex(there.ids).to_numpy(float)
    if np.isnan(values).any():
        lone = there.ids[np.isnan(values)]
        raise InputError.of("origins_without_weight", count=len(lone), first=str(lone[0]))
    parts = [
        _of_mode(found, there, given.units, values).assign(
            mode=mode, limit_min=float(limit_min), weighed_by=chosen.name
        )
        for mode, _, found in allocations(matrix, there, given, limit_min=limit_min)
    ]
    return joined(parts, _STATES)


def _of_mode(found: Allocation, there: Homes, units: pd.DataFrame, values: Floats) -> pd.DataFrame:
    """Give the three states of one mode, units x areas in long form."""
    import pandas as pd

    whole = there.per_area(values)
    shared = np.where(whole[there.area] > 0, values, 1.0) if len(there.ids) else values
    states = {
        "served": found.served,
        "full": np.where(found.reached, 1 - found.served, 0.0),
        "out": (~found.reached).astype(float),
    }
    shares = {
        name: (there.per_area(part * shared) / there.per_area(shared)).ravel()
        for name, part in states.items()
    }
    everybody = np.tile(whole, len(units))
    out = shares["out"] >= HALF * (1 - SLACK)
    full = ~out & (shares["served"] <= HALF * (1 + SLACK))
    place = np.repeat(np.arange(len(units)), len(whole))
    area = np.tile(np.arange(len(whole)), len(units))
    return pd.DataFrame(
        {
            **{name: units[name].array.take(place) for name in UNIT_COLUMNS},
            "area_id": named(there.area_ids, area),
            "whole": everybody,
            **{name: share * everybody for name, share in shares.items()},
            **{f"share_{name}": share for name, share in shares.items()},
            "state": named(THREE_STATES, np.where(out, 2, np.where(full, 1, 0))),
        }
    )


def site_loads(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    limit_min: float,
    rates: pd.DataFrame | float,
    unit: Unit | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Tell how many places each open site is asked for, and how many it gives.

    Parameters
    ----------
    tables, matrix, limit_min, rates, unit, notify
        As for `coverage_states`.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``mode``, ``limit_min``, ``capacity`` (missing: not known, room for all),
        ``asked``: places asked by those for whom it is the nearest with what they seek,
        ``placed``: places given, also to those whom nearer sites refused, ``filled``: share of the
        capacity that is given (missing where that is not known or 0).

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> t = town.tables
    >>> found = site_loads(t, town.matrix.select(modes=["bike"]),
    ...                    limit_min=30, rates=0.5)
    >>> found[["site_id", "capacity", "asked", "placed", "filled"]]
       site_id  capacity  asked  placed  filled
    0  90AA001     400.0  200.0   200.0     0.5
    1  90AA002       NaN  250.0   250.0     NaN
    2  90BB001     200.0  200.0   200.0     1.0
    """
    import pandas as pd

    there = homes(matrix, tables.origins)
    given = supply(tables, matrix, rates=rates, unit=unit or Unit(), notify=notify)
    capacity = given.sites["capacity"].astype(float)
    parts = [
        pd.DataFrame(
            {
                "site_id": given.sites["site_id"],
                "mode": mode,
                "limit_min": float(limit_min),
                "capacity": capacity,
                "asked": found.asked,
                "placed": found.placed,
                "filled": found.placed / capacity.where(capacity > 0),
            }
        )
        for mode, _, found in allocations(matrix, there, given, limit_min=limit_min)
    ]
    return joined(parts, _LOADS)
