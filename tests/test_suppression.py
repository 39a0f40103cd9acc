"""What published numbers give away, and that widening closes it."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.errors import InputError
from geo_mbo.suppression import CELLS, SUMS, audit, widened, widening
from geo_mbo.suppression.exact import MORE, cost, rounded
from geo_mbo.suppression.system import propagated, system_of
from geo_mbo.suppression.widening import StillOpenError


def cells(**numbers: float | None) -> pd.DataFrame:
    """Make cells by name; None is a masked one."""
    rows = [(n, 1.0, 4.0, True) if v is None else (n, v, v, False) for n, v in numbers.items()]
    return pd.DataFrame(rows, columns=list(CELLS))


def total(whole: str, *parts: str) -> list[tuple[str, str, float]]:
    """Make a sum: the parts and their total."""
    return [(whole, part, 1.0) for part in parts] + [(whole, whole, -1.0)]


def sums(*rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame([one for made in rows for one in made], columns=list(SUMS))


def crossed(table: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Publish a table with the totals of its rows and columns, and of all."""
    rows, columns = table.shape
    numbers: dict[str, float | None] = {}
    for i, j in product(range(rows), range(columns)):
        few = 1 <= table[i, j] <= 4
        numbers[f"{i},{j}"] = None if few else float(table[i, j])
    made = []
    for name, axis, count, other in (("r", 1, rows, columns), ("c", 0, columns, rows)):
        for k in range(count):
            whole = float(table.sum(axis=axis)[k])
            numbers[f"{name}{k}"] = None if 1 <= whole <= 4 else whole
            inside = [f"{k},{o}" if name == "r" else f"{o},{k}" for o in range(other)]
            made.append(total(f"{name}{k}", *inside))
    whole = float(table.sum())
    numbers["all"] = None if 1 <= whole <= 4 else whole
    made.append(total("all", *[f"r{k}" for k in range(rows)]))
    return cells(**numbers), sums(*made)


