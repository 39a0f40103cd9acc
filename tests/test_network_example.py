"""The road map of the embedded example: the whole way from file to matrix."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo_mbo.network import Network, network_summary, read_network
from geo_mbo.network.road import Turns
from geo_mbo.network.snapping import snap
from geo_mbo.reach import isochrones
from geo_mbo.schema import TRAVEL_STATUS
from geo_mbo.travel import TravelMatrix, travel_matrix
from tests.roads import plain_trip, points

MODES = ("walk", "bike", "car")
VILLAGE = (67_644.0, 562_288.0)
"""The village that cars enter by a one-way loop."""


@pytest.fixture(scope="module")
def roads(request) -> Network:
    return read_network(
        request.getfixturevalue("example") / "wegen.osm.pbf", modes=MODES, notify=lambda _: None
    )


@pytest.fixture(scope="module")
def postcodes(request):
    import geopandas as gpd

    frame = gpd.read_file(request.getfixturevalue("example") / "cbs_pc4_2024.gpkg")
    inside = frame.geometry.representative_point()
    code = frame["postcode4" if "postcode4" in frame else "postcode"].astype(str)
    return gpd.GeoDataFrame({"origin_id": code}, geometry=inside, crs=frame.crs)


def test_it_hangs_together(roads, capsys):
    summary = network_summary(roads).set_index("mode")
    with capsys.disabled():
        print(f"\nexample:\n{summary.round(4).to_string()}")
    assert roads.crs == "EPSG:28992"
    assert (summary["nodes"] > 12_000).all()
    assert (summary["share_in_largest"] > 0.99).all()
    assert (summary["pieces"] >= 2).all()


def test_trips_agree_with_networkx(roads, postcodes):
    roads = replace(roads, turns=Turns(), turn_s={})  # the plain search turns for nothing
    homes, school = postcodes.iloc[::40].reset_index(drop=True), points("site", [VILLAGE])
    matrix = travel_matrix(roads, homes, school, modes=MODES, limit_min=1e4, notify=lambda _: None)
    for mode in MODES:
        start = snap(roads, np.asarray(homes.geometry), mode=mode)
        stop = snap(roads, np.asarray(school.geometry), mode=mode)
        for k in range(len(homes)):
            seconds, meters = plain_trip(
                roads,
                mode,
                (int(start.edge[k]), float(start.share[k])),
                (int(stop.edge[0]), float(stop.share[0])),
            )
            walk_m = start.away_m[k] + stop.away_m[0]
            due = (seconds + walk_m / (4.8 / 3.6)) / 60
            assert matrix.minutes(mode)[k, 0] == pytest.approx(due, rel=1e-4)
            assert matrix.meters(mode)[k, 0] == pytest.approx(meters + walk_m, rel=1e-4)


def test_the_islet_is_unreachable_and_the_island_takes_its_ferry(roads, postcodes):
    school = points("site", [VILLAGE])
    matrix = travel_matrix(
        roads, postcodes, school, modes=MODES, limit_min=1e4, notify=lambda _: None
    )
    for mode in MODES:
        status = np.array(TRAVEL_STATUS)[matrix.select(origins=["6776"]).status(mode)]
        assert status.tolist() == [["unreachable"]]
        others = matrix.status(mode)[matrix.origins != "6776"]
        assert (others == 0).mean() > 0.97


def test_split_requests_saved_and_loaded_are_the_same_to_the_bit(roads, postcodes, tmp_path):
    sites = postcodes.iloc[5:12].rename(columns={"origin_id": "site_id"}).reset_index(drop=True)
    roads.save(tmp_path / "roads")
    again = Network.load(tmp_path / "roads")
    whole = travel_matrix(roads, postcodes, sites, modes=["bike"], notify=lambda _: None)
    part = travel_matrix(again, postcodes[::-7], sites[3:4], modes=["bike"], notify=lambda _: None)
    same = whole.select(origins=list(part.origins), sites=list(part.sites))
    assert same.to_long().equals(part.to_long())
    whole.save(tmp_path / "m.zarr")
    assert TravelMatrix.open(tmp_path / "m.zarr").to_long().equals(whole.to_long())


def test_isochrones_in_time(roads, postcodes, capsys):
    sites = postcodes.iloc[:35].rename(columns={"origin_id": "site_id"}).reset_index(drop=True)
    started = time.monotonic()
    found = {
        mode: isochrones(roads, sites, mode=mode, notify=lambda _: None) for mode in ("bike", "car")
    }
    with capsys.disabled():
        print(f"\nexample: 35 sites x 3 limits x 2 modes: {time.monotonic() - started:.1f} s")
    assert all(frame.is_valid.all() for frame in found.values())
    assert len(found["bike"]) == 105
    home = found["bike"].geometry.iloc[0]
    assert shapely.distance(home, sites.geometry.iloc[0]) < 1000
