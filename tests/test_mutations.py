"""Every reader gives a right table of a damaged file, or an error by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from geo_mbo.errors import InputError
from geo_mbo.sources.text import read_text
from tests import mutators
from tests.mutations import CASES, GOLDEN, Case, breaks, differs, judged, mutated, run

COUNT = 150


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_damaged_file_gives_a_right_table_or_an_error_by_name(case: Case, tmp_path: Path) -> None:
    tally = run(case, COUNT, tmp_path)
    assert tally.files == COUNT
    assert not [verdict for verdict, _ in tally.faults]
    # Damage that no reader notices, or that every reader refuses, would test nothing; in binary
    # files and records hardly any damage goes unnoticed.
    assert tally.counts["right"] > 0 or case.form == "binary"
    assert tally.counts["told"] > 0


def test_the_damage_is_the_same_every_time() -> None:
    case = CASES[0]
    data = (GOLDEN / "hbo-website.csv").read_bytes()
    once = [mutated(case, number, data) for number in range(60)]
    assert once == [mutated(case, number, data) for number in range(60)]
    assert len({changed for changed, _, _ in once}) > 50


def test_every_way_to_damage_comes_up() -> None:
    data = (GOLDEN / "2021-2025-11-studenten.csv").read_bytes()
    case = next(case for case in CASES if case.name == "duo: residents")
    used = {way for number in range(600) for way in mutated(case, number, data)[1]}
    assert used == {*mutators.SAME, *mutators.OTHER}


def test_the_script_prints_a_table() -> None:
    script = Path(__file__).resolve().parents[1] / "scripts" / "mutate.py"
    asked = [sys.executable, str(script), "--count", "5", "--reader", "text: website"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120)
    header, row = told.stdout.splitlines()
    assert header.split() == ["reader", "files", "right", "told", "faults"]
    assert row.split()[:3] == ["text:", "website", "5"]
    assert row.split()[-1] == "0"
    other = subprocess.run([*asked[:-1], "none"], capture_output=True, text=True, check=False)
    assert other.returncode == 2
    assert "text: website" in other.stdout


def loses_a_row(path: Path) -> pd.DataFrame:
    return read_text(path).iloc[1:]


def trips_over(path: Path) -> pd.DataFrame:
    raise KeyError(path.name)


def keeps_nothing(path: Path) -> pd.DataFrame:
    raise InputError.of("no_rows", path="x" * 10_000)


@pytest.mark.parametrize(
    ("read", "same", "why"),
    [
        (loses_a_row, True, "instead of"),
        (trips_over, False, "KeyError"),
        (keeps_nothing, False, "a sentence of"),
    ],
)
def test_the_oracle_sees_a_bad_reader(read: object, same: bool, why: str, tmp_path: Path) -> None:
    golden = GOLDEN / "hbo-website.csv"
    case = Case("bad", read, golden)  # type: ignore[arg-type]
    answer, told = judged(case, golden, read_text(golden), same=same)
    assert answer == "fault"
    assert why in told


def test_the_oracle_compares_apart_from_the_order_of_rows() -> None:
    right = pd.DataFrame({"a": ["x", "y"], "count": [1.0, float("nan")]})
    assert differs(right, right.iloc[::-1]) == ""
    assert differs(right, right.assign(count=[1.0, 2.0])) != ""
    assert differs(right, right.iloc[:1]) == "1 rows instead of 2"


@pytest.mark.parametrize(
    ("column", "value"),
    [("count", -1.0), ("count", float("inf")), ("year", 1066.0), ("a", "x\x00"), ("a", "x ")],
)
def test_the_oracle_knows_what_a_table_may_not_hold(column: str, value: object) -> None:
    right = pd.DataFrame({"a": ["x"], "count": [1.0], "year": [2025.0]})
    assert breaks(right, right) == ""
    assert breaks(right, right.assign(**{column: [value]}).astype(right.dtypes)) != ""
    assert breaks(right, right.drop(columns="a")) != ""


def test_a_rate_may_be_below_zero_and_a_count_may_not() -> None:
    right = pd.DataFrame({"unit": ["%", "students"], "count": [1.0, 2.0]})
    assert breaks(right, right.assign(count=[-1.0, 2.0])) == ""
    assert breaks(right, right.assign(count=[1.0, -2.0])) == "count holds -2.0"
