"""Fitting a sparse table to sums: against plain dense fitting, linear programs, and traps."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from geo_mbo.analysis.fitting import Margin, fit_margins
from geo_mbo.errors import InputError
from geo_mbo.messages import LANGS
from geo_mbo.notes import Note

CUBE = (3, 4, 2)
WAYS = ((0, 1), (1, 2), (0, 2))


def margin(name, group, sums, *, low=None, high=None, firm=False) -> Margin:
    sums = np.asarray(sums, float)
    ends = [sums if end is None else np.asarray(end, float) for end in (low, high)]
    return Margin(
        name, [f"{name}{k}" for k in range(len(sums))], np.asarray(group), sums, *ends, firm
    )


def cube_margins(truth: np.ndarray, ways=WAYS, masked: bool = False) -> list[Margin]:
    """Sums of a cube over all but these dimensions; sums of 1-4 as bounds where masked."""
    found = []
    at = np.indices(truth.shape).reshape(truth.ndim, -1)
    for way in ways:
        sizes = [truth.shape[k] for k in way]
        group = np.ravel_multi_index([at[k] for k in way], sizes)
        sums = np.bincount(group, weights=truth.ravel(), minlength=int(np.prod(sizes)))
        small = masked & (sums >= 1) & (sums <= 4)
        name = "".join(map(str, way))
        found.append(
            margin(
                name,
                group,
                np.where(small, 2.5, sums),
                low=np.where(small, 1, sums),
                high=np.where(small, 4, sums),
            )
        )
    return found


def dense_fit(prior: np.ndarray, truth: np.ndarray, ways=WAYS) -> np.ndarray:
    """Iterative proportional fitting as in the books."""
    cells = prior.astype(float).copy()
    for _ in range(20_000):
        before = cells.copy()
        for way in ways:
            away = tuple(k for k in range(truth.ndim) if k not in way)
            now = cells.sum(axis=away, keepdims=True)
            due = truth.sum(axis=away, keepdims=True)
            cells = cells * np.divide(due, now, out=np.zeros_like(now), where=now > 0)
        if np.abs(cells - before).max() < 1e-12:
            break
    return cells


def program_bounds(
    margins: list[Margin], prior: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Least and greatest value of each cell by linear programs; None: no table meets the sums."""
    rows, ends = [], []
    for one in margins:
        for key in range(len(one.keys)):
            row = (one.group == key).astype(float)
            rows += [row, -row]
            ends += [one.high[key], -one.low[key]]
    room = [(0, None if weight > 0 else 0) for weight in prior]
    found = []
    for cell, sign in product(range(len(prior)), (1, -1)):
        cost = np.zeros(len(prior))
        cost[cell] = sign
        answer = linprog(cost, A_ub=np.array(rows), b_ub=np.array(ends), bounds=room)
        if answer.status == 2:
            return None
        found.append(np.inf if answer.status == 3 else sign * answer.fun)
    return np.array(found[::2]), np.array(found[1::2])


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_as_plain_dense_fitting_with_structural_zeros(seed) -> None:
    random = np.random.default_rng(seed)
    prior = random.uniform(0.1, 3, CUBE) * (random.random(CUBE) > 0.25)
    truth = prior * random.uniform(0.3, 3, CUBE) * 20
    notes: list[Note] = []
    fit = fit_margins(
        prior.ravel(), cube_margins(truth), sweeps=5000, tolerance=1e-9, notify=notes.append
    )
    assert fit.converged
    assert not notes
    np.testing.assert_allclose(fit.expected, dense_fit(prior, truth).ravel(), rtol=1e-5, atol=1e-5)
    assert (fit.expected[prior.ravel() == 0] == 0).all()
    assert (fit.margins["gap"] == 0).all()


