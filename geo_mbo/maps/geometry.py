"""Borders for a page: one small TopoJSON a level, drawn from a valid coverage.

Neighbours share their border as one *arc*, so a border is sent once, simplified once, and the page
can tell by counting arcs where a province, a catchment or a travel-time area ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import geopandas as gpd

GRID_M = 12.0
"""Corners are rounded to about this many metres: less than a pixel until zoom 13."""

TOLERANCE_SHARE = 1 / 2800
"""Simplification by the width of the whole: about 100 m for the Netherlands, 20 for a province."""


def topology(areas: gpd.GeoDataFrame, *, tolerance_m: float | None = None) -> dict[str, Any]:
    """Give the borders of areas as TopoJSON in longitude and latitude.

    Parameters
    ----------
    areas
        Polygons in RD New. Overlaps and slivers are mended first, since simplified borders would
        otherwise come apart.
    tolerance_m
        Simplification in metres; None follows from the width of the whole.

    Returns
    -------
    dict
        A quantised TopoJSON with the object ``areas``: one geometry a row, in the order of the
        rows; a row whose geometry vanished is a geometry of type None.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> boxes = [shapely.box(x, 4e5, x + 9e3, 4.09e5) for x in (1e5, 1.09e5)]
    >>> found = topology(gpd.GeoDataFrame(geometry=boxes, crs=28992))
    >>> [g["type"] for g in found["objects"]["areas"]["geometries"]], len(found["arcs"])
    (['Polygon', 'Polygon'], 3)
    """
    from topojson.core.topology import Topology

    empty = {"type": "GeometryCollection", "geometries": []}
    if areas.empty:
        return {"type": "Topology", "arcs": [], "objects": {"areas": empty}}
    west, south, east, north = areas.total_bounds
    width_m = float(max(east - west, north - south))
    tolerance = width_m * TOLERANCE_SHARE if tolerance_m is None else tolerance_m
    coverage = _valid_coverage(areas.geometry, tolerance)
    found: dict[str, Any] = Topology(
        coverage.to_crs(4326).to_frame("geometry").reset_index(drop=True),
        object_name="areas",
        prequantize=int(np.clip(width_m / GRID_M, 1_000, 100_000)),
    ).to_dict()
    return _lean(found)


def _valid_coverage(shapes: gpd.GeoSeries, tolerance_m: float) -> gpd.GeoSeries:
    """Mend overlaps and slivers between neighbours, then simplify shared borders as one."""
    import geopandas as gpd
    import shapely

    values = shapes.to_numpy()
    # A sliver narrower than half the tolerance would be drawn as a border that is not there.
    sliver_m, snap_m = tolerance_m / 2, tolerance_m / 10
    if not shapely.coverage_is_valid(values, gap_width=sliver_m):
        values = shapely.coverage_clean(  # type: ignore[attr-defined]
            values, gap_width=sliver_m, snapping_distance=snap_m
        )
    return gpd.GeoSeries(shapely.coverage_simplify(values, tolerance_m), crs=shapes.crs)


def _lean(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the page does not read: boxes, identifiers and properties."""
    geometries = [
        {"type": g.get("type"), "arcs": g.get("arcs", [])}
        for g in found["objects"]["areas"]["geometries"]
    ]
    return {
        "type": "Topology",
        "transform": found["transform"],
        "arcs": found["arcs"],
        "objects": {"areas": {"type": "GeometryCollection", "geometries": geometries}},
    }


def label_points(areas: gpd.GeoDataFrame) -> list[list[float]]:
    """Give a place for the name inside each area, as [latitude, longitude]."""
    return latlon(areas.geometry.representative_point())


def latlon(points: gpd.GeoSeries) -> list[list[float]]:
    """Give points as [latitude, longitude] to about a metre; an empty point is an empty list."""
    if points.empty:
        return []
    world = points.to_crs(4326)
    return [
        [] if point is None or point.is_empty else [round(point.y, 5), round(point.x, 5)]
        for point in world
    ]
