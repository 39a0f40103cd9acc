"""The tables of a study tell nothing of fewer than five people, alone or together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_mbo.analysis import released as module
from geo_mbo.analysis.margins import known_sums, numbers_of
from geo_mbo.analysis.released import released
from geo_mbo.counts import COUNTS
from geo_mbo.notes import Note
from geo_mbo.sample import sample_town
from geo_mbo.suppression import StillOpenError, audit
from geo_mbo.tables import Tables, no_tables
from tests.indicator_town import MASKED, Cell, indicators, town_with_indicators


def opened(tables: Tables) -> int:
    numbers = numbers_of(tables)
    rests, sums = known_sums(tables, numbers)
    return int(audit(pd.concat([numbers.cells, rests], ignore_index=True), sums)["open"].sum())


def told(*made: tuple[str, list[Cell]]) -> Tables:
    """Give the town with indicators of one source, and no students of its own."""
    frames = [indicators(name, "students", "DUO", cells) for name, cells in made]
    town = sample_town().tables
    none = no_tables()
    return replace(
        town, indicators=pd.concat(frames), students=none.students, enrolments=none.enrolments
    )


def by_town(**numbers: Any) -> list[Cell]:
    return [("municipality", key, 2024, value) for key, value in numbers.items()]


def alone() -> Tables:
    """Give the sample town without the table by home, which tells one of its masked counts."""
    return replace(sample_town().tables, residents=no_tables().residents)


def test_town_that_gives_nothing_away_stays() -> None:
    town = alone()
    assert opened(town) == 0
    safe = released(town)
    for name in ("students", "enrolments", "residents", "indicators", "origins"):
        pd.testing.assert_frame_equal(getattr(safe, name), getattr(town, name))


def test_students_by_site_and_by_home_tell_nothing_together() -> None:
    """90AA has 62 of Aldermeer by home; 60 of them go to one site, a masked few to the other."""
    town = sample_town().tables
    assert opened(town) == 1
    notes: list[Note] = []
    safe = released(town, notify=notes.append)
    assert opened(safe) == 0
    assert notes


def test_unmasked_small_counts_of_a_hand_made_table_are_masked_before_they_are_added() -> None:
    """A total of 103 less the 100 that are shown would tell them."""
    town = sample_town().tables
    students = town.students
    rows = (students["year"] == 2024) & (students["site_id"] == "90AA002")
    at = students.index[rows][0]
    made = students.copy()
    made.loc[at, list(COUNTS)] = 3.0
    safe = released(replace(town, students=made)).students
    assert safe.loc[at, list(COUNTS)].tolist() == [2.5, 1.0, 4.0]
    later = students["kind"] == "forecast"
    pd.testing.assert_frame_equal(safe[later], made[later])


def test_municipality_total_of_a_data_set_does_not_tell_a_masked_flow() -> None:
    """Boskerk has 10 + 30 students and a masked cell; 43 of them in all tells it."""
    total = indicators("Studenten", "students", "DUO", by_town(GM9002=43, GM9001=101))
    tables = replace(alone(), indicators=total)
    assert opened(tables) == 2
    notes: list[Note] = []
    safe = released(tables, notify=notes.append)
    assert opened(safe) == 0
    assert {note.code for note in notes} <= {"widened_indicators", "widened_students"}
    assert notes[0].text("nl") != notes[0].text("en")
    counts = safe.students[list(COUNTS)]
    assert (counts["students_low"] <= counts["students"]).all()
    assert (counts["students_high"] >= counts["students"]).all()


def test_total_of_other_people_widens_nothing() -> None:
    town = sample_town().tables
    total = indicators("Gediplomeerden", "students", "DUO", by_town(GM9002=43, GM9001=12))
    assert released(replace(town, indicators=total)).indicators.equals(
        replace(town, indicators=total).indicators
    )


def test_students_of_two_tables_by_institution_tell_nothing_together() -> None:
    """Enrolments of 90BB: 29 exact and one masked; its students by home: 33 exact."""
    town = sample_town().tables
    students, enrolments = town.students.copy(), town.enrolments.copy()
    own = (students["institution_id"] == "90BB") & (students["kind"] == "history")
    for name, number in zip(students.index[own], (18.0, 8.0, 5.0), strict=True):
        students.loc[name, list(COUNTS)] = number
    first = enrolments.index[enrolments["institution_id"] == "90BB"][0]
    enrolments.loc[first, list(COUNTS)] = (2.5, 1.0, 4.0)
    other = (students["institution_id"] == "90AA") & (students["kind"] == "history")
    students.loc[students.index[other][0], list(COUNTS)] = 32.0
    enrolments.loc[enrolments["programme_id"] == "98003", list(COUNTS)] = 28.0
    tables = replace(town, students=students, enrolments=enrolments)
    both = opened(tables)
    assert both > 0
    assert opened(released(tables)) == 0


def test_parts_of_one_source_tell_each_other() -> None:
    """All less BOL is BBL, which is masked."""
    tables = told(
        ("Alle", by_town(GM9001=103, GM9002=50)),
        ("BOL", by_town(GM9001=100, GM9002=40)),
        ("BBL", by_town(GM9001=MASKED, GM9002=10)),
    )
    assert opened(tables) == 2
    safe = released(tables)
    assert opened(safe) == 0
    assert (safe.indicators["value_low"] < safe.indicators["value_high"]).sum() >= 2


def test_what_is_left_of_a_number_is_a_count_of_few_too() -> None:
    """Nobody tells BBL, but 103 less 100 does."""
    tables = told(("Alle", by_town(GM9001=103, GM9002=50)), ("BOL", by_town(GM9001=100, GM9002=40)))
    assert opened(tables) == 1
    assert opened(released(tables)) == 0


def test_country_and_provinces_together() -> None:
    town = town_with_indicators().tables
    none = no_tables()
    cells: list[Cell] = [
        *by_town(GM9001=60, GM9002=MASKED, GM9003=20),
        ("province", "PV90", 2024, 83), ("labour_market", "AM01", 2024, 83),
        ("country", "NL", 2024, 83),
    ]  # fmt: skip
    tables = replace(
        town,
        indicators=indicators("Studenten", "students", "DUO", cells),
        students=none.students,
        enrolments=none.enrolments,
    )
    assert opened(tables) == 1
    safe = released(tables)
    assert opened(safe) == 0
    masked = safe.indicators["key"] == "GM9002"
    assert safe.indicators.loc[masked, "value_high"].tolist() == [4.0]


@pytest.mark.parametrize(("weight", "left"), [(3.0, 2.5), (0.0, 0.0), (5.0, 5.0), (3.4, 3.4)])
def test_few_young_people_weigh_as_the_middle(weight: float, left: float) -> None:
    town = sample_town().tables
    origins = town.origins.assign(weight=[weight, *town.origins["weight"].iloc[1:]])
    assert released(replace(town, origins=origins)).origins["weight"].iloc[0] == left


def test_no_rows_and_all_masked() -> None:
    assert released(no_tables()).students.empty
    town = sample_town().tables
    masked = town.students.assign(students=2.5, students_low=1.0, students_high=4.0)
    safe = released(replace(town, students=masked))
    pd.testing.assert_frame_equal(safe.students, masked)


def test_rows_in_any_order_and_inputs_unchanged() -> None:
    town = sample_town().tables
    total = indicators("Studenten", "students", "DUO", by_town(GM9002=43, GM9001=101))
    tables = replace(town, indicators=total)
    before = tables.students.copy(), total.copy()
    first = released(tables)
    mixed = replace(
        tables,
        students=tables.students.sample(frac=1, random_state=1),
        indicators=total.iloc[::-1].reset_index(drop=True),
    )
    again = released(mixed)
    assert opened(again) == 0
    pd.testing.assert_frame_equal(again.students.sort_index(), first.students)
    pd.testing.assert_frame_equal(tables.students, before[0])
    pd.testing.assert_frame_equal(total, before[1])
    assert np.isfinite(first.indicators["value"]).all()


def test_where_it_cannot_be_closed_every_number_is_told_roughly(monkeypatch) -> None:
    def open_still(*_: object, **__: object) -> pd.DataFrame:
        raise StillOpenError.of("cells_still_open", count=1)

    monkeypatch.setattr(module, "widened", open_still)
    notes: list = []
    town = sample_town()
    safe = module.released(town.tables, notify=notes.append)
    assert "widened_all" in [found.code for found in notes]
    assert (safe.students["students_low"] <= town.tables.students["students_low"]).all()
    assert (safe.students["students_high"] >= town.tables.students["students_high"]).all()
