"""One reader for all tables of numbers: layouts, masks, drift of headers, and a user's mapping."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.errors import InputError
from geo_mbo.notes import Note
from geo_mbo.sources import duo
from geo_mbo.sources.catalogue import DataSet, data_set, data_sets
from geo_mbo.sources.facts import FACTS, read_facts, read_records
from geo_mbo.sources.facts_cells import class_bounds
from geo_mbo.sources.facts_mapped import read_mapped

PROGNOSES = sorted(key for key in data_sets() if key.startswith("prognosis_"))
PEOPLE = {"measure": "students", "unit": "students", "masks": ["-1"]}


def nobody(_: Note) -> None:
    """Leave the notes unread."""


def read(key: str, path: Path, **options: Any) -> pd.DataFrame:
    return read_facts(path, data_set(key).table, **{"notify": nobody, **options})


def text_file(folder: Path, text: str, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def sheet_file(path: Path, sheet: str, rows: Sequence[Sequence[object]]) -> Path:
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("Toelichting").write(0, 0, "Lees mij")
    page = book.add_worksheet(sheet)
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.close()
    return path


def made_up(found: DataSet) -> str:
    """Write a prognosis of these columns, two rows of history and one of the forecast."""
    words = {
        "Gemeentenaam": "Haverdam",
        "Arbeidsmarktregio": "Haverland Zuid",
        "Leeftijdscategorie": "17 en 18",
        "Leerweg": "bol",
        "Kwalificatieniveau": "3.0",
        "Sectorkamer": "Handel",
        "Instellingsnaam": "ROC Haverdam",
        "Instellingscode": "01ZZ",
        "Onderwijslocatie": "901X001-Oude-Kade-Haverdam",
        "Versie": "2",
    }
    rows = [("2024", "-1", "Historie"), ("2025", "12", "Historie"), ("2040", "3", "Prognose")]
    told = [{**words, "Jaar": y, "Aantal": n, "Type": t} for y, n, t in rows]
    page = io.StringIO()
    writer = csv.DictWriter(page, found.columns)
    writer.writeheader()
    writer.writerows([{c: row[c] for c in found.columns} for row in told])
    return page.getvalue()


@pytest.mark.parametrize("key", PROGNOSES)
def test_every_prognosis_reads(key: str, tmp_path: Path, told: list[Note]) -> None:
    found = read(key, text_file(tmp_path, made_up(data_set(key))), notify=told.append)
    assert not told
    assert found["year"].tolist() == [2024, 2025, 2040]
    assert found["kind"].tolist() == ["history", "history", "forecast"]
    assert found["masked"].tolist() == [True, False, False]
    assert found["expected"].tolist() == [2.5, 12, 3]
    assert [*found.columns[-len(FACTS) :]] == [*FACTS]
    assert {*data_set(key).table["dims"]} <= {*found.columns}
    if "location" in found:
        assert found["site_id"].tolist() == ["901X001"] * 3
        assert found["address"].tolist() == ["Oude-Kade-Haverdam"] * 3


def test_tracks_beside_each_other(golden: Path, told: list[Note]) -> None:
    found = read("students_by_track", golden / "duo" / "students_by_track.csv", notify=told.append)
    assert not told
    assert len(found) == 4 * 4
    cells = found.set_index(["institution_id", "track", "year"])
    assert cells.loc[("01ZZ", "BOLVT", 2024), "count"] == 250
    assert cells.loc[("01ZZ", "EX", 2024), ["low", "high"]].tolist() == [1, 4]
    assert cells.loc[("02ZZ", "BBL", 2025), "masked"]
    assert found.loc[0, ["board_id", "seat_municipality_id"]].tolist() == ["99901", "0001"]


def test_sectors_beside_each_other_have_the_names_that_rows_have(golden: Path) -> None:
    wide = read("students_by_sector", golden / "duo" / "students_by_sector.csv")
    long = read("students_sector_by_province", golden / "duo" / "sector_by_province.csv")
    assert {*long["sector"]} <= {*wide["sector"]}
    assert wide.groupby("institution_id")["count"].sum().to_dict() == {"01ZZ": 357, "02ZZ": 65}


def test_a_new_column_of_counts_across_is_a_new_category(
    golden: Path, tmp_path: Path, told: list[Note]
) -> None:
    text = (golden / "duo" / "students_by_track.csv").read_text("utf-8-sig")
    lines = text.splitlines()
    wider = "\n".join(
        [f"{lines[0]},OVO,OPMERKING", *(f"{line},-1,voorlopig" for line in lines[1:])]
    )
    found = read("students_by_track", text_file(tmp_path, wider), notify=told.append)
    assert sorted(found["track"].unique()) == ["BBL", "BOLDT", "BOLVT", "EX", "OVO"]
    assert found.loc[found["track"] == "OVO", "masked"].all()
    assert [(n.code, n.rows) for n in told] == [
        ("category_new", ("OVO",)),
        ("column_new", ("OPMERKING",)),
    ]


@pytest.mark.parametrize(
    ("key", "file", "rows", "masked"),
    [
        ("students_by_stay", "students_by_stay.csv", 10, 1),
        ("students_by_home_province", "students_by_home_province.csv", 10, 2),
        ("students_sector_by_age", "sector_by_age.csv", 10, 1),
        ("students_sector_by_home", "sector_by_home.csv", 15, 3),
        ("students_level_by_home", "level_by_home.csv", 10, 1),
        ("students_programme_by_stay", "programme_by_stay.csv", 10, 1),
        ("students_by_home", "../2021-2025-11-studenten.csv", 14, 3),
        ("students_by_programme", "../2021-2025-03-studenten.csv", 16, 3),
        ("graduates", "graduates.csv", 20, 2),
    ],
)
def test_years_beside_each_other(golden: Path, key: str, file: str, rows: int, masked: int) -> None:
    found = read(key, golden / "duo" / file)
    assert (len(found), found["masked"].sum()) == (rows, masked)
    assert found.loc[found["masked"], "count"].isna().all()
    assert (found.loc[found["masked"], ["low", "high"]] == [1, 4]).all(axis=None)
    assert found["measure"].unique().tolist() == ["graduates" if key == "graduates" else "students"]


@pytest.mark.parametrize(
    ("key", "other", "name", "at"),
    [
        ("students_by_home", duo.read_residents, "2021-2025-11-studenten.csv", "municipality"),
        ("students_by_programme", duo.read_enrolments, "2021-2025-03-studenten.csv", "track"),
        (
            "prognosis_gemeente_onderwijslocatie",
            duo.read_prognosis,
            "mbo-studentenprognose_gemeente_onderwijslocatie.csv",
            "location",
        ),
    ],
)
def test_it_agrees_with_the_readers_of_the_main_job(
    golden: Path, key: str, other: Callable[[Path], pd.DataFrame], name: str, at: str
) -> None:
    by = ["institution_id", at, "year", "count", "masked"]
    sides = (read(key, golden / name), other(golden / name))
    one, two = (side[by].sort_values(by, ignore_index=True) for side in sides)
    pd.testing.assert_frame_equal(one, two)


def test_men_and_women_of_graduates(golden: Path) -> None:
    found = read("graduates", golden / "duo" / "graduates.csv")
    cells = found.set_index(["programme_id", "sex", "year"])["count"]
    assert cells["98001", "vrouw", 2025] == 24
    assert cells["98001", "man", 2021] == 5


def test_inflow_has_its_year_in_the_catalogue(golden: Path, tmp_path: Path) -> None:
    path = golden / "duo" / "2024-inflow_by_education.csv"
    found = read("inflow_by_education_2024", path)
    assert found["year"].unique().tolist() == [2024]
    sums = found.groupby("measure")["expected"].sum()
    assert sums.to_dict() == {"students": 102, "inflow_mbo": 40, "inflow_programme": 47.5}
    assert found["prior_vo"].isna().sum() == 3
    with pytest.raises(InputError, match="says 2024, but the numbers should be of 2023"):
        read("inflow_by_education_2023", path)
    unnamed = text_file(tmp_path, path.read_text("utf-8-sig"))
    assert read("inflow_by_education_2023", unnamed)["year"].unique().tolist() == [2023]


def test_the_year_in_the_name_of_the_file(golden: Path, tmp_path: Path) -> None:
    path = golden / "duo" / "2024-inflow_by_education.csv"
    layout = {k: v for k, v in data_set("inflow_by_education_2024").table.items() if k != "year_is"}
    assert read_facts(path, layout)["year"].unique().tolist() == [2024]
    for name in ("x.csv", "2020-2024-inflow.csv"):
        copy = text_file(tmp_path, path.read_text("utf-8-sig"), name)
        with pytest.raises(InputError, match="the year of these numbers is not known"):
            read_facts(copy, layout)


def test_kinds_of_inflow(golden: Path) -> None:
    found = read("inflow_by_kind_2024", golden / "duo" / "2024-inflow_by_kind.csv")
    assert found["last_year_vo"].fillna("-").tolist() == ["2024", "<2022", "-"]
    assert found["count"].fillna(-9).tolist() == [40, -9, 3]
    assert found["inflow_mbo"].tolist() == ["J", "N", "N"]


def test_totals_are_left_out_and_given_when_asked(golden: Path, told: list[Note]) -> None:
    path = golden / "duo" / "graduates_website.csv"
    found = read("graduates_website", path, notify=told.append)
    assert found["programme_id"].tolist() == ["98001", "98009"] * 2
    assert found["institution"].tolist() == ["Sint-André"] * 4
    assert [(n.code, n.count) for n in told] == [("totals_out", 1)]
    total = read("graduates_website", path, totals=True)
    assert total["count"].tolist() == [11, 22]
    assert total["programme_id"].isna().all()
    assert total["institution_id"].tolist() == ["01ZZ", "01ZZ"]


def test_a_file_without_totals_has_none_of_them(golden: Path) -> None:
    due = read("graduates", golden / "duo" / "graduates.csv")
    none = read("graduates", golden / "duo" / "graduates.csv", totals=True)
    assert none.empty
    assert none.dtypes.to_dict() == due.dtypes.to_dict()


def test_a_total_in_a_column_that_is_no_dimension_does_not_count_double(tmp_path: Path) -> None:
    text = "INSTELLINGSCODE,NIEUW,JAAR_2025\n01ZZ,a,6\n01ZZ,b,7\n01ZZ,Totaal,13\n"
    layout = {**PEOPLE, "dims": {"institution_id": "INSTELLINGSCODE"}}
    layout |= {"values": [{"header": "JAAR_{year}"}]}
    assert read_facts(text_file(tmp_path, text), layout, notify=nobody)["count"].sum() == 13
    only = "INSTELLINGSCODE,NIEUW,JAAR_2025\n01ZZ,Totaal,6\n02ZZ,Totaal,7\n"
    assert read_facts(text_file(tmp_path, only), layout, notify=nobody)["count"].sum() == 13


def test_old_keys_and_years_before_men_and_women(golden: Path) -> None:
    found = read("students_website", golden / "duo" / "students_website.csv")
    assert found["branch_id"].drop_duplicates().tolist() == ["01ZZ00", "01ZZ02", "02ZZ00"]
    assert found["institution"].drop_duplicates().tolist() == ["Sint-André", "'t Want"]
    cells = found.set_index(["branch_id", "sex", "year"])
    assert cells.loc[("01ZZ00", "man", 2011), ["low", "high"]].tolist() == [1, 4]
    assert cells.loc[("01ZZ02", "vrouw", 2010), "count"] == 0


def test_a_website_file(golden: Path) -> None:
    found = read("students_hbo", golden / "duo" / "students_hbo.csv")
    assert found.groupby("year")["masked"].sum().to_dict() == {
        2020: 0,
        2021: 0,
        2022: 1,
        2023: 1,
        2024: 0,
    }


def test_boards_are_records_without_numbers(golden: Path) -> None:
    found = read_records(golden / "duo" / "boards.csv", data_set("boards").table)
    assert found.loc[0, ["board_id", "board", "kvk_id"]].tolist() == [
        "99901",
        "Stichting Haverdam",
        "00000001",
    ]


def test_old_addresses_are_records(golden: Path) -> None:
    table = data_set("institutions_website").table
    found = read_records(golden / "01.-adressen-mbo-oud.csv", table)
    assert found["branch_id"].tolist() == ["01ZZ00", "02ZZ01"]
    assert found["municipality_id"].tolist() == ["0001", "0002"]


def test_stars_in_a_workbook_hide_without_bounds(tmp_path: Path, told: list[Note]) -> None:
    rows = [["INSTELLINGSCODE", "INSTELLINGSNAAM", "PERSONEN 2023", "PERSONEN 2024"]]
    rows += [["01ZZ", "ROC Haverdam", "120", "*"], ["02ZZ", "College Zand", "*", "31"]]
    path = sheet_file(tmp_path / "personen.xlsx", "owtype-best-instelling", rows)
    found = read("staff_persons", path, notify=told.append)
    assert found["masked"].tolist() == [False, True, True, False]
    assert found.loc[found["masked"], ["count", "expected", "low", "high"]].isna().all(axis=None)
    assert found["unit"].unique().tolist() == ["persons"]
    assert not told
    wrong = sheet_file(tmp_path / "anders.xlsx", "blad", rows)
    with pytest.raises(InputError, match="no layer 'owtype-best-instelling'"):
        read("staff_persons", wrong)


def test_rates_have_decimal_commas(golden: Path) -> None:
    found = read("pay_grades", golden / "duo" / "pay_grades.csv").set_index("measure")
    assert found.loc["student_teacher_ratio", "count"] == 13.9
    assert found.loc["staff", "count"] == 40.5
    assert found.loc["salary", ["count", "unit"]].tolist() == [4300.75, "EUR"]
    assert found.loc["share_le", "masked"]
    assert pd.isna(found.loc["share_le", "low"])


def test_a_plain_four_is_a_four_and_an_indicated_one_is_masked(golden: Path) -> None:
    columns = {
        "institution_id": "BRIN NUMMER",
        "programme_id": "CREBO",
        "municipality": "WOONGEMEENTE",
        "age": "LEEFTIJD",
        "value": "AANTAL DEELNEMERS",
        "indication": "INDICATIEAVG",
    }
    path = golden / "duo" / "students_retired.csv"
    found = read_mapped(path, columns=columns, year=2016, unit="students")
    assert found["masked"].tolist() == [True, False, False]
    assert found["count"].fillna(-1).tolist() == [-1, 4, 12]
    plain = {k: v for k, v in columns.items() if k != "indication"}
    again = read_mapped(path, columns=plain, year=2016, unit="students")
    assert not again["masked"].any()
    with pytest.raises(InputError, match="'INDICATIE' is missing"):
        read_mapped(path, columns={**columns, "indication": "INDICATIE"}, year=2016)


def test_another_mask_of_the_publisher_is_told(tmp_path: Path, told: list[Note]) -> None:
    layout = {**PEOPLE, "dims": {"institution_id": "BRIN"}, "values": [{"header": "{year}"}]}
    path = text_file(tmp_path, "BRIN;2024\n01ZZ;<5\n02ZZ;-1\n03ZZ;4\n")
    found = read_facts(path, layout, notify=told.append)
    assert found["masked"].tolist() == [True, True, False]
    assert [(n.code, n.count, n.rows) for n in told] == [("mask_other", 1, ("<5",))]


def test_a_new_category_is_kept_and_told(golden: Path, tmp_path: Path, told: list[Note]) -> None:
    text = (golden / "duo" / "sector_by_age.csv").read_text("utf-8-sig")
    path = text_file(tmp_path, text.replace("23 EN OUDER", "23 TM 29").replace(",BBL", ",OVO"))
    found = read("students_sector_by_age", path, notify=told.append)
    assert "23 TM 29" in found["age"].tolist()
    assert {(n.code, n.params["column"], n.rows) for n in told} == {
        ("category_new", "age", ("23 TM 29",)),
        ("category_new", "track", ("OVO",)),
    }


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("LEERWEG,", "LEERGANG,", "column 'LEERWEG' is missing"),
        ("JAAR_20", "JR_20", "no column of numbers such as JAAR_{year}"),
        (",-1,", ",-2,", "'JAAR 2021' holds 1 values .*first '-2' in line 2.*-1, <5"),
        (",-1,", ',"1,5",', "first '1,5' in line 2"),
        (",-1,", ",veel,", "first 'veel' in line 2"),
        ("23 EN OUDER", "TM 15", "2 rows share a key"),
    ],
)
def test_what_is_wrong_is_told(golden: Path, tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (golden / "duo" / "sector_by_age.csv").read_text("utf-8-sig")
    assert old in text
    with pytest.raises(InputError, match=says):
        read("students_sector_by_age", text_file(tmp_path, text.replace(old, new)))


def test_all_missing_columns_are_told_at_once(golden: Path, tmp_path: Path) -> None:
    text = (golden / "duo" / "students_by_track.csv").read_text("utf-8-sig")
    text = text.replace("INSTELLINGSCODE", "CODE").replace(",EX", ",EXTRA").replace("JAAR", "JR")
    with pytest.raises(InputError) as error:
        read("students_by_track", text_file(tmp_path, text))
    missing = [breach.params["column"] for breach in error.value.breaches]
    assert missing == ["INSTELLINGSCODE", "JAAR", "EX"]


def test_a_year_of_men_only_is_a_missing_column(golden: Path, tmp_path: Path) -> None:
    text = (golden / "duo" / "graduates.csv").read_text("utf-8-sig")
    path = text_file(tmp_path, text.replace("DIPVROUW2024", "OPMERKING"))
    with pytest.raises(InputError, match="column 'DIPVROUW2024' is missing"):
        read("graduates", path)
    older = text_file(tmp_path, text.replace("DIPVROUW", "DIPVRW"))
    assert len(read("graduates", older)) == 20


def test_two_releases_in_one_file_are_refused(tmp_path: Path) -> None:
    text = made_up(data_set("prognosis_sectorkamer"))
    last = text.splitlines()[-1]
    path = text_file(tmp_path, f"{text}{last.removesuffix('2')}1\n")
    with pytest.raises(InputError, match="2 rows share a key"):
        read("prognosis_sectorkamer", path)


def test_a_header_without_rows(golden: Path, tmp_path: Path) -> None:
    head = (golden / "duo" / "graduates.csv").read_text("utf-8-sig").splitlines()[0]
    with pytest.raises(InputError, match="no rows"):
        read("graduates", text_file(tmp_path, f"{head}\n"))


@settings(max_examples=30, deadline=None)
@given(
    order=st.permutations(range(11)),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n", "mixed"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    pad=st.sampled_from(["", " ", "  "]),
)
def test_how_a_file_is_written_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory,
    order: list[int],
    delimiter: str,
    end: str,
    encoding: str,
    pad: str,
) -> None:
    """Order of columns, delimiter, line ends, encoding, padding: the same table comes out."""
    golden = Path(__file__).parent / "golden" / "duo" / "sector_by_age.csv"
    due = read("students_sector_by_age", golden)
    with golden.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    page = io.StringIO()
    writer = csv.writer(page, delimiter=delimiter, lineterminator="\n")
    writer.writerows([[f"{pad}{row[n]}{pad}" for n in order] for row in rows])
    text = page.getvalue()
    if end == "mixed":
        text = text.replace("\n", "\r\n", 1)
    elif end == "\r\n":
        text = text.replace("\n", "\r\n")
    path = tmp_path_factory.mktemp("written") / "x.csv"
    path.write_bytes(text.encode(encoding))
    found = read("students_sector_by_age", path)
    by = ["age", "year"]
    pd.testing.assert_frame_equal(
        found.sort_values(by, ignore_index=True), due.sort_values(by, ignore_index=True)
    )


def test_classes() -> None:
    words = ["5 tot 10 km", "0 tot 0,5", "<1½km", "1½-3½", "25-50km", "50 km of meer", ">50km"]
    words += ["15 t/m 20 minuten", "minder dan 30 min", "45+", "½ tot 1 km", "ver weg", "12"]
    found = class_bounds(pd.Series(words)).fillna(-1).values.tolist()
    assert found == [
        [5, 10],
        [0, 0.5],
        [0, 1.5],
        [1.5, 3.5],
        [25, 50],
        [50, -1],
        [50, -1],
        [15, 20],
        [0, 30],
        [45, -1],
        [0.5, 1],
        [-1, -1],
        [-1, -1],
    ]


def test_distances_wide_in_classes(golden: Path) -> None:
    path = golden / "duo" / "distances_wide.csv"
    columns = {"municipality_id": "Gemeentecode", "year": "Jaar", "mode": "Vervoer"}
    wide = ["0 tot 5 km", "5 tot 10 km", "10 tot 30 km", "30 km of meer"]
    found = read_mapped(path, columns=columns, wide=wide, unit="students", masks=["<5", "*"])
    assert len(found) == 8
    assert found["category"].unique().tolist() == wide
    assert found["masked"].sum() == 2
    assert found.loc[found["masked"], "high"].tolist() == [4, 4]
    assert found["mode"].unique().tolist() == ["fiets"]


def test_distances_long_means_and_classes(golden: Path) -> None:
    path = golden / "duo" / "distances_long.csv"
    columns = {"municipality": "Gemeente", "year": "Schooljaar", "mode": "Vervoermiddel"}
    means = read_mapped(path, columns={**columns, "value": "Gemiddelde reisafstand"}, unit="km")
    assert means["count"].fillna(-1).tolist() == [8.4, 21, -1]
    assert means["year"].unique().tolist() == [2024]
    classes = read_mapped(path, columns={**columns, "value": "Meeste studenten"}, unit="km")
    assert classes["label"].tolist() == ["5 tot 10 km", "15 tot 20 km", "50 km of meer"]
    assert classes["expected"].fillna(-1).tolist() == [7.5, 17.5, -1]
    assert classes["high"].fillna(-1).tolist() == [10, 20, -1]


def test_judgements_are_words_even_where_they_look_like_numbers(
    golden: Path, tmp_path: Path
) -> None:
    columns = {"institution_id": "BRIN", "year": "Jaar", "label": "Kwaliteitszorg"}
    path = golden / "duo" / "judgements.csv"
    found = read_mapped(path, columns=columns)
    assert found["label"].tolist() == ["Voldoende", "Onvoldoende"]
    assert found["count"].isna().all()
    marks = text_file(tmp_path, path.read_text("utf-8").replace("Voldoende", "7"))
    assert read_mapped(marks, columns=columns)["label"].tolist() == ["7", "Onvoldoende"]


def test_a_number_with_a_judgement_beside_it(tmp_path: Path) -> None:
    path = text_file(tmp_path, "BRIN;Jaar;Score;Oordeel\n01ZZ;2024;7,5;Goed\n02ZZ;2024;;\n")
    columns = {"institution_id": "BRIN", "year": "Jaar", "value": "Score", "label": "Oordeel"}
    found = read_mapped(path, columns=columns)
    assert found["count"].fillna(-1).tolist() == [7.5, -1]
    assert found["label"].fillna("-").tolist() == ["Goed", "-"]


def test_figures_of_oecd(golden: Path) -> None:
    columns = {"country": "REF_AREA", "year": "TIME_PERIOD", "value": "OBS_VALUE"}
    found = read_mapped(golden / "duo" / "oecd.csv", columns=columns, unit="%")
    assert found[["country", "year", "count"]].values.tolist() == [
        ["NLD", 2022, 67.5],
        ["BEL", 2022, 55],
    ]


def test_percentages_stars_and_years_in_a_workbook(tmp_path: Path) -> None:
    rows: list[Sequence[object]] = [["Leerling-leraarratio"], ["BRIN", 2023, 2024]]
    rows += [["01ZZ", 17.25, "*"], ["02ZZ", "16,5", 18]]
    path = sheet_file(tmp_path / "ratio.xlsx", "ratio", rows)
    columns = {"institution_id": "BRIN"}
    found = read_mapped(
        path, columns=columns, wide=["{year}"], unit="ratio", masks=["*"], sheet="ratio"
    )
    cells = found.set_index(["institution_id", "year"])
    assert cells.loc[("01ZZ", 2023), "count"] == 17.25
    assert cells.loc[("02ZZ", 2023), "count"] == 16.5
    assert cells.loc[("01ZZ", 2024), "masked"]
    percent = text_file(tmp_path, "BRIN;Aandeel\n01ZZ;45,5%\n02ZZ;3 %\n")
    shares = read_mapped(percent, columns={**columns, "value": "Aandeel"}, year=2024, unit="%")
    assert shares["count"].tolist() == [45.5, 3]


def test_totals_of_a_mapped_table_are_told(tmp_path: Path, told: list[Note]) -> None:
    path = text_file(tmp_path, "BRIN;Leerweg;Aantal\n01ZZ;bol;6\n01ZZ;bbl;7\n01ZZ;Totaal;13\n")
    columns = {"institution_id": "BRIN", "value": "Aantal"}
    found = read_mapped(path, columns=columns, year=2024, unit="students", notify=told.append)
    assert found["count"].tolist() == [6, 7]
    assert [(n.code, n.count, n.rows) for n in told] == [("totals_out", 1, ("4",))]


def test_what_is_wrong_with_a_mapping_is_told_at_once(tmp_path: Path) -> None:
    path = text_file(tmp_path, "BRIN;Jaar;Aantal\n01ZZ;2024;6\n")
    with pytest.raises(InputError) as error:
        read_mapped(path, columns={"brin": "BRIN", "masked": "x", "year": "Jaar"}, year=2024)
    assert [b.code for b in error.value.breaches] == [
        "mapping_unknown",
        "mapping_no_key",
        "mapping_no_value",
        "mapping_two_years",
    ]
    assert "institution_id" in str(error.value)
    with pytest.raises(InputError, match="'Provincie' is missing"):
        read_mapped(path, columns={"province": "Provincie", "value": "Aantal"}, year=2024)
    with pytest.raises(InputError, match="the year of these numbers is not known"):
        read_mapped(path, columns={"institution_id": "BRIN", "value": "Aantal"})
    late = text_file(tmp_path, "BRIN;Jaar;Aantal\n01ZZ;straks;6\n")
    with pytest.raises(InputError, match="'straks' in line 2"):
        read_mapped(late, columns={"institution_id": "BRIN", "year": "Jaar", "value": "Aantal"})


@pytest.mark.real_data
def test_a_true_file_of_the_website(real_data: Path, tmp_path: Path, told: list[Note]) -> None:
    rows = json.loads((real_data / "duo" / "duo_ingeschreven_hbo_2024_duoNL.json").read_text())
    path = tmp_path / "hbo.csv"
    with path.open("w", newline="", encoding="cp1252") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    found = read("students_hbo", path, notify=told.append)
    assert not told
    assert len(found) == 5 * 4430
    assert found["masked"].sum() == 1692
    years = [str(year) for year in range(2020, 2025)]
    published = [row[year] for row in rows for year in years]
    assert found["count"].sum() == sum(n for n in published if isinstance(n, int))


@pytest.mark.real_data
def test_true_addresses_of_older_form(real_data: Path) -> None:
    table = data_set("institutions_website").table
    found = read_records(real_data / "duo" / "duo_po_vestigingen_brin_old.csv", table)
    assert len(found) == 6804
    assert found["institution_id"].str.fullmatch(r"\d{2}[A-Z]{2}").all()
    assert found["branch_id"].str.fullmatch(r"\d{2}[A-Z]{2}[A-Z0-9]{2}").all()
    assert found["institution"].notna().all()


@pytest.mark.parametrize("cell", ["-99997", "-99999998", "-99995,0"])
def test_a_number_for_not_known_never_passes_for_a_rate(tmp_path: Path, cell: str) -> None:
    layout = {
        "dims": {"institution_id": "BRIN"},
        "unit": "%",
        "values": [{"header": "DEEL {year}"}],
    }
    text = "BRIN;DEEL 2024\n01ZZ;{}\n02ZZ;12,5\n"
    with pytest.raises(InputError, match=f"'{cell}' in line 2"):
        read_facts(text_file(tmp_path, text.format(cell)), layout, notify=nobody)
    found = read_facts(text_file(tmp_path, text.format("-3,5")), layout, notify=nobody)
    assert found["count"].tolist() == [-3.5, 12.5]


def test_no_distance_is_below_zero(tmp_path: Path) -> None:
    layout = {"dims": {"institution_id": "BRIN"}, "unit": "km", "values": [{"header": "KM {year}"}]}
    with pytest.raises(InputError, match="'-2' in line 2"):
        read_facts(text_file(tmp_path, "BRIN;KM 2024\n01ZZ;-2\n02ZZ;12,5\n"), layout)
