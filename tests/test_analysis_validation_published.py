"""Published distances beside computed ones: known answers, classes, reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.analysis.access import student_travel
from geo_mbo.analysis.travelled import FACTS, travelled
from geo_mbo.analysis.validation import (
    REASONS,
    STATES,
    Validation,
    compare_published,
    reasons_text,
)
from geo_mbo.errors import InputError
from geo_mbo.messages import LANGS
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.travel import TravelMatrix, crow_flies_matrix

HOME = ["origin_id"]


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def students(town: SampleTown) -> pd.DataFrame:
    return town.tables.students.query("year == 2024")


def side(values: dict[str, object], measure: str = "km", **more: object) -> pd.DataFrame:
    """Rows by woongemeente with one value each; a pair is a class."""
    rows = [
        {"origin_id": home, "low": given[0], "high": given[1]}
        if isinstance(given, tuple)
        else {"origin_id": home, "value": given}
        for home, given in values.items()
    ]
    table = pd.DataFrame(rows, columns=["origin_id", "value", "low", "high"])
    return table.assign(**{"mode": "bike", "measure": measure} | more)


def against(published: pd.DataFrame, computed: pd.DataFrame, **how: object) -> Validation:
    return compare_published(published, computed, by=HOME, **how)  # type: ignore[arg-type]


def plain(values: dict[str, float], **more: object) -> pd.DataFrame:
    return side(dict(values), **more).drop(columns=["low", "high"])


# What is computed.


@pytest.mark.parametrize("by", ["institution_id", "site_id", "origin_id"])
def test_means_are_those_of_student_travel(
    town: SampleTown, students: pd.DataFrame, by: str
) -> None:
    found = travelled(town.matrix, students, town.tables.origins, by=[by])
    other = student_travel(town.matrix, students, town.tables.origins, by=by)  # type: ignore[arg-type]
    for measure, column in (("minutes", "minutes_mean"), ("km", "km_mean")):
        ours = found[found["measure"] == measure].set_index([by, "mode"])
        due = other[other["minutes_mean"].notna()].set_index([by, "mode"])
        pd.testing.assert_series_equal(
            ours.loc[due.index, "value"], due[column], check_names=False, check_exact=False
        )
        for name in ("students", "students_low", "students_high", "unreached_share"):
            pd.testing.assert_series_equal(ours.loc[due.index, name], due[name])


def test_a_mean_by_hand(town: SampleTown, students: pd.DataFrame) -> None:
    """From Boskerk (200 and 50 young people) to its own site: 30 students."""
    found = travelled(
        town.matrix.select(modes=["bike"]),
        students,
        town.tables.origins,
        by=["origin_id", "site_id"],
    )
    row = found.query("origin_id == 'GM9002' and site_id == '90AA002' and measure == 'minutes'")
    origins = town.tables.origins.query("area_id == 'GM9002'")
    minutes = town.matrix.select(origins=origins["origin_id"], sites=["90AA002"]).minutes("bike")
    due = np.average(minutes[:, 0], weights=origins["weight"])
    assert row["value"].item() == pytest.approx(due)
    assert row[["students", "sites", "homes"]].values.tolist() == [[30.0, 1, 2]]
    # Four of five live at one of the two origins: the 20 % and the 80 % quantile are both there.
    assert row["minutes_spread"].item() == 0
    assert not row["crow_flies"].item()
    assert row["year"].item() == 2024


def test_who_does_not_reach_is_told(town: SampleTown, students: pd.DataFrame) -> None:
    found = travelled(town.matrix, students, town.tables.origins, by=HOME)
    island = found.query("origin_id == 'GM9003' and mode == 'bike' and measure == 'km'")
    assert (island["value"].item(), island["unreached_share"].item()) == (np.inf, 1.0)


def test_few_students_from_their_own_postcode_have_no_time(
    town: SampleTown, students: pd.DataFrame
) -> None:
    """A mean of three times from postcodes that are told would tell where the three live."""
    home = town.tables.origins.query("area_id == 'GM9001'")["origin_id"].iloc[0]
    cell = students[(students["origin_id"] == "GM9001") & (students["site_id"] == "90AA001")]
    few = cell.assign(home_id=home, students=3.0, students_low=3.0, students_high=3.0)
    many = few.assign(students=30.0, students_low=30.0, students_high=30.0)
    for rows, told in ((few, False), (many, True)):
        found = travelled(town.matrix, rows, town.tables.origins, by=["site_id"])
        assert found["value"].notna().all() == told
        assert found["minutes_spread"].notna().all() == told


def test_a_crow_flies_matrix_is_told(town: SampleTown, students: pd.DataFrame) -> None:
    matrix = crow_flies_matrix(town.tables.origins, town.tables.sites, modes=["bike"])
    assert travelled(matrix, students, town.tables.origins, by=HOME)["crow_flies"].all()


def test_students_of_several_years_are_refused(town: SampleTown) -> None:
    with pytest.raises(InputError, match=r"several years \(2024, 2030\)"):
        travelled(town.matrix, town.tables.students, town.tables.origins, by=HOME)


def test_no_students_give_no_rows(town: SampleTown, students: pd.DataFrame) -> None:
    found = travelled(town.matrix, students.iloc[:0], town.tables.origins, by=HOME)
    assert len(found) == 0
    assert {*HOME, "mode", "measure", "value", *FACTS} == {*found.columns}
    none = against(side({"a": 1.0}), found)
    assert none.rows["status"].tolist() == ["not_computed"]


# The comparison.


def test_figures_by_hand() -> None:
    published = side({"a": 10.0, "b": 20.0, "c": 40.0, "d": 5.0})
    computed = plain({"a": 11.0, "b": 17.0, "c": 44.0, "e": 9.0})
    found = against(published, computed)
    row = found.summary.iloc[0]
    assert row["bias"] == pytest.approx((1 - 3 + 4) / 3)
    assert row["mean_absolute_error"] == pytest.approx((1 + 3 + 4) / 3)
    assert row["root_mean_square_error"] == pytest.approx(np.sqrt((1 + 9 + 16) / 3))
    assert row["rank_correlation"] == pytest.approx(1.0)
    assert row["close_share"] == pytest.approx(2 / 3)  # 10 % off is still close
    assert np.isnan(row["inside_share"])
    assert [row[f"rows_{state}"] for state in STATES] == [3, 0, 0, 1, 1]
    assert found.rows["origin_id"].tolist() == ["a", "b", "c", "d", "e"]
    assert found.worst["origin_id"].tolist() == ["c", "b", "a"]


def test_classes_are_intervals() -> None:
    published = side({"a": (0, 5), "b": (5, 10), "c": (50, np.inf), "d": (5, 10)})
    computed = plain({"a": 5.0, "b": 12.0, "c": 80.0, "d": 4.0})
    found = against(published, computed)
    assert found.rows["inside"].tolist() == [True, False, True, False]
    assert found.rows["difference"].tolist() == [0, 2, 0, -1]
    assert found.rows["published"].tolist() == [2.5, 7.5, 50, 7.5]
    assert found.summary[["inside_share", "close_share"]].values.tolist() == [[0.5, 0.5]]


def test_the_rank_needs_three_rows_that_differ() -> None:
    two = against(side({"a": 1.0, "b": 2.0}), plain({"a": 1.0, "b": 2.0}))
    flat = against(side(dict.fromkeys("abc", 4.0)), plain({"a": 1.0, "b": 2.0, "c": 3.0}))
    assert two.summary["rank_correlation"].isna().all()
    assert flat.summary["rank_correlation"].isna().all()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"year": 2022}, "other_year"),
        ({"crow_flies": True}, "crow_flies"),
        ({"unreached_share": 0.2}, "unreached"),
        ({"students": 2.5, "students_low": 1.0, "students_high": 4.0}, "few_students"),
        ({"students": 50.0, "students_low": 20.0, "students_high": 80.0}, "few_students"),
        ({"sites": 3}, "several_sites"),
        ({"minutes_spread": 30.0}, "large_home"),
        ({}, "unexplained"),
    ],
)
def test_each_reason_comes_from_the_data(facts: dict[str, object], reason: str) -> None:
    right = {"year": 2024, "students": 99.0, "students_low": 99.0, "students_high": 99.0}
    rows = plain({"a": 40.0}, measure="minutes").assign(**right | {"sites": 1} | facts)
    published = side({"a": 20.0}, measure="minutes", year=2024)
    assert against(published, rows).rows["reasons"].tolist() == [reason]


def test_reasons_come_together_and_only_where_it_is_off() -> None:
    computed = plain({"a": 10.0, "b": 30.0}).assign(sites=3, crow_flies=True)
    found = against(side({"a": 10.0, "b": 20.0}), computed)
    assert found.rows["reasons"].tolist() == ["", "crow_flies,several_sites"]


def test_another_mode_and_no_mode() -> None:
    computed = plain({"a": 30.0}, mode="car")
    transit = against(side({"a": 20.0}, mode="transit"), computed, modes={"transit": "car"})
    assert transit.rows[["mode", "published_mode", "reasons"]].values.tolist() == [
        ["car", "transit", "other_mode"]
    ]
    untold = side({"a": 20.0}).drop(columns="mode")
    assert against(untold, computed, modes={"": "car"}).rows["reasons"].tolist() == [
        "mode_not_told"
    ]
    with pytest.raises(InputError, match="1 rows do not tell a mode"):
        against(untold, computed)


def test_nobody_reaches_and_withheld_are_rows() -> None:
    found = against(side({"a": 1.0, "b": 2.0}), plain({"a": np.inf, "b": np.nan}))
    assert found.rows["status"].tolist() == ["unreached", "withheld"]
    assert found.rows["difference"].isna().all()
    assert len(found.worst) == 0


def test_all_that_is_wrong_is_told_at_once() -> None:
    published = pd.concat(
        [
            side({"a": np.nan, "b": (9, 5), "c": -1.0, "d": 3.0, "e": 4.0}),
            side({"d": 3.0}),
            side({"f": 3.0}, measure="miles"),
        ]
    )
    with pytest.raises(InputError) as caught:
        against(published, plain({"a": 1.0}))
    assert [breach.code for breach in caught.value.breaches] == [
        "validation_no_value",
        "validation_class",
        "validation_negative",
        "validation_measure",
        "validation_twice",
    ]
    with pytest.raises(InputError, match="column 'measure' is missing"):
        against(side({"a": 1.0}).drop(columns="measure"), plain({"a": 1.0}))
    with pytest.raises(InputError, match="more than once"):
        against(side({"a": 1.0}), pd.concat([plain({"a": 1.0})] * 2))


def test_the_worst_are_ten_by_mode_and_measure() -> None:
    values = {f"{n:02}": 10.0 for n in range(15)}
    off = {name: 10.0 + n for n, name in enumerate(values)}
    both = [side(dict(values), mode=mode) for mode in ("bike", "car")]
    computed = [plain(off, mode=mode) for mode in ("bike", "car")]
    found = against(pd.concat(both), pd.concat(computed))
    assert found.worst["mode"].tolist() == ["bike"] * 10 + ["car"] * 10
    assert found.worst["difference"].tolist()[:10] == [14, 13, 12, 11, 10, 9, 8, 7, 6, 5]
    assert len(against(pd.concat(both), pd.concat(computed), worst=3).worst) == 6


def test_inputs_are_not_changed() -> None:
    published, computed = side({"a": 1.0, "b": (1, 2)}), plain({"a": 1.0})
    before = published.copy(), computed.copy()
    against(published, computed)
    pd.testing.assert_frame_equal(published, before[0])
    pd.testing.assert_frame_equal(computed, before[1])


def test_what_is_computed_agrees_with_itself(town: SampleTown, students: pd.DataFrame) -> None:
    by = ["origin_id", "institution_id"]
    computed = travelled(town.matrix, students, town.tables.origins, by=by)
    finite = computed[np.isfinite(computed["value"])]
    found = compare_published(finite[[*by, "mode", "measure", "value", "year"]], computed, by=by)
    compared = found.rows[found.rows["status"] == "compared"]
    assert len(compared) == len(finite)
    assert compared["close"].all()
    assert not compared["difference"].any()
    assert (found.rows["reasons"] == "").all()


def test_minutes_tell_the_matrix_apart(town: SampleTown, students: pd.DataFrame) -> None:
    """Roads beside crow-flies: the reason is the first that is told."""
    crow: TravelMatrix = crow_flies_matrix(town.tables.origins, town.tables.sites, modes=["bike"])
    published = travelled(
        town.matrix.select(modes=["bike"]), students, town.tables.origins, by=HOME
    )
    known = published[np.isfinite(published["value"])]
    computed = travelled(crow, students, town.tables.origins, by=HOME)
    found = compare_published(known[[*HOME, "mode", "measure", "value"]], computed, by=HOME)
    off = found.rows.query("reasons != ''")
    assert len(off) > 0
    assert off["reasons"].str.startswith("crow_flies").all()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.floats(0, 200), st.floats(0, 200), st.floats(0, 50)), min_size=1, max_size=30
    )
)
def test_bounds_hold_for_any_numbers(numbers: list[tuple[float, float, float]]) -> None:
    homes = [f"{n:03}" for n in range(len(numbers))]
    classes: dict[str, object] = {
        home: (low, low + 1 + wide) for home, (low, _, wide) in zip(homes, numbers, strict=True)
    }
    computed = {home: value for home, (_, value, _) in zip(homes, numbers, strict=True)}
    found = against(side(classes), plain(computed))
    row = found.summary.iloc[0]
    inside = [low <= value <= low + 1 + wide for low, value, wide in numbers]
    assert found.rows["inside"].tolist() == inside
    assert row["inside_share"] == pytest.approx(np.mean(inside))
    assert abs(row["bias"]) <= row["mean_absolute_error"] + 1e-9
    assert row["mean_absolute_error"] <= row["root_mean_square_error"] + 1e-9
    assert np.isnan(row["rank_correlation"]) or -1 <= row["rank_correlation"] <= 1
    assert sum(row[f"rows_{state}"] for state in STATES) == len(numbers)
    shuffled = against(side(classes).sample(frac=1, random_state=1), plain(computed))
    pd.testing.assert_frame_equal(shuffled.rows, found.rows)


def test_every_reason_has_its_sentence() -> None:
    for lang in LANGS:
        sentences = [reasons_text(reason, lang) for reason in REASONS]
        assert len({*sentences}) == len(REASONS)
        assert reasons_text(",".join(REASONS), lang) == " ".join(sentences)
    assert reasons_text("", "nl") == ""
