"""The sections of the planner's measures: their figures, their silence and their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from geo_mbo.analysis import Choices, Findings, find
from geo_mbo.report.further_catchments import three_catchments
from geo_mbo.report.further_coverage import three_states
from geo_mbo.report.parts import Section
from geo_mbo.report.view import view_of
from geo_mbo.report.wording import Names, names_of
from geo_mbo.sample import SampleTown, sample_town

TOLD = (three_catchments, three_states)


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def found(town: SampleTown) -> Findings:
    choices = Choices(mode="bike", limit_min=30)
    return find(town.tables, town.matrix, choices, notify=lambda _: None)


@pytest.fixture
def names(town: SampleTown) -> Names:
    return names_of(town.tables, "nl")


def having(found: Findings, **frames: pd.DataFrame) -> Findings:
    return replace(found, further=replace(found.further, **frames))


def cells(part: Section) -> list[list[str]]:
    return [[cell.text for cell in row] for row in part.tables[0].rows]


def of_sites(**columns: Any) -> pd.DataFrame:
    base = {
        "site_id": ["90AA001", "90AA002", "90BB001"],
        "mode": "bike",
        "students": [200.0, 400.0, 99.0],
        "students_nearest": [300.0, 100.0, 1000.0],
        "students_model": [180.0, 420.0, 90.0],
        "students_passing": [3.0, 300.0, 99.0],
        "minutes_extra": [10.0, 20.0, 90.0],
        "draws_less": [True, False, True],
    } | columns
    rows = pd.DataFrame(base)
    for name in ("students", "students_nearest", "students_model", "students_passing"):
        rows[f"{name}_high"] = rows[name]
    return rows


def test_catchments_count_ranked_sites_only(found, names) -> None:
    given = having(found, site_differences=of_sites())
    (part,) = three_catchments(given, names, view_of(found, "nl"))
    # (3 x 10 + 300 x 20) / 303 = 20; |200 - 180| + |400 - 420| = 40 of 600 students.
    assert part.sentences[0].startswith("303 studenten (50 %) gaan met de fiets voorbij")
    assert "gemiddeld 20 minuten verder" in part.sentences[0]
    assert part.sentences[1].startswith("Eén van de 2 locaties trekt minder studenten")
    assert "7 % van de studenten naast" in part.sentences[2]
    assert [row[0] for row in cells(part)] == ["Alfa Boskerk", names.site("90AA001")]


def test_fewer_than_five_who_pass_are_not_told(found, names) -> None:
    given = having(found, site_differences=of_sites(students_passing=[3.0, 0.0, 0.0]))
    (part,) = three_catchments(given, names, view_of(found, "nl"))
    assert part.sentences[0].startswith("Er zijn geen vijf studenten")
    assert all(row[4:] == ["-", "-"] for row in cells(part))


def test_catchments_without_a_model(found, names) -> None:
    given = having(found, site_differences=of_sites(students_model=float("nan")))
    (part,) = three_catchments(given, names, view_of(found, "nl"))
    assert len(part.sentences) == 2
    assert "model" not in part.lead
    assert {len(row) for row in cells(part)} == {5}


def test_states_add_up_over_municipalities(found, names) -> None:
    rows = pd.DataFrame(
        {
            "unit": ["98001", "98001", "98002"],
            "level": float("nan"),
            "track": "BOL",
            "mode": "bike",
            "weighed_by": "young_people",
            "area_id": ["GM9001", "GM9002", "GM9001"],
            "whole": [300.0, 100.0, 400.0],
            "served": [150.0, 50.0, 400.0],
            "full": [0.0, 100.0 - 50.0, 0.0],
            "out": [150.0, 0.0, 0.0],
        }
    )
    (part,) = three_states(having(found, states=rows), names, view_of(found, "nl"))
    # 98001: 200 of 400 served, 50 full, 150 out; 98002 all served: means of 75, 6 and 19 %.
    assert "is 75 % van de jongeren met de fiets bediend, vindt 6 % alles vol" in part.sentences[0]
    assert "19 % verder dan 30 minuten" in part.sentences[0]
    assert not any("Nergens is alles vol" in told for told in part.sentences)


def test_new_offer_of_fewer_than_five_is_not_told(found, names) -> None:
    few = found.further.lacking.assign(students=4.9, students_high=4.9)
    (part,) = three_states(having(found, lacking=few), names, view_of(found, "nl"))
    assert part.tables == ()
    many = few.assign(students=6.0, students_high=6.0)
    (part,) = three_states(having(found, lacking=many), names, view_of(found, "nl"))
    assert {row[4] for row in cells(part)} == {"6"}


@pytest.mark.parametrize("tell", TOLD)
def test_nothing_to_tell(found, names, tell) -> None:
    bare = {name: frame.iloc[:0] for name, frame in vars(found.further).items()}
    assert tell(having(found, **bare), names, view_of(found, "nl")) == ()


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("tell", TOLD)
def test_every_section_is_short_and_whole(town, found, tell, lang) -> None:
    before = {name: frame.copy() for name, frame in vars(found.further).items()}
    for part in tell(found, names_of(town.tables, lang), view_of(found, lang)):
        assert 1 <= len(part.sentences) <= 3
        assert len(part.tables) <= 1
        for table in part.tables:
            assert 1 <= len(table.rows) <= 10
            assert {len(row) for row in table.rows} == {len(table.heads)}
        if part.picture:
            assert part.picture.startswith("data:image/png;base64,")
            assert part.picture_alt
        said = [part.title, part.lead, *part.sentences, part.caution]
        assert not any("nan" in told.split() or "{" in told for told in said)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, getattr(found.further, name))
