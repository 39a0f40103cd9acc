"""Networks from GraphML files of osmnx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import osmnx
import pytest
import shapely

from geo_mbo.errors import FileError
from geo_mbo.network import network_summary, read_network


def town(crs="EPSG:4326", scale=1.0, origin=(5.0, 52.0)):
    """A two-way street with a bend, a one-way street and a motorway, as osmnx keeps them."""
    graph = nx.MultiDiGraph(crs=crs, simplified=True)
    places = {1: (0, 0), 2: (2, 0), 3: (2, 2)}
    for node, (x, y) in places.items():
        graph.add_node(node, x=origin[0] + x * scale, y=origin[1] + y * scale, street_count=2)
    bend = [(0, 0), (1, 1), (2, 0)]
    line = shapely.LineString([(origin[0] + x * scale, origin[1] + y * scale) for x, y in bend])
    street = {"osmid": 11, "highway": "residential", "oneway": False, "length": 250.0}
    graph.add_edge(1, 2, **street, reversed=False, geometry=line)
    graph.add_edge(2, 1, **street, reversed=True, geometry=line.reverse())
    graph.add_edge(
        2, 3, osmid=[12, 13], highway=["primary", "secondary"], maxspeed=["50", "30"],
        oneway=True, length=222.0, reversed=False,
    )  # fmt: skip
    graph.add_edge(3, 1, osmid=14, highway="motorway", oneway=True, length=300.0, reversed=False)
    return graph


@pytest.fixture
def path(tmp_path):
    osmnx.save_graphml(town(scale=0.001), tmp_path / "town.graphml")
    return tmp_path / "town.graphml"


def read(path):
    notes = []
    return read_network(path, notify=notes.append), {n.code for n in notes}


def test_both_directions_become_one_edge(path):
    found, notes = read(path)
    assert notes == {"few_tags"}
    assert (len(found.node_x), len(found.tail)) == (3, 3)
    assert found.node_osm.tolist() == [1, 2, 3]
    assert np.isfinite(found.times("car")).tolist() == [[True, True, True], [True, False, False]]
    assert np.isfinite(found.times("walk")).tolist() == [[True, True, False], [True, True, False]]
    assert found.joinable.tolist() == [True, True, False]
    assert found.crs == "EPSG:28992"
    assert np.diff(found.shape_start).tolist() == [3, 2, 2]
    np.testing.assert_allclose(found.length_m, [261.6, 222.5, 261.1], atol=0.5)
    # The lowest of several limits binds: 30 km/h times 0.95.
    assert found.times("car")[0, 1] == pytest.approx(found.length_m[1] / (28.5 / 3.6))
    assert network_summary(found).set_index("mode").loc["car", "nodes_in_largest"] == 3


def test_a_projected_graph(tmp_path):
    path = tmp_path / "rd.graphml"
    osmnx.save_graphml(town("EPSG:28992", 100.0, (120_000, 480_000)), path)
    found, _ = read(path)
    assert found.node_x.tolist() == [120_000, 120_200, 120_200]
    assert found.length_m[1] == pytest.approx(200)


def test_a_graph_of_something_else(tmp_path):
    path = tmp_path / "x.graphml"
    nx.write_graphml(nx.path_graph(3), path)
    with pytest.raises(FileError, match=r"x\.graphml"):
        read_network(path)
    empty = nx.MultiDiGraph(crs="EPSG:4326")
    empty.add_node(1, x=5.0, y=52.0)
    osmnx.save_graphml(empty, path)
    with pytest.raises(FileError, match="holds no road"):
        read_network(path)


def line_of(*tags, **node_tags):
    """Make a street of stretches along a line, there and back, each with tags of its own."""
    graph = nx.MultiDiGraph(crs="EPSG:28992", simplified=True)
    for k in range(len(tags) + 1):
        graph.add_node(k, x=100_000.0 + 100 * k, y=500_000.0, **node_tags.get(f"n{k}", {}))
    for k, told in enumerate(tags):
        data = {"osmid": k, "highway": "residential", "oneway": False, "length": 100.0, **told}
        graph.add_edge(k, k + 1, **data, reversed=False)
        graph.add_edge(k + 1, k, **data, reversed=True)
    return graph


def read_graph(graph, tmp_path, **more):
    osmnx.save_graphml(graph, tmp_path / "line.graphml")
    return read_network(tmp_path / "line.graphml", notify=lambda _: None, **more)


def test_a_street_of_several_ways_is_one_whatever_the_order_of_their_ids(tmp_path):
    graph = line_of({"osmid": [11, 12, 13]})
    graph.edges[1, 0, 0]["osmid"] = [13, 11, 12]
    found = read_graph(graph, tmp_path)
    assert len(found.tail) == 1
    assert np.isfinite(found.times("car")).all()


def test_lists_that_osmnx_makes_of_merged_ways_are_read(tmp_path):
    told = {"oneway": [True, False], "reversed": [True, False], "highway": ["tertiary", "service"]}
    graph = nx.MultiDiGraph(crs="EPSG:28992", simplified=True)
    for k in range(2):
        graph.add_node(k, x=100_000.0 + 100 * k, y=500_000.0)
    graph.add_edge(0, 1, osmid=[1, 2], length=100.0, **told)
    found = read_graph(graph, tmp_path)
    assert np.isfinite(found.times("car")).ravel().tolist() == [True, False]


def test_tags_for_one_direction_count_along_the_way(tmp_path):
    """Whichever of both edges comes first: the one against its way is turned round."""
    told = {"osmid": 7, "highway": "primary", "oneway": False, "length": 100.0}
    limits = {"maxspeed:forward": "30", "maxspeed:backward": "60"}
    for order in ((0, 1), (1, 0)):
        graph = nx.MultiDiGraph(crs="EPSG:28992", simplified=True)
        for k in order:
            graph.add_node(k, x=100_000.0 + 100 * k, y=500_000.0)
        graph.add_edge(0, 1, **told, **limits, reversed=False)
        graph.add_edge(1, 0, **told, **limits, reversed=True)
        found = read_graph(graph, tmp_path, modes=("car",))
        assert found.node_osm[found.tail].tolist() == [0]
        assert found.shape_x.tolist() == [100_000, 100_100]
        np.testing.assert_allclose(100 * 3.6 / found.times("car")[:, 0], [28.5, 57], rtol=1e-6)


def test_lights_and_barriers_of_nodes_count(tmp_path):
    lit = read_graph(line_of({}, {}, n1={"highway": "traffic_signals"}), tmp_path)
    assert lit.delays("car").T.tolist() == [[7, 0], [0, 7]]
    assert lit.delays("bike").T.tolist() == [[6, 0], [0, 6]]
    gated = read_graph(line_of({}, {}, n1={"barrier": "bollard"}), tmp_path)
    assert gated.length_m.tolist() == [100, 100, 0, 0]
    assert gated.node_x.tolist() == [100_000, 100_100, 100_200, 100_100, 100_100]
    assert np.isfinite(gated.times("car")[0]).tolist() == [True, True, False, False]
    assert gated.times("bike")[0, 2:].tolist() == [0, 0]
    pieces = network_summary(gated).set_index("mode")["pieces"]
    assert pieces.to_dict() == {"walk": 1, "bike": 1, "car": 2}


def test_tags_by_vehicle_are_taken_where_the_graph_has_them(tmp_path):
    notes = []
    graph = line_of({"motor_vehicle": "no"}, {"oneway:bicycle": "no", "oneway": True})
    graph.remove_edge(2, 1)
    osmnx.save_graphml(graph, tmp_path / "line.graphml")
    found = read_network(tmp_path / "line.graphml", notify=notes.append)
    assert [n.code for n in notes] == ["graphml_no_turns"]
    assert np.isfinite(found.times("car")).T.tolist() == [[False, False], [True, False]]
    speeds = found.length_m * 3.6 / found.times("bike")
    np.testing.assert_allclose(speeds, 16)


def test_a_graph_that_nobody_may_use_is_told(tmp_path):
    with pytest.raises(FileError, match="holds no road"):
        read_graph(line_of({"highway": "construction"}), tmp_path)
