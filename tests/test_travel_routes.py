"""Routes: the line on the map is the way that the minutes and metres are of."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_mbo.cache import Cache
from geo_mbo.errors import InputError
from geo_mbo.network.snapping import snap
from geo_mbo.travel import Search, routes, travel_matrix
from tests.roads import network, points, random_network
from tests.test_network_pairs import random_places
from tests.test_network_turns import CROSS, ENDS, FROM_WEST, TO_NORTH, forbid

ENGINES = ["plain", "prepared"]


def found(roads, homes, schools, engine="plain", **more):
    return routes(
        roads,
        points("origin", homes),
        points("site", schools),
        mode="bike",
        search=Search(engine=engine),
        notify=lambda _: None,
        **more,
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(6))
def test_the_line_is_as_long_as_the_metres_and_the_minutes_are_those_of_the_matrix(seed, engine):
    roads = random_network(seed)
    homes, schools = random_places(seed, 40), random_places(seed + 100, 40)
    made = found(roads, homes, schools, engine)
    matrix = travel_matrix(
        roads,
        points("origin", homes),
        points("site", schools),
        modes=["bike"],
        notify=lambda _: None,
    )
    np.testing.assert_array_equal(made["minutes"], np.diag(matrix.minutes("bike")))
    np.testing.assert_array_equal(made["meters"], np.diag(matrix.meters("bike")))
    there = made["status"] == "ok"
    assert there.sum() > 10
    assert made.geometry[~there].is_empty.all()
    length = made.geometry[there].length
    # Each stretch is rounded to a decimetre.
    np.testing.assert_allclose(length, made["meters"][there], atol=0.05 * len(roads.tail))
    ends = shapely.get_point(made.geometry[there].to_numpy(), [[0], [-1]])
    for which, places in ((0, homes), (1, schools)):
        at = shapely.points(np.array(places)[there])
        assert shapely.distance(ends[which], at).max() == 0
    # All but the walks lies on the roads; who lives on the street of the school may cross a field.
    streets = shapely.union_all(roads.lines(np.arange(len(roads.tail)))).buffer(0.01)
    home, school = (snap(roads, shapely.points(at), mode="bike") for at in (homes, schools))
    by_road = there & (home.edge != school.edge)
    aside = shapely.difference(made.geometry[by_road].to_numpy(), streets)
    walks = (home.away_m + school.away_m)[by_road]
    assert (shapely.length(aside) <= walks + 0.1).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_round_by_the_end_of_the_street_where_the_turn_is_forbidden(engine):
    made = found(forbid(CROSS, (FROM_WEST, TO_NORTH)), ENDS[:1], ENDS[1:2], engine)
    assert made["meters"].tolist() == [2400]
    lines = [[(-600, 0), (0, 0), about, (0, 0), (0, 600)] for about in ((600, 0), (0, -600))]
    assert list(made.geometry[0].coords) in lines


@pytest.mark.parametrize("engine", ENGINES)
def test_along_one_edge_straight_across_and_the_same_place(engine):
    roads = network([(0, 0), (600, 0)], [(0, 1, 60, 60)])
    homes = [(100, 50), (300, 40), (300, 40), (100, 0), (0, 0)]
    schools = [(500, 50), (303, 44), (300, 40), (100, 0), (600, 0)]
    made = found(roads, homes, schools, engine)
    np.testing.assert_allclose(made["meters"], [500, 5, 0, 0, 600])
    np.testing.assert_allclose(made.geometry.length, made["meters"])
    assert list(made.geometry[0].coords) == [(100, 50), (100, 0), (500, 0), (500, 50)]
    assert (made["status"] == "ok").all()


def test_limits_and_no_way():
    roads = network([(0, 0), (600, 0), (5000, 0), (5600, 0)], [(0, 1, 600, 600), (2, 3, 60, 60)])
    made = found(roads, [(0, 0), (0, 0), (0, 9000)], [(600, 0), (5600, 0), (0, 0)], limit_min=5)
    assert made["status"].tolist() == ["over_limit", "unreachable", "origin_too_far"]
    assert np.isinf(made["minutes"]).all()
    assert made.geometry.is_empty.all()
    none = found(roads, [], [])
    assert list(none.columns) == list(made.columns)
    assert isinstance(none, gpd.GeoDataFrame)
    with pytest.raises(InputError, match="in pairs"):
        found(roads, [(0, 0)], [])


def test_what_is_prepared_is_kept(tmp_path):
    roads = random_network(2)
    search = Search(engine="prepared", cache=Cache(tmp_path))
    pair = points("origin", random_places(1, 3)), points("site", random_places(2, 3))
    one, other = (routes(roads, *pair, mode="bike", search=search) for _ in range(2))
    assert one.equals(other)
    assert len(list(tmp_path.glob("*.json"))) == 2
