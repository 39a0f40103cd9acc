"""The travel matrix: from hand, from the crow's flight, from elsewhere, and to disk and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from geo_mbo.errors import ContractError, CrsError, FileError, InputError, StudyError
from geo_mbo.schema import TRAVEL, TRAVEL_STATUS, checked
from geo_mbo.travel import (
    TravelMatrix,
    crow_flies_matrix,
    matrix_from_long,
    stacked,
    travel_matrix,
)
from tests.roads import network, points

LONG = pd.DataFrame(
    {
        "origin_id": ["01", "01", "02", "02"],
        "site_id": ["a", "b", "a", "b"],
        "mode": "transit",
        "minutes": [10.0, 20.0, np.inf, 5.0],
        "meters": [1000.0, 2000.0, np.inf, 500.0],
        "status": ["ok", "ok", "over_limit", "ok"],
    }
)
ORIGINS = points("origin", [(100_000, 500_000), (103_000, 504_000), (200_000, 500_000)])
SITES = points("site", [(100_000, 500_000), (100_000, 501_000)])


def equal(one: TravelMatrix, other: TravelMatrix) -> bool:
    return one.to_long().equals(other.to_long()) and one.source == other.source


def test_long_and_back():
    before = LONG.copy()
    matrix = matrix_from_long(LONG, source="r5r 2.4")
    assert LONG.equals(before)
    assert (matrix.modes, matrix.source) == (("transit",), "r5r 2.4")
    assert list(matrix.origins) == ["01", "02"]
    np.testing.assert_array_equal(matrix.minutes("transit"), [[10, 20], [np.inf, 5]])
    assert matrix.minutes("transit").dtype == matrix.meters("transit").dtype == np.float32
    assert matrix.status("transit").tolist() == [[0, 0], [4, 0]]
    long = matrix.to_long()
    pd.testing.assert_frame_equal(checked(long, TRAVEL), long)
    pd.testing.assert_frame_equal(long, checked(LONG, TRAVEL)[list(long.columns)])


def test_rows_in_another_order_are_the_same_matrix():
    one, other = matrix_from_long(LONG), matrix_from_long(LONG[::-1])
    assert equal(one, other.select(origins=["01", "02"], sites=["a", "b"]))


def test_what_a_table_from_elsewhere_leaves_out():
    notes = []
    bare = LONG.loc[[0, 3], ["origin_id", "site_id", "mode", "minutes"]]
    matrix = matrix_from_long(bare, notify=notes.append)
    np.testing.assert_array_equal(matrix.minutes("transit"), [[10, np.inf], [np.inf, 5]])
    np.testing.assert_array_equal(matrix.meters("transit"), [[np.nan, np.inf], [np.inf, np.nan]])
    assert [TRAVEL_STATUS[k] for k in matrix.status("transit").ravel()][1] == "unreachable"
    assert [(n.code, n.count) for n in notes] == [("pairs_missing", 2), ("meters_unknown", 2)]
    assert "ontbreken: 2." in notes[0].text("nl")
    empty = matrix_from_long(bare.assign(minutes=np.nan), notify=notes.append)
    assert np.isinf(empty.minutes("transit")).all()


@pytest.mark.parametrize(
    "wrong",
    [
        LONG.drop(columns="minutes"),
        pd.concat([LONG, LONG[:1]]),
        LONG.assign(minutes=-1.0),
        LONG.assign(status="fine"),
        LONG.assign(minutes="soon"),
    ],
)
def test_a_table_that_breaks_the_contract(wrong):
    with pytest.raises(ContractError):
        matrix_from_long(wrong)


def test_crow_flies_by_hand():
    matrix = crow_flies_matrix(ORIGINS, SITES, modes=["walk", "car"], limit_min=90)
    # 5 km x 1.3 at 4.8 km/h = 81.25 min; at 45 km/h = 8.67 min.
    np.testing.assert_allclose(matrix.minutes("walk")[:, 0], [0, 81.25, np.inf])
    np.testing.assert_allclose(matrix.minutes("car")[1, 0], 6.5 / 45 * 60)
    np.testing.assert_allclose(matrix.meters("car")[:2, 1], [1300, np.hypot(3000, 3000) * 1.3])
    assert matrix.status("walk")[2, 0] == TRAVEL_STATUS.index("over_limit")
    assert matrix.source == "crow-flies x detour"
    assert np.isnan(matrix.data["site_snap_m"]).all()


def test_crow_flies_without_a_point():
    sites = SITES.copy()
    sites.loc[1, "geometry"] = shapely.Point()
    homes = ORIGINS.copy()
    homes.loc[0, "geometry"] = None
    matrix = crow_flies_matrix(homes, sites, modes=["bike"])
    words = [[TRAVEL_STATUS[k] for k in row] for row in matrix.status("bike")]
    assert words[0] == ["origin_too_far", "site_too_far"]
    assert words[1] == ["ok", "site_too_far"]


def test_crow_flies_refuses_degrees_and_two_systems():
    with pytest.raises(CrsError, match="degrees"):
        crow_flies_matrix(ORIGINS.to_crs(4326), SITES, modes=["bike"])
    with pytest.raises(CrsError, match="others are in"):
        crow_flies_matrix(ORIGINS, SITES.to_crs(32631), modes=["bike"])
    with pytest.raises(CrsError, match="no coordinate system"):
        crow_flies_matrix(ORIGINS, SITES.set_crs(None, allow_override=True), modes=["bike"])
    with pytest.raises(StudyError, match="no mode of travel"):
        crow_flies_matrix(ORIGINS, SITES, modes=["boat"])


def test_select_is_a_view_where_it_can_be():
    matrix = crow_flies_matrix(ORIGINS, SITES, modes=["walk", "bike", "car"])
    part = matrix.select(origins=["o1", "o2"], modes=["bike"])
    assert np.shares_memory(part.minutes("bike"), matrix.minutes("bike"))
    np.testing.assert_array_equal(part.minutes("bike"), matrix.minutes("bike")[1:])
    turned = matrix.select(sites=["s1", "s0"], origins=["o2", "o0"])
    np.testing.assert_array_equal(turned.minutes("car"), matrix.minutes("car")[[2, 0]][:, [1, 0]])
    assert matrix.select() is matrix
    assert matrix.select(sites=[]).minutes("car").shape == (3, 0)
    with pytest.raises(InputError, match="'s9'"):
        matrix.select(sites=["s0", "s9", "s8"])
    with pytest.raises(InputError, match="'boat'"):
        matrix.minutes("boat")


def test_to_disk_and_back(tmp_path):
    matrix = crow_flies_matrix(ORIGINS, SITES, modes=["walk", "bike"])
    for kept in (matrix, matrix.select(sites=[]), matrix.select(modes=[])):
        kept.save(tmp_path / "m.zarr")
        again = TravelMatrix.open(tmp_path / "m.zarr")
        assert equal(kept, again)
        assert list(again.to_long().columns) == list(TRAVEL.columns)
    again = TravelMatrix.open(tmp_path / "m.zarr")
    assert [p.name for p in tmp_path.iterdir()] == ["m.zarr"]
    assert again.minutes is not None


def test_an_opened_matrix_can_be_selected_and_read_twice(tmp_path):
    matrix = crow_flies_matrix(ORIGINS, SITES, modes=["walk", "bike"])
    matrix.save(tmp_path / "m.zarr")
    again = TravelMatrix.open(tmp_path / "m.zarr")
    part = again.select(sites=["s1", "s0"])
    for _ in range(2):
        np.testing.assert_array_equal(part.minutes("bike"), matrix.minutes("bike")[:, ::-1])


def test_what_is_no_matrix(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        TravelMatrix.open(tmp_path / "no.zarr")
    with pytest.raises(FileError, match="holds no travel matrix"):
        TravelMatrix.open(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match="holds no travel matrix"):
        TravelMatrix.open(tmp_path / "file")
    with pytest.raises(FileError, match="cannot be written"):
        matrix_from_long(LONG).save(tmp_path / "file" / "m.zarr")


def test_modes_of_several_matrices_in_one():
    notes = []
    own = crow_flies_matrix(ORIGINS, SITES, modes=["bike"])
    other = matrix_from_long(
        LONG.assign(origin_id=["o0", "o0", "o7", "o7"], site_id=["s0", "s1", "s0", "s1"]),
        source="r5r",
    )
    both = stacked(own, other, notify=notes.append)
    assert both.modes == ("bike", "transit")
    assert list(both.origins) == ["o0", "o1", "o2"]
    assert both.minutes("transit")[0].tolist() == [10, 20]
    assert np.isinf(both.minutes("transit")[1:]).all()
    assert (both.status("transit")[1:] == TRAVEL_STATUS.index("unreachable")).all()
    np.testing.assert_array_equal(both.minutes("bike"), own.minutes("bike"))
    assert both.minutes("transit").dtype == np.float32
    assert both.status("transit").dtype == np.uint8
    assert both.source == "crow-flies x detour; r5r"
    assert [(n.code, n.count) for n in notes] == [("pairs_missing", 4)]
    assert stacked(own).to_long().equals(own.to_long())
    with pytest.raises(InputError, match="same mode"):
        stacked(own, own)


def test_identifiers_must_be_unique():
    double = pd.concat([SITES, SITES[:1]])
    with pytest.raises(InputError, match="'site_id' must be unique"):
        crow_flies_matrix(ORIGINS, double, modes=["bike"])


def test_several_modes_and_progress():
    roads = network([(0, 0), (1000, 0)], [(0, 1, 60, 60)])
    from dataclasses import replace

    roads = replace(roads, seconds={"bike": roads.times("bike"), "walk": roads.times("bike") * 4})
    seen = []
    matrix = travel_matrix(
        roads,
        points("origin", [(0, 0)]),
        points("site", [(1000, 0)]),
        modes=["walk", "bike"],
        progress=lambda fraction, _: seen.append(fraction),
    )
    assert [float(matrix.minutes(m)[0, 0]) for m in ("walk", "bike")] == [4.0, 1.0]
    assert matrix.source == "test"
    assert matrix.data["origin_snap_m"].values.tolist() == [[0], [0]]
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    none = travel_matrix(roads, points("origin", [(0, 0)]), points("site", []), modes=[])
    assert none.modes == ()
    assert none.to_long().empty