def by_trying(table: np.ndarray, told: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Give the bounds of every small cell over all whole numbers that hold the totals."""
    known = told.set_index("cell")
    small = [name for name in known.index[known["small"]] if "," in name]
    seen: dict[str, list[float]] = {name: [] for name in known.index[known["small"]]}
    for tried in product(range(1, 5), repeat=len(small)):
        guess = table.copy()
        for name, value in zip(small, tried, strict=True):
            i, j = map(int, name.split(","))
            guess[i, j] = value
        margins = {f"r{k}": v for k, v in enumerate(guess.sum(axis=1))}
        margins |= {f"c{k}": v for k, v in enumerate(guess.sum(axis=0))} | {"all": guess.sum()}
        if all(known.at[n, "low"] <= v <= known.at[n, "high"] for n, v in margins.items()):
            for name, values in seen.items():
                at = tuple(map(int, name.split(","))) if "," in name else None
                values.append(float(margins[name] if at is None else guess[at]))
    return {name: (min(values), max(values)) for name, values in seen.items()}


TABLE = st.integers(2, 3).flatmap(
    lambda n: st.lists(
        st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 9, 30]), min_size=n, max_size=n),
        min_size=2, max_size=3,
    )
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(TABLE)
def test_audit_finds_what_trying_every_number_finds(rows: Any) -> None:
    table = np.array(rows)
    if ((table >= 1) & (table <= 4)).sum() > 6:
        return
    told, known = crossed(table)
    expected = by_trying(table, told)
    found = audit(told, known).set_index("cell")
    assert set(found.index) == set(expected)
    for name, (least, greatest) in expected.items():
        assert bool(found.at[name, "open"]) == (least > 1 or greatest < 4), name
        if not found.at[name, "open"]:
            assert (found.at[name, "least"], found.at[name, "greatest"]) == (least, greatest)


@settings(max_examples=40, deadline=None)
@given(TABLE, st.booleans())
def test_nothing_is_open_once_widened(rows: Any, exact: bool) -> None:
    table = np.array(rows)
    told, known = crossed(table)
    safe = widened(told, known, exact_up_to=40 if exact else 0)
    assert not audit(safe, known)["open"].any()
    assert (safe["low"] <= told["low"]).all()
    assert (safe["high"] >= told["high"]).all()
    assert (safe["low"] >= 0).all()
    wide = safe[safe["widened"]]
    assert (wide["low"] % 5 == 0).all()
    assert (wide["high"] % 5 == 4).all()
    if not audit(told, known)["open"].any():
        assert not safe["widened"].any()


@settings(max_examples=40, deadline=None)
@given(TABLE)
def test_widened_numbers_say_nothing_by_trying_every_number(rows: Any) -> None:
    """The same attacker without linear programming."""
    table = np.array(rows)
    if ((table >= 1) & (table <= 4)).sum() > 6:
        return
    told, known = crossed(table)
    safe = widened(told, known)
    inner = safe[safe["cell"].str.contains(",") & safe["widened"]]
    if len(inner):
        return
    assert all(ends == (1, 4) for ends in by_trying(table, safe).values())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 2, 4, 6, 7, 20]), min_size=4, max_size=8),
    st.lists(st.sampled_from([0, 1, 3, 5, 6, 11]), min_size=3, max_size=5),
)
def test_tables_of_the_same_people_in_other_parts(sites: list[int], ages: list[int]) -> None:
    """Cells that no sum tells apart, of two tables whose parts add to the same."""
    rest = sum(sites) - sum(ages)
    ages = [*ages, rest] if rest > 0 else ages
    sites = [*sites, -rest] if rest < 0 else sites
    numbers: dict[str, float | None] = {}
    for name, parts in (("site", sites), ("age", ages)):
        numbers |= {f"{name}{k}": None if 1 <= n <= 4 else float(n) for k, n in enumerate(parts)}
    told = cells(**numbers)
    same = [("same", name, 1.0 if name.startswith("site") else -1.0) for name in numbers]
    for exact_up_to in (0, 40):
        safe = widened(told, sums(same), exact_up_to=exact_up_to)
        assert not audit(safe, sums(same))["open"].any()
        assert (safe["low"] <= told["low"]).all()
        assert (safe["high"] >= told["high"]).all()
        assert (safe["low"] >= 0).all()


def price(told: pd.DataFrame, safe: pd.DataFrame, known: pd.DataFrame) -> float:
    extra = (safe["high"] - told["high"]) + (told["low"] - safe["low"])
    return float(extra @ cost(system_of(told, known)))


@settings(max_examples=4, deadline=None)
@given(st.lists(st.sampled_from([0, 2, 5, 9, 30]), min_size=4, max_size=4))
def test_exact_choice_is_the_cheapest(numbers: list[int]) -> None:
    """Against every choice of the narrowest ranges, and against one count after another."""
    told, known = crossed(np.array(numbers).reshape(2, 2))
    exact = price(told, widened(told, known), known)
    assert exact <= price(told, widened(told, known, exact_up_to=0), known) + 1e-9
    free = np.arange(len(told))
    best = np.inf if audit(told, known)["open"].any() else 0.0
    for chosen in product(range(2), repeat=len(free)):
        low, high = told["low"].to_numpy(float).copy(), told["high"].to_numpy(float).copy()
        for cell, way in zip(free, chosen, strict=True):
            if way:
                down, up = MORE[0]
                floor, ceiling = rounded(low[[cell]], high[[cell]])
                low[cell], high[cell] = max(floor[0] - 5 * down, 0.0), ceiling[0] + 5 * up
        tried = told.assign(low=low, high=high)
        worth = price(told, tried, known)
        if worth < best - 1e-9 and not audit(tried, known)["open"].any():
            best = worth
    assert exact <= best + 1e-9


def test_total_less_its_parts_is_found_and_closed() -> None:
    told, known = cells(a=None, b=20, c=30, all=53), sums(total("all", "a", "b", "c"))
    found = audit(told, known)
    assert found.to_dict("records") == [{"cell": "a", "least": 3, "greatest": 3, "open": True}]
    assert not audit(widened(told, known), known)["open"].any()


def test_two_small_parts_hide_each_other_only_where_the_total_lets_them() -> None:
    known = sums(total("all", "a", "b"))
    assert not audit(cells(a=None, b=None, all=5), known)["open"].any()
    assert audit(cells(a=None, b=None, all=2), known)["open"].all()
    assert audit(cells(a=None, b=None, all=8), known)["greatest"].tolist() == [4.0, 4.0]
    assert audit(cells(a=None, b=None, all=7), known)["least"].tolist() == [3.0, 3.0]


def test_country_gives_a_municipality_away_through_the_province() -> None:
    """No single sum does: the hierarchy as a whole."""
    told = cells(a=None, b=10, p=None, q=50, nl=52)
    known = sums(total("p", "a", "zero"), total("nl", "p", "q"))
    told = pd.concat([told[told["cell"] != "b"], cells(zero=0)], ignore_index=True)
    found = audit(told, known).set_index("cell")
    assert found["least"].tolist() == [2, 2]
    assert found["greatest"].tolist() == [2, 2]
    safe = widened(told, known)
    assert not audit(safe, known)["open"].any()


def test_four_masked_cells_on_a_cycle_need_linear_programming() -> None:
    """One sum at a time says nothing; all together leave one number."""
    table = np.array([[1, 1, 40], [1, 1, 40], [40, 40, 7]])
    told, known = crossed(table)
    low, high = propagated(system_of(told, known))
    assert audit(told, known)["open"].all()
    many = np.array([[1, 4, 40], [4, 1, 40], [40, 40, 7]])
    told, known = crossed(many)
    assert not audit(told, known)["open"].any()
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()


def test_contradicting_sums_are_left_out() -> None:
    """A total of other people tells nothing, and does not hide what the others tell."""
    told = cells(a=None, b=20, all=23, other=90)
    known = sums(total("all", "a", "b"), total("other", "a", "b"))
    assert audit(told, known)["open"].all()
    assert not audit(told, sums(total("other", "a", "b")))["open"].any()
    assert not audit(widened(told, known), known)["open"].any()


def test_numbers_without_a_bound_are_taken() -> None:
    told = pd.DataFrame(
        [("a", 1, 4, True), ("b", 10, np.inf, False), ("all", 20, 20, False)], columns=list(CELLS)
    )
    assert not audit(told, sums(total("all", "a", "b")))["open"].any()
    shut = told.assign(high=[4, np.inf, 12], low=[1, 10, 12])
    assert audit(shut, sums(total("all", "a", "b")))["open"].all()
    assert not audit(widened(shut, sums(total("all", "a", "b"))), sums(total("all", "a", "b")))[
        "open"
    ].any()


def test_no_cells_and_no_sums() -> None:
    none = cells()
    assert audit(none, sums()).columns.tolist() == ["cell", "least", "greatest", "open"]
    assert widened(none, sums()).empty
    alone = cells(a=None, b=3e6)
    assert audit(alone, sums())["open"].tolist() == [False]
    assert not widened(alone, sums())["widened"].any()


def test_order_and_names_do_not_matter() -> None:
    told, known = crossed(np.array([[2, 9, 30], [0, 3, 5], [30, 30, 1]]))
    first = audit(told, known).set_index("cell")
    mixed = audit(told.sample(frac=1, random_state=2), known.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(mixed.set_index("cell").loc[first.index], first)


def test_inputs_stay_as_they_were() -> None:
    told, known = crossed(np.array([[2, 9], [0, 3]]))
    before = told.copy(), known.copy()
    widened(told, known)
    pd.testing.assert_frame_equal(told, before[0])
    pd.testing.assert_frame_equal(known, before[1])


@pytest.mark.parametrize(
    ("told", "known", "code"),
    [
        (pd.concat([cells(a=1), cells(a=2)]), sums(), "cells_twice"),
        (cells(a=9), sums([("s", "b", 1.0)]), "sums_unknown"),
        (cells(a=9).assign(low=10.0), sums(), "cells_bounds"),
        (cells(a=9).assign(low=np.nan), sums(), "cells_bounds"),
    ],
)
def test_wrong_systems_are_refused(told: Any, known: Any, code: str) -> None:
    with pytest.raises(InputError) as found:
        audit(told, known)
    assert found.value.breaches[0].code == code
    assert found.value.text("nl") != found.value.text("en")


def test_small_total_of_small_parts_is_widened() -> None:
    told = cells(a=None, b=None, all=None)
    known = sums(total("all", "a", "b"))
    assert audit(told, known)["open"].all()
    safe = widened(told, known).set_index("cell")
    assert safe["widened"].any()
    assert not audit(safe.reset_index(), known)["open"].any()


def test_what_stays_open_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widening, "_wider", lambda system, *_: system)
    told, known = cells(a=None, b=20, all=23), sums(total("all", "a", "b"))
    with pytest.raises(StillOpenError, match="can still be worked out: 1"):
        widened(told, known, exact_up_to=0)


def test_a_large_table_is_closed() -> None:
    rng = np.random.default_rng(5)
    table = rng.choice([0, 1, 3, 8, 25, 120], p=[0.55, 0.04, 0.04, 0.12, 0.15, 0.1], size=(25, 30))
    told, known = crossed(table)
    assert audit(told, known)["open"].any()
    safe = widened(told, known)
    assert not audit(safe, known)["open"].any()
    assert safe["widened"].mean() < 0.2
