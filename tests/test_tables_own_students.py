"""An institution's own students: where they travel from, and whom they stand for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from geo_mbo.analysis.access import student_travel, students_within
from geo_mbo.analysis.catchment import observed_catchment
from geo_mbo.analysis.trips import trips
from geo_mbo.analysis.weighting import homes
from geo_mbo.counts import COUNTS
from geo_mbo.notes import Note
from geo_mbo.sample import sample_town
from geo_mbo.schema import STUDENTS, checked, empty
from geo_mbo.sources.grondslag import read_own_students
from geo_mbo.tables.own_students import own_students, with_own
from tests.test_sources_grondslag import delivery


@pytest.fixture
def town_file(tmp_path: Path) -> Path:
    """Eight and three students from the two PC4 of one municipality; two from another."""
    town = sample_town().tables
    first, second = town.origins.query("area_id == 'GM9001'")["origin_id"]
    elsewhere = town.origins.query("area_id == 'GM9002'")["origin_id"].iloc[0]
    people = [(first, "901X001")] * 8 + [(second, "901X001")] * 3 + [(elsewhere, "901X001")] * 2
    path = tmp_path / "own.csv"
    path.write_text(delivery(people), encoding="utf-8")
    return path


def read(path: Path) -> pd.DataFrame:
    within = sample_town().tables.origins.set_index("origin_id")["area_id"].to_dict()
    raw = read_own_students(path, on=date(2025, 10, 1), within=within, notify=lambda _: None)
    return own_students(raw)


def test_many_travel_from_their_own_postcode(town_file: Path) -> None:
    town = sample_town()
    own = read(town_file).assign(site_id="90AA001")
    checked(own, STUDENTS)
    assert own["home_id"].notna().sum() == 1
    moving = trips(town.matrix, own, homes(town.matrix, town.tables.origins))
    first, second = town.tables.origins.query("area_id == 'GM9001'")["origin_id"]
    known = moving.pairs["home_id"].notna()
    at = [homes(town.matrix, town.tables.origins).ids[k] for k in moving.origin[known[moving.row]]]
    assert at == [first]
    parts = pd.Series(moving.part).groupby(moving.row).sum()
    assert parts.tolist() == pytest.approx([1.0] * len(moving.pairs))
    assert set(moving.pairs["origin_id"]) == {"GM9001", "GM9002"}
    assert second not in set(own["home_id"].dropna())


def test_measures_by_municipality_hold_all_of_them(town_file: Path) -> None:
    town = sample_town()
    own = read(town_file).assign(site_id="90AA001")
    bike = town.matrix.select(modes=["bike"])
    travel = student_travel(bike, own, town.tables.origins, by="origin_id")
    assert travel["origin_id"].tolist() == ["GM9001", "GM9002"]
    assert travel[list(COUNTS)].to_numpy().tolist() == [[10.5, 9, 12], [2.5, 1, 4]]
    found = observed_catchment(own)
    assert found["area_id"].tolist() == ["GM9001", "GM9002"]
    within = students_within(bike, own, town.tables.origins, cutoffs_min=[600])
    assert within["students_high"].sum() == 16


def test_a_home_that_is_no_origin_counts_with_its_municipality(town_file: Path) -> None:
    town = sample_town()
    own = read(town_file).assign(site_id="90AA001")
    there = homes(town.matrix, town.tables.origins)
    plain = trips(town.matrix, own.assign(home_id=None), there)
    for strange in ("9999", town.tables.origins.query("area_id == 'GM9003'")["origin_id"].iloc[0]):
        odd = own.assign(home_id=own["home_id"].mask(own["home_id"].notna(), strange))
        moving = trips(town.matrix, odd, there)
        counted = moving.pairs["students"].to_numpy()[moving.row] * moving.part
        same = plain.pairs["students"].to_numpy()[plain.row] * plain.part
        assert sorted(counted) != []
        assert counted.sum() == pytest.approx(same.sum())
        by = pd.Series(counted).groupby(moving.origin).sum()
        assert by.tolist() == pytest.approx(pd.Series(same).groupby(plain.origin).sum().tolist())


def test_own_students_stand_for_those_of_the_publisher(told: list[Note]) -> None:
    published = sample_town().tables.students
    own = published.query("institution_id == '90AA' and year == 2024").assign(
        site_id="90AA001", **dict.fromkeys(COUNTS, 7.0)
    )
    own = own.drop_duplicates("origin_id").reset_index(drop=True)
    before = published.copy()
    found = with_own(published, own, notify=told.append)
    pd.testing.assert_frame_equal(published, before)
    mine = found.query("institution_id == '90AA' and year == 2024")
    assert mine["students"].tolist() == [7.0] * len(own)
    rest = published.query("not (institution_id == '90AA' and year == 2024)")
    assert len(found) == len(rest) + len(own)
    assert found.query("kind == 'forecast'")["students"].sum() == pytest.approx(
        published.query("kind == 'forecast'")["students"].sum()
    )
    assert [(note.code, note.params["has"]) for note in told] == [
        ("own_students_first", 7 * len(own))
    ]


def test_a_year_that_only_the_institution_has_is_told(told: list[Note]) -> None:
    published = sample_town().tables.students
    own = published.query("institution_id == '90AA' and year == 2024").assign(year=2025)
    found = with_own(published, own, notify=told.append)
    assert len(found) == len(published) + len(own)
    assert [(note.code, note.rows) for note in told] == [("own_students_alone", ("2025",))]


def test_one_of_both_may_be_absent(told: list[Note]) -> None:
    own = sample_town().tables.students.query("institution_id == '90AA' and year == 2024")
    own = own.reset_index(drop=True)
    pd.testing.assert_frame_equal(with_own(empty(STUDENTS), own, notify=told.append), own)
    nobody = with_own(own, empty(STUDENTS), notify=told.append)
    pd.testing.assert_frame_equal(nobody, own)
    assert not told


def test_own_students_without_homes_give_way_themselves(told: list[Note]) -> None:
    """An RO has no postcodes: it would replace where students live by nothing."""
    published = sample_town().tables.students
    own = published.query("institution_id == '90AA' and year == 2024").head(1)
    own = own.assign(origin_id="UNKNOWN", origin_kind="unknown").reset_index(drop=True)
    pd.testing.assert_frame_equal(with_own(published, own, notify=told.append), published)
    assert [(note.code, note.rows) for note in told] == [("own_students_homeless", ("90AA",))]
    told.clear()
    alone = with_own(published.query("institution_id != '90AA'"), own, notify=told.append)
    assert (alone["institution_id"] == "90AA").sum() == 1
    assert not told
