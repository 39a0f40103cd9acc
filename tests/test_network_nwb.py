"""Networks from NWB-wegen: the made-up file has the true columns, and hard cases."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.errors import CrsError, FileError, InputError
from geo_mbo.modes import modes as known_modes
from geo_mbo.network import box_around, network_summary, read_network
from geo_mbo.network.nwb import HELPFUL, NEEDED, layer_of, road_of
from geo_mbo.sources.catalogue import data_set, meanings
from geo_mbo.sources.text import header
from geo_mbo.travel import travel_matrix
from tests.conftest import ROOT
from tests.roads import points
from tests.test_network_pbf import same

GOLDEN = ROOT / "tests" / "golden" / "nwb_wegvakken.geojson"
MODES = ("walk", "bike", "car")
COLUMNS = list(data_set("nwb").columns)
"""The columns that the publisher's service has, in its order."""


def read(path=GOLDEN, modes=MODES, **more):
    notes = []
    found = read_network(path, modes=modes, notify=notes.append, **more)
    return found, {n.code: n for n in notes}


def quiet(_):
    """Take a note and say nothing."""


def written(path, rows, crs=28992, **columns):
    """Write a file of the columns that must be there; rows are (from, to, points)."""
    frame = gpd.GeoDataFrame(
        {
            "wvk_id": range(1, len(rows) + 1),
            "jte_id_beg": [row[0] for row in rows],
            "jte_id_end": [row[1] for row in rows],
            "rijrichtng": "B",
            "wegbehsrt": "G",
            **columns,
        },
        geometry=[row[2] for row in rows],
        crs=crs,
    )
    frame.to_file(path)
    return path


def line(*places):
    return shapely.LineString([(50_000 + x, 450_000 + y) for x, y in places])


def open_ways(network, mode):
    return np.isfinite(network.times(mode)).T.tolist()


def test_the_made_up_file_has_the_true_columns():
    frame = gpd.read_file(GOLDEN)
    assert list(frame.columns) == [*COLUMNS, "geometry"]
    assert frame.crs.to_epsg() == 28992
    assert set(frame.geom_type.dropna()) == {"MultiLineString"}


def test_junctions_make_the_graph_and_roads_on_two_levels_do_not_meet():
    found, _ = read()
    frame = gpd.read_file(GOLDEN).iloc[:11]
    names = pd.unique(pd.concat([frame["jte_id_beg"], frame["jte_id_end"]]))
    assert (len(found.tail), len(found.node_x)) == (11, len(names))
    # The motorway crosses the first street, and neither is cut.
    assert found.length_m[0] == pytest.approx(1000)
    assert found.length_m[4] == pytest.approx(1500)
    assert {found.tail[4], found.head[4]}.isdisjoint({found.tail[0], found.head[0]})
    assert found.head[0] == found.tail[1]  # 800000002
    assert (found.crs, found.source) == ("EPSG:28992", "nwb_wegvakken.geojson")
    assert set(found.node_osm) == {-1}


def test_who_may_go_where_in_which_direction():
    found, _ = read()
    both, there, back, neither = [True, True], [True, False], [False, True], [False, False]
    assert open_ways(found, "car") == [
        both, there, back, both, there, there, neither, neither, both, both, both,
    ]  # fmt: skip
    # Closed to them: the motorway and its exit. Against one-way streets a bicycle is pushed.
    assert open_ways(found, "walk") == [both] * 4 + [neither] * 2 + [both] * 5
    assert open_ways(found, "bike") == [both] * 4 + [neither] * 2 + [both] * 5
    bike, walk = found.times("bike"), found.times("walk")
    assert bike[1, 1] > bike[0, 1] * 2
    assert bike[0, 2] > bike[1, 2] * 2
    assert bike[0, 7] >= walk[0, 7] * 0.99  # along a footpath, too
    assert found.joinable.tolist() == [True] * 4 + [False] * 2 + [True] * 5


