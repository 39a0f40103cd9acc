"""Catchments and travel times on the sample town, against numbers worked out by hand.

By bicycle the way to 90AA001 and 90BB001 takes 16, 8, 36, 44 minutes from 9001, 9002, 9003, 9004,
to 90AA002 40, 32, 12, 20. Aldermeer's 400 young people live 300 : 100, Boskerk's 250 live 200 : 50.
"""

from __future__ import annotations

from math import inf, isnan

import pandas as pd
import pytest

from geo_mbo import analysis
from geo_mbo.analysis.weighting import homes
from geo_mbo.errors import InputError
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.tables import Tables
from geo_mbo.travel import TravelMatrix


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def t(town: SampleTown) -> Tables:
    return town.tables


@pytest.fixture(scope="module")
def bike(town: SampleTown) -> TravelMatrix:
    return town.matrix.select(modes=["bike"])


@pytest.fixture(scope="module")
def students(t: Tables) -> pd.DataFrame:
    return t.students[t.students["year"] == 2024]


def row(frame: pd.DataFrame, **keys: object) -> pd.Series:
    for name, value in keys.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_observed_catchment(students: pd.DataFrame) -> None:
    found = analysis.observed_catchment(students)
    first = row(found, site_id="90AA001", area_id="GM9001")
    # 60 of 60 + 10 + 2.5; at the least 60 of 60 + 10 + 4, at the most 60 of 60 + 10 + 1.
    assert first["share"] == pytest.approx(60 / 72.5)
    assert (first["share_low"], first["share_high"]) == pytest.approx((60 / 74, 60 / 71))
    assert first["inside"]
    masked = row(found, site_id="90AA001", area_id="GM9003")
    assert (masked["students_low"], masked["students"], masked["students_high"]) == (1, 2.5, 4)
    assert (masked["share_low"], masked["share_high"]) == pytest.approx((1 / 71, 4 / 74))
    assert masked["cumulative_share"] == pytest.approx(1)
    abroad = row(found, site_id="90AA001", area_id="BE")
    assert (abroad["rank"], abroad["students"], abroad["inside"]) == (0, 6, False)
    assert isnan(abroad["share"])


def test_observed_catchment_holds_the_fewest_municipalities(students: pd.DataFrame) -> None:
    inside = {
        share: analysis.observed_catchment(students, share=share)
        .query("site_id == '90AA001' and inside")["area_id"]
        .tolist()
        for share in (0.5, 60 / 72.5, 0.83, 70 / 72.5, 0.97)
    }
    assert list(inside.values()) == [
        ["GM9001"],
        ["GM9001"],  # exactly the share: one municipality is enough
        ["GM9001", "GM9002"],
        ["GM9001", "GM9002"],
        ["GM9001", "GM9002", "GM9003"],
    ]


def test_equal_numbers_rank_by_area_id(students: pd.DataFrame) -> None:
    same = students[students["site_id"] == "90AA001"].assign(students=5.0)
    found = analysis.observed_catchment(same.iloc[::-1])
    assert list(found["area_id"]) == ["GM9001", "GM9002", "GM9003", "BE"]


def test_travel_catchment(town: SampleTown, t: Tables) -> None:
    schools = town.matrix.select(sites=["90BB001", "90AA001", "90AA002"])
    found = analysis.travel_catchment(schools, t.origins, mode="bike", limit_min=32)
    pairs = set(zip(found["site_id"], found["origin_id"], strict=True))
    both = {(site, home) for site in ("90AA001", "90BB001") for home in ("9001", "9002")}
    assert pairs == both | {("90AA002", home) for home in ("9002", "9003", "9004")}
    assert row(found, site_id="90AA002", origin_id="9002")["minutes"] == 32  # the limit is within
    # Of two sites at one junction the first by id is the nearest, whatever the order of columns.
    nearest = found[found["nearest"]].set_index("origin_id")["site_id"]
    assert nearest.to_dict() == {
        "9001": "90AA001",
        "9002": "90AA001",
        "9003": "90AA002",
        "9004": "90AA002",
    }


def test_nearest_beyond_the_limit_stays_in_the_travel_catchment(
    town: SampleTown, t: Tables
) -> None:
    schools = town.matrix.select(sites=["90AA001"])
    found = analysis.travel_catchment(schools, t.origins, mode="bike", limit_min=10)
    assert found["within"].tolist() == [False, True, False, False]
    assert found["nearest"].all()


