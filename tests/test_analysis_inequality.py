"""Inequality: known answers, plain loops, bounds under masked numbers, nothing there."""

from __future__ import annotations

import json
from itertools import product
from math import inf, isnan, log, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.analysis import equity, inequality, inequality_search
from geo_mbo.analysis import inequality_bounds as bounds
from geo_mbo.errors import InputError
from geo_mbo.intervals import weighted_gini, weighted_mean
from geo_mbo.messages import LANGS
from tests.test_analysis_accessibility import Cells, cells

__all__ = ["cells"]

VALUES = st.sampled_from([0.0, 1.0, 2.5, 5.0, 5.5, 9.0, 40.0])
ROWS = st.lists(st.tuples(VALUES, st.integers(0, 6).map(float), st.integers(1, 4)), max_size=7)
MASKED = st.lists(
    st.tuples(VALUES, st.sampled_from([(1.0, 4.0), (1.0, 4.0), (3.0, 3.0), (0.0, 2.0)])),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="session")
def expected(real_data: Path) -> dict[str, Any]:
    path = real_data / "validation" / "accessibility_bho" / "expected_inequality.json"
    return json.loads(path.read_text(encoding="utf-8"))


def people_of(rows: list[tuple[float, float, int]]) -> list[tuple[float, int]]:
    """One row a person: their value and how well off they are."""
    return [(value, rank) for value, people, rank in rows for _ in range(int(people))]


# Known answers


@pytest.mark.real_data
def test_belo_horizonte(cells: Cells, expected: dict[str, Any]) -> None:
    jobs = cells.expected["cum_jobs_30"].to_numpy(float)
    people, income = cells.land["population"], cells.land["income_per_capita"]
    assert inequality.gini(jobs, people) == pytest.approx(expected["gini_index"], rel=1e-9)
    palma = inequality.palma_ratio(jobs, people, income)
    assert palma == pytest.approx(expected["palma_ratio"], rel=1e-9)
    # Sixteen cells share their income with another: the publisher ranks them as the rows come.
    by_rows = inequality.concentration_index(jobs, people, income, ties="rows")
    assert by_rows == pytest.approx(expected["concentration_index_standard"], rel=1e-9)
    # Its lowest and highest value are those of all cells, also where nobody lives.
    corrected = inequality.concentration_index(
        jobs, people, income, ties="rows", corrected=True, limits=(jobs.min(), jobs.max())
    )
    assert corrected == pytest.approx(expected["concentration_index_corrected"], rel=1e-9)
    shared = inequality.concentration_index(jobs, people, income)
    assert shared == pytest.approx(by_rows, rel=2e-4)
    order = np.random.default_rng(1).permutation(len(jobs))
    moved = inequality.concentration_index(jobs[order], people[order], income[order])
    assert moved == pytest.approx(shared, rel=1e-12)
    for alpha in (0, 1, 2):
        found = inequality.fgt(jobs, people, line=95368, alpha=alpha)
        assert found == pytest.approx(expected["fgt_95368"][f"FGT{alpha}"], rel=1e-9)


@pytest.mark.real_data
def test_belo_horizonte_theil_by_income(cells: Cells, expected: dict[str, Any]) -> None:
    jobs = cells.expected["cum_jobs_30"].to_numpy(float)
    decile = cells.land["income_decile"]
    names = [None if isnan(d) else f"{int(d):02}" for d in decile]
    table = inequality.theil_t(jobs, cells.land["population"], names)
    theil = expected["theil"]
    summary = table[table["group"].isna()].set_index("component")
    for row in theil["groups"]:
        name = row["component"].removesuffix("_group")
        assert summary.loc[name, "value"] == pytest.approx(row["value"], rel=1e-9)
        assert summary.loc[name, "share"] == pytest.approx(row["share_of_total"], rel=1e-9)
    for component in ("within", "between"):
        parts = table[(table["component"] == component) & table["group"].notna()]
        assert list(parts["group"]) == [f"{int(r['income_decile']):02}" for r in theil[component]]
        np.testing.assert_allclose(
            parts["value"], [row["value"] for row in theil[component]], rtol=1e-9
        )


# Plain loops over persons


@settings(deadline=None)
@given(rows=ROWS)
def test_gini_of_persons(rows: list[tuple[float, float, int]]) -> None:
    values = [value for value, _ in people_of(rows)]
    found = inequality.gini([r[0] for r in rows], [r[1] for r in rows])
    if sum(values) == 0:
        assert isnan(found)
        return
    apart = sum(abs(a - b) for a, b in product(values, values))
    assert found == pytest.approx(apart / (2 * len(values) * sum(values)), abs=1e-12)
    assert equity.gini is inequality.gini


