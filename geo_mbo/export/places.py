"""The layers of places: municipalities, postcode areas, sites, and the reach of sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.counts import total
from geo_mbo.export.indicators import beside
from geo_mbo.export.layers import Layer, Look, per_mode
from geo_mbo.messages import Lang, catalogue, text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.tables import Tables

SHADES = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
"""YlGnBu in five classes: told apart by colour-blind people too."""

STEPS_MIN = (15.0, 30.0, 45.0, 60.0)
"""Bounds of the classes of travel time (minutes)."""

_FORECAST = {"students": "students_forecast"}
_CHANGES = ("students_forecast", "forecast_year", "change", "change_low", "change_high")


def municipalities(tables: Tables, findings: Findings, *, lang: Lang) -> Layer:
    """Draw municipalities with their travel time to the first, second and third institution."""
    towns = _areas(tables, "municipality", "area")
    times, labels = _wide_times(findings, lang)
    frame = (
        towns.rename(columns={"parent_id": "province_id"})
        .merge(_young_people(tables), on="area_id", how="left")
        .merge(times, left_on="area_id", right_index=True, how="left")
        .merge(_students(tables, findings, "origin_id", "area_id"), on="area_id", how="left")
        .merge(_changes(findings.forecast_by_area, "area_id"), on="area_id", how="left")
    )
    frame, more = beside(frame, findings, "municipality", on="area_id", lang=lang)
    shown = per_mode("reistijd", findings.choices.mode, "1_min")
    look = Look(shown, STEPS_MIN, SHADES) if shown in frame else Look(shades=(SHADES[0],))
    return Layer("gemeenten", "MultiPolygon", _geometry_last(frame), look, labels | more)


def postcode_areas(tables: Tables, findings: Findings, *, lang: Lang) -> Layer:
    """Draw four-digit postcode areas with their travel time to the nearest institution."""
    frame = _areas(tables, "pc4", "name").drop(columns="name")
    frame = frame.rename(columns={"area_id": "pc4", "parent_id": "area_id"})
    people = tables.origins[["origin_id", "weight"]]
    people = people.rename(columns={"origin_id": "pc4", "weight": "young_people"})
    frame = frame.merge(people, on="pc4", how="left")
    labels = {}
    first = findings.origin_times[findings.origin_times["rank"] == 1]
    for mode, rows in first.groupby("mode", sort=False):
        minutes, site = (
            per_mode("reistijd", str(mode), "min"),
            per_mode("locatie", str(mode), "code"),
        )
        named = rows.set_index("origin_id")[["minutes", "site_id"]]
        named.columns = [minutes, site]
        frame = frame.merge(named, left_on="pc4", right_index=True, how="left")
        said = _mode(str(mode), lang)
        labels[minutes] = text("field.wide_nearest", lang, mode=said)
        labels[site] = text("field.wide_site", lang, mode=said)
    frame, more = beside(frame, findings, "pc4", on="pc4", lang=lang)
    labels |= more
    shown = per_mode("reistijd", findings.choices.mode, "min")
    look = Look(shown, STEPS_MIN, SHADES, (0.05,)) if shown in frame else Look(shades=(SHADES[0],))
    return Layer("postcodegebieden", "MultiPolygon", _geometry_last(frame), look, labels)


def sites(tables: Tables, findings: Findings, *, lang: Lang) -> Layer:
    """Draw sites with their students, how they were located, and whom they reach by each mode."""
    frame = tables.sites.merge(
        _students(tables, findings, "site_id", "site_id"), on="site_id", how="left"
    ).merge(_changes(findings.forecast_by_site, "site_id"), on="site_id", how="left")
    labels = {}
    for mode, rows in findings.site_reach.groupby("mode", sort=False):
        within, nearest = (per_mode("jongeren", str(mode), way) for way in ("bereik", "dichtst"))
        reach = rows.set_index("site_id")[["young_people_within", "young_people_nearest"]]
        reach.columns = [within, nearest]
        frame = frame.merge(reach, left_on="site_id", right_index=True, how="left")
        said, limit = _mode(str(mode), lang), round(findings.choices.limit_min)
        labels[within] = text("field.wide_within", lang, mode=said, limit=limit)
        labels[nearest] = text("field.wide_nearest_to", lang, mode=said)
    frame, more = beside(frame, findings, "site", on="site_id", lang=lang)
    labels |= more
    look = Look("located_quality", (), ("#0b5c7d", "#e69f00", "#cc79a7"), (2.0,))
    return Layer("onderwijslocaties", "Point", _geometry_last(frame), look, labels)


def catchments(tables: Tables, findings: Findings) -> Layer:
    """Draw the municipalities of each site's observed catchment, one row each."""
    inside = findings.catchment[findings.catchment["inside"]].drop(
        columns=["origin_kind", "inside"]
    )
    frame = _areas(tables, "municipality", "area").drop(columns="parent_id")
    frame = frame.merge(inside, on="area_id").merge(site_names(tables), on="site_id", how="left")
    frame = frame.sort_values(["site_id", "rank"], kind="stable")
    first = ["site_id", "site", "institution", "area_id", "area"]
    look = Look("share", (0.05, 0.1, 0.2, 0.4), SHADES)
    return Layer("verzorgingsgebieden", "MultiPolygon", _geometry_last(frame, first), look)


