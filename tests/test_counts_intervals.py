"""Bounds of what is worked out from masked counts, held against every number they may be."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from geo_mbo.analysis.equity import gini
from geo_mbo.analysis.weighting import group_quantiles
from geo_mbo.counts import COUNTS, intervals, share, total
from geo_mbo.errors import InputError
from geo_mbo.intervals import (
    growth,
    weighted_gini,
    weighted_mean,
    weighted_quantiles,
    weighted_ratio,
    weighted_sum,
)

CELL = st.sampled_from([-1, -1, 0, 1, 3, 5, 12])
MINUTES = st.sampled_from([0.0, 4.0, 10.0, 10.0, 25.5, 40.0, np.inf])
TOWN = st.lists(st.tuples(CELL, MINUTES), min_size=1, max_size=5)


def made(cells: list[int], **columns: Any) -> pd.DataFrame:
    """Make counts; -1 is masked."""
    values = pd.Series(cells, dtype=float)
    return intervals(values, masked=values == -1).assign(**columns)


def every(table: pd.DataFrame) -> np.ndarray:
    """Give every whole number that the counts may be, one a row."""
    ends = zip(table["students_low"], table["students_high"], strict=True)
    return np.array(list(product(*(range(int(a), int(b) + 1) for a, b in ends))), dtype=float)


def same(found: pd.DataFrame, values: list[float], *, exact: bool = True) -> None:
    """Hold bounds against all values there are; those that are missing say nothing."""
    known = [value for value in values if not np.isnan(value)]
    row = found.iloc[0]
    if not known:
        assert np.isnan(row["value_low"])
        assert np.isnan(row["value_high"])
    elif exact:
        assert_allclose([row["value_low"], row["value_high"]], [min(known), max(known)], atol=1e-9)
    else:
        assert row["value_low"] <= min(known) + 1e-9
        assert row["value_high"] >= max(known) - 1e-9


@given(TOWN, st.lists(st.sampled_from([-1.0, -0.3, 0.0, 0.5, 1.0]), min_size=5, max_size=5))
def test_sum_holds_every_number_and_is_reached(cells: Any, parts: list[float]) -> None:
    table, part = made([c for c, _ in cells]), np.array(parts[: len(cells)])
    same(weighted_sum(table, part.tolist(), by=[]), (every(table) @ part).tolist())


@given(TOWN)
def test_mean_holds_every_number_and_is_reached(cells: Any) -> None:
    table, minutes = made([c for c, _ in cells]), pd.Series([m for _, m in cells])
    reached = np.isfinite(minutes.to_numpy())
    weights = every(table)[:, reached]
    with np.errstate(invalid="ignore"):
        means = weights @ minutes.to_numpy()[reached] / weights.sum(axis=1)
    same(weighted_mean(table, minutes, by=[]), means.tolist())


@given(TOWN, st.lists(st.sampled_from([-2.0, 0.0, 0.5, 3.0]), min_size=5, max_size=5), st.data())
def test_ratio_holds_every_number_and_is_reached(cells: Any, above: Any, data: Any) -> None:
    table = made([c for c, _ in cells])
    over = np.array(above[: len(cells)])
    below = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=len(over), max_size=len(over))
    under = np.array(data.draw(below))
    over = np.where(under > 0, over, 0.0)
    weights = every(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = (weights @ over) / (weights @ under)
    same(weighted_ratio(table, over.tolist(), under.tolist(), by=[]), ratios.tolist())


@given(TOWN, st.sampled_from([0.2, 0.5, 0.8, 0.95, 1.0]))
def test_quantile_holds_every_number_and_is_reached(cells: Any, at: float) -> None:
    table, minutes = made([c for c, _ in cells]), pd.Series([m for _, m in cells])
    group = np.zeros(len(cells), dtype=np.intp)
    values = [
        float(group_quantiles(minutes.to_numpy(), w, group, count=1, shares=(at,))[0, 0])
        for w in every(table)
    ]
    found = weighted_quantiles(table, minutes, shares=[at], by=[])
    same(found.replace(np.inf, 1e9), [min(v, 1e9) if v == v else v for v in values])  # noqa: PLR0124
    expected = table["students"].to_numpy(float)
    told = group_quantiles(minutes.to_numpy(), expected, group, count=1, shares=(at,))[0, 0]
    assert_allclose(found["value"].iloc[0], told)


@settings(max_examples=60)
@given(TOWN)
def test_gini_holds_every_number(cells: Any) -> None:
    table, minutes = made([c for c, _ in cells]), pd.Series([m for _, m in cells])
    known = np.isfinite(minutes.to_numpy())
    if not known.any():
        return
    values = minutes.to_numpy()[known]
    found = weighted_gini(table, minutes, by=[])
    every_gini = [gini(values, w) for w in np.unique(every(table)[:, known], axis=0) if w.sum()]
    if np.isnan(found["value"].iloc[0]):
        assert np.isnan(gini(values, table["students"].to_numpy(float)[known]))
        return
    same(found, every_gini, exact=False)
    told = gini(values, table["students"].to_numpy(float)[known])
    assert_allclose(found["value"], told, atol=1e-12)


def test_gini_of_two_values_is_reached() -> None:
    """The least is at a corner, the greatest between whole numbers."""
    table, minutes = made([-1, -1]), pd.Series([10.0, 30.0])
    found = weighted_gini(table, minutes, by=[]).iloc[0]
    steps = np.linspace(1, 4, 301)
    fine = [gini([10, 30], [a, b]) for a in steps for b in (1.0, 2.0, 4.0)]
    assert_allclose(found["value_low"], min(fine))
    assert_allclose(found["value_high"], max(fine), atol=1e-5)


def test_shared_counts_cancel_in_a_difference() -> None:
    """A masked cell that stays where it was adds nothing; bounds of sums would add six."""
    table = made([-1, -1, 20], before=[1.0, 1.0, 1.0], after=[1.0, 0.0, 1.0])
    found = weighted_sum(table, table["after"] - table["before"], by=[])
    assert found.iloc[0].tolist() == [-2.5, -4.0, -1.0]


def test_ratio_of_what_is_in_it_is_the_share() -> None:
    part = made([-1, 12, 0, 7])
    rest = made([5, -1, -1, 0])
    whole = part + rest
    expected = share(part, whole)
    rows = pd.concat([part.assign(k=range(4), part=1.0), rest.assign(k=range(4), part=0.0)])
    found = weighted_ratio(rows, rows["part"], pd.Series(1.0, index=rows.index), by=["k"])
    assert_allclose(found.drop(columns="k").to_numpy(), expected.to_numpy())


def test_groups_are_told_apart_and_missing_keys_are_a_group() -> None:
    table = made([10, -1, 10, -1, 5], site_id=["b", "b", "a", "a", None])
    minutes = pd.Series([20.0, 48.0, 10.0, 10.0, 3.0])
    found = weighted_mean(table, minutes, by=["site_id"])
    assert found["site_id"].tolist()[:2] == ["a", "b"]
    assert found["site_id"].isna().tolist() == [False, False, True]
    alone = [
        weighted_mean(table[rows], minutes[rows], by=[])
        for rows in (table["site_id"] == "a", table["site_id"] == "b", table["site_id"].isna())
    ]
    assert_allclose(found.drop(columns="site_id").to_numpy(), pd.concat(alone).to_numpy())
    mixed = table.sample(frac=1, random_state=3)
    assert weighted_mean(mixed, minutes[mixed.index], by=["site_id"]).equals(found)


def test_no_rows_are_no_groups() -> None:
    none = made([]).assign(site_id=pd.Series(dtype="str"))
    for by in ([], ["site_id"]):
        assert weighted_sum(none, [], by=by).empty
        assert weighted_mean(none, pd.Series(dtype=float), by=by).empty
        assert weighted_quantiles(none, pd.Series(dtype=float), shares=[0.5], by=by).empty
        assert weighted_gini(none, pd.Series(dtype=float), by=by).empty


def test_nobody_has_no_mean() -> None:
    found = weighted_mean(made([0, 0]), pd.Series([1.0, 2.0]), by=[])
    assert found.isna().all(axis=None)
    assert (
        weighted_quantiles(made([0]), pd.Series([1.0]), shares=[0.5], by=[])["value"].isna().all()
    )


def test_growth_of_counts_apart() -> None:
    before, after = made([-1, 0, 10, 0]), made([-1, 5, 8, 0])
    found = growth(before, after)
    assert_allclose(found.iloc[0], [0.0, -0.75, 3.0])
    assert found.iloc[1].isna().all()
    assert_allclose(found.iloc[2], [-0.2, -0.2, -0.2])
    assert found.iloc[3].isna().all()
    perhaps = pd.DataFrame([[1.0, 0.0, 4.0]], columns=list(COUNTS))
    assert growth(perhaps, made([3])).iloc[0].tolist() == [2.0, -0.25, np.inf]


def test_inputs_stay_as_they_were() -> None:
    table = made([10, -1], k=["b", "a"])
    before = table.copy()
    weighted_mean(table, pd.Series([1.0, 2.0]), by=["k"])
    weighted_gini(table, pd.Series([1.0, 2.0]), by=["k"])
    total(table, ["k"])
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([(5.0, 4.0, 3.0)], "interval_turned"),
        ([(5.0, 6.0, 7.0)], "interval_turned"),
        ([(-1.0, -1.0, 2.0)], "interval_negative"),
        ([(np.nan, 1.0, 2.0)], "interval_missing"),
    ],
)
def test_what_is_no_interval_is_refused(cells: list[Any], code: str) -> None:
    table = pd.DataFrame(cells, columns=list(COUNTS))
    with pytest.raises(InputError) as found:
        weighted_sum(table, [1.0], by=[])
    assert [breach.code for breach in found.value.breaches] == [code]
    assert "students" in str(found.value)


def test_wrong_numbers_beside_counts_are_refused() -> None:
    table = made([5, 6])
    for run, code in (
        (lambda: weighted_sum(table, [1.0, np.inf], by=[]), "interval_missing"),
        (lambda: weighted_ratio(table, [1.0, 1.0], [1.0, -1.0], by=[]), "interval_below"),
        (lambda: weighted_ratio(table, [1.0, 1.0], [1.0, 0.0], by=[]), "interval_below"),
        (lambda: weighted_gini(table, pd.Series([1.0, -1.0]), by=[]), "interval_negative"),
        (
            lambda: weighted_quantiles(table, pd.Series([1.0, np.nan]), shares=[0.5], by=[]),
            "interval_missing",
        ),
    ):
        with pytest.raises(InputError) as found:
            run()
        assert found.value.breaches[0].code == code