@settings(deadline=None)
@given(rows=ROWS)
def test_concentration_of_persons(rows: list[tuple[float, float, int]]) -> None:
    people = people_of(rows)
    columns = [list(c) for c in zip(*rows, strict=True)] or [[], [], []]
    found = inequality.concentration_index(*columns)
    whole = sum(value for value, _ in people)
    if whole == 0:
        assert isnan(found)
        return
    gained = sum((b - a) for (a, low), (b, high) in product(people, people) if low < high)
    assert found == pytest.approx(gained / (len(people) * whole), abs=1e-12)
    corrected = inequality.concentration_index(*columns, corrected=True, limits=(0, 50))
    assert corrected == pytest.approx(found * 4 * whole / len(people) / 50, abs=1e-12)


@settings(deadline=None)
@given(rows=ROWS)
def test_theil_of_persons(rows: list[tuple[float, float, int]]) -> None:
    people = people_of(rows)
    table = inequality.theil_t(
        [r[0] for r in rows], [r[1] for r in rows], [str(r[2]) for r in rows]
    )
    total, between, within = table["value"][:3]
    whole = sum(value for value, _ in people)
    if whole == 0:
        assert table["value"].isna().all()
        return
    mean = whole / len(people)
    each = sum(v / mean * log(v / mean) for v, _ in people if v > 0) / len(people)
    assert total == pytest.approx(each, abs=1e-12)
    assert total == pytest.approx(between + within)
    assert min(between, within) >= -1e-12
    for component, value in (("between", between), ("within", within)):
        parts = table[(table["component"] == component) & table["group"].notna()]
        assert parts["value"].sum() == pytest.approx(value, abs=1e-12)
        assert set(parts["group"]) == {str(rank) for _, rank in people}
    if total > 1e-9:
        assert table["share"].iloc[0] == 1


@settings(deadline=None)
@given(rows=ROWS, alpha=st.sampled_from([0, 1, 2, 1.5]))
def test_fgt_of_persons(rows: list[tuple[float, float, int]], alpha: float) -> None:
    people = people_of(rows)
    found = inequality.fgt([r[0] for r in rows], [r[1] for r in rows], line=5, alpha=alpha)
    if not people:
        assert isnan(found)
        return
    # Who has exactly 5 is not below it.
    short = sum(((5 - v) / 5) ** alpha for v, _ in people if v < 5) / len(people)
    assert found == pytest.approx(short)


@settings(deadline=None)
@given(rows=ROWS)
def test_percentiles_of_persons(rows: list[tuple[float, float, int]]) -> None:
    values = sorted(value for value, _ in people_of(rows))
    found = inequality.percentiles(
        [r[0] for r in rows], [r[1] for r in rows], shares=[0.2, 0.5, 0.9, 1]
    )
    for share, got in zip((0.2, 0.5, 0.9, 1), found, strict=True):
        if not values:
            assert isnan(got)
            continue
        first = next(v for k, v in enumerate(values, 1) if k >= share * len(values) * (1 - 1e-9))
        assert got == first


def test_palma_of_persons_ranked_by_income_or_by_themselves() -> None:
    values = [10.0] * 4 + [20.0] * 5 + [90.0]
    assert inequality.palma_ratio(values, [1] * 10) == 9
    assert inequality.palma_ratio(values, [10] * 10, list(range(10))) == 9
    assert inequality.palma_ratio(values, [10] * 10, list(range(10))[::-1]) < 1
    assert isnan(inequality.palma_ratio([0, 0, 5], [4, 5, 1]))  # the worst off have nothing
    assert isnan(inequality.palma_ratio([7, 7], [1, 1]))  # nobody has more than the quantile
    assert isnan(inequality.palma_ratio([], []))


# Traps


def test_places_without_people_do_not_count_whatever_their_value() -> None:
    plain = ([5, 7, 9], [2, 2, 2])
    more = ([5, inf, 7, nan, 9, -3], [2, 0, 2, 0, 2, 0])
    ranks, more_ranks = [1, 2, 3], [1, nan, 2, 0, 3, nan]
    assert inequality.gini(*more) == inequality.gini(*plain)
    assert inequality.fgt(*more, line=8, alpha=1) == inequality.fgt(*plain, line=8, alpha=1)
    for measure in (inequality.concentration_index, inequality.palma_ratio):
        np.testing.assert_array_equal(measure(*more, more_ranks), measure(*plain, ranks))
    groups = ["a", None, "a", "b", "a", None]
    table = inequality.theil_t(*more, groups)
    assert table["value"][0] == inequality.theil_t(*plain)["value"][0]
    assert set(table["group"].dropna()) == {"a"}


def test_who_reaches_nothing_is_never_averaged_in_silence() -> None:
    for measure in (inequality.gini, inequality.palma_ratio, inequality.theil_t):
        with pytest.raises(InputError) as told:
            measure([5, inf], [2, 3])
        assert told.value.breaches[0].code == "access_values_of_people"
    assert inequality.percentiles([5, inf], [2, 3], shares=[0.4, 0.5]).tolist() == [5, inf]


