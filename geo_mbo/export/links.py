"""The layers of links and points of attention: lacunes, dubbelingen, home to school."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.export.layers import Layer, Look
from geo_mbo.export.places import SHADES, site_names

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.tables import Tables

WARM = ("#fdd49e", "#fdbb84", "#fc8d59", "#e34a33", "#b30000")
"""OrRd in five classes: what is out of reach."""


def lacunes(tables: Tables, findings: Findings) -> Layer:
    """Mark each municipality where many young people have a programme out of reach.

    By the reference mode. A point in each municipality: polygons of hundreds of programmes would
    hide each other.
    """
    gaps = findings.gaps[findings.gaps["mode"] == findings.choices.mode]
    pairs = gaps.assign(area_id=gaps["area_ids"].str.split(";")).explode("area_id")
    pairs = pairs[["programme_id", "programme", "level", "sector", "mode", "area_id"]]
    frame = pairs.merge(findings.coverage, on=["programme_id", "area_id", "mode"])
    frame = frame.drop(columns="state", errors="ignore")
    towns = home_points(tables)
    frame = frame.merge(towns, on="area_id", how="left")
    frame = frame.sort_values(
        ["young_people_out", "programme_id", "area_id"], ascending=[False, True, True]
    )
    look = Look("young_people_out", (100.0, 300.0, 1000.0, 3000.0), WARM, (0.8, 1.4, 2.2, 3.2, 4.4))
    return Layer("lacunes", "Point", _as_geo(frame), look)


def duplications(tables: Tables, findings: Findings) -> Layer:
    """Draw lines between sites with the same programme for the same young people."""
    pairs = findings.duplication.drop(columns="same_institution", errors="ignore")
    names = site_names(tables).set_index("site_id")["site"]
    frame = pairs.assign(name_a=pairs["site_a"].map(names), name_b=pairs["site_b"].map(names))
    points = tables.sites.set_index("site_id").geometry
    frame["geometry"] = lines(frame["site_a"].map(points), frame["site_b"].map(points))
    return Layer(
        "dubbelingen",
        "LineString",
        _as_geo(frame),
        Look("overlap", (0.6, 0.7, 0.8, 0.9), WARM, (0.3, 0.5, 0.7, 0.9, 1.2)),
    )


def home_to_school(tables: Tables, findings: Findings) -> Layer:
    """Draw lines from each woongemeente to each site with the students who make that trip."""
    trips = findings.catchment.drop(columns=["origin_kind", "inside", "cumulative_share"])
    frame = trips.merge(site_names(tables), on="site_id", how="left")
    towns = home_points(tables)
    frame = frame.merge(towns, on="area_id", how="left")
    points = tables.sites.set_index("site_id").geometry
    frame["geometry"] = lines(frame["geometry"], frame["site_id"].map(points))
    first = ["area_id", "area", "site_id", "site", "institution"]
    frame = frame[[*first, *(c for c in frame.columns if c not in first)]]
    return Layer(
        "herkomst_bestemming",
        "LineString",
        _as_geo(frame.sort_values(["students", "area_id", "site_id"], kind="stable")),
        Look("students", (10.0, 50.0, 150.0, 500.0), SHADES, (0.1, 0.25, 0.5, 0.9, 1.6)),
    )


def home_points(tables: Tables) -> pd.DataFrame:
    """Give each municipality's name and the middle of where its young people live.

    Returns
    -------
    pandas.DataFrame
        ``area_id``, ``area``, ``geometry``; a point in the area itself where nobody young lives.
    """
    import geopandas as gpd

    towns = tables.areas[tables.areas["level"] == "municipality"].set_index("area_id")
    origins = tables.origins
    weight = origins["weight"].to_numpy(float)
    sums = (
        origins.assign(x=origins.geometry.x * weight, y=origins.geometry.y * weight)
        .groupby("area_id")[["x", "y", "weight"]]
        .sum()
        .reindex(towns.index)
    )
    middle = gpd.GeoSeries(
        gpd.points_from_xy(sums["x"] / sums["weight"], sums["y"] / sums["weight"]),
        index=towns.index,
        crs=towns.crs,
    )
    lived_in = (sums["weight"] > 0).to_numpy()
    place = middle.where(lived_in, towns.geometry.representative_point())
    found: pd.DataFrame = gpd.GeoDataFrame(
        {"area_id": towns.index, "area": towns["name"].to_numpy()},
        geometry=place.to_numpy(),
        crs=towns.crs,
    )
    return found


def lines(start: pd.Series, stop: pd.Series) -> np.ndarray:
    """Draw straight lines from point to point; missing where either is missing or empty."""
    import shapely

    ends = [np.array(side, dtype=object) for side in (start, stop)]
    for end in ends:
        end[~shapely.is_geometry(end)] = None
    there = ~np.logical_or.reduce([shapely.is_missing(e) | shapely.is_empty(e) for e in ends])
    drawn = np.full(len(there), None, dtype=object)
    if there.any():
        xy = np.stack([shapely.get_coordinates(e[there]) for e in ends], axis=1)
        drawn[there] = shapely.linestrings(xy)
    return drawn


def _as_geo(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    import geopandas as gpd

    rest = [name for name in frame.columns if name != "geometry"]
    return gpd.GeoDataFrame(
        frame[rest].reset_index(drop=True), geometry=frame["geometry"].to_numpy(), crs=28992
    )