@given(seed=st.integers(0, 10_000), masked=st.booleans(), ways=st.sampled_from([WAYS, WAYS[:2]]))
@settings(deadline=None, max_examples=25)
def test_bounds_hold_those_of_linear_programs_and_the_truth(seed, masked, ways) -> None:
    random = np.random.default_rng(seed)
    shape = (2, 3, 2)
    there = (random.random(shape) > 0.2).astype(float)
    truth = random.poisson(4, shape) * there
    margins = cube_margins(truth, ways, masked)
    fit = fit_margins(there.ravel(), margins, tolerance=1e-6, sweeps=2000, notify=lambda _: None)
    programs = program_bounds(margins, there.ravel())
    assert programs is not None
    assert (fit.low <= programs[0] + 1e-6).all()
    assert (fit.high >= programs[1] - 1e-6).all()
    assert (fit.low <= truth.ravel() + 1e-6).all()
    assert (truth.ravel() <= fit.high + 1e-6).all()
    assert ((fit.low <= fit.expected) & (fit.expected <= fit.high)).all()
    assert not fit.margins["contradicted"].any()


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_bounds_of_two_ways_are_the_sharpest_there_are(seed) -> None:
    truth = np.random.default_rng(seed).poisson(5, (3, 4)).astype(float)
    margins = cube_margins(truth, ((0,), (1,)))
    fit = fit_margins(np.ones(12), margins, notify=lambda _: None)
    rows, columns = (truth.sum(axis=k) for k in (1, 0))
    np.testing.assert_allclose(
        fit.high.reshape(3, 4), np.minimum(rows[:, None], columns[None]), atol=0.01
    )
    least = np.maximum(0, rows[:, None] + columns[None] - truth.sum())
    np.testing.assert_allclose(fit.low.reshape(3, 4), least, atol=0.01)


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_sums_with_bounds_are_met_whenever_some_table_meets_them(seed) -> None:
    random = np.random.default_rng(seed)
    truth = random.poisson(3, CUBE).astype(float)
    margins = cube_margins(truth, masked=True)
    fit = fit_margins(random.uniform(0.5, 2, 24), margins, sweeps=3000, notify=lambda _: None)
    for one in margins:
        sums = one.sums(fit.expected)
        assert (sums >= one.low - 2e-3 * np.maximum(one.high, 1)).all()
        assert (sums <= one.high + 2e-3 * np.maximum(one.high, 1)).all()


def test_the_nearest_table_within_bounds_not_just_some_table() -> None:
    # A start that meets the expected sums stays; else the nearest in relative entropy is found.
    rows = margin("row", [0, 0, 1, 1], [30.0, 70.0], low=[20, 60], high=[40, 80])
    columns = margin("column", [0, 1, 0, 1], [45.0, 55.0], low=[45, 55], high=[45, 55])
    start = np.array([5.0, 5, 60, 30])
    fit = fit_margins(start, [rows, columns], sweeps=5000, tolerance=1e-10)
    raked = start.copy()
    for _ in range(10):
        for one in (columns, rows):
            raked *= (one.expected / one.sums(raked))[one.group]

    def entropy(x: np.ndarray) -> float:
        return float((x * np.log(x / raked) - x + raked).sum())

    limits = [
        {
            "type": "ineq",
            "fun": lambda x, one=one: np.r_[one.sums(x) - one.low, one.high - one.sums(x)],
        }
        for one in (rows, columns)
    ]
    best = minimize(entropy, raked, bounds=[(1e-9, None)] * 4, constraints=limits, tol=1e-12)
    np.testing.assert_allclose(fit.expected, best.x, rtol=1e-4)


def test_what_a_site_does_not_offer_stays_empty_and_decides_the_rest() -> None:
    # Two homes, two sites; the second site alone offers the second programme.
    cells = [
        (home, site, prog) for home, site, prog in product(range(2), repeat=3) if site or not prog
    ]
    home, site, prog = np.array(cells).T
    flows = margin("flows", home * 2 + site, [10.0, 20, 5, 25], firm=True)
    programmes = margin("programmes", prog, [35.0, 25.0])
    fit = fit_margins(np.ones(len(cells)), [programmes, flows], tolerance=1e-8, sweeps=1000)
    np.testing.assert_allclose(fit.expected[(site == 0)], [10, 5], rtol=1e-6)
    at_two = fit.expected[(site == 1) & (prog == 1)]
    np.testing.assert_allclose(at_two, [25 * 20 / 45, 25 * 25 / 45], rtol=1e-6)
    assert fit.low[(site == 0)] == pytest.approx([10, 5], abs=0.01)


