"""Areas, indicators and origins."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Polygon, box

from geo_mbo import tables
from geo_mbo.errors import ContractError, InputError
from geo_mbo.notes import Note
from geo_mbo.schema import INDICATORS, empty
from geo_mbo.sources import cbs, geofile, own
from geo_mbo.tables.areas import inside
from tests.land import MUNICIPALITIES, PROVINCES, X, Y, polygons, raw_pc4


def test_areas_know_their_parents(areas: gpd.GeoDataFrame) -> None:
    parents = areas.set_index("area_id")["parent_id"]
    assert parents[[*MUNICIPALITIES]].tolist() == ["PV91", "PV91", "PV91", "PV92"]
    assert parents[["1001", "1002", "1003"]].tolist() == ["GM0001", "GM0002", "GM0004"]
    assert parents[["1004", "PV91"]].isna().all()


def test_what_lies_in_two_or_none_is_told(areas: gpd.GeoDataFrame, told: list[Note]) -> None:
    municipalities = tables.municipalities(polygons(MUNICIPALITIES))
    assert municipalities["parent_id"].isna().all()
    raw = raw_pc4()
    before = raw.copy()
    tables.pc4(raw, municipalities=municipalities, notify=told.append)
    assert [(note.code, note.rows) for note in told] == [
        ("pc4_outside", ("1004",)),
        ("pc4_straddles", ("1002",)),
    ]
    assert raw.equals(before)


def test_a_municipality_outside_every_province(told: list[Note]) -> None:
    provinces = tables.provinces(polygons({"PV91": PROVINCES["PV91"]}))
    tables.municipalities(polygons(MUNICIPALITIES), provinces=provinces, notify=told.append)
    assert [(note.code, note.rows) for note in told] == [
        ("municipality_outside", ("Broekwaarde (Z.)",))
    ]


def test_codes_without_letters_and_provinces_without_codes() -> None:
    raw = polygons(MUNICIPALITIES)
    plain = raw.assign(code=raw["code"].str[2:])
    assert tables.municipalities(plain)["area_id"].tolist() == [*MUNICIPALITIES]
    nameless = polygons(PROVINCES).assign(code=None, name=["Friesland", "Zandgouw"])
    assert tables.provinces(nameless)["area_id"].tolist() == ["PV21", "Zandgouw"]


def test_a_bow_tie_is_repaired_and_told(told: list[Note]) -> None:
    tie = Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)])
    raw = gpd.GeoDataFrame({"code": ["GM0001"], "name": ["A"]}, geometry=[tie], crs=28992)
    found = tables.municipalities(raw, notify=told.append)
    assert found.geometry.is_valid.all()
    assert found.area.sum() == pytest.approx(40.5)
    assert [note.code for note in told] == ["polygon_repaired"]


def test_a_code_that_is_twice_there() -> None:
    raw = pd.concat([polygons(MUNICIPALITIES)] * 2, ignore_index=True)
    with pytest.raises(ContractError, match="8 rows share a key"):
        tables.municipalities(raw)


def test_a_point_outside_and_an_empty_one(areas: gpd.GeoDataFrame) -> None:
    points = geofile.points_in_rd([X + 1, X - 1, float("nan")], [Y + 1, Y, Y], crs=28992)
    found = inside(points, areas[areas["level"] == "municipality"].reset_index(drop=True))
    assert found.fillna("").tolist() == ["GM0001", "", ""]


def test_indicators_of_postcodes_and_municipalities(
    golden: Path, areas: gpd.GeoDataFrame, told: list[Note]
) -> None:
    raw = cbs.read_inhabitants(golden / "83502NED.csv")
    found = tables.indicators(raw, areas=areas, notify=told.append)
    values = found.set_index(["key_kind", "key", "indicator"])["value"]
    assert values["pc4", "1001", "inhabitants_15_24"] == 55
    assert values["pc4", "1001", "inhabitants"] == 80
    assert values["municipality", "GM0001", "inhabitants_15_24"] == 55
    # CBS withholds 15-19 in 1002, and gives 20-24: what is known is counted.
    assert values["pc4", "1002", "inhabitants_15_24"] == 25
    assert found["unit"].unique().tolist() == ["inhabitants"]


def test_a_year_must_be_known(areas: gpd.GeoDataFrame) -> None:
    raw = pd.DataFrame(
        {
            "pc4": ["1001", "1001", "1009"],
            "age_from": [15, 20, 15],
            "age_to": [20, 25, 20],
            "year": pd.array([None] * 3, dtype="Int64"),
            "inhabitants": [3.0, 4.0, 9.0],
        }
    )
    with pytest.raises(InputError, match="Give the year"):
        tables.indicators(raw, areas=areas)
    told: list[Note] = []
    found = tables.indicators(raw, areas=areas, year=2021, notify=told.append)
    assert found["year"].unique().tolist() == [2021]
    assert [(n.code, n.rows, n.params) for n in told] == [
        ("pc4_without_area", ("1009",), {"people": 9})
    ]


def test_bands_that_do_not_show_who_is_young(areas: gpd.GeoDataFrame) -> None:
    raw = pd.DataFrame(
        {"pc4": "1001", "age_from": [0, 15], "age_to": [15, 20], "year": 2021, "inhabitants": 5.0}
    )
    with pytest.raises(InputError, match="found: 15-19"):
        tables.indicators(raw, areas=areas)


def test_young_people_of_the_postcode_file(areas: gpd.GeoDataFrame, told: list[Note]) -> None:
    found = tables.pc4_indicators(raw_pc4(), areas=areas, year=2024, notify=told.append)
    values = found.set_index("key")["value"]
    assert values[["1001", "1002", "GM0001", "GM0002"]].tolist() == [40, 25, 40, 25]
    assert [note.code for note in told] == ["pc4_withheld"]
    with pytest.raises(InputError, match="has no number of young people"):
        tables.pc4_indicators(raw_pc4().assign(young_people=None), areas=areas, year=2024)


def test_a_band_that_is_withheld_is_told(areas: gpd.GeoDataFrame, told: list[Note]) -> None:
    """The other band counts; that it is too few has to be said."""
    bands = pd.DataFrame(
        {
            "pc4": ["1001", "1001", "1002", "1002"],
            "age_from": [15, 20, 15, 20],
            "age_to": [20, 25, 20, 25],
            "year": pd.array([2024] * 4, dtype="Int64"),
            "inhabitants": [40.0, float("nan"), 10.0, 15.0],
        }
    )
    tables.indicators(bands, areas=areas, notify=told.append)
    assert [(note.code, note.rows) for note in told] == [("pc4_partly_withheld", ("1001",))]


def test_origins(areas: gpd.GeoDataFrame, told: list[Note]) -> None:
    indicators = tables.pc4_indicators(raw_pc4(), areas=areas, year=2024, notify=lambda _: None)
    found = tables.origins(areas, indicators, notify=told.append)
    assert found[["origin_id", "area_id", "weight"]].values.tolist() == [
        ["1001", "GM0001", 40],
        ["1002", "GM0002", 25],
        ["GM0003", "GM0003", 0],
        ["GM0004", "GM0004", 0],
    ]
    assert [(note.code, note.rows) for note in told] == [
        ("pc4_unknown", ("1003",)),
        ("pc4_without_municipality", ("1004",)),
        ("municipality_point", ("Broekwaarde (H.)", "Broekwaarde (Z.)")),
    ]
    at = areas.set_index("area_id").geometry
    assert all(at[row.origin_id].covers(row.geometry) for row in found.itertuples())


def test_origins_take_the_latest_year(areas: gpd.GeoDataFrame) -> None:
    parts = [
        tables.pc4_indicators(
            raw_pc4().assign(young_people=[n, 1.0, 1.0, 1.0]),
            areas=areas,
            year=year,
            notify=lambda _: None,
        )
        for year, n in ((2024, 8.0), (2021, 5.0))
    ]
    found = tables.origins(areas, pd.concat(parts), notify=lambda _: None)
    assert found.set_index("origin_id")["weight"]["1001"] == 8


def test_origins_without_any_postcode_are_the_municipalities(areas: gpd.GeoDataFrame) -> None:
    alone = areas[areas["level"] == "municipality"].reset_index(drop=True)
    found = tables.origins(alone, empty(INDICATORS), notify=lambda _: None)
    assert found["origin_id"].tolist() == [*MUNICIPALITIES]


def test_no_tables_and_checked_tables() -> None:
    nothing = tables.no_tables()
    again = tables.checked_tables(nothing)
    assert list(again.students.columns) == list(nothing.students.columns)
    assert again.sites.crs.to_epsg() == 28992
    assert sorted(tables.__all__) == tables.__all__
    assert all(hasattr(tables, name) for name in tables.__all__)


def test_two_areas_with_one_code(areas: gpd.GeoDataFrame) -> None:
    with pytest.raises(ContractError, match="share a key"):
        tables.all_areas(areas, areas.head(1))


@pytest.mark.real_data
def test_the_netherlands(real_data: Path, told: list[Note]) -> None:
    nl = real_data / "nl"
    provinces = tables.provinces(geofile.read_areas(nl / "provincies_2022_rd.gpkg"))
    municipalities = tables.municipalities(
        geofile.read_areas(nl / "gemeenten_2025_rd.gpkg"), provinces=provinces, notify=told.append
    )
    pc4 = tables.pc4(
        geofile.read_pc4(nl / "pc4_rd.gpkg"), municipalities=municipalities, notify=told.append
    )
    areas = tables.all_areas(provinces, municipalities, pc4)
    assert areas["level"].value_counts().to_dict() == {
        "pc4": 4068,
        "municipality": 342,
        "province": 12,
    }
    assert sorted(provinces["area_id"]) == [f"PV{n}" for n in range(20, 32)]
    assert municipalities["parent_id"].notna().all()
    raw = cbs.read_inhabitants(nl / "pc4_population_age5_2021.csv")
    indicators = tables.indicators(raw, areas=areas, notify=told.append)
    origins = tables.origins(areas, indicators, notify=told.append)
    assert origins["weight"].sum() == 2_138_790
    young = indicators[indicators["indicator"] == "inhabitants_15_24"]
    assert young.groupby("key_kind")["value"].sum().tolist() == [2_138_790, 2_138_790]
    assert origins["area_id"].nunique() == 342
    for file, count, columns in (
        ("vo_schools_2013_wgs84.geojson", 507, {"name": "Naam2013", "institution_id": "brin"}),
        ("amsterdam_vo_schools_2015.geojson", 73, {"name": "vestigingsnaam"}),
    ):
        raw_sites = own.read_sites(nl / file, columns={"site_id": "id", **columns})
        sites = tables.own_sites(raw_sites, areas=areas, notify=told.append)
        assert len(sites) == count
        assert sites["municipality_id"].notna().all()
        assert (sites["located_by"] == "given").all()
    assert {note.code: note.count for note in told} == {
        "pc4_outside": 1,
        "pc4_straddles": 148,
        "pc4_without_area": 9,
        "pc4_withheld": 15,
        "pc4_unknown": 9,
        "pc4_empty": 58,
    }


def test_a_pc4_of_which_water_is_nobody_s_does_not_straddle(told: list[Note]) -> None:
    coast = polygons({"GM0001": ("Kust", box(X, Y, X + 100, Y + 100))})
    wet = gpd.GeoDataFrame({"code": ["1001"]}, geometry=[box(X, Y, X + 400, Y + 100)], crs=28992)
    found = tables.pc4(wet, municipalities=tables.municipalities(coast), notify=told.append)
    assert found["parent_id"].tolist() == ["GM0001"]
    assert told == []
