"""The indicators of a study held against what was computed: years, classes, modes, few students."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.analysis import Choices, compare_indicators, find
from geo_mbo.analysis.published import OUTCOMES, ROWS, SUMMARY, Beside, Yardstick
from geo_mbo.errors import InputError
from geo_mbo.messages import LANGS
from geo_mbo.notes import Note
from geo_mbo.sample import sample_town
from geo_mbo.schema import INDICATORS, checked
from geo_mbo.tables import Tables

TOWN = sample_town()
NOW = TOWN.tables.students.query("year == 2024")
Told = float | tuple[float, float]


def published(
    cells: dict[tuple[str, int], Told], *, by: str = "municipality", unit: str = "km"
) -> Tables:
    """Give the town's tables with one indicator: a number, or the ends of a class, by key, year."""
    rows = [
        {
            "key_kind": by, "key": key, "indicator": "Afstand", "year": year, "unit": unit,
            "value": told if isinstance(told, float) else (told[0] + told[1]) / 2,
            "value_low": told if isinstance(told, float) else told[0],
            "value_high": told if isinstance(told, float) else told[1],
            "label": None, "source": "DUO",
        }
        for (key, year), told in cells.items()
    ]  # fmt: skip
    table = checked(pd.DataFrame(rows), INDICATORS)
    return replace(TOWN.tables, indicators=table)


def beside(tables: Tables, *sticks: Yardstick, notes: list[Note] | None = None) -> Beside:
    heard: list[Note] = [] if notes is None else notes
    asked = sticks or (Yardstick("Afstand", "municipality", "bike", "fiets"),)
    return compare_indicators(tables, TOWN.matrix, NOW, yardsticks=asked, notify=heard.append)


def outcomes(found: Beside) -> dict[str, str]:
    return dict(zip(found.rows["key"], found.rows["outcome"], strict=True))


# By bicycle 98 students of Aldermeer (GM9001) go 3.5 km and 2.5 go 9.5 km, together 3.65 on
# average; Cattewaard (GM9003) has one to four students and no road.


def test_known_answer_by_municipality() -> None:
    cells: dict[tuple[str, int], Told] = {("GM9001", 2024): 3.5, ("GM9002", 2024): 10.0}
    found = beside(published(cells))
    rows = found.rows.set_index("key")
    assert rows["computed"].round(2).to_dict() == pytest.approx(
        {"GM9001": 3.65, "GM9002": 5.16, "GM9003": np.nan}, nan_ok=True
    )
    assert rows["computed_off"].round(2).iloc[:2].tolist() == [0.15, -4.84]
    assert outcomes(found) == {
        "GM9001": "agrees",
        "GM9002": "differs",
        "GM9003": "not_published",
    }
    assert rows["name"].tolist() == ["Aldermeer", "Boskerk", "Cattewaard"]
    one = found.summary.iloc[0]
    assert (one["rows_compared"], one["rows_agrees"], one["rows_not_published"]) == (2, 1, 1)
    assert one["bias"] == pytest.approx((0.1492537 - 4.8352941) / 2, abs=1e-6)
    assert one["mean_absolute_error"] == pytest.approx((0.1492537 + 4.8352941) / 2, abs=1e-6)
    assert found.worst["key"].tolist() == ["GM9002"]


def test_of_fewer_than_five_students_nothing_computed_is_told() -> None:
    found = beside(published({("GM9001", 2024): 3.5, ("GM9003", 2024): 7.0}))
    row = found.rows.set_index("key").loc["GM9003"]
    assert row["outcome"] == "withheld"
    assert row["published"] == 7
    for name in ("computed", "computed_off", "computed_off_share", "unreached_share", "sites"):
        assert np.isnan(row[name]), name
    assert pd.isna(row["reasons"])
    assert "GM9003" not in set(found.worst["key"])


def test_nobody_gets_there() -> None:
    island = NOW.assign(
        students=NOW["students"].mask(NOW["origin_id"] == "GM9003", 20.0),
        students_low=NOW["students_low"].mask(NOW["origin_id"] == "GM9003", 20.0),
        students_high=NOW["students_high"].mask(NOW["origin_id"] == "GM9003", 20.0),
    )
    stick = Yardstick("Afstand", "municipality", "bike")
    tables = published({("GM9003", 2024): 7.0})
    found = compare_indicators(tables, TOWN.matrix, island, yardsticks=[stick])
    row = found.rows.set_index("key").loc["GM9003"]
    assert (row["outcome"], row["computed"]) == ("unreached", np.inf)
    assert np.isnan(row["computed_off"])