def test_trips_follow_the_letters():
    found, _ = read(modes=("car",))
    homes = points("origin", [(50_000, 450_000), (51_000, 450_500)])
    sites = points("site", [(51_000, 450_500), (50_000, 450_000)])
    minutes = travel_matrix(found, homes, sites, modes=["car"], notify=quiet).minutes("car")
    # Through the one-way street at 25 km/h; the other way back, where it may not come.
    assert 60 * minutes[0, 0] == pytest.approx(1500 * 3.6 / 25, abs=8)
    assert 60 * minutes[1, 1] == pytest.approx(1500 * 3.6 / 25, abs=8)
    one_way = replace(found, seconds={"car": found.times("car").copy()})
    one_way.times("car")[:, 2] = np.inf  # the street against whose line one drives
    round_about = travel_matrix(one_way, homes, sites, modes=["car"], notify=quiet).minutes("car")
    assert round_about[1, 1] > 1.5 * minutes[1, 1]
    assert round_about[0, 0] == minutes[0, 0]


def test_speeds_are_those_of_the_class_that_codes_stand_for():
    found, notes = read()
    kmh = found.length_m * 3.6 / found.times("car").min(axis=0)
    speeds = known_modes()["car"].speeds_kmh
    for row, road in {
        0: "residential", 4: "motorway", 5: "motorway_link", 8: "primary", 9: "unclassified",
    }.items():  # fmt: skip
        assert kmh[row] == pytest.approx(speeds[road]), road
    assert notes["nwb_speeds"].count == 11
    assert "speeds" in notes["nwb_speeds"].text("en")
    assert found.turn_s.keys() == {"car"}


def test_what_is_left_out_or_not_known_is_told():
    _, notes = read()
    assert {code: note.count for code, note in notes.items()} == {
        "nwb_direction_unknown": 1,
        "nwb_direction_unverified": 1,
        "nwb_left_out": 1,
        "nwb_closed": 1,
        "nwb_speeds": 11,
    }
    assert notes["nwb_left_out"].rows == ("900000013",)
    assert "'O'" in notes["nwb_direction_unknown"].text("nl")
    assert "'T'" in notes["nwb_direction_unverified"].text("nl")


@pytest.mark.parametrize("ending", ["gpkg", "shp"])
def test_every_form_of_the_file_is_the_same_network(tmp_path, ending):
    frame = gpd.read_file(GOLDEN)
    # In the publisher's files the headers are in capitals, and the numbers are fractions.
    capitals = frame.rename(columns={name: name.upper() for name in COLUMNS})
    capitals["JTE_ID_BEG"] = capitals["JTE_ID_BEG"].astype(float)
    path = tmp_path / f"nwb_wegvakken.{ending}"
    if ending == "gpkg":
        posts = gpd.GeoDataFrame({"HECTOMTRNG": [1]}, geometry=[shapely.Point(1, 1)], crs=28992)
        posts.to_file(path, layer="hectopunten")
        capitals.to_file(path, layer="wegvakken")
        assert layer_of(path) == "wegvakken"
    else:
        # This form has no names so long, and no times.
        capitals["WVK_BEGDAT"] = capitals["WVK_BEGDAT"].astype(str)
        capitals.drop(columns="ST_LENGTHSHAPE").to_file(path)
    found, notes = read(path)
    golden, told = read()
    same(type(found)(**{**vars(found), "source": golden.source}), golden)
    assert {k: n.count for k, n in notes.items()} == {k: n.count for k, n in told.items()}


def test_other_files_of_lines_are_not_taken_for_it(tmp_path):
    path = written(tmp_path / "a.gpkg", [(1, 2, line((0, 0), (9, 0)))])
    assert layer_of(path) == "a"
    gpd.read_file(path).drop(columns="wegbehsrt").to_file(tmp_path / "b.gpkg")
    assert layer_of(tmp_path / "b.gpkg") is None
    assert "lines_own_speed" in read(tmp_path / "b.gpkg")[1]
    (tmp_path / "c.gpkg").write_bytes(b"no database")
    assert layer_of(tmp_path / "c.gpkg") is None
    with pytest.raises(FileError, match=r"c\.gpkg"):
        read(tmp_path / "c.gpkg")


