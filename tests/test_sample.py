"""The sample town: its tables keep their contracts, its hand-made times are those of its roads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from geo_mbo.network import Network
from geo_mbo.notes import Note
from geo_mbo.sample import MINUTES_PER_KM, SampleTown, sample_town
from geo_mbo.schema import AREAS, INDICATORS, OFFERS, ORIGINS, SITES, STUDENTS, checked
from geo_mbo.tables import Tables
from geo_mbo.travel import travel_matrix


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.mark.parametrize(
    ("name", "contract"),
    [
        ("sites", SITES),
        ("offers", OFFERS),
        ("students", STUDENTS),
        ("enrolments", STUDENTS),
        ("residents", STUDENTS),
        ("areas", AREAS),
        ("origins", ORIGINS),
        ("indicators", INDICATORS),
    ],
)
def test_tables_keep_their_contracts(town: SampleTown, name: str, contract: object) -> None:
    table = getattr(town.tables, name)
    pd.testing.assert_frame_equal(checked(table, contract), table)


def test_every_call_makes_the_same_town_anew(town: SampleTown) -> None:
    again = sample_town()
    for field in fields(Tables):
        first, second = getattr(town.tables, field.name), getattr(again.tables, field.name)
        assert first is not second
        pd.testing.assert_frame_equal(first, second)


def test_times_made_by_hand_are_those_over_the_roads(town: SampleTown) -> None:
    notes: list[Note] = []
    routed = travel_matrix(
        town.network,
        town.tables.origins,
        town.tables.sites,
        modes=list(MINUTES_PER_KM),
        notify=notes.append,
    ).select(origins=town.matrix.origins, sites=town.matrix.sites)
    for mode in MINUTES_PER_KM:
        np.testing.assert_allclose(routed.minutes(mode), town.matrix.minutes(mode), rtol=1e-6)
        np.testing.assert_allclose(routed.meters(mode), town.matrix.meters(mode), rtol=1e-6)
    assert {note.rows for note in notes} == {("9005",), ("90BB901",)}  # the island, cut off


def test_and_those_of_a_second_search(town: SampleTown) -> None:
    def ways(network: Network, mode: str) -> Iterator[tuple[int, int, float]]:
        there, back = network.times(mode) / 60
        for tail, head, out, home in zip(network.tail, network.head, there, back, strict=True):
            yield int(tail), int(head), float(out)
            yield int(head), int(tail), float(home)

    def node(point: object) -> int:
        away = np.hypot(town.network.node_x - point.x, town.network.node_y - point.y)
        assert away.min() == 0
        return int(away.argmin())

    origins = town.tables.origins.set_index("origin_id").geometry
    sites = town.tables.sites.set_index("site_id").geometry
    for mode in MINUTES_PER_KM:
        graph = nx.DiGraph()
        graph.add_weighted_edges_from(w for w in ways(town.network, mode) if np.isfinite(w[2]))
        minutes = pd.DataFrame(
            town.matrix.minutes(mode), index=town.matrix.origins, columns=town.matrix.sites
        )
        for origin, home in origins.items():
            reached = nx.single_source_dijkstra_path_length(graph, node(home))
            for site, school in sites.items():
                assert minutes.loc[origin, site] == pytest.approx(reached.get(node(school), np.inf))


def test_the_hard_cases_are_there(town: SampleTown) -> None:
    t = town.tables
    at = t.sites.set_index("site_id").geometry
    assert at["90AA001"].equals(at["90BB001"])  # two sites at one junction
    one_way = np.isinf(town.network.times("car")) != np.isinf(town.network.times("walk"))
    assert one_way.sum() == 1
    ends = np.bincount(np.concatenate([town.network.tail, town.network.head]))
    assert (ends == 1).sum() == 4  # a and d are dead ends, and both ends of the island's road
    open_ones = t.sites.loc[t.sites["status"] == "existing", "site_id"]
    island = town.matrix.select(origins=["9005"], sites=open_ones)
    assert all(np.isinf(island.minutes(mode)).all() for mode in island.modes)
    assert set(t.students["origin_kind"]) == {"municipality", "abroad", "unknown"}
    masked = t.students["students_low"] != t.students["students_high"]
    assert masked.sum() == 3
    shared = t.offers.groupby(["programme_id", "track"])["site_id"].agg(list)
    assert shared["98001", "BOL"] == ["90AA001", "90BB001"]


def test_areas_hold_their_origins_and_add_up(town: SampleTown) -> None:
    areas = town.tables.areas.set_index("area_id")
    for _, home in town.tables.origins.iterrows():
        assert areas.geometry[home["origin_id"]].covers(home["geometry"])
        assert areas.parent_id[home["origin_id"]] == home["area_id"]
    by_level = areas.geometry.area.groupby(areas["level"]).sum()
    assert by_level.max() == pytest.approx(by_level.min())
    counts = town.tables.indicators.query("indicator == 'inhabitants_15_24'")
    assert counts.groupby("key_kind")["value"].sum().tolist() == [700, 700]