def test_classes_with_and_without_an_end() -> None:
    whole = published({("GM9001", 2024): (3.0, 5.0), ("GM9002", 2024): (10.0, 15.0)})
    table = whole.indicators.copy()
    table.loc[table["key"] == "GM9002", ["value", "value_high"]] = np.nan
    found = beside(replace(whole, indicators=table))
    rows = found.rows.set_index("key")
    assert rows.loc["GM9001", ["published", "computed_off", "outcome"]].tolist() == [4, 0, "agrees"]
    assert rows.loc["GM9002", "published"] == 10
    assert np.isnan(rows.loc["GM9002", "published_high"])
    assert rows.loc["GM9002", "computed_off"] == pytest.approx(5.1647 - 10, abs=1e-4)


@pytest.mark.parametrize(
    ("years", "taken"),
    [((2024, 2023), 2024), ((2021, 2023, 2030), 2023), ((2023, 2025), 2023), ((2026,), 2026)],
)
def test_the_year_nearest_to_the_students_is_taken(years: tuple[int, ...], taken: int) -> None:
    heard: list[Note] = []
    found = beside(published({("GM9001", year): float(year) for year in years}), notes=heard)
    assert found.rows.set_index("key").loc["GM9001", "published"] == taken
    assert set(found.rows["published_year"]) == {taken}
    assert [note.code for note in heard] == ([] if taken == 2024 else ["compare_year"])
    assert all(str(taken) in note.text(lang) for note in heard for lang in LANGS)


def test_by_institution_and_by_several_modes() -> None:
    cells: dict[tuple[str, int], Told] = {("90AA", 2024): 17.0, ("99ZZ", 2024): 9.0}
    found = beside(
        published(cells, by="institution", unit="min"),
        Yardstick("Afstand", "institution", "bike", "Fiets"),
        Yardstick("Afstand", "institution", "car", "auto"),
    )
    bike = found.rows.query("mode == 'bike'").set_index("key")
    assert bike["outcome"].to_dict() == {
        "90AA": "agrees",
        "90BB": "not_published",
        "99ZZ": "not_computed",
    }
    assert bike.loc["90AA", ["unit", "published_mode", "name"]].tolist() == [
        *("min", "Fiets", "Alfa College"),
    ]
    assert found.summary["mode"].tolist() == ["bike", "car"]
    assert found.worst["mode"].tolist() == ["car"]


@pytest.mark.parametrize(
    ("told", "mode", "reason"),
    [
        ("fiets", "bike", False),
        (" Bicycle ", "bike", False),
        ("bike", "bike", False),
        ("auto", "bike", True),
        ("ov", "bike", True),
        ("Fiets (stadsfiets)", "bike", False),
    ],
)
def test_another_mode_is_a_reason_only_where_it_is_one(told: str, mode: str, reason: bool) -> None:
    stick = Yardstick("Afstand", "municipality", mode, told)
    row = beside(published({("GM9001", 2024): 30.0}), stick).worst.iloc[0]
    assert ("other_mode" in row["reasons"].split(",")) is reason
    assert row["published_mode"] == told


def test_a_mode_that_is_not_told_is_a_reason() -> None:
    stick = Yardstick("Afstand", "municipality", "bike")
    row = beside(published({("GM9001", 2024): 30.0}), stick).worst.iloc[0]
    assert row["reasons"] == "mode_not_told"
    assert pd.isna(row["published_mode"])


def test_several_sites_explain_something_of_institutions_only() -> None:
    of = {by: published({(key, 2024): 30.0}, by=by) for by, key in
          (("municipality", "GM9001"), ("institution", "90AA"))}  # fmt: skip
    home = beside(of["municipality"], Yardstick("Afstand", "municipality", "bike", "fiets"))
    school = beside(of["institution"], Yardstick("Afstand", "institution", "bike", "fiets"))
    assert home.worst["reasons"].tolist() == ["unexplained"]
    assert "several_sites" in school.worst["reasons"].iloc[0]