@pytest.mark.parametrize(("values", "weights"), [([], []), ([5.0], [0.0]), ([0.0], [3.0])])
def test_nobody_or_nothing(values: list[float], weights: list[float]) -> None:
    assert isnan(inequality.gini(values, weights))
    assert isnan(inequality.concentration_index(values, weights, values))
    assert isnan(inequality.palma_ratio(values, weights))
    table = inequality.theil_t(values, weights, ["x"] * len(values))
    assert table["value"].isna().all()
    assert list(table.columns) == ["component", "group", "value", "share"]
    assert list(table["component"][:3]) == ["total", "between", "within"]
    for found in (
        bounds.gini_bounds(values, weights, weights),
        bounds.theil_bounds(values, weights, weights),
        bounds.concentration_bounds(values, weights, weights, values),
    ):
        assert all(map(isnan, found))


def test_one_person_is_equal_to_themselves() -> None:
    assert inequality.gini([7], [1]) == pytest.approx(0)
    assert inequality.concentration_index([7], [1], [3]) == 0
    assert isnan(inequality.concentration_index([7], [1], [3], corrected=True))
    assert inequality.theil_t([7], [1])["value"].tolist() == [0, 0, 0]
    assert bounds.gini_bounds([7], [1], [4]) == (pytest.approx(0), pytest.approx(0))


# Bounds


def every_choice(rows: list[tuple[float, tuple[float, float]]], steps: int) -> list[np.ndarray]:
    """All numbers between the bounds, in so many steps each."""
    return [np.array(c) for c in product(*(np.linspace(*b, steps) for _, b in rows))]


@settings(max_examples=25, deadline=None)
@given(rows=MASKED)
def test_no_choice_of_numbers_is_beyond_the_bounds(
    rows: list[tuple[float, tuple[float, float]]],
) -> None:
    values = np.array([value for value, _ in rows])
    low, high = np.array([b for _, b in rows]).T
    ranks = np.array([3.0, 1.0, 2.0, 2.0])[: len(rows)]
    # One, two, three or four people.
    choices = [c for c in every_choice(rows, 4) if c.sum() > 0]
    given = (values, low, high)
    mean = [float(c @ values / c.sum()) for c in choices]
    least, most = bounds.mean_bounds(*given)
    assert (least, most) == (pytest.approx(min(mean)), pytest.approx(max(mean)))
    poor = [inequality.fgt(values, c, line=5, alpha=1) for c in choices]
    least, most = bounds.fgt_bounds(*given, line=5, alpha=1)
    assert (least, most) == (pytest.approx(min(poor)), pytest.approx(max(poor)))
    for share in (0.3, 0.5, 0.8):
        each = [inequality.percentiles(values, c, shares=[share])[0] for c in choices]
        found = bounds.percentile_bounds(*given, share=share)
        assert found == (min(each), max(each))
    if not any(c @ values > 0 for c in choices):
        return
    for measure, bound in (
        (inequality.gini, bounds.gini_bounds),
        (lambda v, c: inequality.theil_t(v, c)["value"][0], bounds.theil_bounds),
    ):
        each = np.array([measure(values, c) for c in choices if c @ values > 0])
        least, most = bound(*given)
        assert least == pytest.approx(each.min(), abs=1e-9)  # the least is at a corner
        assert each.max() - 1e-9 <= most  # the greatest may lie between the steps
    each = np.array(
        [inequality.concentration_index(values, c, ranks) for c in choices if c @ values > 0]
    )
    least, most = bounds.concentration_bounds(*given, ranks)
    assert each.min() - 0.02 <= least <= most <= each.max() + 0.02


def test_the_bounds_are_not_the_measure_of_the_bounds() -> None:
    values, low, high = [0, 10, 20, 100], [1, 20, 20, 1], [4, 20, 20, 4]
    least, most = bounds.gini_bounds(values, low, high)
    at_bounds = sorted([inequality.gini(values, low), inequality.gini(values, high)])
    assert least <= at_bounds[0]
    assert most >= at_bounds[1]
    values, low, high = [10, 50, 100], [5, 1, 5], [5, 60, 5]
    least, most = bounds.gini_bounds(values, low, high)
    assert least < inequality.gini(values, [5, 4, 5]) < most


