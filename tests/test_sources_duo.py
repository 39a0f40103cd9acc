"""Files of DUO and RIO, their masks, and years side by side."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from geo_mbo.errors import InputError
from geo_mbo.sources import duo, rio
from geo_mbo.sources.cells import by_year, counted
from geo_mbo.sources.text import read_text


def changed(path: Path, folder: Path, old: str, new: str) -> Path:
    """Give a copy of a file with one text replaced."""
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    copy = folder / path.name
    copy.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def test_every_mask_is_a_mask_and_nothing_else() -> None:
    cells = pd.Series(["-1", "<5", "*", "4", "0", "17", None])
    found = counted(cells, where="x.csv", column="JAAR_2021")
    assert found["masked"].tolist() == [True, True, True, False, False, False, False]
    assert found["count"].fillna(-9).tolist() == [-9, -9, -9, 4, 0, 17, -9]


@pytest.mark.parametrize("cell", ["-2", "1.5", "veel", "5-9", "<10"])
def test_what_is_no_count_is_refused_with_its_line(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"BRIN,JAAR_2021\n01ZZ,3\n02ZZ,{cell}\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"'JAAR 2021'.*first '{cell}' in line 3"):
        by_year(read_text(path), where="x.csv")


def test_four_is_masked_only_where_the_file_says_so(golden: Path) -> None:
    long = by_year(read_text(golden / "deelnemers-indicatieavg.csv"), where="x")
    assert long["masked"].tolist() == [True, False, False]
    assert long["count"].tolist()[1:] == [4, 12]


def test_bare_years_in_any_order(golden: Path) -> None:
    long = by_year(read_text(golden / "hbo-website.csv"), where="x")
    cells = long.set_index(["GESLACHT", "year"])
    assert cells.loc[("man", 2020), "count"] == 50
    assert cells.loc[("man", 2022), "masked"]
    assert cells.loc[("vrouw", 2021), "masked"]
    assert cells.loc[("vrouw", 2022), "count"] == 0


def test_years_before_men_and_women() -> None:
    wide = pd.DataFrame({"BRIN": ["a"], "2010 MAN": ["5"], "2010 VROUW": ["7"]})
    assert by_year(wide, where="x")["count"].tolist() == [5, 7]


def test_no_year_at_all(golden: Path) -> None:
    with pytest.raises(InputError, match="no column of a year"):
        duo.read_residents(golden / "instellingenmbo.csv")


def test_institutions(golden: Path) -> None:
    found = duo.read_institutions(golden / "instellingenmbo.csv")
    assert found["institution_id"].tolist() == ["01ZZ", "02ZZ"]
    assert found["institution"].tolist()[1] == "College Zand, Klei en Water"
    assert found["number"].tolist() == ["1", "58-A"]
    old = duo.read_institutions(golden / "01.-adressen-mbo-oud.csv")
    assert old.columns.tolist() == found.columns.tolist()
    assert old["institution"].tolist() == ["Sint-André", "'t Want"]


def test_offers(golden: Path) -> None:
    found = duo.read_offers(golden / "mbo_opleidingsaanbod.csv")
    assert found["number"].tolist() == ["1", "1", "69A", "2", "1"]
    assert found["programme_id"].isna().tolist() == [False, False, False, True, False]
    assert found.loc[3, "unit_id"] == "9901O0009"


def test_residents(golden: Path) -> None:
    found = duo.read_residents(golden / "2021-2025-11-studenten.csv")
    assert len(found) == 14
    first = found[found["municipality"] == "Broekwaarde"].sort_values(["province", "year"])
    assert first["count"].fillna(-1).tolist() == [20, -1, 7, 8]
    assert first["masked"].tolist() == [False, True, False, False]


def test_enrolments_keep_men_and_women_apart(golden: Path) -> None:
    found = duo.read_enrolments(golden / "2021-2025-03-studenten.csv")
    assert len(found) == 16
    baker = found[(found["programme_id"] == "98002") & (found["year"] == 2021)]
    assert sorted(baker["count"]) == [3, 8]
    assert baker["sector"].unique().tolist() == ["Handel"]


def test_prognosis(golden: Path) -> None:
    found = duo.read_prognosis(golden / "mbo-studentenprognose_gemeente_onderwijslocatie.csv")
    assert found["site_id"].fillna("").tolist() == ["901X001"] * 4 + ["901X002"] * 2 + [""]
    assert found.loc[0, "address"] == "Oude-Kade-Haverdam"
    assert found["kind"].tolist() == ["history", "forecast", *["history"] * 5]
    assert found["masked"].sum() == 2


def test_prognosis_of_other_dimensions(golden: Path) -> None:
    found = duo.read_prognosis(golden / "mbo-studentenprognose_kwalificatieniveau.csv")
    assert found["level"].tolist() == ["1.0", "4.0"]
    assert found["municipality"].isna().all()
    assert found["year"].tolist() == [2025, 2026]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Aantal", "Aantallen", "column 'Aantal' is missing"),
        ("Prognose", "Raming", "'Raming' in line 3. Allowed: Historie, Prognose"),
        ("2030", "later", "'later' in line 3"),
        (",40,", ",veertig,", "'veertig' in line 2"),
    ],
)
def test_what_is_wrong_with_a_prognosis(
    golden: Path, tmp_path: Path, old: str, new: str, says: str
) -> None:
    source = golden / "mbo-studentenprognose_gemeente_onderwijslocatie.csv"
    with pytest.raises(InputError, match=says):
        duo.read_prognosis(changed(source, tmp_path, old, new))


def test_the_same_row_twice_is_refused(golden: Path, tmp_path: Path) -> None:
    name = "mbo-studentenprognose_gemeente_onderwijslocatie.csv"
    row = "Haverdam,ROC Haverdam,01ZZ,901X001-Oude-Kade-Haverdam,2025,40,Historie,"
    twice = changed(golden / name, tmp_path, f"{row}2", f"{row}1\n{row}2")
    with pytest.raises(InputError, match=r"2 rows share a key .*2025' in row 2"):
        duo.read_prognosis(twice)
    source = golden / "2021-2025-11-studenten.csv"
    again = changed(source, tmp_path, "Zandgouw,Broekwaarde", "Haverland,Broekwaarde")
    with pytest.raises(InputError, match="2 rows share a key"):
        duo.read_residents(again)


def test_locations(golden: Path) -> None:
    found = rio.read_locations(golden / "onderwijslocaties.csv")
    assert found["latitude"].round(2).fillna(0).tolist() == [52.16, 0, 12.14, 52.2]
    assert found["number"].tolist() == ["1", "58A", "1", "3"]


def test_a_coordinate_that_is_none(golden: Path, tmp_path: Path) -> None:
    comma = changed(golden / "onderwijslocaties.csv", tmp_path, "52.2,", '"52,2",')
    assert rio.read_locations(comma)["latitude"].iloc[-1] == 52.2
    wrong = changed(golden / "onderwijslocaties.csv", tmp_path, "52.2,", "noord,")
    with pytest.raises(InputError, match=r"'GPS_LATITUDE'.*'noord' in line 5"):
        rio.read_locations(wrong)


def test_only_current_relations(golden: Path) -> None:
    name = "relaties_onderwijsaanbieders_onderwijsinstellingserkenningen.csv"
    assert rio.read_providers(golden / name).values.tolist() == [
        ["901A001", "01ZZ"],
        ["901A002", "02ZZ"],
    ]


@pytest.mark.real_data
def test_masks_of_a_real_file(real_data: Path, tmp_path: Path) -> None:
    rows = json.loads((real_data / "duo" / "duo_ingeschreven_hbo_2024_duoNL.json").read_text())
    path = tmp_path / "hbo.csv"
    with path.open("w", newline="", encoding="cp1252") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    long = by_year(read_text(path), where=path.name)
    assert len(long) == 5 * 4430
    assert long["masked"].sum() == 1692
    assert long.loc[long["count"] > 0, "count"].min() == 5


@pytest.mark.real_data
def test_old_addresses_of_a_real_file(real_data: Path) -> None:
    found = duo.read_institutions(real_data / "duo" / "duo_po_vestigingen_brin_old.csv")
    assert len(found) == 6804
    assert found["institution"].notna().all()
