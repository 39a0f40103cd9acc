"""Isochrones: inside is within the limit, outside is beyond it, give or take a cell."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_mbo.errors import CrsError, InputError
from geo_mbo.network import read_network
from geo_mbo.network.pairs import walking_ms
from geo_mbo.reach import isochrones
from geo_mbo.travel import travel_matrix
from tests.roads import network, points, random_network

CELL = 50.0
# A river between two streets of 2 km, with a bridge at the far end.
RIVER = network(
    [(0, 0), (2000, 0), (2000, 200), (0, 200)],
    [(0, 1, 400, 400), (1, 2, 40, 40), (2, 3, 400, 400)],
)


def reach(roads, sites, **more):
    return isochrones(
        roads, points("site", sites), mode="bike", **{"notify": lambda _: None, **more}
    )


def test_cells_by_hand():
    found = reach(RIVER, [(0, 25)], cutoffs_min=[2, 4], cell_m=100)
    walk = 25 / walking_ms()
    assert found["cutoff_min"].tolist() == [2.0, 4.0]
    # 2 minutes less the walk is (120 - 18.75) s at 5 m/s = 506 m: six cells in a row.
    assert (120 - walk) * 5 == pytest.approx(506.25)
    assert found.geometry.iloc[0].equals(shapely.box(0, 0, 600, 100))
    assert found.geometry.iloc[1].equals(shapely.box(0, 0, 1200, 100))
    assert (found.geom_type == "MultiPolygon").all()
    assert found.crs.to_epsg() == 28992


def test_a_river_without_a_bridge_is_not_crossed():
    found = reach(RIVER, [(0, 0)], cutoffs_min=[6, 10], cell_m=50)
    shore = shapely.Point(0, 200)
    assert not found.geometry.iloc[0].intersects(shapely.box(0, 100, 1500, 250))
    assert not found.geometry.iloc[1].intersects(shore)  # 14 minutes round by the bridge
    assert found.geometry.iloc[1].intersects(shapely.Point(1990, 200))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("direction", ["to", "from"])
def test_inside_is_within_and_outside_beyond(seed, direction):
    roads = random_network(seed)
    site = [(100_240.0, 500_260.0)]
    limit = 4.0
    area = reach(roads, site, cutoffs_min=[limit], direction=direction, cell_m=CELL).geometry[0]
    rng = np.random.default_rng(seed)
    edges = rng.integers(0, len(roads.tail), 300)
    places = shapely.line_interpolate_point(roads.lines(edges), rng.random(300), normalized=True)
    there = [(p.x, p.y) for p in places]
    homes, schools = (there, site) if direction == "to" else (site, there)
    matrix = travel_matrix(
        roads,
        points("origin", homes),
        points("site", schools),
        modes=["bike"],
        notify=lambda _: None,
        limit_min=1e5,
    )
    minutes = matrix.minutes("bike").ravel()
    snapped = matrix.data["origin_snap_m" if direction == "to" else "site_snap_m"].values.ravel()
    on_road = snapped < 1e-6
    inside = shapely.intersects(area, places)
    within = on_road & (minutes <= limit - 1e-4)
    assert inside[within].all()
    reached = shapely.union_all(places[on_road & (minutes <= limit)])
    beyond = shapely.distance(places, reached) > 3 * CELL
    assert not inside[on_road & beyond & (minutes > limit)].any()
    assert within.sum() > 10


def test_longer_limits_hold_the_shorter_and_all_is_valid():
    roads = random_network(4, size=9)
    found = reach(roads, [(100_200, 500_200), (100_500, 500_500)], cutoffs_min=[8, 1, 2, 4, 3])
    assert found.is_valid.all()
    assert found["cutoff_min"].tolist() == [1, 2, 3, 4, 8] * 2
    for _, part in found.groupby("site_id"):
        for inner, outer in zip(part.geometry, part.geometry[1:], strict=False):
            assert outer.covers(inner)


def test_a_site_does_not_depend_on_the_others(monkeypatch):
    roads = random_network(4)
    sites = [(100_200, 500_200), (100_500, 500_500), (100_010, 500_400)]
    whole = reach(roads, sites, cutoffs_min=[2, 4])
    monkeypatch.setattr("geo_mbo.network.search._BLOCK_BYTES", 1)
    for k, site in enumerate(sites):
        alone = reach(roads, [site], cutoffs_min=[2, 4])
        assert all(
            one.equals_exact(other)
            for one, other in zip(alone.geometry, whole.geometry[2 * k : 2 * k + 2], strict=True)
        )


def test_direction_matters_on_oneway_streets():
    roads = network([(0, 0), (1000, 0)], [(0, 1, 100, np.inf)])
    # The street is no piece where all reach all: it is taken all the same, being all there is.
    to, away = (
        reach(roads, [(550, 0)], cutoffs_min=[1], direction=way, cell_m=100).geometry[0]
        for way in ("to", "from")
    )
    assert to.bounds == (0, 0, 600, 100)
    assert away.bounds == (500, 0, 1000, 100)


def test_fields_are_filled_and_unreached_roads_in_them_are_not():
    ring = [(50, 50), (850, 50), (850, 850), (50, 850)]
    sides = [(0, 1, 60, 60), (1, 2, 60, 60), (2, 3, 60, 60), (3, 0, 60, 60)]
    field = reach(network(ring, sides), [(50, 50)], cutoffs_min=[5], cell_m=100).geometry[0]
    assert field.equals(shapely.box(0, 0, 900, 900))
    islet = network([*ring, (400, 400), (450, 400)], [*sides, (4, 5, 5, 5)])
    holed = reach(islet, [(0, 0)], cutoffs_min=[5], cell_m=100).geometry[0]
    assert not holed.intersects(shapely.Point(425, 425))
    wide = [(x * 2, y * 2) for x, y in ring]
    assert reach(network(wide, sides), [(0, 0)], cutoffs_min=[5]).geometry[0].area < 1.0e6


def test_nothing_reached_is_a_row():
    notes = []
    sites = points("site", [(0, 0), (0, 9000), (0, 0)])
    sites.loc[2, "geometry"] = shapely.Point()
    found = isochrones(RIVER, sites, mode="bike", cutoffs_min=[5], notify=notes.append)
    assert found["site_id"].tolist() == ["s0", "s1", "s2"]
    assert found.is_empty.tolist() == [False, True, True]
    assert (found.geom_type == "MultiPolygon").all()
    assert {n.code for n in notes} == {"snap_beyond"}


def test_no_sites_and_no_limits_keep_the_columns():
    columns = ["site_id", "mode", "cutoff_min", "geometry"]
    for sites, limits in (([], [15]), ([(0, 0)], [])):
        found = reach(RIVER, sites, cutoffs_min=limits)
        assert list(found.columns) == columns
        assert isinstance(found, gpd.GeoDataFrame)
        assert len(found) == 0
        assert found.crs.to_epsg() == 28992


def test_another_coordinate_system_is_refused():
    with pytest.raises(CrsError):
        isochrones(RIVER, points("site", [(5, 52)], crs="EPSG:4326"), mode="bike")


@pytest.mark.parametrize(
    "wrong", [{"direction": "form"}, {"cell_m": 0}, {"cutoffs_min": [15, float("nan")]}]
)
def test_options_that_no_isochrone_can_have(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        reach(RIVER, [(0, 0)], **wrong)


@pytest.mark.real_data
def test_speed_on_a_real_city(real_data, capsys):
    roads = read_network(real_data / "osm/porto_portugal.osm.pbf", notify=lambda _: None)
    at = np.random.default_rng(0).choice(len(roads.node_x), 35)
    sites = points("site", list(zip(roads.node_x[at], roads.node_y[at], strict=True)), roads.crs)
    for mode in ("walk", "bike", "car"):
        started = time.monotonic()
        found = isochrones(roads, sites, mode=mode, notify=lambda _: None)
        with capsys.disabled():
            print(f"\nisochrones 35 x 3, {mode}: {time.monotonic() - started:.1f} s")
        assert found.is_valid.all()
