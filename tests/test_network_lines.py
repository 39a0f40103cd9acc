"""Networks from files of lines."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_mbo.errors import CrsError, FileError, InputError
from geo_mbo.network import network_summary, read_network

LINES = [
    shapely.LineString([(100_000, 500_000), (100_500, 500_000), (101_000, 500_000)]),
    shapely.LineString([(101_000.3, 500_000), (101_000, 501_000)]),  # 0.3 m off: joined
    shapely.LineString([(101_001, 500_000), (102_000, 500_000)]),  # 0.7 m from that: not joined
]


def written(path, lines=LINES, crs=28992, **columns):
    frame = gpd.GeoDataFrame(columns or {"n": range(len(lines))}, geometry=list(lines), crs=crs)
    frame.to_file(path)
    return path


def read(path, **more):
    notes = []
    found = read_network(path, notify=notes.append, **more)
    return found, {n.code: n for n in notes}


def test_ends_within_half_a_metre_are_one_node(tmp_path):
    found, notes = read(written(tmp_path / "a.gpkg"))
    assert found.tail.tolist() == [0, 1, 2]
    assert found.head.tolist() == [1, 3, 4]
    np.testing.assert_allclose(found.length_m, [1000, 1000, 999], atol=0.1)
    assert (found.crs, found.source) == ("EPSG:28992", "a.gpkg")
    assert set(notes) == {"lines_own_speed"}
    np.testing.assert_allclose(found.times("bike"), np.tile(found.length_m / (17 / 3.6), (2, 1)))


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ({"travel_time": "T", "travel_time_unit": "s"}, [120, 60, 90]),
        ({"travel_time": "T", "travel_time_unit": "min"}, [2, 1, 1.5]),
        ({"speed_kmh": "T"}, [30, 60.005, 39.96]),
    ],
)
def test_times_and_speeds_are_for_cars(tmp_path, columns, values):
    found, notes = read(written(tmp_path / "a.gpkg", T=values), columns=columns)
    np.testing.assert_allclose(found.times("car")[0], [120, 60, 90], rtol=1e-3)
    np.testing.assert_allclose(found.times("walk")[1], found.length_m / (4.8 / 3.6))
    assert notes["lines_own_speed"].params["mode"] == "bike"


def test_one_way_lines(tmp_path):
    path = written(tmp_path / "a.gpkg", o=["yes", "-1", None])
    found, _ = read(path, columns={"oneway": "o"})
    assert np.isfinite(found.times("car")).tolist() == [[True, False, True], [False, True, True]]
    assert np.isfinite(found.times("walk")).all()


def test_values_that_are_no_speed_are_told(tmp_path):
    path = written(tmp_path / "a.gpkg", v=[50.0, 0.0, None])
    found, notes = read(path, columns={"speed_kmh": "v"})
    assert notes["lines_no_time"].rows == ("2", "3")
    assert found.times("car")[0, 1] == pytest.approx(found.length_m[1] / (38 / 3.6))


def test_all_that_is_wrong_with_the_columns_at_once(tmp_path):
    path = written(tmp_path / "a.gpkg", T=[1, 2, 3])
    with pytest.raises(InputError) as error:
        read_network(path, columns={"travel_time": "time", "speed": "T"})
    assert [b.code for b in error.value.breaches] == [
        "unknown_role",
        "missing_column",
        "no_time_unit",
    ]


def test_the_wrong_unit_is_noticed(tmp_path):
    path = written(tmp_path / "a.gpkg", T=[120, 60, 90])
    with pytest.raises(InputError, match="cannot be in 'min'"):
        read_network(path, columns={"travel_time": "T", "travel_time_unit": "min"})


def test_degrees_become_metres(tmp_path):
    there = gpd.GeoSeries(LINES, crs=28992).to_crs(4326)
    found, _ = read(written(tmp_path / "a.geojson", there, crs=4326))
    assert found.crs == "EPSG:28992"
    np.testing.assert_allclose(found.node_x[0], 100_000, atol=0.5)


def test_parts_and_shapes_that_are_no_lines(tmp_path):
    many = [shapely.MultiLineString(LINES[:2]), shapely.Point(100_000, 500_000)]
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=many, crs=28992)
    frame.to_file(tmp_path / "a.geojson")
    found, notes = read(tmp_path / "a.geojson")
    assert len(found.tail) == 2
    assert notes["lines_left_out"].count == 1


def test_no_coordinate_system(tmp_path):
    path = tmp_path / "a.shp"
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        gpd.GeoDataFrame({"n": [1, 2, 3]}, geometry=LINES).to_file(path)
    with pytest.raises(CrsError) as error:
        read_network(path)
    assert error.value.breaches[0].code == "crs_missing"


def test_a_file_without_lines(tmp_path):
    path = written(tmp_path / "a.gpkg", [shapely.Point(0, 0)])
    with pytest.raises(FileError, match="holds no road"):
        read_network(path)
    table = tmp_path / "b.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(FileError, match=r"b\.csv"):
        read_network(table)


@pytest.mark.real_data
def test_amsterdam_is_in_seconds(real_data, capsys):
    path = real_data / "roads/roads_amsterdam_rd.gpkg"
    started = time.monotonic()
    columns = {"travel_time": "TRAVELTIME", "travel_time_unit": "s"}
    found, _ = read(path, columns=columns)
    summary = network_summary(found).set_index("mode")
    # Never faster than KMH over the length, when read as seconds: so seconds it is.
    by_speed, _ = read(path, columns={"speed_kmh": "KMH"})
    ratio = found.times("car")[0] / by_speed.times("car")[0]
    with capsys.disabled():
        print(
            f"\nAmsterdam: {time.monotonic() - started:.1f} s, {len(found.tail)} lines, time over"
        )
        print(f"free flow {ratio.min():.3f} to {ratio.max():.1f}, median {np.median(ratio):.2f}")
        print(summary.round(3).to_string())
    assert ratio.min() == pytest.approx(1, abs=1e-5)
    assert 1.5 < np.median(ratio) < 2
    assert summary.loc["car", "share_in_largest"] > 0.99
    with pytest.raises(InputError, match="cannot be in 'min'"):
        read(path, columns=columns | {"travel_time_unit": "min"})


@pytest.mark.real_data
def test_a_directed_network_of_lines(real_data):
    found, _ = read(real_data / "roads/ndw_amersfoort_directed.geojson")
    assert found.crs == "EPSG:28992"
    assert network_summary(found).set_index("mode").loc["car", "share_in_largest"] > 0.5
