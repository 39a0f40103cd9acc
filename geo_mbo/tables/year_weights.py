"""Weights for bringing tables to the boundaries of another year: who lived where, old by new.

Two ways, both from open data: points with people (PC4) laid on the boundaries of two years, or the
addresses of two years (CBS, PC6 with house number) that are in both. Addresses are exact to the
house but count houses; points count people but are rough where a postcode was cut in two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import rd_guard

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


def split_weights(
    old_areas: gpd.GeoDataFrame,
    new_areas: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    *,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give the people of each pair of an old and a new municipality, from points with people.

    Parameters
    ----------
    old_areas, new_areas
        Municipalities of two years, in RD New: ``area_id`` and polygons; where there is a column
        ``level``, only rows that are municipalities count.
    points
        Points with people, in RD New, such as origins (`geo_mbo.schema.ORIGINS`): ``weight``.
    notify
        Gets a note on points that lie in no municipality of one of the years.

    Returns
    -------
    pandas.DataFrame
        ``old_code``, ``new_code``, ``weight`` (people): one row a pair that holds a point.

    Raises
    ------
    CrsError
        Not in RD New.
    InputError
        No point lies in an area of both years.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import Point, box
    >>> def areas(codes, boxes):
    ...     return gpd.GeoDataFrame({"area_id": codes}, geometry=boxes, crs=28992)
    >>> old = areas(["GM0001"], [box(100000, 400000, 102000, 401000)])
    >>> new = areas(["GM0002", "GM0003"], [box(100000, 400000, 101000, 401000),
    ...                                    box(101000, 400000, 102000, 401000)])
    >>> people = gpd.GeoDataFrame({"weight": [30, 10]}, crs=28992,
    ...                           geometry=[Point(100500, 400500), Point(101500, 400500)])
    >>> split_weights(old, new, people)
      old_code new_code  weight
    0   GM0001   GM0002    30.0
    1   GM0001   GM0003    10.0
    """
    import pandas as pd

    for name, frame in (("old_areas", old_areas), ("new_areas", new_areas), ("points", points)):
        rd_guard(frame, source=name)
    found = pd.DataFrame(
        {
            "old_code": _area_of(points, old_areas),
            "new_code": _area_of(points, new_areas),
            "weight": points["weight"].to_numpy(float),
        }
    )
    placed = found["old_code"].notna() & found["new_code"].notna()
    if not placed.any():
        raise InputError.of("no_points_to_weigh")
    if not placed.all():
        people = round(float(found.loc[~placed, "weight"].sum()))
        notify(note("points_astray", _names(points[(~placed).to_numpy()]), people=people))
    return found[placed].groupby(["old_code", "new_code"])["weight"].sum().reset_index()


def address_weights(
    old: pd.DataFrame, new: pd.DataFrame, *, notify: Notify = to_log
) -> pd.DataFrame:
    """Give the addresses of each pair of an old and a new municipality.

    Parameters
    ----------
    old, new
        Addresses of two years (`geo_mbo.sources.cbs_addresses.read_addresses`): ``pc6``,
        ``number``, ``municipality_id``.
    notify
        Gets a note on addresses that are in one of the two years only.

    Returns
    -------
    pandas.DataFrame
        ``old_code``, ``new_code``, ``weight`` (addresses that are in both years).

    Raises
    ------
    InputError
        The two have no address in common.

    Examples
    --------
    >>> import pandas as pd
    >>> old = pd.DataFrame({"pc6": ["1001AA", "1001AB"], "number": ["1", "1"],
    ...                     "municipality_id": "GM0001"})
    >>> new = old.assign(municipality_id=["GM0002", "GM0003"])
    >>> address_weights(old, new)
      old_code new_code  weight
    0   GM0001   GM0002     1.0
    1   GM0001   GM0003     1.0
    """
    import pandas as pd

    keys = ["pc6", "number"]
    sides = [
        frame[[*keys, "municipality_id"]].drop_duplicates(keys).set_index(keys)["municipality_id"]
        for frame in (old, new)
    ]
    both = pd.concat(sides, axis="columns", keys=["old_code", "new_code"])
    placed = both.notna().all(axis="columns")
    if not placed.any():
        raise InputError.of("no_shared_addresses")
    if not placed.all():
        notify(note("addresses_unmatched", count=int((~placed).sum())))
    pairs = both[placed].groupby(["old_code", "new_code"]).size()
    return pairs.astype(float).rename("weight").reset_index()


def _area_of(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> pd.Series:
    """Give the area that each point lies in, by position; missing where there is none."""
    import geopandas as gpd

    if "level" in areas:
        areas = areas[areas["level"] == "municipality"]
    bare = gpd.GeoDataFrame(geometry=points.geometry.reset_index(drop=True))
    joined = bare.sjoin(areas[["area_id", areas.geometry.name]], how="left", predicate="intersects")
    # A point on a boundary lies in two: the first one by code has it.
    first: pd.Series = joined.sort_values("area_id").groupby(level=0)["area_id"].first()
    return first.reindex(bare.index)


def _names(points: gpd.GeoDataFrame) -> list[str]:
    column = "origin_id" if "origin_id" in points else None
    return [str(name) for name in (points[column] if column else points.index)]
