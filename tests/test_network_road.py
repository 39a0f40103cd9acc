"""The network as a value: its size, its pieces, its file."""

from __future__ import annotations

import numpy as np
import pytest

from geo_mbo.errors import FileError
from geo_mbo.network import Network, network_summary
from geo_mbo.network.road import largest_piece, polyline_lengths
from tests.roads import network, random_network

INF = np.inf


def test_summary_by_hand():
    # A triangle of one-way streets, a way out of it, and a stretch of its own.
    nodes = [(0, 0), (100, 0), (0, 100), (200, 0), (900, 0), (1000, 0)]
    edges = [(0, 1, 1, INF), (1, 2, 1, INF), (2, 0, 1, INF), (1, 3, 1, INF), (4, 5, 1, 1)]
    roads = network(nodes, edges)
    row = network_summary(roads).iloc[0]
    assert (row["nodes"], row["edges"], row["pieces"], row["nodes_in_largest"]) == (6, 6, 2, 3)
    assert row["share_in_largest"] == 0.5
    assert row["km"] == pytest.approx(0.1 * 4 + 0.1414, abs=1e-3)
    assert largest_piece(roads, "bike").tolist() == [True, True, True, False, False, False]


def test_summary_of_nothing_keeps_its_columns():
    roads = network([(0, 0), (1, 0)], [(0, 1, INF, INF)])
    row = network_summary(roads).iloc[0]
    assert (row["nodes"], row["share_in_largest"]) == (0, 0.0)


def test_saved_and_loaded_is_the_same(tmp_path):
    roads = random_network(1)
    roads.save(tmp_path / "roads")
    again = Network.load(tmp_path / "roads")
    assert [p.name for p in tmp_path.iterdir()] == ["roads"]
    assert (again.crs, again.source, again.modes) == (roads.crs, roads.source, roads.modes)
    for name in ("node_x", "tail", "head", "length_m", "joinable", "shape_x", "shape_start"):
        np.testing.assert_array_equal(getattr(again, name), getattr(roads, name))
    np.testing.assert_array_equal(again.times("bike"), roads.times("bike"))


def test_a_file_that_is_no_network(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        Network.load(tmp_path / "no")
    for name, content in (("a.npz", b"x" * 100), ("b.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileError, match="holds no network"):
            Network.load(tmp_path / name)
    np.savez(tmp_path / "c.npz", a=np.zeros(3))
    with pytest.raises(FileError, match="holds no network"):
        Network.load(tmp_path / "c.npz")


def test_lengths_of_lines_do_not_run_into_each_other():
    x = np.array([0, 3, 3, 100, 100.0])
    y = np.array([0, 4, 5, 0, 7.0])
    assert polyline_lengths(x, y, np.array([0, 3, 5])).tolist() == [6, 7]
    assert polyline_lengths(x, y, np.array([0])).tolist() == []


def test_geometry_of_edges():
    roads = network([(0, 0), (100, 0), (0, 100)], [(0, 1, 1, 1), (1, 2, 1, 1)])
    lines = roads.lines(np.array([1, 0]))
    assert [line.wkt for line in lines] == ["LINESTRING (100 0, 0 100)", "LINESTRING (0 0, 100 0)"]