def test_all_that_is_wrong_comes_at_once() -> None:
    tables = published({("GM9001", 2024): -1.0, ("GM9002", 2024): (9.0, 4.0)})
    strange = published({("90AA", 2024): 3.0}, by="institution", unit="%").indicators
    both = pd.concat([tables.indicators, strange], ignore_index=True)
    sticks = [Yardstick("Afstand", by, "bike") for by in ("municipality", "institution")]
    with pytest.raises(InputError) as caught:
        beside(replace(tables, indicators=both), *sticks)
    codes = {breach.code for breach in caught.value.breaches}
    assert codes == {"compare_negative", "compare_class", "compare_other_unit"}
    assert "GM9001" in str(caught.value)
    assert "'%'" in str(caught.value)


def test_a_mode_that_was_not_searched_is_refused() -> None:
    with pytest.raises(InputError, match="transit"):
        beside(published({("GM9001", 2024): 1.0}), Yardstick("Afstand", "municipality", "transit"))


def test_nothing_asked_and_nothing_there() -> None:
    heard: list[Note] = []
    for found in (
        compare_indicators(TOWN.tables, TOWN.matrix, NOW, yardsticks=[]),
        beside(TOWN.tables, notes=heard),
    ):
        for frame, columns in ((found.rows, ROWS), (found.worst, ROWS), (found.summary, SUMMARY)):
            assert list(frame.columns) == list(columns)
            assert frame.empty
    assert [note.code for note in heard] == ["compare_no_rows"]


def test_without_students_all_that_is_published_was_not_computed() -> None:
    stick = Yardstick("Afstand", "municipality", "bike")
    tables = published({("GM9001", 2023): 3.0, ("GM9001", 2024): 4.0})
    found = compare_indicators(tables, TOWN.matrix, NOW.iloc[:0], yardsticks=[stick])
    assert found.rows[["published", "outcome"]].values.tolist() == [[4.0, "not_computed"]]
    assert np.isnan(found.summary["bias"].iloc[0])


def test_judgements_and_blanks_are_nothing_to_compare() -> None:
    table = published({("GM9001", 2024): 3.5, ("GM9002", 2024): 3.0}).indicators
    numbers = ["value", "value_low", "value_high"]
    blank = table.copy()
    blank.loc[blank["key"] == "GM9002", numbers] = np.nan
    found = beside(replace(TOWN.tables, indicators=blank))
    assert outcomes(found)["GM9002"] == "not_published"


def test_findings_hold_what_was_asked_and_inputs_stay() -> None:
    tables = published({("GM9001", 2024): 3.5})
    before = tables.indicators.copy()
    asked = Choices(mode="bike", yardsticks=(Yardstick("Afstand", "municipality", "bike"),))
    found = find(tables, TOWN.matrix, asked, notify=lambda _: None)
    assert len(found.published) == 3
    assert found.published_summary["rows_compared"].tolist() == [1]
    assert find(tables, TOWN.matrix, notify=lambda _: None).published.empty
    pd.testing.assert_frame_equal(tables.indicators, before)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["GM9001", "GM9002", "GM9003", "GM0001"]),
        st.one_of(
            st.floats(0, 200, allow_subnormal=False),
            st.tuples(st.integers(0, 50), st.integers(1, 50)).map(
                lambda ends: (float(ends[0]), float(ends[0] + ends[1]))
            ),
        ),
        min_size=1,
    )
)
def test_every_row_has_one_outcome_and_the_figures_follow(cells: dict[str, Told]) -> None:
    found = beside(published({(key, 2024): told for key, told in cells.items()}))
    rows, one = found.rows, found.summary.iloc[0]
    assert set(rows["key"]) == {*cells, "GM9001", "GM9002", "GM9003"}
    assert rows["key"].is_unique
    assert set(rows["outcome"]) <= set(OUTCOMES)
    assert sum(int(one[f"rows_{name}"]) for name in OUTCOMES) == len(rows)
    both = rows[rows["outcome"].isin(["agrees", "differs"])]
    assert both["computed_off"].notna().all()
    assert rows["computed_off"].notna().sum() == len(both) == one["rows_compared"]
    # A second, plain implementation.
    away: list[Any] = [
        min((c - low, c - high), key=abs) if not low <= c <= high else 0.0
        for c, low, high in both[["computed", "published_low", "published_high"]].values
    ]
    assert both["computed_off"].tolist() == pytest.approx(away)
    assert rows["reasons"].notna().tolist() == (rows["outcome"] == "differs").tolist()
