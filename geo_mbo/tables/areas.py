"""Municipalities, regions and PC4 as one table of areas, each with the area it lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import AREAS, checked
from geo_mbo.sources.catalogue import data_sets
from geo_mbo.tables.names import province_code

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

REGIONS = {
    "labour_markets": "labour_market",
    "corop": "corop",
    "rmc": "rmc",
    "districts": "district",
    "neighbourhoods": "neighbourhood",
}
"""Inputs of a study that are regions, and the level of area that each becomes."""

_DATA_SETS = {
    "municipality": "municipalities",
    "province": "provinces",
    "pc4": "postcodes",
    **{level: key for key, level in REGIONS.items()},
}

STRADDLES = 0.05
"""A PC4 lies in two municipalities when more than this share of it is outside its own."""


def provinces(
    raw: gpd.GeoDataFrame, *, valid_from: str = "", notify: Notify = to_log
) -> gpd.GeoDataFrame:
    """Give the provinces as areas.

    Parameters
    ----------
    raw
        ``code``, ``name`` and polygons (`geo_mbo.sources.geofile.read_areas`); a province without
        a code gets that of CBS, by its name.
    valid_from
        Date from which these boundaries hold.
    notify
        Gets a note on polygons that had to be repaired.

    Returns
    -------
    geopandas.GeoDataFrame
        Areas (`geo_mbo.schema.AREAS`) of level ``province``.

    Raises
    ------
    ContractError, CrsError
        A code is twice there, or the geometry is no polygon in RD New.
    """
    codes = raw["code"].mask(raw["code"].isna(), raw["name"].map(province_code))
    codes = codes.mask(codes == "", raw["name"])
    return _areas(raw.assign(code=codes), "province", valid_from=valid_from, notify=notify)


def municipalities(
    raw: gpd.GeoDataFrame,
    *,
    provinces: gpd.GeoDataFrame | None = None,
    valid_from: str = "",
    notify: Notify = to_log,
) -> gpd.GeoDataFrame:
    """Give the municipalities as areas, each with its province.

    Parameters
    ----------
    raw
        ``code``, ``name`` and polygons (`geo_mbo.sources.geofile.read_areas`).
    provinces
        Areas of the provinces; without them a municipality has no parent.
    valid_from
        Date from which these boundaries hold.
    notify
        Gets notes on polygons that had to be repaired, and municipalities in no province.

    Returns
    -------
    geopandas.GeoDataFrame
        Areas of level ``municipality``; codes as ``GM0363``.

    Raises
    ------
    ContractError, CrsError
        A code is missing or twice there, or the geometry is no polygon in RD New.
    """
    codes = "GM" + raw["code"].str.removeprefix("GM").str.zfill(4)
    table = _areas(raw.assign(code=codes), "municipality", valid_from=valid_from, notify=notify)
    if provinces is None:
        return table
    table["parent_id"] = _around(table, provinces)
    outside = table["parent_id"].isna()
    if outside.any():
        notify(note("municipality_outside", table.loc[outside, "name"]))
    return table


def pc4(
    raw: gpd.GeoDataFrame,
    *,
    municipalities: gpd.GeoDataFrame,
    valid_from: str = "",
    notify: Notify = to_log,
) -> gpd.GeoDataFrame:
    """Give the PC4 as areas, each with the municipality that holds the largest part of it.

    Parameters
    ----------
    raw
        ``code`` and polygons (`geo_mbo.sources.geofile.read_pc4`).
    municipalities
        Areas of the municipalities.
    valid_from
        Date from which these boundaries hold.
    notify
        Gets notes on PC4 that lie in two municipalities, or in none.

    Returns
    -------
    geopandas.GeoDataFrame
        Areas of level ``pc4``; the code is the name as well.

    Raises
    ------
    ContractError, CrsError
        A postcode is twice there, or the geometry is no polygon in RD New.
    """
    named = raw.assign(name=raw["code"])
    table = _areas(named, "pc4", valid_from=valid_from, notify=notify)
    parents, shares = _largest_part(table, municipalities)
    table["parent_id"] = parents
    outside, straddling = table["parent_id"].isna(), shares < 1 - STRADDLES
    if outside.any():
        notify(note("pc4_outside", table.loc[outside, "area_id"]))
    if straddling.any():
        notify(note("pc4_straddles", table.loc[straddling, "area_id"]))
    return table


def regions(
    raw: gpd.GeoDataFrame,
    *,
    level: str,
    parents: gpd.GeoDataFrame | None = None,
    valid_from: str = "",
    notify: Notify = to_log,
) -> gpd.GeoDataFrame:
    """Give regions of one level as areas: labour-market, COROP and RMC, districts, neighbourhoods.

    Parameters
    ----------
    raw
        ``code``, ``name`` and polygons (`geo_mbo.sources.geofile.read_areas`); a region without a
        code has its name for one. Codes stay as they are written: a number is joined by them.
    level
        One of the levels of `REGIONS`.
    parents
        Areas that these lie in, such as the municipalities of neighbourhoods; each gets the one
        around a point inside it. Without them a region has no parent.
    valid_from
        Date from which these boundaries hold.
    notify
        Gets notes on polygons that had to be repaired, and regions in none of the parents.

    Returns
    -------
    geopandas.GeoDataFrame
        Areas (`geo_mbo.schema.AREAS`) of this level.

    Raises
    ------
    ContractError, CrsError
        A code is twice there, or the geometry is no polygon in RD New.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> raw = gpd.GeoDataFrame({"code": ["AM01"], "name": ["Kust"]},
    ...                        geometry=[shapely.box(1e5, 4e5, 1.1e5, 4.1e5)], crs=28992)
    >>> regions(raw, level="labour_market")[["area_id", "level", "name"]]
      area_id          level  name
    0    AM01  labour_market  Kust
    """
    codes = raw["code"].mask(raw["code"].isna(), raw["name"])
    table = _areas(raw.assign(code=codes), level, valid_from=valid_from, notify=notify)
    if parents is None or table.empty:
        return table
    table["parent_id"] = _around(table, parents)
    outside = table["parent_id"].isna()
    if outside.any():
        notify(note("region_outside", table.loc[outside, "name"]))
    return table


def all_areas(*tables: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put tables of areas one under the other.

    Raises
    ------
    ContractError
        Two areas have one code.
    """
    import pandas as pd

    return cast("gpd.GeoDataFrame", checked(pd.concat(tables, ignore_index=True), AREAS))