def test_an_added_column_gives_cars_their_own_speed(tmp_path):
    rows = [(k, k + 1, line((k * 100, 0), (k * 100 + 100, 0))) for k in range(4)]
    path = written(
        tmp_path / "a.gpkg", rows, bst_code=["RB", "RB", "FP", "RB"], maxshd=[30, 60, 50, np.nan]
    )
    found, notes = read(path, columns={"speed_kmh": "maxshd"})
    kmh = found.length_m * 3.6 / found.times("car")[0]
    speed = known_modes()["car"].speeds_kmh["residential"]
    np.testing.assert_allclose(kmh, [30, 60, 0, speed])  # a speed opens no cycle path to cars
    assert notes["nwb_no_speed"].count == 1
    assert found.times("bike")[0, 2] < found.times("walk")[0, 2]
    timed = written(tmp_path / "b.gpkg", rows, t=[10, 12, 9, 10])
    seconds = read(timed, columns={"travel_time": "t", "travel_time_unit": "s"})[0].times("car")
    assert seconds.tolist() == [[10, 12, 9, 10]] * 2


def test_columns_that_cannot_be_are_refused(tmp_path):
    path = written(tmp_path / "a.gpkg", [(1, 2, line((0, 0), (9, 0)))])
    with pytest.raises(InputError) as wrong:
        read(path, columns={"oneway": "rijrichtng", "speed_kmh": "v"})
    assert [breach.code for breach in wrong.value.breaches] == ["unknown_role", "missing_column"]


def test_hard_shapes(tmp_path):
    rows = [
        (1, 2, line((0, 0), (100, 0))),
        (2, 3, shapely.MultiLineString([line((100, 0), (150, 0)), line((160, 0), (200, 0))])),
        (3, 4, line((200, 0), (200, 0))),  # two junctions in one place
        (4, 4, line((200, 0), (250, 50), (200, 50), (200, 0))),  # a loop
        (2, 5, line((103, 0), (100, 100))),  # ends 3 m from its junction
        (
            5,
            6,
            shapely.MultiLineString([line((100, 150), (100, 200)), line((100, 100), (100, 150))]),
        ),
        (6, 7, shapely.Point(50_000, 450_000)),
    ]
    frame = gpd.GeoDataFrame(
        {
            "jte_id_beg": [str(row[0]) for row in rows],
            "jte_id_end": [str(row[1]) for row in rows],
            "rijrichtng": "B",
            "wegbehsrt": ["G", "G", "G", "G", "G", "?", "G"],
        },
        geometry=[row[2] for row in rows],
        crs=28992,
    )
    frame.to_file(tmp_path / "a.geojson")
    found, notes = read(tmp_path / "a.geojson")
    assert len(found.tail) == 6
    # Over the gap of 10 m it goes straight; the pieces of the sixth are put in order.
    np.testing.assert_allclose(found.length_m[[0, 1, 2, 5]], [100, 100, 0, 100], atol=1e-6)
    assert found.tail[3] == found.head[3]
    assert found.times("walk")[:, 2].tolist() == [0, 0]
    assert found.joinable.tolist() == [True, True, False, True, True, True]
    assert {code: note.count for code, note in notes.items()} == {
        "nwb_left_out": 1, "nwb_gaps": 1, "nwb_apart": 1, "nwb_owner_unknown": 1, "nwb_speeds": 6,
    }  # fmt: skip
    assert notes["nwb_gaps"].rows == ("2",)
    assert notes["nwb_apart"].rows == ("2",)
    assert network_summary(found).set_index("mode").loc["car", "pieces"] == 1


