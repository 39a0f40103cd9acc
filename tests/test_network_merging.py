"""Several road maps as one network, and the box around a study."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.errors import CrsError, FileError, InputError, MissingFileError
from geo_mbo.network import box_around, osm, read_network
from geo_mbo.travel import travel_matrix
from tests.roads import osm_file, points
from tests.test_network_pbf import MODES, same, town

STREET = {"highway": "residential"}
NODES = {k: (5.0 + k / 1000, 52.0) for k in range(1, 6)}


def read(path, modes=MODES, **more):
    notes = []
    found = read_network(path, modes=modes, notify=notes.append, **more)
    return found, {n.code: n.count for n in notes}


def extract(path, to, inside, *, whole_ways=True):
    """Cut a map as publishers of extracts do: ways with a node inside, whole or only their part.

    The references of a way stay complete in both cases; a turn restriction comes along with any of
    its ways.
    """
    ways, wanted = set(), set(inside)
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY):
        refs = [node.ref for node in way.nodes]
        if not inside.isdisjoint(refs):
            ways.add(way.id)
            wanted.update(refs if whole_ways else ())
    with osmium.SimpleWriter(str(to)) as writer:
        for thing in osmium.FileProcessor(str(path)):
            if thing.is_node() and thing.id in wanted:
                writer.add_node(thing)
            elif thing.is_way() and thing.id in ways:
                writer.add_way(thing)
            elif thing.is_relation() and any(
                m.type == "w" and m.ref in ways for m in thing.members
            ):
                writer.add_relation(thing)
    return to


def halves(path, folder, *, overlap=0.2, whole_ways=True):
    """Cut a map in a western and an eastern half that overlap."""
    lon = {
        node.id: node.location.lon
        for node in osmium.FileProcessor(str(path), osmium.osm.NODE)
        if node.location.valid()
    }
    low, high = np.quantile(list(lon.values()), [0.5 - overlap / 2, 0.5 + overlap / 2])
    sides = ({n for n, x in lon.items() if x <= high}, {n for n, x in lon.items() if x >= low})
    return [
        extract(path, folder / f"{name}.osm.pbf", side, whole_ways=whole_ways)
        for name, side in zip(("west", "east"), sides, strict=True)
    ]


def grid(path, *, seed, size=9):
    """Write a town of crossing streets, each a way from crossing to crossing, with turn bans."""
    rng = np.random.default_rng(seed)
    make = osmium.osm.mutable
    nodes = np.arange(1, size * size + 1).reshape(size, size)
    pairs = [*zip(nodes[:, :-1].ravel(), nodes[:, 1:].ravel(), strict=True)]
    pairs += [*zip(nodes[:-1].ravel(), nodes[1:].ravel(), strict=True)]
    with osmium.SimpleWriter(str(path)) as writer:
        for ref in nodes.ravel().tolist():
            place = (5 + 0.002 * (ref % size), 52 + 0.001 * (ref // size))
            tags = {"highway": "traffic_signals"} if rng.random() < 0.2 else {}
            writer.add_node(make.Node(id=ref, location=place, tags=tags))
        for k, pair in enumerate(pairs):
            kind = ("residential", "tertiary", "cycleway")[rng.integers(3)]
            tags = {"highway": kind, "oneway": "yes"} if rng.random() < 0.2 else {"highway": kind}
            writer.add_way(make.Way(id=k + 1, nodes=[int(ref) for ref in pair], tags=tags))
        for k in range(80):
            begin = int(rng.integers(len(pairs)))
            via = int(pairs[begin][1])
            goes = [j for j, pair in enumerate(pairs) if via in pair and j != begin]
            end = int(rng.choice(goes))
            members = [("w", begin + 1, "from"), ("n", via, "via"), ("w", end + 1, "to")]
            tags = {
                "type": "restriction",
                "restriction": ("no_left_turn", "only_right_turn")[k % 2],
            }
            writer.add_relation(make.Relation(id=k + 1, members=members, tags=tags))
    return path


def told_alike(told, notes):
    """Compare notes; a way without any node in the map is in no extract, nor what it alone bans."""
    assert told.keys() <= notes.keys() <= {"ways_cut_off", "turns_unclear"}
    assert all(0 <= notes[code] - told.get(code, 0) <= 5 for code in notes)


def untitled(network):
    """Give a network without the name of its file."""
    return type(network)(**{**vars(network), "source": ""})


@pytest.mark.parametrize("make", [town, grid])
@pytest.mark.parametrize("whole_ways", [True, False])
@pytest.mark.parametrize("small_b", [2**62, 0])
def test_overlapping_halves_are_the_whole(tmp_path, monkeypatch, make, whole_ways, small_b):
    monkeypatch.setattr(osm, "SMALL_B", small_b)
    path = make(tmp_path / "whole.osm.pbf", seed=5)
    parts = halves(path, tmp_path, whole_ways=whole_ways)
    whole, notes = read(path)
    if make is grid:
        assert len(whole.turns) > 20
        assert all(len(read(part)[0].tail) < 0.9 * len(whole.tail) for part in parts)
    for order in (parts, parts[::-1]):
        both, told = read(order)
        same(untitled(both), untitled(whole))
        told_alike(told, notes)
        assert both.source == " + ".join(part.name for part in order)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.integers(2, 4), data=st.data())
def test_any_cover_of_a_map_is_the_map(tmp_path_factory, seed, cuts, data):
    tmp_path = tmp_path_factory.mktemp("cover")
    path = town(tmp_path / f"{seed}.osm.pbf", seed=seed, nodes=60, ways=25)
    ids = [node.id for node in osmium.FileProcessor(str(path), osmium.osm.NODE)]
    where = data.draw(st.lists(st.integers(0, cuts - 1), min_size=len(ids), max_size=len(ids)))
    parts = []
    for k in range(cuts):
        inside = {ref for ref, side in zip(ids, where, strict=True) if side == k}
        parts.append(extract(path, tmp_path / f"{seed}-{k}.osm.pbf", inside))
    try:
        whole, notes = read(path)
    except FileError:  # such a town may have no road at all
        with pytest.raises(FileError, match="holds no road"):
            read(parts)
        return
    both, told = read(parts)
    same(untitled(both), untitled(whole))
    told_alike(told, notes)


def test_the_same_map_twice_is_that_map(tmp_path):
    path = town(tmp_path / "a.osm", seed=3, form="osm")
    twice, notes = read([path, path])
    same(untitled(twice), untitled(read(path)[0]))
    assert "roads_differ" not in notes


def test_a_way_that_one_map_cuts_off_is_taken_from_the_other(tmp_path):
    short = osm_file(tmp_path / "a.osm", NODES, [([1, 2], STREET)])
    long = osm_file(tmp_path / "b.osm", NODES, [([1, 2, 3, 4], STREET)])
    for order in ((short, long), (long, short)):
        found, notes = read(order, modes=("bike",))
        assert found.node_osm.tolist() == [1, 4]
        assert notes == {"roads_differ": 1}


def test_of_two_versions_the_first_file_holds(tmp_path):
    slow = osm_file(tmp_path / "a.osm", NODES, [([1, 2], {**STREET, "maxspeed": "10"})])
    fast = osm_file(tmp_path / "b.osm", NODES, [([1, 2], {**STREET, "maxspeed": "20"})])
    seconds = []
    for order in ((slow, fast), (fast, slow)):
        found, notes = read(order, modes=("car",))
        seconds.append(found.times("car")[0, 0])
        assert notes == {"roads_differ": 1}
    assert seconds[0] == pytest.approx(2 * seconds[1])
    moved = {**NODES, 2: (5.01, 52.0)}
    far = osm_file(tmp_path / "c.osm", moved, [([1, 2], {**STREET, "maxspeed": "10"})])
    found, notes = read([slow, far], modes=("car",))
    assert found.length_m[0] == pytest.approx(68.6, abs=0.2)
    assert notes == {"roads_differ": 1}


def test_two_countries_meet_at_the_border_node(tmp_path):
    one = osm_file(tmp_path / "nl.osm", {k: NODES[k] for k in (1, 2, 3)}, [([1, 2, 3], STREET)])
    text = one.read_text().replace('<way id="1"', '<way id="2"')
    text = text.replace('ref="3"', 'ref="5"').replace('ref="2"', 'ref="4"')
    text = text.replace('ref="1"', 'ref="3"').replace('node id="1"', 'node id="4"')
    text = text.replace('node id="2"', 'node id="5"')
    text = text.replace('lon="5.001"', 'lon="5.004"').replace('lon="5.002"', 'lon="5.005"')
    other = tmp_path / "be.osm"
    other.write_text(text)
    found, notes = read([one, other], modes=("bike",))
    # One street that goes on over the border: ends 1 and 5, nothing in between.
    assert found.node_osm.tolist() == [1, 5]
    assert notes == {}


def test_several_files_must_all_be_there_and_of_openstreetmap(tmp_path):
    path = osm_file(tmp_path / "a.osm", NODES, [([1, 2], STREET)])
    with pytest.raises(MissingFileError) as absent:
        read_network([path, tmp_path / "x.osm", tmp_path / "y.osm.pbf"])
    assert [b.params["path"].rpartition("/")[2] for b in absent.value.breaches] == [
        "x.osm",
        "y.osm.pbf",
    ]
    (tmp_path / "lines.gpkg").write_bytes(b"x")
    with pytest.raises(InputError, match=r"lines\.gpkg"):
        read_network([path, tmp_path / "lines.gpkg"])
    (tmp_path / "empty.osm").touch()
    with pytest.raises(FileError, match=r"empty\.osm"):
        read_network([path, tmp_path / "empty.osm"])
    with pytest.raises(InputError, match="No road file"):
        read_network([])


def test_a_box_cuts_each_of_several_maps(tmp_path):
    path = town(tmp_path / "whole.osm.pbf", seed=8)
    west, east = halves(path, tmp_path)
    x, y = zip(
        *[
            (n.location.lon, n.location.lat)
            for n in osmium.FileProcessor(str(path), osmium.osm.NODE)
        ],
        strict=True,
    )
    box = (*np.quantile([x, y], 0.3, axis=1), *np.quantile([x, y], 0.7, axis=1))
    whole, notes = read(path, box=box)
    both, told = read([west, east], box=box)
    assert 0 < len(whole.tail) < len(read(path)[0].tail)
    same(untitled(both), untitled(whole))
    told_alike(told, notes)


def test_the_box_around_places_holds_the_margin_on_every_side():
    sites = points("sites", [(100_000, 400_000), (250_000, 600_000)])
    areas = gpd.GeoDataFrame(geometry=[shapely.box(20_000, 370_000, 50_000, 380_000)], crs=28992)
    found = shapely.segmentize(shapely.box(*box_around(sites, areas.to_crs(4326))), 0.01)
    (box,) = gpd.GeoSeries([found], crs=4326).to_crs(28992)
    shapes = [*areas.geometry, *sites.geometry]
    assert all(box.contains(shape.buffer(10_000)) for shape in shapes)
    least = [min(sides) for sides in zip(*[shape.bounds for shape in shapes], strict=True)]
    most = [max(sides) for sides in zip(*[shape.bounds for shape in shapes], strict=True)]
    # Not much wider: meridians lean a degree or two from the north of RD New.
    wide = shapely.box(*least[:2], *most[2:]).buffer(20_000, join_style="mitre")
    assert wide.contains(box)


@settings(max_examples=40)
@given(
    x=st.floats(10_000, 280_000),
    y=st.floats(300_000, 620_000),
    margin_km=st.floats(0, 50),
    angle=st.floats(0, 2 * np.pi),
)
def test_whatever_lies_within_the_margin_lies_in_the_box(x, y, margin_km, angle):
    west, south, east, north = box_around(points("sites", [(x, y)]), margin_km=margin_km)
    away = 0.999 * margin_km * 1000
    near = points("near", [(x + away * np.cos(angle), y + away * np.sin(angle))]).to_crs(4326)
    lon, lat = near.geometry.x.iloc[0], near.geometry.y.iloc[0]
    slack = 1e-9
    assert west - slack <= lon <= east + slack
    assert south - slack <= lat <= north + slack


def test_a_box_around_nothing_or_nowhere_is_refused():
    with pytest.raises(InputError, match="has a place"):
        box_around(points("sites", []))
    with pytest.raises(InputError, match="-1"):
        box_around(points("sites", [(1, 1)]), margin_km=-1)
    with pytest.raises(InputError):
        box_around(points("sites", [(1, 1)]), margin_km=np.nan)
    with pytest.raises(CrsError):
        box_around(gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)]))
    assert box_around(points("sites", []), points("sites", [(155_000, 463_000)]))


@pytest.mark.real_data
def test_two_halves_of_delft_are_delft(tmp_path, real_data):
    path = real_data / "osm" / "tudelft_demo.osm.pbf"
    modes = ("walk", "bike", "car")
    whole, notes = read(path, modes=modes)
    for whole_ways in (True, False):
        folder = tmp_path / str(whole_ways)
        folder.mkdir()
        both, told = read(halves(path, folder, whole_ways=whole_ways), modes=modes)
        same(untitled(both), untitled(whole))
        assert told == notes
    rng = np.random.default_rng(1)
    at = rng.integers(0, len(whole.node_x), (2, 40))
    homes, sites = (
        points(name, list(zip(whole.node_x[k], whole.node_y[k], strict=True)))
        for name, k in zip(("origin", "site"), at, strict=True)
    )
    one, other = (
        travel_matrix(network, homes, sites, modes=modes, notify=lambda _: None)
        for network in (whole, both)
    )
    for mode in modes:
        np.testing.assert_array_equal(one.minutes(mode), other.minutes(mode))
        assert np.isfinite(one.minutes(mode)).mean() > 0.1