def test_site_reach(town: SampleTown, t: Tables) -> None:
    found = analysis.site_reach(town.matrix, t.origins, t.sites, limit_min=32)
    assert len(found) == 3 * 3
    boskerk = row(found, site_id="90AA002", mode="bike")
    assert boskerk["young_people_within"] == 100 + 250
    assert (boskerk["young_people_nearest"], boskerk["areas_within"]) == (250, 2)
    assert row(found, site_id="90BB001", mode="car")["young_people_within"] == 650


def test_time_to_providers(town: SampleTown, t: Tables) -> None:
    found = analysis.time_to_providers(town.matrix, t.origins, t.sites, n=3)
    assert len(found) == 3 * 3 * 3
    aldermeer = row(found, area_id="GM9001", mode="bike", rank=1)
    assert aldermeer["minutes_mean"] == (300 * 16 + 100 * 8) / 400
    assert (aldermeer["minutes_p50"], aldermeer["minutes_p80"]) == (16, 16)
    # Boskerk: 200 of 250 is exactly 80 %, so 12 minutes is the 80 % quantile.
    boskerk = row(found, area_id="GM9002", mode="bike", rank=1)
    assert boskerk["minutes_mean"] == pytest.approx((200 * 12 + 50 * 20) / 250)
    assert (boskerk["minutes_p50"], boskerk["minutes_p80"]) == (12, 12)
    # Alfa's second site is no second provider: that is Beta, over the one-way street's detour.
    second = row(found, area_id="GM9002", mode="bike", rank=2)
    assert second["minutes_mean"] == pytest.approx((200 * 36 + 50 * 44) / 250)
    assert (found[found["rank"] == 3]["minutes_mean"] == inf).all()
    assert (found[found["rank"] == 3]["reached_share"] == 0).all()
    assert (found[found["area_id"] == "GM9003"]["minutes_p50"] == inf).all()


def test_quantiles_count_who_reaches_nothing_and_means_do_not(town: SampleTown, t: Tables) -> None:
    one = t.origins.assign(area_id="GM9001")
    found = analysis.time_to_providers(town.matrix.select(modes=["bike"]), one, t.sites, n=1)
    assert found["reached_share"].item() == pytest.approx(650 / 700)
    assert found["minutes_mean"].item() == pytest.approx((5600 + 3400) / 650)
    lonely = one.assign(weight=[1.0, 0, 0, 0, 1])
    found = analysis.time_to_providers(town.matrix.select(modes=["bike"]), lonely, t.sites, n=1)
    assert found[["minutes_mean", "minutes_p50", "minutes_p80"]].values.tolist() == [[16, 16, inf]]


def test_origins_count_equally_where_nobody_young_lives(bike: TravelMatrix, t: Tables) -> None:
    empty = t.origins.assign(weight=0.0)
    found = analysis.time_to_providers(bike, empty, t.sites, n=1).set_index("area_id")
    assert found["minutes_mean"].to_dict() == {"GM9001": 12, "GM9002": 16, "GM9003": inf}
    people = analysis.site_reach(bike, empty, t.sites, limit_min=30)
    assert (people["young_people_within"] == 0).all()


def test_origin_times(town: SampleTown, t: Tables) -> None:
    found = analysis.origin_times(town.matrix, t.origins, t.sites, n=2)
    first = row(found, origin_id="9003", mode="bike", rank=1)
    assert (first["minutes"], first["meters"], first["site_id"]) == (12, 3000, "90AA002")
    second = row(found, origin_id="9003", mode="bike", rank=2)
    assert (second["minutes"], second["meters"], second["institution_id"]) == (36, 9000, "90BB")
    island = row(found, origin_id="9005", mode="car", rank=1)
    assert (island["minutes"], island["meters"]) == (inf, inf)
    assert pd.isna(island["site_id"])
    assert pd.isna(island["institution_id"])
    # On foot the one-way street is open: 9003 walks 3 km to either.
    assert row(found, origin_id="9003", mode="walk", rank=1)["site_id"] == "90AA001"


def test_a_site_without_institution_is_its_own_provider(bike: TravelMatrix, t: Tables) -> None:
    sites = t.sites.assign(institution_id=pd.array([None] * 4, dtype="str"))
    found = analysis.origin_times(bike, t.origins, sites, n=3)
    home = found[found["origin_id"] == "9001"]
    assert home["site_id"].tolist() == ["90AA001", "90BB001", "90AA002"]
    assert home["institution_id"].isna().all()