def of_level(areas: gpd.GeoDataFrame, level: str) -> gpd.GeoDataFrame:
    """Give the areas of one level, with a fresh index."""
    return areas[areas["level"] == level].reset_index(drop=True)


def inside(points: gpd.GeoSeries, areas: gpd.GeoDataFrame) -> pd.Series:
    """Give the area in which each point lies; missing outside all of them, or for an empty point.

    A point on a boundary belongs to the area that comes first.
    """
    import pandas as pd

    at, area = areas.sindex.query(points.values, predicate="intersects")
    first = pd.Series(area, index=at).groupby(level=0).min()
    found = pd.Series(pd.NA, index=range(len(points)), dtype="str")
    found.loc[first.index] = areas["area_id"].to_numpy()[first.to_numpy(int)]
    return found.set_axis(points.index)


def _areas(
    raw: gpd.GeoDataFrame, level: str, *, valid_from: str, notify: Notify
) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pandas as pd

    broken = ~raw.geometry.is_valid
    if broken.any():
        notify(note("polygon_repaired", raw.loc[broken, "code"]))
    frame = gpd.GeoDataFrame(
        {
            "area_id": raw["code"],
            "level": level,
            "name": raw["name"],
            "parent_id": pd.Series(pd.NA, index=raw.index, dtype="str"),
            "valid_from": valid_from or pd.NA,
            "valid_to": pd.Series(pd.NA, index=raw.index, dtype="str"),
        },
        geometry=_polygons(raw.geometry, broken),
        crs=raw.crs,
    )
    return checked(frame, AREAS, source=data_sets()[_DATA_SETS[level]].name)


def _polygons(geometry: gpd.GeoSeries, broken: pd.Series) -> gpd.GeoSeries:
    """Repair what is not valid, and keep of that only what has a surface."""
    import shapely

    if not broken.any():
        return geometry
    whole = geometry.copy()
    made = [
        shapely.union_all([p for p in shapely.get_parts(g) if p.geom_type.endswith("Polygon")])
        for g in shapely.make_valid(geometry[broken].values)
    ]
    whole.loc[broken] = made
    return whole


def _around(areas: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> pd.Series:
    return inside(areas.geometry.representative_point(), parents)


def _largest_part(
    parts: gpd.GeoDataFrame, wholes: gpd.GeoDataFrame
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Give the whole that holds the largest part of each area, and that part's share of it.

    The share is of what lies in any of the wholes: water beyond the coast is nobody's.
    """
    import numpy as np
    import pandas as pd
    import shapely

    part, whole = wholes.sindex.query(parts.geometry.values, predicate="intersects")
    shared = shapely.area(
        shapely.intersection(parts.geometry.values[part], wholes.geometry.values[whole])
    )
    pairs = pd.DataFrame({"part": part, "whole": whole, "m2": shared})
    pairs = pairs[pairs["m2"] > 0].sort_values(["m2", "whole"], ascending=[False, True])
    best = pairs.drop_duplicates("part").set_index("part")
    covered = pairs.groupby("part")["m2"].sum()
    parents = np.full(len(parts), pd.NA, dtype=object)
    shares = np.ones(len(parts))
    parents[best.index] = wholes["area_id"].to_numpy(object)[best["whole"]]
    shares[best.index] = (best["m2"] / covered.loc[best.index]).to_numpy()
    return parents, shares
