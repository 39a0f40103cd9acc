"""Files with geometry, and a user's own sites."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, box
from shapely.affinity import translate

from geo_mbo.errors import CrsError, FileError, GeoMboError, InputError, MissingFileError
from geo_mbo.sources import geofile, own
from tests.land import MUNICIPALITIES, PC4, X, Y, polygons


def saved(frame: gpd.GeoDataFrame, folder: Path, name: str = "a.gpkg", **how: str) -> Path:
    frame.to_file(folder / name, **how)
    return folder / name


def land() -> gpd.GeoDataFrame:
    return polygons(MUNICIPALITIES)


def test_columns_of_cbs_and_of_bestuurlijke_gebieden(tmp_path: Path) -> None:
    cbs = land().rename(columns={"code": "statcode", "name": "statnaam"})
    kadaster = land().rename(columns={"code": "identificatie", "name": "naam"})
    kadaster["code"] = kadaster["identificatie"].str[2:]
    swapped = kadaster.rename(columns={"code": "identificatie", "identificatie": "code"})
    for number, frame in enumerate((cbs, kadaster, swapped)):
        found = geofile.read_areas(saved(frame, tmp_path, f"{number}.gpkg"))
        assert found.columns.tolist() == ["code", "name", "geometry"]
        assert found["code"].tolist() == [*MUNICIPALITIES]
        assert found["name"].tolist()[1] == "'s-Walmeerde"
        assert found.crs.to_epsg() == 28992


def test_degrees_are_turned_to_metres(tmp_path: Path) -> None:
    frame = land().rename(columns={"code": "statcode", "name": "statnaam"})
    path = saved(frame.to_crs(4326), tmp_path, "a.geojson", driver="GeoJSON")
    found = geofile.read_areas(path)
    away = found.geometry.hausdorff_distance(frame.geometry)
    assert (away < 0.05).all()


def test_heights_are_left_out(tmp_path: Path) -> None:
    points = gpd.GeoDataFrame({"a": [1]}, geometry=[Point(X, Y, 12)], crs=28992)
    assert not geofile.read_geofile(saved(points, tmp_path)).has_z.any()


@pytest.mark.parametrize("kind", ["int64", "float64", "str"])
@pytest.mark.parametrize("column", ["postcode", "postcode4"])
def test_postcodes_of_any_type(tmp_path: Path, kind: str, column: str) -> None:
    frame = gpd.GeoDataFrame(
        {
            column: pd.Series([*PC4]).astype("int64").astype(kind).astype(kind),
            "aantal_inwoners_15_tot_25_jaar": [40, -99997, 0, 5],
        },
        geometry=[*PC4.values()],
        crs=28992,
    )
    found = geofile.read_pc4(saved(frame, tmp_path))
    assert found["code"].tolist() == [*PC4]
    assert found["young_people"].fillna(-1).tolist() == [40, -1, 0, 5]


def test_a_postcode_that_is_none(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"postcode": ["1001AA"]}, geometry=[box(X, Y, X + 1, Y + 1)], crs=28992
    )
    with pytest.raises(InputError, match="first '1001AA'"):
        geofile.read_pc4(saved(frame, tmp_path))


def test_layers(tmp_path: Path) -> None:
    path = saved(land(), tmp_path, layer="gemeente")
    land().head(1).to_file(path, layer="provincie")
    assert len(geofile.read_areas(path, layer="provincie")) == 1
    with pytest.raises(InputError, match=r"several layers \(gemeente, provincie\)"):
        geofile.read_areas(path)
    with pytest.raises(InputError, match="no layer 'wijk'"):
        geofile.read_areas(path, layer="wijk")


def shifted(dx: float, dy: float) -> gpd.GeoDataFrame:
    """Give the land with its coordinates moved but its system kept."""
    frame = land()
    return frame.set_geometry(frame.geometry.map(lambda shape: translate(shape, dx, dy)))


def swapped(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    turned = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=turned, crs=frame.crs)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (land().set_crs(None, allow_override=True), "crs_missing"),
        (swapped(land()), "axes_swapped"),
        (land().to_crs(4326).set_crs(28992, allow_override=True), "degrees_as_metres"),
        (land().set_crs(4326, allow_override=True), "metres_as_degrees"),
        (swapped(land().to_crs(4326)), "lon_lat_swapped"),
        (shifted(800_000, 0), "outside_rd"),
    ],
)
def test_every_mistake_of_coordinates_has_its_own_message(
    tmp_path: Path, frame: gpd.GeoDataFrame, code: str
) -> None:
    with warnings.catch_warnings(action="ignore"):  # pyogrio warns that no system is written
        path = saved(frame, tmp_path)
    with pytest.raises(CrsError) as caught:
        geofile.read_areas(path)
    assert [b.code for b in caught.value.breaches] == [code]
    assert caught.value.text("nl").startswith("a.gpkg: ")


def test_an_undefined_system_is_none() -> None:
    undefined = 'LOCAL_CS["Undefined Cartesian SRS",UNIT["Meter",1]]'
    with pytest.raises(CrsError, match="no coordinate system"):
        geofile.in_rd(land().set_crs(undefined, allow_override=True), where="a.gpkg")


def test_what_is_no_file_with_geometry(tmp_path: Path) -> None:
    (tmp_path / "empty.gpkg").touch()
    (tmp_path / "text.gpkg").write_text("no database")
    (tmp_path / "plain.csv").write_text("statcode,statnaam\nGM0001,Haverdam\n")
    wrong: list[tuple[str, type[GeoMboError]]] = [
        ("gone.gpkg", MissingFileError),
        (".", FileError),
        ("empty.gpkg", FileError),
        ("text.gpkg", FileError),
        ("plain.csv", InputError),
    ]
    for name, kind in wrong:
        with pytest.raises(kind):
            geofile.read_areas(tmp_path / name)


def test_no_name_column(tmp_path: Path) -> None:
    frame = land().rename(columns={"name": "titel"})
    with pytest.raises(InputError, match="'statnaam / naam / gemeentenaam' is missing"):
        geofile.read_areas(saved(frame, tmp_path))


def test_points_of_degrees() -> None:
    nan = float("nan")
    found = geofile.points_in_rd([5.387206, nan, 5.4], [52.155172, 52.1, nan])
    assert found.is_empty.tolist() == [False, True, True]
    assert np.hypot(found.iloc[0].x - 155_000, found.iloc[0].y - 463_000) < 0.3
    assert found.crs.to_epsg() == 28992


SITES = "Code,Naam,Plaatsen,{}\nA1,Noord,120,{}\nB2,Zuid,,{}\n"


@pytest.mark.parametrize(
    ("header", "first", "second", "columns"),
    [
        ("X_RD,Y_RD", "155000,463000", ",", {"x": "X_RD", "y": "Y_RD"}),
        ("lon,lat", '"5,387206","52,155172"', ",", {}),
    ],
)
def test_own_sites_of_text(
    tmp_path: Path, header: str, first: str, second: str, columns: dict[str, str]
) -> None:
    path = tmp_path / "sites.csv"
    path.write_text(SITES.format(header, first, second), encoding="utf-8")
    mapping = {"site_id": "Code", "name": "Naam", "capacity": "Plaatsen", **columns}
    found = own.read_sites(path, columns=mapping)
    assert found["site_id"].tolist() == ["A1", "B2"]
    assert found["capacity"].fillna(-1).tolist() == [120, -1]
    assert found["institution_id"].isna().all()
    assert found.geometry.is_empty.tolist() == [False, True]
    assert found.geometry.iloc[0].distance(Point(155_000, 463_000)) < 0.3


def test_own_sites_of_a_geopackage(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"id": [12, 13], "naam": ["A", "B"]}, geometry=[Point(X, Y), Point(X, Y + 9)], crs=28992
    )
    found = own.read_sites(saved(frame, tmp_path), columns={"site_id": "id", "name": "naam"})
    assert found["site_id"].tolist() == ["12", "13"]
    assert found.geometry.iloc[1] == Point(X, Y + 9)


def test_own_sites_name_all_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        own.read_sites(path, columns={"place": "woonplaats", "soort": "a"})
    assert [b.code for b in caught.value.breaches] == [
        "unknown_site_column",
        *["missing_column"] * 3,
    ]


def test_own_sites_with_a_wrong_number(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text("site_id,name,capacity,x,y\nA,B,veel,1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'capacity'.*'veel' in line 2"):
        own.read_sites(path)
    path.write_text("site_id,name,x,y\nA,B,links,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="'links' in line 2"):
        own.read_sites(path)


def test_lines_are_no_areas(tmp_path: Path) -> None:
    from geo_mbo import tables
    from geo_mbo.errors import ContractError

    line = gpd.GeoDataFrame(
        {"statcode": ["GM0001"], "statnaam": ["A"]},
        geometry=[LineString([(X, Y), (X + 5, Y)])],
        crs=28992,
    )
    with pytest.raises(ContractError, match="LineString"):
        tables.municipalities(geofile.read_areas(saved(line, tmp_path)))
