"""Regions of areas and sites: labour-market regions where there are any, else provinces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

REGION_LEVELS = ("labour_market", "province")
"""Kinds of region, in the order in which they are taken where there are any."""


def region_of_sites(sites: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> tuple[str, pd.Series]:
    """Give the kind of region there is, and the region in which each site lies.

    A site without a place, or outside all regions, has none; without regions no site has.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> t = sample_town().tables
    >>> level, region = region_of_sites(t.sites, t.areas)
    >>> level, region.tolist()
    ('province', ['PV90', 'PV90', 'PV90', 'PV90'])
    """
    return _within(sites.geometry, areas)


def region_of_areas(areas: gpd.GeoDataFrame) -> tuple[str, pd.Series]:
    """Give the kind of region there is, and that of each municipality, by its id.

    A municipality lies in the region around a point inside it.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> region_of_areas(sample_town().tables.areas)[1].to_dict()
    {'GM9001': 'PV90', 'GM9002': 'PV90', 'GM9003': 'PV90'}
    """
    rows = areas[areas["level"] == "municipality"]
    level, found = _within(rows.geometry.representative_point(), areas)
    return level, found.set_axis(rows["area_id"])


def _within(points: gpd.GeoSeries, areas: gpd.GeoDataFrame) -> tuple[str, pd.Series]:
    import pandas as pd

    from geo_mbo.tables.areas import inside

    for level in REGION_LEVELS:
        wholes = areas[areas["level"] == level].reset_index(drop=True)
        if len(wholes):
            placed = points.reset_index(drop=True)
            return level, inside(placed, wholes).set_axis(points.index)
    return "", pd.Series(pd.NA, index=points.index, dtype="str")
