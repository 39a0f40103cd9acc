"""Regions beside municipalities: labour markets, COROP, RMC, districts, neighbourhoods."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from geo_mbo import tables
from geo_mbo.errors import ContractError
from geo_mbo.notes import Note
from geo_mbo.schema import AREA_LEVELS
from geo_mbo.sources.catalogue import data_sets
from geo_mbo.study import read_study
from geo_mbo.study.inputs import read_tables
from geo_mbo.study.model import Inputs
from geo_mbo.tables.areas import REGIONS
from tests.land import MUNICIPALITIES, PROVINCES, X, Y, polygons

HALVES = {
    "AM01": ("West", box(X, Y, X + 4000, Y + 4000)),
    "AM02": ("Oost", box(X + 4000, Y, X + 8000, Y + 4000)),
}
QUARTERS = {
    "BU00010001": ("Haven", box(X, Y, X + 1000, Y + 2000)),
    "BU00010002": ("Zee", box(X + 30_000, Y, X + 31_000, Y + 2000)),
}


def test_every_region_is_an_input_a_level_and_a_data_set() -> None:
    for key, level in REGIONS.items():
        assert key in Inputs.model_fields
        assert level in AREA_LEVELS
        assert level in data_sets()[key].joins


def test_a_region_keeps_its_code_and_has_no_parent() -> None:
    raw = polygons(HALVES)
    before = raw.copy()
    found = tables.regions(raw, level="labour_market")
    assert found["area_id"].tolist() == ["AM01", "AM02"]
    assert found["level"].unique().tolist() == ["labour_market"]
    assert found["parent_id"].isna().all()
    assert raw.equals(before)


def test_a_region_without_a_code_has_its_name() -> None:
    raw = polygons(HALVES).assign(code=pd.Series([pd.NA, "AM02"], dtype="str"))
    assert tables.regions(raw, level="rmc")["area_id"].tolist() == ["West", "AM02"]


def test_a_neighbourhood_lies_in_its_municipality_or_is_told(told: list[Note]) -> None:
    towns = tables.municipalities(polygons(MUNICIPALITIES))
    found = tables.regions(
        polygons(QUARTERS), level="neighbourhood", parents=towns, notify=told.append
    )
    assert found["parent_id"].tolist()[0] == "GM0001"
    assert found["parent_id"].isna().tolist() == [False, True]
    assert [(one.code, one.rows) for one in told] == [("region_outside", ("Zee",))]


def test_no_rows_are_no_regions() -> None:
    none = polygons(HALVES).iloc[:0]
    assert tables.regions(none, level="corop", parents=polygons(MUNICIPALITIES)).empty


def test_one_code_at_two_levels_is_refused() -> None:
    twice = tables.regions(polygons({"AM01": HALVES["AM01"]}), level="rmc")
    with pytest.raises(ContractError, match="AM01"):
        tables.all_areas(tables.regions(polygons(HALVES), level="labour_market"), twice)


def written(folder: Path, name: str, found: dict[str, tuple[str, object]]) -> None:
    raw: gpd.GeoDataFrame = polygons(found).rename(columns={"code": "statcode", "name": "statnaam"})
    raw.to_file(folder / name, driver="GPKG")


def test_a_study_reads_its_regions(tmp_path: Path, told: list[Note]) -> None:
    written(tmp_path, "gemeenten.gpkg", MUNICIPALITIES)
    written(tmp_path, "provincies.gpkg", PROVINCES)
    written(tmp_path, "regios.gpkg", HALVES)
    written(tmp_path, "buurten.gpkg", {"BU00010001": QUARTERS["BU00010001"]})
    (tmp_path / "sites.csv").write_text(
        f"site_id;name;x_m;y_m\nA1;Alfa;{X + 500};{Y + 500}\n", encoding="utf-8"
    )
    (tmp_path / "study.toml").write_text(
        'title = "t"\n[inputs]\nmunicipalities = "gemeenten.gpkg"\nprovinces = "provincies.gpkg"\n'
        'labour_markets = "regios.gpkg"\nneighbourhoods = "buurten.gpkg"\nsites = "sites.csv"\n',
        encoding="utf-8",
    )
    found = read_tables(read_study(tmp_path / "study.toml"), notify=told.append).areas
    by_level = found.groupby("level")["area_id"].agg(list).to_dict()
    assert by_level["labour_market"] == ["AM01", "AM02"]
    assert by_level["neighbourhood"] == ["BU00010001"]
    assert len(by_level["municipality"]) == 4