@pytest.mark.parametrize("firm", [True, False])
def test_sums_that_contradict_are_named_and_the_firm_ones_hold(firm) -> None:
    rows = margin("row", [0, 0, 1, 1], [30.0, 70.0], firm=True)
    columns = margin("column", [0, 1, 0, 1], [80.0, 60.0], firm=firm)
    notes: list[Note] = []
    fit = fit_margins(np.ones(4), [columns, rows], notify=notes.append)
    assert not fit.converged
    assert notes
    assert all(found.text(lang) for found in notes for lang in LANGS)
    sums = fit.margins.set_index("key")["fitted"]
    if not firm:
        np.testing.assert_allclose(sums[["row0", "row1"]], [30, 70], rtol=1e-6)
        # 140 students for 100 places: both columns give way in proportion.
        np.testing.assert_allclose(sums[["column0", "column1"]], [80 / 1.4, 60 / 1.4], rtol=1e-3)
        gaps = fit.margins.set_index("key")["gap"]
        np.testing.assert_allclose(gaps["column0"], 80 / 1.4 - 80, rtol=1e-3)
        assert (gaps[["row0", "row1"]] == 0).all()


def test_a_sum_over_nothing_is_named() -> None:
    rows = margin("row", [0, 0], [10.0, 5.0], firm=True)
    notes: list[Note] = []
    fit = fit_margins(np.array([1.0, 0.0]), [rows], notify=notes.append)
    assert fit.expected.tolist() == pytest.approx([10, 0])
    assert [(found.code, found.rows) for found in notes] == [
        ("margins_contradicted", ("row: row1",))
    ]
    assert fit.margins["gap"].tolist() == [0, -5]


def test_cells_of_no_sum_keep_their_prior_and_have_no_end() -> None:
    rows = margin("row", [0, 0, -1], [10.0])
    fit = fit_margins(np.array([1.0, 3.0, 7.0]), [rows])
    np.testing.assert_allclose(fit.expected, [2.5, 7.5, 7.0])
    assert fit.high.tolist() == [10, 10, np.inf]
    assert fit.low.tolist() == [0, 0, 0]


def test_no_cells_and_no_sums() -> None:
    none = fit_margins(np.zeros(0), [margin("row", np.zeros(0, int), [])], notify=lambda _: None)
    assert none.expected.shape == (0,)
    assert none.margins.empty
    assert fit_margins(np.ones(2), []).expected.tolist() == [1, 1]


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_order_of_cells_and_scale_of_the_prior_do_not_matter(seed) -> None:
    random = np.random.default_rng(seed)
    truth = random.poisson(4, CUBE).astype(float)
    prior = random.uniform(0.5, 2, 24)
    margins = cube_margins(truth, masked=True)
    fit = fit_margins(prior, margins, notify=lambda _: None)
    order = random.permutation(24)
    mixed = [Margin(m.name, m.keys, m.group[order], m.expected, m.low, m.high) for m in margins]
    before = prior.copy()
    other = fit_margins(prior[order] * 50, mixed, notify=lambda _: None)
    np.testing.assert_allclose(other.expected, fit.expected[order], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(other.low, fit.low[order], atol=1e-6)
    np.testing.assert_array_equal(prior, before)


def test_all_that_is_wrong_is_told_at_once() -> None:
    good = margin("row", [0, 0], [10.0])
    with pytest.raises(InputError) as told:
        fit_margins(
            np.array([1.0, -1.0]),
            [
                good,
                margin("short", [0], [10.0]),
                margin("far", [0, 1], [10.0]),
                margin("ends", [0, 0], [10.0], low=[11.0]),
                margin("open", [0, 0], [10.0], high=[np.inf]),
            ],
        )
    codes = [breach.code for breach in told.value.breaches]
    assert codes == ["prior_below_zero", "margin_shape", "margin_shape", *["margin_bounds"] * 2]
    assert all(told.value.text(lang) for lang in LANGS)


def test_a_sum_that_is_an_estimate_is_met_but_bounds_no_cell() -> None:
    rows = margin("row", [0, 0, 1, 1], [30.0, 70.0], firm=True)
    columns = margin("column", [0, 1, 0, 1], [40.0, 60.0])
    guessed = Margin(
        columns.name,
        columns.keys,
        columns.group,
        *[columns.expected] * 3,
        sure=np.array([False] * 2),
    )
    fit = fit_margins(np.ones(4), [rows, guessed])
    np.testing.assert_allclose(fit.expected, [12, 18, 28, 42], rtol=1e-3)
    assert fit.low.tolist() == [0, 0, 0, 0]
    assert fit.high.tolist() == [30, 30, 70, 70]
