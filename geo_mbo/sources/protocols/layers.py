"""Features that come page by page to one layer of a GeoPackage in RD New.

The features go to a file of one a line first and from there to the GeoPackage in batches, so that
memory holds a page at a time and the type of every column is known from all rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from geo_mbo.cache import dated, replacing
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
            with dated(None), open_arrow(lines, use_pyarrow=False) as (about, features):
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
) -> Iterator[Feature]:
    """Give the features of a page in RD New, each of one kind of geometry and of the right year."""
    for feature in batch:
        told, shape = feature.get("properties"), feature.get("geometry")
        if not isinstance(told, dict) or not isinstance(shape, dict | None):
            raise garbage(url, feature)
        if year is not None and str(told.get("jaarcode", year)) != str(year):
            said = str(told["jaarcode"])
            raise FetchError.of("other_year", url=url, year=str(year), value=said)
        if shape is not None:
            kinds.add(_MULTI.get(str(shape.get("type")), str(shape.get("type"))))
        if len(kinds) > 1:
            raise FetchError.of("features_mixed", url=url, kinds=", ".join(sorted(kinds)))
    for feature in _in_rd(batch, url):
        yield {**feature, "geometry": _multiple(feature["geometry"])}


def _in_rd(batch: Sequence[Feature], url: str) -> list[Feature]:
    """Give a page of features in RD New, having seen that their geometry can be read."""
    import geopandas as gpd
    import shapely

    units = {unit for unit in map(_unit, batch) if unit}
    if len(units) > 1:
        raise FetchError.of("features_mixed", url=url, kinds=", ".join(sorted(units)))
    texts = [json.dumps(f["geometry"]) if f.get("geometry") else None for f in batch]
    try:
        places = shapely.from_geojson(texts)
    except shapely.errors.GEOSException as error:
        raise garbage(url, str(error)) from error
    if units != {"degrees"}:
        return [{**feature, "geometry": feature.get("geometry")} for feature in batch]
    turned = shapely.to_geojson(gpd.GeoSeries(places, crs=4326).to_crs(RD).to_numpy())
    return [
        {**feature, "geometry": json.loads(text) if text else None}
        for feature, text in zip(batch, turned, strict=True)
    ]


def _multiple(shape: Feature | None) -> Feature | None:
    if shape is None or shape.get("type") not in _MULTI:
        return shape
    # An area of which there is nothing stays one: many of nothing is no part without corners.
    inner = shape.get("coordinates")
    return {"type": _MULTI[shape["type"]], "coordinates": [inner] if inner else []}


def _unit(feature: Feature) -> str:
    """Say in what a feature is: no place in the Netherlands is within 180 m of the zero of RD.

    A publisher that does not know the coordinate system it was asked for may answer in another.
    """
    at: Any = (feature.get("geometry") or {}).get("coordinates")
    while isinstance(at, list) and at and isinstance(at[0], list):
        at = at[0]
    if not isinstance(at, list) or len(at) < 2 or not all(isinstance(c, int | float) for c in at):
        return ""
    return "degrees" if abs(at[0]) <= 180 and abs(at[1]) <= 90 else "metres"
