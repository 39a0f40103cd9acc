"""Reading OpenStreetMap: cuts, gates, ferries, ragged edges and broken files."""

from __future__ import annotations

import time

import numpy as np
import osmium
import pytest

from geo_mbo.errors import FileError, GeoMboError, MissingFileError
from geo_mbo.network import network_summary, read_network
from tests.roads import osm_file

ALL = ("walk", "bike", "car")
# Five nodes on a line to the east, about 68.6 m apart at 52 degrees north, and one to the north.
LINE = {k: (5.0 + 0.001 * k, 52.0) for k in range(1, 6)} | {9: (5.003, 52.001)}


def read(path, modes=ALL):
    notes = []
    found = read_network(path, modes=modes, notify=notes.append)
    return found, {n.code: n.count for n in notes}


def edges(found, mode="car"):
    """Give the edges as OpenStreetMap nodes with what is open."""
    there, back = np.isfinite(found.times(mode))
    ends = found.node_osm[found.tail], found.node_osm[found.head]
    return sorted(zip(*(part.tolist() for part in (*ends, there, back)), strict=True))


def test_a_way_is_cut_where_it_meets_another_only(tmp_path):
    path = osm_file(
        tmp_path / "a.osm",
        LINE,
        [([1, 2, 3, 4, 5], {"highway": "residential"}), ([3, 9], {"highway": "residential"})],
    )
    found, notes = read(path)
    assert edges(found) == [(1, 3, True, True), (3, 5, True, True), (3, 9, True, True)]
    assert notes == {}
    assert found.crs == "EPSG:28992"
    assert found.source == "a.osm"
    assert np.diff(found.shape_start).tolist() == [3, 3, 2]
    np.testing.assert_allclose(found.length_m, [137.2, 137.2, 111.3], atol=0.2)
    np.testing.assert_allclose(found.times("walk")[0], found.length_m / (4.8 / 3.6))


def test_ways_nobody_may_use_do_not_cut(tmp_path):
    path = osm_file(
        tmp_path / "a.osm",
        LINE,
        [
            ([1, 2, 3, 4, 5], {"highway": "residential"}),
            ([3, 9], {"highway": "construction"}),
            ([2, 9], {"highway": "pedestrian", "area": "yes"}),
            ([4, 9], {"building": "yes"}),
        ],
    )
    assert edges(read(path)[0]) == [(1, 5, True, True)]


def test_oneway_backwards_and_a_loop(tmp_path):
    path = osm_file(
        tmp_path / "a.osm",
        LINE,
        [
            ([1, 2, 3], {"highway": "residential", "oneway": "-1"}),
            ([3, 4, 9, 3], {"highway": "residential"}),
        ],
    )
    assert edges(read(path)[0]) == [(1, 3, False, True), (3, 3, True, True)]


def test_a_bollard_stops_cars_and_lets_bicycles_pass(tmp_path):
    path = osm_file(
        tmp_path / "a.osm",
        LINE,
        [([1, 2, 3, 4, 5], {"highway": "residential"})],
        node_tags={3: {"barrier": "bollard"}, 4: {"barrier": "gate"}},
    )
    found, _ = read(path)
    summary = network_summary(found).set_index("mode")
    assert summary.loc["bike", "pieces"] == 1
    assert summary.loc["walk", "share_in_largest"] == 1
    assert summary.loc["car", "pieces"] == 2
    assert summary.loc["car", "km"] == pytest.approx(summary.loc["bike", "km"])
    assert edges(found).count((3, 3, False, False)) == 2


def test_a_ferry_takes_its_time_and_nobody_gets_on_midway(tmp_path):
    ferry = {"route": "ferry", "duration": "00:30", "motor_vehicle": "no"}
    path = osm_file(
        tmp_path / "a.osm",
        LINE,
        [
            ([1, 2], {"highway": "residential"}),
            ([2, 3, 4], ferry),
            ([4, 5], {"highway": "residential"}),
            ([3, 9], {"route": "ferry"}),
        ],
    )
    found, _ = read(path)
    on_water = ~found.joinable
    assert on_water.sum() == 3
    crossing = found.times("bike")[:, on_water]
    assert crossing[:, :2].sum(axis=1) == pytest.approx([1800, 1800])
    assert np.isinf(found.times("car")[:, on_water][:, :2]).all()
    # Without a duration the ferry goes at its own speed.
    assert crossing[0, 2] == pytest.approx(found.length_m[on_water][2] / (15 / 3.6))


def test_ways_that_run_out_of_the_file(tmp_path):
    path = osm_file(
        tmp_path / "a.osm",
        LINE,
        [([1, 2, 77, 4, 5], {"highway": "residential"}), ([5, 78], {"highway": "residential"})],
    )
    found, notes = read(path)
    assert edges(found) == [(1, 2, True, True), (4, 5, True, True)]
    assert notes == {"ways_cut_off": 2}


