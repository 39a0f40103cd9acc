"""The sheets of the planner's measures: all there, in words, most people first, few never told."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from geo_mbo.analysis import Choices, find
from geo_mbo.messages import catalogue
from geo_mbo.report.cells import text_table
from geo_mbo.report.measure_sheets import measure_frames
from geo_mbo.report.wording import names_of
from geo_mbo.sample import sample_town

TOWN = sample_town()
FOUND = find(TOWN.tables, TOWN.matrix, Choices(mode="bike", limit_min=30), notify=lambda _: None)
SHOWN = measure_frames(TOWN.tables, FOUND, names_of(TOWN.tables, "nl"))
CODES = (
    *("state", "measure", "of", "decay", "constraint", "table", "unit", "weighed_by"),
    *("measured_from", "region_level", "kind", "mode", "people_kind", "origin_kind"),
)


def test_every_frame_is_a_sheet_with_rows() -> None:
    assert set(SHOWN) == set(vars(FOUND.further))
    assert all(len(SHOWN[key]) == len(frame) for key, frame in vars(FOUND.further).items())


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("key", list(SHOWN))
def test_no_code_is_left_and_every_column_has_a_heading_of_its_own(key, lang) -> None:
    words = catalogue(lang)
    headings = [words[f"field.{name}"] for name in SHOWN[key]]
    assert len(set(map(str.lower, headings))) == len(headings)
    assert {f"sheet.{key}", f"sheet_about.{key}"} <= set(words)
    assert len(words[f"sheet.{key}"]) <= 31
    told = text_table(SHOWN[key], lang)
    for name in set(CODES) & set(SHOWN[key]):
        # One word may be the same as its code; a code with a line in it never is.
        assert not told[words[f"field.{name}"]].str.contains("_").any(), name


def test_the_mode_of_the_study_and_most_people_come_first() -> None:
    states = SHOWN["states"]
    modes = states["mode"].tolist()
    assert modes[: modes.count("bike")] == ["bike"] * modes.count("bike")
    assert states.query("mode == 'bike'")["out"].is_monotonic_decreasing
    assert SHOWN["flows"]["students_estimated"].is_monotonic_decreasing


def test_programmes_regions_and_hosts_have_names() -> None:
    lacking = SHOWN["lacking"].iloc[0]
    assert lacking[["programme_id", "programme", "level"]].tolist() == ["98001", "Verzorging", 3.0]
    assert lacking["host_site"] == TOWN.tables.sites.set_index("site_id")["name"]["90AA002"]
    assert set(SHOWN["pairs"]["region_name_a"]) == {"Voorbeeldland"}


def test_a_unit_that_is_no_programme_stays() -> None:
    states = FOUND.further.states.assign(by="sector", unit="Zorg")
    found = replace(FOUND, further=replace(FOUND.further, states=states))
    shown = measure_frames(TOWN.tables, found, names_of(TOWN.tables, "nl"))["states"]
    assert set(shown["unit"]) == {"Zorg"}
    assert "programme" not in shown


def test_numbers_that_give_few_students_back_are_left_out() -> None:
    few = pd.DataFrame(
        {
            "students_nearest": [2.5, 50.0],
            "students_nearest_low": [1.0, 50.0],
            "students_nearest_high": [4.0, 50.0],
            "share_nearest": [0.025, 0.5],
            "drawn": [40.0, 2.0],
        }
    )
    told = text_table(few, "en")
    assert told.iloc[0, [0, 3, 4]].tolist() == ["<5", "", ""]
    assert told.iloc[1, [0, 3, 4]].tolist() == ["50", "0.5", "2"]


def test_what_was_fitted_to_few_is_left_out() -> None:
    few = SHOWN["margins"].assign(
        students_total=2.5, students_total_low=1.0, students_total_high=4.0, fitted=3.0
    )
    told = text_table(few, "nl")
    assert set(told["Volgens de schatting"]) == {""}
    assert set(told["Totaal van studenten"]) == {"<5"}


def test_without_rows_there_are_columns() -> None:
    bare = {key: frame.iloc[:0] for key, frame in vars(FOUND.further).items()}
    found = replace(FOUND, further=replace(FOUND.further, **bare))
    empty = measure_frames(TOWN.tables, found, names_of(TOWN.tables, "nl"))
    assert {k: list(v) for k, v in empty.items()} == {k: list(v) for k, v in SHOWN.items()}


def test_nothing_given_is_changed() -> None:
    before = {key: frame.copy() for key, frame in vars(FOUND.further).items()}
    measure_frames(TOWN.tables, FOUND, names_of(TOWN.tables, "nl"))
    for key, frame in vars(FOUND.further).items():
        pd.testing.assert_frame_equal(frame, before[key])