def test_a_box_reads_what_touches_it():
    north = box_around(points("sites", [(52_900, 452_400)]), margin_km=0.2)
    found, _ = read(box=north)
    assert sorted(found.length_m.round().tolist()) == [2000, 3606]


def test_files_without_roads_or_places_are_refused(tmp_path):
    nobody = written(tmp_path / "a.gpkg", [(1, 2, line((0, 0), (9, 0)))], bst_code="VV")
    with pytest.raises(FileError, match="holds no road"):
        read(nobody)
    gpd.read_file(nobody).iloc[:0].to_file(tmp_path / "b.gpkg")
    with pytest.raises(FileError, match="holds no road"):
        read(tmp_path / "b.gpkg")
    loose = gpd.read_file(nobody).set_crs(None, allow_override=True)
    with pytest.warns(UserWarning, match="crs"):
        loose.to_file(tmp_path / "c.gpkg")
    with pytest.raises(CrsError, match=r"c\.gpkg"):
        read(tmp_path / "c.gpkg")


def test_every_code_stands_for_a_class_that_has_a_speed():
    speeds = {road for mode in known_modes().values() for road in mode.speeds_kmh}
    for owner in ("R", "P", "G", "W", "T", "", "?"):
        for frc in ("", *"01234567", "x"):
            for code in ("", "RB", "HR", "AFR", "OPR", "VBD", "FP", "VP", "RP", "VD", "PP", "BU"):
                for route in ("", "A", "N"):
                    road = road_of(owner=owner, code=code, route=route, frc=frc)
                    assert road in speeds | {"closed"}, (owner, code, route, frc)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_shortest_ways_are_those_over_the_junctions(tmp_path_factory, data):
    """Against networkx on the table itself: junctions and letters, whatever the drawing says."""
    size = data.draw(st.integers(2, 7))
    ends = st.tuples(st.integers(1, size), st.integers(1, size)).filter(lambda e: e[0] != e[1])
    pairs = data.draw(st.lists(ends, min_size=1, max_size=14))
    letters = data.draw(st.lists(st.sampled_from("HTBO"), min_size=len(pairs), max_size=len(pairs)))
    places = {k: (137 * k % 1000, 100 * k) for k in range(1, size + 1)}
    rows = [(a, b, line(places[a], places[b])) for a, b in pairs]
    path = tmp_path_factory.mktemp("nwb") / "a.gpkg"
    found, _ = read(written(path, rows, rijrichtng=letters), modes=("car",))
    graph = nx.MultiDiGraph()
    for (a, b), letter, row in zip(pairs, letters, rows, strict=True):
        if letter != "T":
            graph.add_edge(a, b, m=row[2].length)
        if letter != "H":
            graph.add_edge(b, a, m=row[2].length)
    ours = nx.MultiDiGraph()
    for k, (a, b) in enumerate(zip(found.tail.tolist(), found.head.tolist(), strict=True)):
        there, back = np.isfinite(found.times("car")[:, k])
        ours.add_edges_from([(a, b, {"m": found.length_m[k]})] * bool(there))
        ours.add_edges_from([(b, a, {"m": found.length_m[k]})] * bool(back))
    node = {
        name: int(found.tail[k]) if name == a else int(found.head[k])
        for k, (a, b) in enumerate(pairs)
        for name in (a, b)
    }
    due = dict(nx.all_pairs_dijkstra_path_length(graph, weight="m"))
    got = dict(nx.all_pairs_dijkstra_path_length(ours, weight="m"))
    for a, reached in due.items():
        assert got[node[a]] == pytest.approx({node[b]: m for b, m in reached.items()})


def test_what_must_be_there_is_of_the_true_columns():
    assert {*NEEDED, *HELPFUL} <= set(COLUMNS)
    assert all(meanings()[header(name)].nl for name in COLUMNS)
    assert len(COLUMNS) == 58
