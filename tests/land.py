"""A made-up land of four municipalities for the tests of sources and tables.

Its fixtures are in `tests.land_fixtures`. Two provinces stand side by side,
each 4 by 4 km; Broekwaarde is there twice, once in each. All coordinates are RD New, in metres.
"""

from __future__ import annotations

import geopandas as gpd
from shapely import box

X, Y = 155_000.0, 463_000.0

MUNICIPALITIES = {
    "GM0001": ("Haverdam", box(X, Y, X + 4000, Y + 2000)),
    "GM0002": ("'s-Walmeerde", box(X, Y + 2000, X + 2000, Y + 4000)),
    "GM0003": ("Broekwaarde (H.)", box(X + 2000, Y + 2000, X + 4000, Y + 4000)),
    "GM0004": ("Broekwaarde (Z.)", box(X + 4000, Y, X + 8000, Y + 4000)),
}
PROVINCES = {
    "PV91": ("Haverland", box(X, Y, X + 4000, Y + 4000)),
    "PV92": ("Zandgouw", box(X + 4000, Y, X + 8000, Y + 4000)),
}
PC4 = {
    "1001": box(X, Y, X + 2000, Y + 2000),
    "1002": box(X + 100, Y + 1800, X + 1900, Y + 4000),  # a twelfth of it lies in Haverdam
    "1003": box(X + 4000, Y, X + 6000, Y + 4000),
    "1004": box(X + 20_000, Y, X + 21_000, Y + 1000),  # in no municipality
}


def polygons(found: dict[str, tuple[str, object]]) -> gpd.GeoDataFrame:
    """Give raw areas, as `geofile.read_areas` does."""
    names, shapes = zip(*found.values(), strict=True)
    return gpd.GeoDataFrame({"code": list(found), "name": names}, geometry=list(shapes), crs=28992)


def raw_pc4() -> gpd.GeoDataFrame:
    """Give raw PC4, as `geofile.read_pc4` does."""
    young = [40.0, 25.0, float("nan"), 7.0]
    shapes = list(PC4.values())
    return gpd.GeoDataFrame({"code": list(PC4), "young_people": young}, geometry=shapes, crs=28992)