def test_narrow_bounds_lie_within_the_outer_ones_of_groups() -> None:
    rng = np.random.default_rng(4)
    values = rng.gamma(2, 20, 60)
    low, high = np.ones(60), np.full(60, 4.0)
    cells = pd.DataFrame({"students": 2.5, "students_low": low, "students_high": high})
    outer = weighted_gini(cells, pd.Series(values), by=[]).iloc[0]
    least, most = bounds.gini_bounds(values, low, high)
    assert outer["value_low"] - 1e-9 <= least < outer["value"] < most <= outer["value_high"] + 1e-9
    mean = weighted_mean(cells, pd.Series(values), by=[]).iloc[0]
    found = bounds.mean_bounds(values, low, high)
    assert found == pytest.approx((mean["value_low"], mean["value_high"]))


def test_known_numbers_have_no_room() -> None:
    rng = np.random.default_rng(5)
    values, people = rng.integers(0, 60, 40) * 1.0, rng.integers(1, 90, 40) * 1.0
    for found, exact in (
        (bounds.gini_bounds(values, people, people), inequality.gini(values, people)),
        (
            bounds.theil_bounds(values, people, people),
            inequality.theil_t(values, people)["value"][0],
        ),
        (
            bounds.concentration_bounds(values, people, people, values),
            inequality.gini(values, people),
        ),
        (bounds.mean_bounds(values, people, people), np.average(values, weights=people)),
    ):
        assert found == (pytest.approx(exact, rel=1e-9), pytest.approx(exact, rel=1e-9))


def test_many_values_are_searched_as_well_as_tried_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(9)
    values = rng.gamma(2, 20, 700)
    low = np.where(rng.random(700) < 0.5, 1.0, rng.integers(5, 200, 700))
    high = np.where(low == 1, 4.0, low)
    tried = bounds.gini_bounds(values, low, high), bounds.theil_bounds(values, low, high)
    monkeypatch.setattr(inequality_search, "EXACT", 100)
    searched = bounds.gini_bounds(values, low, high), bounds.theil_bounds(values, low, high)
    np.testing.assert_allclose(searched, tried, rtol=1e-7)
    middle = inequality.gini(values, (low + high) / 2)
    assert tried[0][0] < middle < tried[0][1]


def test_bounds_do_not_hang_on_the_order_of_rows() -> None:
    rng = np.random.default_rng(2)
    values, low = rng.integers(0, 30, 50) * 1.0, rng.integers(0, 3, 50) * 1.0
    high, order = low + 3, rng.permutation(50)
    for bound in (bounds.gini_bounds, bounds.theil_bounds, bounds.mean_bounds):
        np.testing.assert_allclose(
            bound(values, low, high), bound(values[order], low[order], high[order]), rtol=1e-9
        )


def test_quantiles_of_who_reaches_nothing() -> None:
    assert bounds.percentile_bounds([10, inf], [5, 1], [5, 4], share=0.8) == (10, inf)
    assert bounds.percentile_bounds([10, inf], [0, 1], [0, 4], share=0.8) == (inf, inf)


# Bad input


def codes(told: pytest.ExceptionInfo[InputError]) -> list[str]:
    assert all(told.value.text(lang) for lang in LANGS)
    return [breach.code for breach in told.value.breaches]


def test_bad_input_is_told_all_at_once() -> None:
    with pytest.raises(InputError) as told:
        inequality.concentration_index([nan, 5, 5], [1, -2, 3], [1, 2, nan])
    assert codes(told) == [
        "access_weights_of_people",
        "access_values_of_people",
        "access_ranks_of_people",
    ]
    assert told.value.breaches[1].params == {"count": 1, "value": "nan", "place": 1}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: inequality.gini([1, 2], [1]), "access_uneven"),
        (lambda: inequality.gini([[1, 2]], [[1, 1]]), "access_uneven"),
        (lambda: inequality.gini([-1], [1]), "access_values_of_people"),
        (lambda: inequality.gini([1], [nan]), "access_weights_of_people"),
        (lambda: inequality.theil_t([1], [1], [None]), "access_ranks_of_people"),
        (lambda: inequality.fgt([1], [1], line=0), "not_above_zero"),
        (lambda: inequality.fgt([1], [1], line=1, alpha=-1), "access_alpha"),
        (lambda: inequality.percentiles([1], [1], shares=[0, 2]), "access_shares"),
        (lambda: inequality.concentration_index([1], [1], [1], ties="no"), "not_one_of"),
        (lambda: bounds.gini_bounds([1], [4], [1]), "access_bounds_crossed"),
        (lambda: bounds.mean_bounds([1], [-4], [1]), "access_weights_of_people"),
        (lambda: bounds.mean_bounds([1, 2], [1], [1, 2]), "access_uneven"),
        (lambda: bounds.percentile_bounds([1], [1], [1], share=0), "access_shares"),
        (lambda: bounds.concentration_bounds([1], [1], [1], [nan]), "access_ranks_of_people"),
    ],
)
def test_wrong_options_are_told(call: Any, code: str) -> None:
    with pytest.raises(InputError) as told:
        call()
    assert code in codes(told)
