"""Damaged files against the readers of CBS: a right table or an error by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from geo_mbo.notes import Note
from geo_mbo.sources import cbs
from geo_mbo.sources.cbs_addresses import read_addresses
from geo_mbo.sources.cbs_indicators import read_indicators
from geo_mbo.sources.cbs_regions import read_regions
from tests.mutations import GOLDEN, LIMIT_S, Case, run

FOLDER = GOLDEN / "cbs"
CODED = ("neighbourhood_id", "district_id", "municipality_id")
COUNT = 25


def quiet(_: Note) -> None:
    """Leave the notes unread."""


def _addresses(path: Path) -> pd.DataFrame:
    # Categories of another file are another type, though the cells may be the same.
    return read_addresses(path).astype(dict.fromkeys(CODED, "str"))


def _quietly(read: Callable[..., pd.DataFrame]) -> Callable[[Path], pd.DataFrame]:
    return lambda path: read(path, notify=quiet)


# JSON cannot be taken for a sheet, and in a csv of StatLine an unknown column is a dimension.
CASES = [
    Case("cbs: OData 3", _quietly(read_indicators), FOLDER / "85353NED.json", "binary"),
    Case("cbs: OData 4", _quietly(read_indicators), FOLDER / "85353NED_v4.json", "binary"),
    Case("cbs: proximity", _quietly(read_indicators), FOLDER / "nabijheid_2025.json", "binary"),
    Case("cbs: regions", _quietly(read_regions), FOLDER / "gebieden_2025.json", "binary"),
    Case("cbs: ages, OData", cbs.read_inhabitants, FOLDER / "83502NED.json", "binary"),
    Case("cbs: typed csv", _quietly(read_indicators), FOLDER / "85353NED_typed.csv", "binary"),
    Case("cbs: export", _quietly(read_indicators), FOLDER / "85353NED_statline.csv", "binary"),
    Case("cbs: pc6hnr, 2022", _addresses, FOLDER / "pc6hnr20220801_gwb.csv"),
    Case("cbs: pc6hnr, 2024", _addresses, FOLDER / "pc6hnr20240801_gwb.csv"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_damaged_file_gives_a_right_table_or_an_error_by_name(case: Case, tmp_path: Path) -> None:
    tally = run(case, COUNT, tmp_path, limit_s=LIMIT_S)
    assert tally.files == COUNT
    assert not tally.counts["fault"], [verdict for verdict, _ in tally.faults]
