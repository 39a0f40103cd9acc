"""Features that come page by page to one layer of a GeoPackage in RD New.

The features go to a file of one a line first and from there to the GeoPackage in batches, so that
memory holds a page at a time and the type of every column is known from all rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from geo_mbo.cache import replacing
from geo_mbo.errors import FetchError
from geo_mbo.schema import RD
from geo_mbo.sources.protocols.walk import garbage

_MULTI = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
"""A GeoPackage layer has one type of geometry; publishers send single and multiple ones mixed."""

Feature = dict[str, Any]


def write_layer(
    batches: Iterable[Sequence[Feature]], to: Path, *, layer: str, url: str, year: int | None = None
) -> int:
    """Write features to a GeoPackage with one layer, and count them.

    Parameters
    ----------
    batches
        GeoJSON features, in RD New or in degrees (WGS 84, longitude first); which of both is seen
        from the numbers.
    to
        Where the GeoPackage goes.
    layer
        Name of the layer.
    url
        What to call the publisher's answer in an error.
    year
        The year that was asked for: features that say they are of another one are refused.

    Raises
    ------
    FetchError
        Something is no feature, has another kind of geometry than the ones before, or is of
        another year.
    """
    from pyogrio.raw import open_arrow, write_arrow

    count = 0
    kinds: set[str] = set()
    with replacing(to) as fresh:
        lines = fresh.with_name("features.geojsonl")
        with lines.open("w", encoding="utf-8", newline="\n") as file:
            for batch in batches:
                for feature in _checked(batch, kinds, url=url, year=year):
                    file.write(json.dumps(feature, ensure_ascii=False) + "\n")
                    count += 1
        if count:
            # GDAL wants the ending of the format, whatever the file is called in the end.
            named = fresh.with_name("layer.gpkg")
            kind = next(iter(kinds), "Unknown")
            with open_arrow(lines, use_pyarrow=False) as (about, features):
                write_arrow(
                    features,
                    named,
                    driver="GPKG",
                    layer=layer,
                    geometry_name=about["geometry_name"] or "wkb_geometry",
                    geometry_type=kind,
                    crs=f"EPSG:{RD}",
                )
            named.replace(fresh)
        else:
            fresh.touch()
    return count


def _checked(
    batch: Sequence[Feature], kinds: set[str], *, url: str, year: int | None
) -> Iterable[Feature]:
    degrees = [_in_degrees(feature) for feature in batch]
    for feature, turn in zip(_turned(batch) if any(degrees) else batch, degrees, strict=True):
        told = feature.get("properties")
        shape = feature.get("geometry")
        if not isinstance(told, dict) or not isinstance(shape, dict | None):
            raise garbage(url, feature)
        if any(degrees) and shape is not None and not turn:
            raise FetchError.of("features_mixed", url=url, kinds="degrees, metres")
        if year is not None and str(told.get("jaarcode", year)) != str(year):
            raise FetchError.of(
                "other_year", url=url, year=str(year), value=str(told.get("jaarcode"))
            )
        if shape is not None:
            kinds.add(_MULTI.get(str(shape.get("type")), str(shape.get("type"))))
        if len(kinds) > 1:
            raise FetchError.of("features_mixed", url=url, kinds=", ".join(sorted(kinds)))
        yield {**feature, "geometry": _multiple(shape)}


def _multiple(shape: Feature | None) -> Feature | None:
    if shape is None or shape.get("type") not in _MULTI:
        return shape
    return {"type": _MULTI[shape["type"]], "coordinates": [shape.get("coordinates")]}


def _in_degrees(feature: Feature) -> bool:
    """Say whether a feature has degrees: no place in the Netherlands is within 180 m of RD's zero.

    A publisher that does not know the coordinate system it was asked for may answer in another.
    """
    at: Any = (feature.get("geometry") or {}).get("coordinates")
    while isinstance(at, list) and at and isinstance(at[0], list):
        at = at[0]
    if not isinstance(at, list) or len(at) < 2:
        return False
    return abs(float(at[0])) <= 180 and abs(float(at[1])) <= 90


def _turned(batch: Sequence[Feature]) -> list[Feature]:
    """Turn a page of features from degrees to RD New."""
    import geopandas as gpd
    import shapely
    from shapely.geometry import shape

    places = gpd.GeoSeries([shape(f["geometry"]) if f.get("geometry") else None for f in batch])
    turned = places.set_crs(4326).to_crs(RD)
    texts = shapely.to_geojson(turned.to_numpy())
    return [
        {**feature, "geometry": json.loads(text) if text else None}
        for feature, text in zip(batch, texts, strict=True)
    ]