def test_turn_restrictions_that_are_not_applied_are_told(tmp_path):
    told = [
        {"type": "restriction", "restriction": "no_left_turn"},  # without members
        {"type": "restriction", "restriction:conditional": "no_left_turn @ (Mo-Fr 07:00-09:00)"},
        {"type": "restriction", "restriction:hgv": "no_left_turn"},  # binds nobody here
        {"type": "route"},
    ]
    path = osm_file(
        tmp_path / "a.osm", LINE, [([1, 2], {"highway": "residential"})], relations=told
    )
    found, notes = read(path)
    assert notes == {"turns_unclear": 1, "turns_conditional": 1}
    assert len(found.turns) == 0


def test_elsewhere_the_utm_zone_of_the_place(tmp_path):
    porto = {1: (-8.61, 41.15), 2: (-8.60, 41.15)}
    found, notes = read(osm_file(tmp_path / "a.osm", porto, [([1, 2], {"highway": "primary"})]))
    assert found.crs == "EPSG:32629"
    assert found.length_m[0] == pytest.approx(839, abs=2)
    assert "local_crs" in notes


def test_modes_of_the_timetable_have_no_roads(tmp_path):
    path = osm_file(tmp_path / "a.osm", LINE, [([1, 2], {"highway": "primary"})])
    assert read(path, ("walk", "transit"))[0].modes == ("walk",)


def test_the_same_file_twice_gives_the_same(tmp_path):
    ways = [([1, 2, 3, 4, 5], {"highway": "residential"}), ([3, 9], {"highway": "path"})]
    path = osm_file(tmp_path / "a.osm", LINE, ways)
    one, other = read(path)[0], read(path)[0]
    assert (one.shape_x == other.shape_x).all()
    assert (one.times("bike") == other.times("bike")).all()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda p: p, "file_missing"),
        (lambda p: (p.mkdir(), p)[1], "file_is_folder"),
        (lambda p: (p.write_bytes(b""), p)[1], "file_empty"),
        (lambda p: (p.write_bytes(b"this is no map" * 50), p)[1], "cannot_read"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.osm.pbf", "a.osm", "a.graphml", "a.gpkg"])
def test_files_that_are_no_roads(tmp_path, make, code, name):
    path = make(tmp_path / name)
    with pytest.raises(FileError) as error:
        read_network(path)
    assert error.value.breaches[0].code == code
    assert str(path) in str(error.value)


def test_missing_is_also_a_file_not_found_error(tmp_path):
    with pytest.raises(MissingFileError):
        read_network(tmp_path / "no.osm.pbf")


@pytest.mark.parametrize(
    "ways", [[], [([1, 2], {"building": "yes"})], [([1], {"highway": "path"})]]
)
def test_a_file_without_roads(tmp_path, ways):
    with pytest.raises(FileError, match="holds no road"):
        read_network(osm_file(tmp_path / "a.osm", LINE, ways))


def _pbf(path):
    with osmium.SimpleWriter(str(path)) as writer:
        for k in range(20_000):
            writer.add_node(
                osmium.osm.mutable.Node(id=k + 1, location=(5 + k * 1e-5, 52 + k % 7 * 1e-4))
            )
        for k in range(0, 19_000, 10):
            nodes = list(range(k + 1, k + 12))
            kind = "path" if k % 20 else "track"  # no two in a row are merged
            writer.add_way(osmium.osm.mutable.Way(id=k + 1, nodes=nodes, tags={"highway": kind}))
    return path


def test_a_pbf_cut_short_or_spoilt(tmp_path):
    whole = _pbf(tmp_path / "whole.osm.pbf").read_bytes()
    assert len(read(tmp_path / "whole.osm.pbf")[0].tail) == 1900
    broken = tmp_path / "broken.osm.pbf"
    for size in (3, 50, len(whole) // 3, len(whole) // 2, len(whole) - 5):
        broken.write_bytes(whole[:size])
        started = time.monotonic()
        with pytest.raises(GeoMboError, match=r"broken\.osm\.pbf"):
            read_network(broken)
        assert time.monotonic() - started < 20
    spoilt = bytearray(whole)
    spoilt[len(whole) // 2 : len(whole) // 2 + 200] = bytes(200)
    broken.write_bytes(bytes(spoilt))
    with pytest.raises(GeoMboError, match=r"broken\.osm\.pbf"):
        read_network(broken)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("tudelft_test", {"walk": 0.95, "bike": 0.95, "car": 0.6}),
        # A ragged cut: motorways run out of it on all sides.
        ("tudelft_demo", {"walk": 0.8, "bike": 0.8, "car": 0.35}),
        ("porto_portugal", {"walk": 0.95, "bike": 0.95, "car": 0.95}),
    ],
)
def test_real_maps(real_data, capsys, name, least):
    started = time.monotonic()
    found, notes = read(real_data / f"osm/{name}.osm.pbf")
    took = time.monotonic() - started
    summary = network_summary(found)
    with capsys.disabled():
        print(f"\n{name}: {took:.1f} s, {notes}\n{summary.round(3).to_string(index=False)}")
    shares = summary.set_index("mode")["share_in_largest"]
    assert (shares >= [least[mode] for mode in shares.index]).all()
    assert (found.length_m >= 0).all()
    assert all((found.times(mode) >= 0).all() for mode in found.modes)
