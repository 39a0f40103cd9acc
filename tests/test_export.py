"""The GeoPackage: layers, geometry, styles, labels, and what must never be in it; run.json."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from shapely.geometry import Point, Polygon

from geo_mbo.analysis import Choices, find
from geo_mbo.errors import FileError
from geo_mbo.export import lists, write_geopackage, write_run_record
from geo_mbo.export.layers import Layer, blurred, column_names, ready, split
from geo_mbo.export.links import home_points, lines
from geo_mbo.messages import catalogue
from geo_mbo.notes import Note, note
from geo_mbo.provenance import About, Source, digest
from geo_mbo.sample import sample_town

ABOUT = About(
    "Proefstad",
    made_up=True,
    created=date(2026, 10, 1),
    sources=(Source("Wegen", "OSM", "ODbL", "© OpenStreetMap", "/a/w.osm.pbf", "ab" * 32, 9),),
    parameters={"limit_min": 30},
    versions={"geo_mbo": "0.1.0"},
)
TOWN = sample_town()
NOTES: list[Note] = []
FOUND = find(TOWN.tables, TOWN.matrix, Choices(mode="bike", limit_min=30), notify=NOTES.append)
DRAWN = {
    "gemeenten": "MultiPolygon",
    "postcodegebieden": "MultiPolygon",
    "onderwijslocaties": "Point",
    "verzorgingsgebieden": "MultiPolygon",
    "reistijdgebieden": "MultiPolygon",
    "lacunes": "Point",
    "dubbelingen": "LineString",
    "herkomst_bestemming": "LineString",
    "regios": "MultiPolygon",
}
LISTS = {
    *("lacunes_opleidingen", "instellingen", "studenten_binnen", "ongelijkheid", "reistijden"),
    *("meldingen", "bronnen", "parameters", "velden", "layer_styles", "kenmerken"),
    *("dekking", "ontbrekend_aanbod", "aanbod_paren", "signalen", "trekkracht", "bereikbaarheid"),
    "reistijd_afname",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("package") / "resultaten.gpkg"
    return write_geopackage(path, TOWN.tables, FOUND, ABOUT, NOTES, matrix=TOWN.matrix)


def layer(path: Path, name: str) -> pd.DataFrame:
    return pyogrio.read_dataframe(path, layer=name)


def asked(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as base:
        return base.execute(query).fetchall()


# --- layers -------------------------------------------------------------------------------------


def test_every_layer_is_there(package) -> None:
    there = {str(name): shape for name, shape in pyogrio.list_layers(package)}
    assert {name: shape for name, shape in there.items() if shape} == DRAWN
    assert {name for name, shape in there.items() if not shape} >= LISTS


@pytest.mark.parametrize("name", DRAWN)
def test_geometry(package, name) -> None:
    shapes = layer(package, name).geometry
    assert shapes.crs.to_epsg() == 28992
    assert shapes.is_valid.all()
    assert not shapes.is_empty.any()
    assert shapes.notna().all()
    assert shapes.is_simple.all()
    if DRAWN[name] == "MultiPolygon":
        rings = shapely.get_exterior_ring(shapely.get_parts(shapes.to_numpy()))
        assert shapely.is_ccw(rings).all()


def test_municipalities(package) -> None:
    towns = layer(package, "gemeenten").set_index("gemeente_code")
    assert list(towns.index) == ["GM9001", "GM9002", "GM9003"]
    assert towns["reistijd_fiets_1_min"].tolist()[:2] == [16.0, 12.0]
    assert np.isnan(towns.loc["GM9003", "reistijd_fiets_1_min"])  # not reached is NULL
    assert towns.loc["GM9001", "studenten"] == 100.5
    assert towns.loc["GM9001", "jongeren"] == 400.0
    assert towns.loc["GM9001", "verandering"] == pytest.approx(-0.204, abs=1e-3)


def test_sites(package) -> None:
    sites = layer(package, "onderwijslocaties").set_index("locatie_code")
    assert list(sites.index) == list(TOWN.tables.sites["site_id"])
    assert sites.loc["90AA001", "status"] == "bestaand"
    assert sites.loc["90AA001", "jongeren_fiets_bereik"] == 400.0
    assert sites.loc["90AA001", "instelling_code"] == "90AA"


def test_catchments_and_reach(package) -> None:
    inside = FOUND.catchment[FOUND.catchment["inside"]]
    drawn = layer(package, "verzorgingsgebieden")
    pairs = set(zip(drawn["locatie_code"], drawn["gemeente_code"], strict=True))
    assert pairs == set(zip(inside["site_id"], inside["area_id"], strict=True))
    within = FOUND.travel_catchment[FOUND.travel_catchment["within"]]
    reach = layer(package, "reistijdgebieden").set_index("locatie_code")
    assert set(reach.index) == set(within["site_id"])
    areas = TOWN.tables.areas.set_index("area_id").geometry
    for site, rows in within.groupby("site_id"):
        assert reach.geometry[site].area == pytest.approx(areas[rows["origin_id"]].area.sum())


def test_isochrones_are_written_where_given(tmp_path) -> None:
    square = Polygon([(0, 0), (0, 9), (9, 9), (9, 0)])  # clockwise on purpose
    given = gpd.GeoDataFrame(
        {"site_id": "90AA001", "mode": "bike", "cutoff_min": [15.0, 30.0]},
        geometry=[shapely.affinity.translate(square, 100_000, 400_000)] * 2,
        crs=28992,
    )
    path = write_geopackage(tmp_path / "x.gpkg", TOWN.tables, FOUND, ABOUT, [], isochrones=given)
    drawn = layer(path, "reistijdgebieden")
    assert drawn["binnen_min"].tolist() == [30.0, 15.0]  # the widest lies below
    assert drawn["vervoerwijze"].tolist() == ["fiets", "fiets"]


def test_lacunes_are_points_where_people_live(package) -> None:
    drawn = layer(package, "lacunes")
    gaps = FOUND.gaps[FOUND.gaps["mode"] == "bike"]
    assert len(drawn) == gaps["areas"].sum()
    assert drawn.groupby("opleiding_code")["jongeren_buiten_bereik"].sum().to_dict() == dict(
        zip(gaps["programme_id"], gaps["young_people_out"], strict=True)
    )


def test_rows_without_a_place_are_kept(package) -> None:
    drawn, rest = (layer(package, f"herkomst_bestemming{end}") for end in ("", "_rest"))
    assert len(drawn) + len(rest) == len(FOUND.catchment)
    assert set(rest["gemeente_code"]) == {"BE", "UNKNOWN"}
    # The two sites of the dubbeling stand at one spot: a line without length is no line.
    assert len(layer(package, "dubbelingen")) == 0
    assert len(layer(package, "dubbelingen_rest")) == len(FOUND.duplication)


def test_travel_times(package) -> None:
    times = layer(package, "reistijden")
    assert len(times) == len(TOWN.matrix.to_long())
    assert times.loc[times["uitkomst"] != "gevonden", "reistijd_min"].isna().all()


def test_nearest_pairs_of_a_large_matrix(tmp_path, monkeypatch) -> None:
    near = lists.nearest_pairs(TOWN.matrix, count=2)
    long = TOWN.matrix.to_long()
    plain = long.sort_values("minutes", kind="stable").groupby(["mode", "origin_id"]).head(2)
    key = ["mode", "origin_id"]
    pd.testing.assert_series_equal(
        near.groupby(key)["minutes"].sum().astype(float), plain.groupby(key)["minutes"].sum()
    )
    monkeypatch.setattr(lists, "MOST_PAIRS", 10)
    path = write_geopackage(tmp_path / "x.gpkg", TOWN.tables, FOUND, ABOUT, [], matrix=TOWN.matrix)
    told = asked(path, "SELECT description FROM gpkg_contents WHERE table_name = 'reistijden'")
    assert "de 5 dichtstbijzijnde" in str(told[0][0])


def test_notes_sources_and_parameters(package) -> None:
    assert layer(package, "meldingen")["melding"].tolist() == [n.text("nl") for n in NOTES]
    source = layer(package, "bronnen").iloc[0]
    assert (source["bron"], source["bestand"], source["licentie"]) == (
        "Wegen",
        "w.osm.pbf",
        "ODbL",
    )
    values = layer(package, "parameters").set_index("parameter")["waarde"]
    assert values["limit_min"] == "30"
    assert "Verzonnen gegevens." in values.index


# --- privacy --------------------------------------------------------------------------------------


def test_blurred_leaves_no_number_from_one_to_four() -> None:
    known = pd.DataFrame({"students": [0.0, 0.4, 1.0, 4.0, 4.9, 5.0]})
    known = known.assign(students_low=known["students"], students_high=known["students"])
    shown = blurred(known)
    assert shown["students"].tolist() == [0.0, 2.0, 2.5, 2.5, 2.5, 5.0]
    assert shown["students_low"].tolist()[1:4] == [0.0, 1.0, 1.0]
    assert shown["students_high"].tolist()[1:4] == [4.0, 4.0, 4.0]


def test_few_students_are_a_range_everywhere(tmp_path) -> None:
    few = {f"students{end}": 3.0 for end in ("", "_low", "_high")}
    students = TOWN.tables.students.assign(**few)
    frames = {name: getattr(FOUND, name).assign(**few) for name in ("catchment", "benchmark")}
    pairs = FOUND.duplication.assign(
        **{f"students_{s}{end}": 3.0 for s in "ab" for end in ("", "_low", "_high")}
    )
    tables = replace(TOWN.tables, students=students.iloc[:1])
    path = write_geopackage(
        tmp_path / "x.gpkg", tables, replace(FOUND, **frames, duplication=pairs), ABOUT, []
    )
    seen = 0
    for name, _ in pyogrio.list_layers(path):
        frame = layer(path, name)
        for column in frame.columns.intersection(["studenten", "studenten_a", "studenten_b"]):
            counts = frame[column].dropna()
            seen += int((counts > 0).sum())
            assert (~counts.between(0.1, 4.99) | (counts == 2.5)).all(), (name, column)
    assert seen > 3


# --- rules of the house and of QGIS ---------------------------------------------------------------


def test_names_fit_pdok_and_arcgis(package) -> None:
    names = [str(name) for name, _ in pyogrio.list_layers(package) if name != "layer_styles"]
    for name in names:
        fields = [str(f) for f in pyogrio.read_info(package, layer=name)["fields"]]
        for one in [name, *fields]:
            assert re.fullmatch(r"[a-z][a-z0-9_]{0,30}", one), one
        assert len(set(fields)) == len(fields)
    assert len(names) == len(set(names))


def test_rules_of_pdok(package) -> None:
    assert asked(package, "SELECT name FROM sqlite_master WHERE type = 'view'") == []
    assert asked(package, "PRAGMA integrity_check") == [("ok",)]
    assert asked(package, "PRAGMA foreign_key_check") == []
    columns = asked(package, "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns")
    assert {(name, "geom", 28992) for name in DRAWN} == set(columns)
    indexed = asked(
        package, "SELECT table_name FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'"
    )
    assert {name for (name,) in indexed} == set(DRAWN)
    keys = asked(package, "SELECT name FROM pragma_table_info('gemeenten') WHERE pk = 1")
    assert keys == [("fid",)]


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_styles_open_drawn_in_qgis(tmp_path, lang) -> None:
    path = write_geopackage(tmp_path / "x.gpkg", TOWN.tables, FOUND, ABOUT, [], lang=lang)
    rows = asked(
        path,
        "SELECT f_table_name, f_geometry_column, useAsDefault, styleName, styleQML"
        " FROM layer_styles",
    )
    assert {row[0] for row in rows} == set(DRAWN)
    for name, column, default, title, text in rows:
        assert (column, default) == ("geom", 1)
        assert len(str(title)) <= 30
        style = ET.fromstring(str(text))
        fields = set(pyogrio.read_info(path, layer=name)["fields"])
        assert {alias.get("field") for alias in style.iter("alias")} == fields
        attribute = style.find("renderer-v2").get("attr")
        assert attribute is None or attribute in fields
        symbols = {symbol.get("name") for symbol in style.iter("symbol")}
        classes = [*style.iter("range"), *style.iter("category")]
        assert {one.get("symbol") for one in classes} <= symbols
    kinds = {name: ET.fromstring(str(t))[0].get("type") for name, *_, t in rows}
    assert kinds["gemeenten"] == "graduatedSymbol"
    assert kinds["onderwijslocaties"] == "categorizedSymbol"


def test_classes_hold_every_value(package) -> None:
    for name, text in asked(package, "SELECT f_table_name, styleQML FROM layer_styles"):
        style = ET.fromstring(str(text))
        renderer = style.find("renderer-v2")
        frame = layer(package, str(name))
        if renderer.get("type") == "graduatedSymbol":
            bounds = [(float(r.get("lower")), float(r.get("upper"))) for r in style.iter("range")]
            values = frame[renderer.get("attr")].dropna()
            assert all(any(low <= v <= high for low, high in bounds) for v in values), name
        if renderer.get("type") == "categorizedSymbol":
            words = {c.get("value") for c in style.iter("category")}
            assert set(frame[renderer.get("attr")]) <= words


def test_every_column_has_a_label(package) -> None:
    told = layer(package, "velden")
    labels = asked(package, "SELECT table_name, column_name, title FROM gpkg_data_columns")
    assert {(t, c) for t, c, _ in labels} >= set(zip(told["laag"], told["veld"], strict=True))
    for name in [*DRAWN, *LISTS - {"layer_styles", "velden"}]:
        fields = set(pyogrio.read_info(package, layer=name)["fields"])
        assert fields == set(told.loc[told["laag"] == name, "veld"])
    assert (told["naam"].str.len() > 0).all()


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_columns_are_named_in_both_languages(lang) -> None:
    missing = [name for name in column_names() if f"field.{name}" not in catalogue(lang)]
    assert missing == []


def test_descriptions_say_made_up_and_source(package) -> None:
    rows = asked(
        package, "SELECT description FROM gpkg_contents WHERE table_name != 'layer_styles'"
    )
    for (description,) in rows:
        assert str(description).startswith("Verzonnen gegevens.")
        assert "© OpenStreetMap" in str(description)


def test_opens_with_ogrinfo(package) -> None:
    program = shutil.which("ogrinfo")
    if program is None:
        pytest.skip("ogrinfo (Debian gdal-bin) is not here")
    done = subprocess.run(
        [program, "-al", "-so", str(package)], capture_output=True, text=True, check=True
    )
    assert "Warning" not in done.stderr
    for name in DRAWN:
        assert f"Layer name: {name}" in done.stdout


# --- values, not circumstances --------------------------------------------------------------------


def test_same_study_same_bytes(tmp_path, package) -> None:
    again = write_geopackage(
        tmp_path / "resultaten.gpkg", TOWN.tables, FOUND, ABOUT, NOTES, matrix=TOWN.matrix
    )
    assert digest(again) == digest(package)


def test_inputs_are_unchanged(tmp_path) -> None:
    before = {n: v.copy() for n, v in vars(FOUND).items() if isinstance(v, pd.DataFrame)}
    sites = TOWN.tables.sites.copy()
    write_geopackage(tmp_path / "x.gpkg", TOWN.tables, FOUND, ABOUT, [])
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, getattr(FOUND, name))
    pd.testing.assert_frame_equal(sites, TOWN.tables.sites)


def test_empty_results_keep_layers_and_columns(tmp_path, package) -> None:
    bare = {n: v.iloc[:0] for n, v in vars(FOUND).items() if isinstance(v, pd.DataFrame)}
    path = write_geopackage(tmp_path / "x.gpkg", TOWN.tables, replace(FOUND, **bare), ABOUT, [])
    for name in [*DRAWN, *LISTS]:
        fields = set(pyogrio.read_info(path, layer=name)["fields"])
        full = set(pyogrio.read_info(package, layer=name)["fields"])
        wide = {f for f in full if re.search(r"_(fiets|lopen|auto)_|^k_", f)} | {"uitkomst"}
        assert full - wide <= fields, name
    assert set(dict(pyogrio.list_layers(path))) >= {*DRAWN, *LISTS}


def test_hostile_names_are_only_text(tmp_path) -> None:
    bad = "'; DROP TABLE gemeenten; -- <b>&\"</qgis>"
    tables = replace(
        TOWN.tables,
        sites=TOWN.tables.sites.assign(name=bad),
        areas=TOWN.tables.areas.assign(name=bad),
    )
    path = write_geopackage(
        tmp_path / "x.gpkg", tables, FOUND, replace(ABOUT, title=bad), [note("unlocated", [bad])]
    )
    assert set(layer(path, "gemeenten")["gemeente"]) == {bad}
    for (text,) in asked(path, "SELECT styleQML FROM layer_styles"):
        ET.fromstring(str(text))


# --- geometry, small ------------------------------------------------------------------------------


def test_crossed_polygon_is_mended_and_turned() -> None:
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    frame = gpd.GeoDataFrame({"area_id": ["a"]}, geometry=[bow], crs=28992)
    made = ready(Layer("gemeenten", "MultiPolygon", frame), "nl").geometry
    assert made.is_valid.all()
    assert made.area.iloc[0] == pytest.approx(50.0)
    assert shapely.is_ccw(shapely.get_exterior_ring(shapely.get_parts(made.to_numpy()))).all()


def test_split_keeps_every_row() -> None:
    frame = gpd.GeoDataFrame(
        {"site_id": ["a", "b", "c"]}, geometry=[Point(1, 1), Point(), None], crs=28992
    )
    drawn, rest = split(Layer("onderwijslocaties", "Point", frame))
    assert drawn.frame["site_id"].tolist() == ["a"]
    assert (rest.name, rest.frame["site_id"].tolist()) == (
        "onderwijslocaties_rest",
        ["b", "c"],
    )


def test_lines_only_where_both_ends_are_there() -> None:
    start = pd.Series([Point(0, 0), Point(0, 0), None], dtype=object)
    stop = pd.Series([Point(3, 4), Point(), Point(1, 1)], dtype=object)
    drawn = lines(start, stop)
    assert shapely.length(drawn[:1]).tolist() == [5.0]
    assert shapely.is_missing(drawn[1:]).all()


def test_home_point_is_where_young_people_live() -> None:
    origins = TOWN.tables.origins
    points = home_points(TOWN.tables).set_index("area_id").geometry
    for area, rows in origins.groupby("area_id"):
        weight = rows["weight"] / rows["weight"].sum()
        assert points[area].x == pytest.approx((rows.geometry.x * weight).sum())
    empty = replace(TOWN.tables, origins=origins.assign(weight=0.0))
    towns = TOWN.tables.areas.set_index("area_id").geometry
    for area, point in home_points(empty).set_index("area_id").geometry.items():
        assert towns[area].contains(point)


# --- failing well ---------------------------------------------------------------------------------


def test_unwritable_folder(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="cannot be written"):
        write_geopackage(tmp_path / "file" / "x.gpkg", TOWN.tables, FOUND, ABOUT, [])
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "error", [pyogrio.errors.FeatureError("disk full"), OSError(28, "No space left on device")]
)
def test_full_disk_keeps_what_was_there(tmp_path, monkeypatch, error) -> None:
    path = tmp_path / "x.gpkg"
    path.write_bytes(b"the one of yesterday")
    write, calls = pyogrio.write_dataframe, []

    def full(*args: object, **options: object) -> None:
        calls.append(options["layer"])
        if len(calls) == 3:
            raise error
        write(*args, **options)

    monkeypatch.setattr(pyogrio, "write_dataframe", full)
    with pytest.raises(FileError, match="cannot be written"):
        write_geopackage(path, TOWN.tables, FOUND, ABOUT, [])
    assert path.read_bytes() == b"the one of yesterday"
    assert [p.name for p in tmp_path.iterdir()] == ["x.gpkg"]


# --- the record of a run --------------------------------------------------------------------------


def test_run_record(tmp_path) -> None:
    made = tmp_path / "index.html"
    made.write_text("<p>", encoding="utf-8")
    path = write_run_record(tmp_path / "run.json", ABOUT, NOTES, [made])
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["title"] == "Proefstad"
    assert record["created"] == "2026-10-01"
    assert record["sources"][0]["sha256"] == "ab" * 32
    assert record["outputs"] == [{"path": "index.html", "bytes": 3, "sha256": digest(made)}]
    assert record["notes"][0]["text"]["nl"] == NOTES[0].text("nl")
    first = path.read_bytes()
    assert write_run_record(path, ABOUT, NOTES, [made]).read_bytes() == first
