"""Files of CBS, and the catalogue of all data sets."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from geo_mbo.errors import InputError, MissingFileError
from geo_mbo.sources import cbs
from geo_mbo.sources.catalogue import data_sets, source_of


def test_statline_spelling(golden: Path) -> None:
    found = cbs.read_inhabitants(golden / "83502NED.csv").set_index(["pc4", "age_from"])
    assert found.index.get_level_values("pc4").unique().tolist() == ["1001", "1002"]
    assert found.loc[("1001", 15), "inhabitants"] == 30
    assert found.loc[("1001", 20), "age_to"] == 25
    assert found.loc[("1001", 95), "age_to"] == cbs.OLDEST
    assert found["year"].unique().tolist() == [2024]
    assert found.loc["1002"]["inhabitants"].isna().sum() == 2


def test_plain_spelling(golden: Path) -> None:
    found = cbs.read_inhabitants(golden / "pc4_age5_2021.csv")
    assert found["age_from"].tolist() == [10, 15, 20, 95]
    assert found["age_to"].tolist() == [15, 20, 25, cbs.OLDEST]
    assert found["inhabitants"].fillna(-1).tolist() == [5, 10, 15, -1]
    assert found["year"].tolist() == [2021] * 4


def test_men_and_women_add_up_where_there_is_no_total(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "Geslacht;Leeftijd;Postcode;Inwoners\nMannen;15-19;1001;5\nVrouwen;15-19;1001;7\n"
    )
    found = cbs.read_inhabitants(path)
    assert found["inhabitants"].tolist() == [12]
    assert found["year"].isna().all()


@pytest.mark.parametrize(
    ("row", "says"),
    [("jong;1001;5", "'jong' in line 2"), ("15-19;1001;veel", "'veel' in line 2")],
)
def test_what_is_wrong_is_named(tmp_path: Path, row: str, says: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"Leeftijd;Postcode;Inwoners\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=says):
        cbs.read_inhabitants(path)


def test_changes(golden: Path) -> None:
    found = cbs.read_changes(golden / "gemeente_herindelingen.csv")
    assert found["old_code"].tolist() == ["GM0009", "GM0008", "GM0008"]
    assert found["new_code"].tolist() == ["GM0002", "GM0009", "GM0001"]
    assert found["share"].tolist() == [1.0, 0.25, 0.75]


@pytest.mark.parametrize(
    ("row", "says"),
    [("x,GM1,A,GM12345,1", "'GM12345' in line 2"), ("x,GM1,A,GM2,1.5", "'1.5' in line 2")],
)
def test_wrong_changes(tmp_path: Path, row: str, says: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"date,old_code,old_name,new_code,share\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=says):
        cbs.read_changes(path)


def test_every_data_set_credits_its_publisher() -> None:
    for found in data_sets().values():
        assert found.attribution, found.key
        assert found.publisher, found.key
        assert found.licence, found.key
        assert found.format, found.key
        assert not found.url or found.url.startswith("https://"), found.key
        if found.publisher in ("DUO", "CBS"):
            assert found.attribution.startswith(f"Bron: {found.publisher}")


def test_a_study_can_name_every_data_set_it_reads() -> None:
    from geo_mbo.study.model import Inputs

    assert {*Inputs.model_fields} <= {*data_sets()}


def test_source_of_a_file(golden: Path) -> None:
    path = golden / "onderwijslocaties.csv"
    found = source_of("locations", path)
    assert found.bytes == path.stat().st_size
    assert re.fullmatch(r"[0-9a-f]{64}", found.sha256)
    assert isinstance(found.modified, date)
    assert found.path == "onderwijslocaties.csv"
    with pytest.raises(InputError, match="'nothing' is no known data set"):
        source_of("nothing", path)
    with pytest.raises(MissingFileError):
        source_of("locations", golden / "gone.csv")
