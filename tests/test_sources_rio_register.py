"""The register side of RIO: what held on a day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_mbo.errors import InputError
from geo_mbo.sources import rio_register
from geo_mbo.sources.periods import NO_END, days, ends, holds

ESTABLISHMENTS = "vestigingserkenningen.csv"
LOCATIONS = "relaties_onderwijslocatiegebruiken_vestigingserkenningen.csv"
OWNERS = "relaties_onderwijsinstellingserkenningen_vestigingserkenningen.csv"
USES = "onderwijslocatiegebruiken.csv"


@pytest.fixture
def register(golden: Path) -> Path:
    return golden / "rio"


@pytest.mark.parametrize(
    ("on", "found"),
    [
        (None, ["01ZZ00", "02ZZ00", "02ZZ01", "09ZZ00"]),
        (date(2025, 7, 31), ["01ZZ00", "01ZZ01", "02ZZ00", "09ZZ00"]),
        (date(2025, 8, 1), ["01ZZ00", "02ZZ00", "09ZZ00"]),
        (date(2026, 8, 1), ["01ZZ00", "02ZZ00", "02ZZ01", "09ZZ00"]),
        (date(1999, 1, 1), []),
    ],
)
def test_establishments_of_a_day(register: Path, on: date | None, found: list[str]) -> None:
    read = rio_register.read_establishments(register / ESTABLISHMENTS, on=on)
    assert read["establishment_id"].tolist() == found
    assert len(read.columns) == 20


def test_what_is_said_of_an_establishment_is_what_held_then(register: Path) -> None:
    path = register / ESTABLISHMENTS
    then = rio_register.read_establishments(path, on=date(2020, 1, 1)).set_index("establishment_id")
    now = rio_register.read_establishments(path, on=date(2022, 1, 1)).set_index("establishment_id")
    assert then.loc["01ZZ00", "name"] == "ROC Haverdam (oude naam)"
    assert now.loc["01ZZ00", "name"] == "ROC Haverdam"
    assert now.loc["02ZZ00", "begins"] == "2015-08-01"
    assert now.loc[["01ZZ00", "02ZZ00"], ["ends", "period_ends"]].isna().all(axis=None)
    assert pd.isna(now.loc["01ZZ01", "out_of_service"])
    assert now["law"].tolist() == ["WEB", "WEB", "WEB", "WVO"]


def test_of_several_rows_the_one_that_began_last_counts(register: Path, tmp_path: Path) -> None:
    path = tmp_path / ESTABLISHMENTS
    text = (register / ESTABLISHMENTS).read_text("utf-8").replace("2021-08-01,BEK", ",BEK")
    path.write_text(text, encoding="utf-8")
    read = rio_register.read_establishments(path).set_index("establishment_id")
    assert read.loc["01ZZ00", "name"] == "ROC Haverdam"


def test_relations_of_a_day(register: Path) -> None:
    used = rio_register.read_establishment_locations(register / LOCATIONS, on=date(2014, 1, 1))
    assert used[["site_id", "establishment_id"]].to_numpy().tolist() == [
        ["901X001", "01ZZ00"],
        ["901X200", "01ZZ01"],
        ["901X002", "01ZZ00"],
        ["901X400", "09ZZ00"],
    ]
    owned = rio_register.read_institution_establishments(register / OWNERS, on=date(2025, 8, 1))
    assert owned["establishment_id"].tolist() == ["01ZZ00", "02ZZ00", "09ZZ00"]
    uses = rio_register.read_location_uses(register / USES, on=date(2023, 8, 1))
    assert uses["site_id"].tolist() == ["901X001", "901X200", "901X199"]


@pytest.mark.parametrize(
    ("reader", "name", "column"),
    [
        (rio_register.read_establishments, ESTABLISHMENTS, "WET"),
        (rio_register.read_establishment_locations, LOCATIONS, "VESTIGINGSCODE"),
        (rio_register.read_institution_establishments, OWNERS, "OIE_CODE"),
        (rio_register.read_location_uses, USES, "ONDERWIJSBESTUURID"),
    ],
)
def test_a_missing_column_is_told(register: Path, tmp_path: Path, reader, name, column) -> None:
    path = tmp_path / name
    path.write_text((register / name).read_text("utf-8").replace(column, "ANDERS", 1), "utf-8")
    with pytest.raises(InputError, match="is missing"):
        reader(path)


DAYS = st.dates(date(1900, 1, 1), date(2049, 12, 31))


@given(begin=DAYS, length=st.integers(1, 5000), on=DAYS)
def test_a_period_holds_from_its_first_day_up_to_its_end(
    begin: date, length: int, on: date
) -> None:
    begins = days(pd.Series([begin.isoformat()]), where="r", column="D")
    ended = ends(pd.Series([f"{begin + timedelta(days=length)}T00:00:00"]), where="r", column="D")
    held = holds(begins, ended, on).item()
    assert held == (begin <= on < begin + timedelta(days=length))


@pytest.mark.parametrize("written", NO_END)
def test_some_ends_stand_for_none(written: str) -> None:
    assert ends(pd.Series([written, None], dtype="str"), where="r", column="D").isna().all()


@pytest.mark.parametrize("wrong", ["20250801", "01-08-2025", "2025-13-01", "2025-08-01T12:00:00"])
def test_other_days_are_told(wrong: str) -> None:
    with pytest.raises(InputError, match="no days"):
        days(pd.Series([wrong]), where="r.csv", column="EINDDATUM")