def test_student_travel(bike: TravelMatrix, t: Tables, students: pd.DataFrame) -> None:
    found = analysis.student_travel(bike, students, t.origins, by="site_id")
    alfa = row(found, site_id="90AA001")
    # Students by home: 45 at 16, 15 at 8, 8 at 36, 2 at 44 minutes, 2.5 on the island: not.
    added = 45 * 16 + 15 * 8 + 8 * 36 + 2 * 44
    assert alfa["minutes_mean"] == pytest.approx(added / 70)
    assert alfa["km_mean"] == pytest.approx(added / 4 / 70)
    assert (alfa["minutes_p50"], alfa["minutes_p80"]) == (16, 16)
    assert alfa["unreached_share"] == pytest.approx(2.5 / 72.5)
    counts = ["students", "students_low", "students_high", "students_unplaced"]
    assert alfa[counts].tolist() == [72.5, 71, 74, 6]


def test_student_travel_by_home(bike: TravelMatrix, t: Tables, students: pd.DataFrame) -> None:
    found = analysis.student_travel(bike, students, t.origins, by="origin_id")
    assert list(found["origin_id"]) == ["BE", "GM9001", "GM9002", "GM9003", "UNKNOWN"]
    abroad = row(found, origin_id="BE")
    assert (abroad["students"], abroad["students_unplaced"]) == (0, 6)
    assert isnan(abroad["minutes_mean"])
    assert isnan(abroad["unreached_share"])
    island = row(found, origin_id="GM9003")
    assert (island["minutes_mean"], island["minutes_p50"], island["unreached_share"]) == (
        inf,
        inf,
        1,
    )
    # Boskerk: 24 at 12, 6 at 20; 8 + 2 at 36, 2 + 0.5 at 44. Of 42.5, 34 is 80 %: 36 minutes.
    boskerk = row(found, origin_id="GM9002")
    assert (boskerk["minutes_p50"], boskerk["minutes_p80"]) == (12, 36)


def test_no_student_is_lost(town: SampleTown, t: Tables, students: pd.DataFrame) -> None:
    strange = pd.concat(
        [students, students.iloc[:2].assign(site_id=["99ZZ999", None], students=7.0)]
    )
    for by in ("site_id", "origin_id", "institution_id"):
        found = analysis.student_travel(town.matrix, strange, t.origins, by=by).query("mode=='car'")
        lost = 7.0 if by == "site_id" else 0.0  # a row without a site has no row by site
        told = found["students"].sum() + found["students_unplaced"].sum()
        assert told == strange["students"].sum() - lost


def test_students_within(town: SampleTown, t: Tables, students: pd.DataFrame) -> None:
    found = analysis.students_within(town.matrix, students, t.origins, cutoffs_min=(8, 32))
    assert len(found) == 3 * 3 * 2
    # Cutoffs are inclusive: 9002, a quarter of Aldermeer, is 8 minutes from p, 32 from r.
    near = row(found, area_id="GM9001", mode="bike", cutoff_min=8)
    assert near["students"] == pytest.approx(98 / 4)
    assert near["share"] == pytest.approx(24.5 / 100.5)
    far = row(found, area_id="GM9001", mode="bike", cutoff_min=32)
    assert far[["students", "students_low", "students_high"]].tolist() == pytest.approx(
        [98 + 2.5 / 4, 98 + 1 / 4, 98 + 4 / 4]
    )
    island = row(found, area_id="GM9003", mode="bike", cutoff_min=32)
    assert (island["students"], island["share"]) == (0, 0)


def test_an_area_without_students_has_no_share(
    bike: TravelMatrix, t: Tables, students: pd.DataFrame
) -> None:
    some = students[students["origin_id"] == "GM9001"]
    found = analysis.students_within(bike, some, t.origins, cutoffs_min=[60])
    assert found["students"].tolist() == pytest.approx([100.5, 0, 0])
    assert found["share"].isna().tolist() == [False, True, True]


def test_a_matrix_of_other_places_is_refused(town: SampleTown, t: Tables) -> None:
    with pytest.raises(InputError, match="lack 2 of the origins, first '9001'"):
        homes(town.matrix.select(origins=["9003", "9004", "9005"]), t.origins)
    with pytest.raises(InputError, match="lack 1 of the sites, first '90BB001'"):
        analysis.site_reach(
            town.matrix.select(sites=["90AA001", "90AA002"]), t.origins, t.sites, limit_min=30
        )
