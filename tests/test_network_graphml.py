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
