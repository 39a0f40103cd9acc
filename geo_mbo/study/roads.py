"""The road maps of a study: which files, and what part of them."""

from __future__ import annotations

from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.study.model import Study

if TYPE_CHECKING:
    import geopandas as gpd

    from geo_mbo.tables import Tables

    Box = tuple[float, float, float, float]

ROAD_MAPS = ("roads", "roads_belgium", "roads_niedersachsen", "roads_nordrhein_westfalen")
"""Inputs that are road maps; the first must be there for the others to count."""
_STEP = 100
"""Sides of a box are whole hundredths of a degree: a site that moves a little costs no reading."""


def road_files(study: Study) -> list[Path]:
    """Give the road maps of a study, that of the country itself first; none without it."""
    given = study.inputs.given()
    if ROAD_MAPS[0] not in given:
        return []
    return [study.path(given[key]) for key in ROAD_MAPS if key in given]


def road_box(study: Study, tables: Tables, places: gpd.GeoDataFrame) -> Box | None:
    """Give the part of the road maps that a study needs; None where it says no margin.

    Parameters
    ----------
    study, tables
        The study and its tables: municipalities, origins and sites have to lie within.
    places
        Existing and candidate sites.

    Returns
    -------
    tuple or None
        West, south, east and north in degrees: the places with the study's ``road_margin_km``
        around them, rounded outwards to hundredths.
    """
    margin_km = study.parameters.road_margin_km
    if margin_km is None or not road_files(study):
        return None
    from geo_mbo.network import box_around
    from geo_mbo.tables.areas import of_level

    towns = of_level(tables.areas, "municipality")
    box = box_around(towns, tables.origins, tables.sites, places, margin_km=margin_km)
    west, south, east, north = (side * _STEP for side in box)
    return floor(west) / _STEP, floor(south) / _STEP, ceil(east) / _STEP, ceil(north) / _STEP