def reach(
    tables: Tables, findings: Findings, *, isochrones: gpd.GeoDataFrame | None, lang: Lang
) -> Layer:
    """Draw what can be reached from each site within the limit.

    Isochrones where they are given; else the postcode areas whose point is within the limit.
    """
    name = "reistijdgebieden"
    if isochrones is not None:
        frame = isochrones.merge(site_names(tables), on="site_id", how="left")
        frame = frame.sort_values(["cutoff_min", "site_id"], ascending=[False, True], kind="stable")
        about = text("layer.reistijdgebieden_isochrones", lang)
    else:
        frame = _joined_postcodes(tables, findings)
        about = text("layer.reistijdgebieden_pc4", lang)
    first = ["site_id", "site", "institution", "mode", "cutoff_min"]
    steps = tuple(sorted({float(c) for c in frame["cutoff_min"]}))[:-1][:4]
    look = Look("cutoff_min", steps, SHADES[::-1]) if steps else Look(shades=(SHADES[2],))
    return Layer(
        name, "MultiPolygon", _geometry_last(frame[[*first, "geometry"]]), look, about=about
    )


def _joined_postcodes(tables: Tables, findings: Findings) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import shapely

    pairs = findings.travel_catchment[findings.travel_catchment["within"]]
    shapes = tables.areas[tables.areas["level"] == "pc4"].set_index("area_id").geometry
    pairs = pairs[pairs["origin_id"].isin(shapes.index)]
    cells = shapes.to_numpy()
    if not shapely.coverage_is_valid(cells):
        # Neighbours that share their borders to the letter are joined many times faster.
        cells = shapely.coverage_clean(cells)  # type: ignore[attr-defined]
    found = {
        str(site): shapely.coverage_union_all(cells[shapes.index.get_indexer(rows["origin_id"])])
        for site, rows in pairs.groupby("site_id", sort=True)
    }
    asked = findings.choices
    frame = gpd.GeoDataFrame(
        {"site_id": list(found), "mode": asked.mode, "cutoff_min": float(asked.limit_min)},
        geometry=list(found.values()),
        crs=tables.areas.crs,
    )
    return frame.merge(site_names(tables), on="site_id", how="left")


def site_names(tables: Tables) -> pd.DataFrame:
    """Name each site and its institution."""
    names: pd.DataFrame = tables.sites[["site_id", "name", "institution"]]
    return names.rename(columns={"name": "site"})


def _areas(tables: Tables, level: str, name: str) -> gpd.GeoDataFrame:
    found = tables.areas[tables.areas["level"] == level]
    found = found[["area_id", "name", "parent_id", "geometry"]].rename(columns={"name": name})
    return found.sort_values("area_id")


def _young_people(tables: Tables) -> pd.DataFrame:
    people = tables.origins.groupby("area_id", as_index=False)["weight"].sum()
    found: pd.DataFrame = people.rename(columns={"weight": "young_people"})
    return found


def _wide_times(findings: Findings, lang: Lang) -> tuple[pd.DataFrame, dict[str, str]]:
    """Put times of each mode and rank beside each other, with their labels."""
    times = findings.providers
    wide = times.pivot(index="area_id", columns=["mode", "rank"], values="minutes_p50")
    labels = {
        per_mode("reistijd", str(mode), f"{rank}_min"): text(
            "field.wide_minutes", lang, mode=_mode(str(mode), lang), rank=str(rank)
        )
        for mode, rank in zip(*(wide.columns.get_level_values(k) for k in (0, 1)), strict=True)
    }
    wide.columns = list(labels)
    return wide, labels


def _mode(mode: str, lang: Lang) -> str:
    return catalogue(lang).get(f"mode.{mode}", mode)


def _students(tables: Tables, findings: Findings, by: str, key: str) -> pd.DataFrame:
    rows = tables.students[tables.students["year"] == findings.choices.year]
    return total(rows.dropna(subset=[by]), [by]).rename(columns={by: key})


def _changes(forecast: pd.DataFrame, key: str) -> pd.DataFrame:
    named = forecast.rename(
        columns={forecast.columns[0]: key, "year": "forecast_year", **_FORECAST}
    )
    return named[[key, *_CHANGES]].replace([np.inf, -np.inf], np.nan)


def _geometry_last(frame: pd.DataFrame, first: list[str] | None = None) -> pd.DataFrame:
    ahead = first or []
    rest = [name for name in frame.columns if name not in {*ahead, "geometry"}]
    return frame[[*ahead, *rest, "geometry"]]
