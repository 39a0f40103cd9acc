"""The eight marks of open data: what a file shows, what it cannot show, and who could be traced."""

from __future__ import annotations

import itertools
import json
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from geo_mbo.errors import FileError, MissingFileError
from geo_mbo.messages import LANGS
from geo_mbo.provenance import digest
from geo_mbo.sources.catalogue import data_set
from geo_mbo.sources.figures import counts_of, sums_of
from geo_mbo.sources.marks import MARKS, Mark, check_marks, marks_text
from geo_mbo.sources.metadata import licence_kind
from geo_mbo.sources.totals import Sum, narrowed
from tests.mutations import CASES, Case, mutated

WHOLE = {
    "dct:title": {"nl": "Studenten per instelling"},
    "dct:publisher": {"foaf:name": "ROC Haverdam"},
    "dct:license": "https://creativecommons.org/licenses/by/4.0/",
    "dct:modified": "2026-02-02",
    "dct:description": "Studenten per instelling en jaar, geteld op 1 oktober van elk jaar.",
    "dct:accessRights": "http://publications.europa.eu/resource/authority/access-right/PUBLIC",
    "dcat:distribution": [{"dcat:downloadURL": "https://data.haverdam.nl/studenten.csv"}],
    "fee": 0,
    "rows": 2,
    "columns": {"INSTELLINGSCODE": "BRIN", "JAAR_2024": "studenten", "JAAR_2025": "studenten"},
}
HEAD = "WOONGEMEENTE,LEERWEG,AANTAL\n"
ROWS = "INSTELLINGSCODE,JAAR_2024,JAAR_2025\n01ZZ,12,<5\n02ZZ,40,50\n"


def written(folder: Path, text: str, name: str = "a.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def asked(path: Path, **about: object) -> dict[str, Mark]:
    marks = check_marks(path, **about)  # type: ignore[arg-type]
    assert tuple(mark.key for mark in marks) == MARKS
    assert all(mark.reasons for mark in marks)
    return {mark.key: mark for mark in marks}


def codes(mark: Mark) -> list[str]:
    return [reason.code for reason in mark.reasons]


def anonymous(folder: Path, text: str) -> Mark:
    return asked(written(folder, text))["anonymous"]


def test_a_file_alone_proves_neither_price_nor_licence_nor_wholeness(tmp_path: Path) -> None:
    marks = asked(written(tmp_path, ROWS))
    answers = {key: mark.answer for key, mark in marks.items()}
    assert answers.pop("anonymous") == answers.pop("machine_readable") == "yes"
    assert set(answers.values()) == {"unknown"}


def test_with_whole_metadata_all_marks_are_yes(tmp_path: Path) -> None:
    marks = asked(written(tmp_path, ROWS), metadata=WHOLE)
    assert {key: mark.answer for key, mark in marks.items()} == dict.fromkeys(MARKS, "yes")


@pytest.mark.parametrize("suffix", [".json", ".csv.json", ".metadata.json"])
def test_metadata_beside_the_file_are_found(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path, ROWS, "b.csv")
    (tmp_path / f"b{suffix}").write_text(json.dumps(WHOLE), encoding="utf-8")
    assert {mark.answer for mark in asked(path).values()} == {"yes"}


def test_metadata_in_toml_and_in_ckan(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS, "b.csv")
    (tmp_path / "b.toml").write_text('licentie = "CC0"\nkosten = "gratis"\n', encoding="utf-8")
    marks = asked(path)
    assert [marks[key].answer for key in ("free", "unencumbered", "described")] == [
        "yes",
        "yes",
        "no",
    ]
    assert codes(marks["described"])[:4] == [
        f"mark_lacks_{name}" for name in ("title", "publisher", "date", "description")
    ]
    ckan = {
        "success": True,
        "result": {
            "title": "Studenten",
            "license_id": "cc-by",
            "organization": {"title": "DUO"},
            "metadata_modified": "2026-02-02T00:00:00",
            "notes": "Studenten per instelling en jaar, geteld op 1 oktober.",
            "resources": [{"url": "https://onderwijsdata.duo.nl/x.csv"}],
        },
    }
    marks = asked(path, metadata=ckan)
    assert marks["unencumbered"].answer == marks["public"].answer == "yes"
    assert marks["described"].answer == "yes"  # the catalogue explains these columns
    assert marks["free"].answer == "unknown"


def test_metadata_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS, "b.csv")
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    with pytest.raises(FileError, match=r"b\.json"):
        check_marks(path)


def test_the_catalogue_fills_in_what_nobody_told(tmp_path: Path, golden: Path) -> None:
    about = data_set("students_by_home")
    marks = asked(golden / "2021-2025-11-studenten.csv", data_set=about)
    for key in ("public", "free", "unencumbered", "described", "findable"):
        assert marks[key].answer == "yes", key
    assert codes(marks["complete"]) == ["mark_columns_lost"]
    closed = asked(golden / "2021-2025-11-studenten.csv", data_set=about, metadata={"fee": "10"})
    assert closed["free"].answer == "no"
    own = asked(written(tmp_path, ROWS), data_set=data_set("sites"))
    assert own["free"].answer == own["public"].answer == "unknown"


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("https://onderwijsdata.duo.nl/x.csv", "yes"),
        ("https://beheer-ggm-ckan-prd.apps.prd.duo.rijksapps.nl/x.csv", "no"),
        ("http://localhost/x.csv", "no"),
        ("https://10.0.0.3/x.csv", "no"),
        ("https://data.intranet/x.csv", "no"),
        ("file:///tmp/x.csv", "no"),
        ("https://[half", "no"),
    ],
)
def test_an_address_inside_is_not_public(tmp_path: Path, url: str, answer: str) -> None:
    assert asked(written(tmp_path, ROWS), metadata={"url": url})["public"].answer == answer


def test_what_makes_a_file_hard_to_find(tmp_path: Path) -> None:
    path = written(tmp_path, "VAR1,V2\na,b\n")
    about = {**WHOLE, "url": "http://data.haverdam.nl/x?token=ab", "description": "Studenten"}
    found = codes(asked(path, metadata=about)["findable"])
    assert found == ["mark_cryptic", "mark_passing_address", "mark_no_https", "mark_about_short"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("CC-BY-SA 4.0", "alike"),
        ("https://creativecommons.org/licenses/by-sa/4.0/", "alike"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "free"),
        ("cc-by-nd", "closed"),
        ("Alle rechten voorbehouden", "closed"),
        ("onbekend", "unknown"),
        ("Naamsvermelding 4.0", "credit"),
    ],
)
def test_licences(text: str, kind: str) -> None:
    assert licence_kind(text) == kind


# Who could be traced.


@pytest.mark.parametrize("mask", ["<5", "-1", "*"])
def test_masked_counts_are_anonymous_and_readable_ones_are_not(tmp_path: Path, mask: str) -> None:
    assert anonymous(tmp_path, f"WOONGEMEENTE,AANTAL\nA,{mask}\nB,0\nC,5\n").answer == "yes"
    mark = anonymous(tmp_path, f"WOONGEMEENTE,AANTAL\nA,{mask}\nB,3\nC,1\n")
    assert codes(mark) == ["mark_small"]
    assert (mark.reasons[0].params["row"], mark.reasons[0].count) == ("3", 2)  # type: ignore[union-attr]


def test_a_four_is_masked_only_where_the_file_says_so(tmp_path: Path) -> None:
    header = "BRIN NUMMER,AANTAL,INDICATIEAVG\n"
    assert anonymous(tmp_path, header + "01ZZ,4,J\n02ZZ,12,N\n").answer == "yes"
    assert codes(anonymous(tmp_path, header + "01ZZ,4,J\n02ZZ,4,N\n")) == ["mark_small"]


def test_levels_years_and_buildings_are_no_people(tmp_path: Path) -> None:
    text = "JAAR,NIVEAU,AANTAL VESTIGINGEN,GPS_LATITUDE\n2024,3,2,52.1\n2025,4,1,52.2\n"
    mark = anonymous(tmp_path, text)
    assert (mark.answer, codes(mark)) == ("yes", ["mark_no_people"])


def test_nobody_is_traced_by_a_forecast(tmp_path: Path) -> None:
    text = "Gemeentenaam,Jaar,Aantal,Type\nA,2030,3,Prognose\nA,2025,{},Historie\n"
    assert anonymous(tmp_path, text.format(9)).answer == "yes"
    assert codes(anonymous(tmp_path, text.format(3))) == ["mark_small"]


def test_a_lone_masked_cell_is_given_away_by_its_total(tmp_path: Path) -> None:
    text = HEAD + "A,BBL,10\nA,BOL,<5\nA,Totaal,12\nB,BBL,7\nB,BOL,9\nB,Totaal,16\n"
    mark = anonymous(tmp_path, text)
    assert codes(mark) == ["mark_given_away"]
    assert mark.reasons[0].params["row"] == "3"  # type: ignore[union-attr]


def test_two_masked_cells_hide_each_other_unless_at_an_edge(tmp_path: Path) -> None:
    text = "WOONGEMEENTE,LEERWEG,AANTAL\nA,BBL,<5\nA,BOL,<5\nA,EX,20\nA,Totaal,{}\n"
    assert anonymous(tmp_path, text.format(25)).answer == "yes"
    assert codes(anonymous(tmp_path, text.format(28))) == ["mark_given_away"]
    assert codes(anonymous(tmp_path, text.format(22))) == ["mark_given_away"]


def test_a_masked_total_tells_nothing(tmp_path: Path) -> None:
    text = HEAD + "A,BBL,<5\nA,BOL,0\nA,Totaal,<5\nB,BBL,8\nB,BOL,7\nB,Totaal,15\n"
    assert anonymous(tmp_path, text).answer == "yes"


def test_a_withheld_cell_is_given_away_once_it_must_be_small(tmp_path: Path) -> None:
    text = HEAD + "A,BBL,.\nA,BOL,20\nA,Totaal,{}\nB,BBL,8\nB,BOL,7\nB,Totaal,15\n"
    assert codes(anonymous(tmp_path, text.format(23))) == ["mark_given_away"]
    assert anonymous(tmp_path, text.format(70)).answer == "yes"


def test_a_total_in_a_column_gives_away_too(tmp_path: Path) -> None:
    text = "INSTELLINGSCODE,MAN2024,VROUW2024,TOTAAL2024\n01ZZ,<5,20,22\n02ZZ,30,20,50\n"
    assert codes(anonymous(tmp_path, text)) == ["mark_given_away"]
    # Without a row that shows it, nothing says of what it is the total.
    other = "INSTELLINGSCODE,INSTROOM MBO,INSTROOM VO,TOTAAL MBO\n01ZZ,<5,20,90\n02ZZ,30,20,99\n"
    assert anonymous(tmp_path, other).answer == "yes"


def test_rows_and_columns_together_give_away_what_neither_does(tmp_path: Path) -> None:
    """x + y = 5, y + z = 5 and x + z = 6: x and z are 3, y is 2."""
    low = np.array([5.0, 5.0, 6.0, 1.0, 1.0, 1.0])
    high = np.array([5.0, 5.0, 6.0, 4.0, 4.0, 4.0])
    ring = [Sum(0, (3, 4)), Sum(1, (4, 5)), Sum(2, (3, 5))]
    assert narrowed(low, high, ring)[0].tolist()[3:] == [3, 2, 3]
    assert narrowed(low, high, ring)[1].tolist()[3:] == [3, 2, 3]
    only_squeezed = narrowed(low, high, ring, max_ring=0)
    assert only_squeezed[0].tolist()[3:] == [2, 1, 2]


def test_codes_and_names_of_a_total_belong_together(tmp_path: Path) -> None:
    text = (
        "WOONGEMEENTE,ERKENDE OPLEIDING CODE,ERKENDE OPLEIDING NAAM,AANTAL\n"
        "A,98001,Duin,10\nA,98002,Klei,<5\nA,,Totaal,13\n"
        "B,98001,Duin,10\nB,98002,Klei,9\nB,,Totaal,19\n"
    )
    assert codes(anonymous(tmp_path, text)) == ["mark_given_away"]


cells = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=5)


def by_hand(
    low: Sequence[float], high: Sequence[float], sums: Sequence[Sum]
) -> tuple[list[float], list[float]]:
    """Try all numbers that the cells can be: the second, plain way to the same ranges."""
    ranges = [range(int(a), int(b) + 1) for a, b in zip(low, high, strict=True)]
    fits = [
        numbers
        for numbers in itertools.product(*ranges)
        if all(numbers[s.total] == sum(numbers[p] for p in s.parts) for s in sums)
    ]
    return [min(c) for c in zip(*fits, strict=True)], [max(c) for c in zip(*fits, strict=True)]


@settings(max_examples=60, deadline=None)
@given(
    true=st.lists(st.integers(1, 6), min_size=4, max_size=4),
    masks=st.lists(st.booleans(), min_size=9, max_size=9),
)
def test_ranges_are_those_found_by_trying_everything(true: list[int], masks: list[bool]) -> None:
    """A table of two by two with its margins: cells 0-3, rows 4 and 5, columns 6 and 7, all 8."""
    a, b, c, d = true
    numbers = np.array([a, b, c, d, a + b, c + d, a + c, b + d, a + b + c + d], float)
    hidden = np.array(masks) & (numbers <= 4)
    low, high = np.where(hidden, 1, numbers), np.where(hidden, 4, numbers)
    sums = [
        Sum(4, (0, 1)),
        Sum(5, (2, 3)),
        Sum(6, (0, 2)),
        Sum(7, (1, 3)),
        Sum(8, (4, 5)),
        Sum(8, (6, 7)),
    ]
    found = narrowed(low, high, sums)
    due = by_hand(low.tolist(), high.tolist(), sums)
    assert (found[0].tolist(), found[1].tolist()) == due
    assert (low == np.where(hidden, 1, numbers)).all()


@settings(max_examples=60, deadline=None)
@given(cells)
def test_a_row_total_gives_away_what_trying_everything_does(rows: list[tuple[int, bool]]) -> None:
    true = [n for n, _ in rows]
    shown = ["<5" if m and 1 <= n <= 4 else str(n) for n, m in rows]
    frame = pd.DataFrame(
        {
            "LEERWEG": [*(f"w{n}" for n in range(len(rows))), "Totaal"],
            "AANTAL": [*shown, str(sum(true))],
        }
    )
    counts = counts_of(frame)
    sums, wrong = sums_of(frame, counts)
    assert len(sums) == 1
    assert not wrong
    low, high = counts.low.ravel(), counts.high.ravel()
    found = narrowed(low, high, sums)
    due = by_hand(low.tolist(), high.tolist(), sums)
    assert (found[0].tolist(), found[1].tolist()) == due


def test_totals_that_contradict_each_other_come_to_an_end() -> None:
    low, high = np.zeros(4), np.array([np.inf, np.inf, 1.0, 1.0])
    low[2:] = 1
    found = narrowed(low, high, [Sum(0, (1, 2)), Sum(1, (0, 3))])
    assert np.isfinite(found[0]).all()


PERSONS = {
    "a number of the institution": ("Studentnummer,Niveau\n123,4\n", "mark_person_column"),
    "a day of birth": ("GEBOORTEDATUM,NIVEAU\n2007-01-02,4\n", "mark_person_column"),
    "citizen numbers": ("NR,A\n111222333,4\n123456782,3\n999990019,2\n", "mark_citizen_number"),
    "citizen numbers among others": (
        "NR,A\n111222333,4\n12,4\n123456782,3\n-,3\n999990019,2\n",
        "mark_citizen_number",
    ),
    "citizen numbers in words": (
        "A,OPMERKING\n4,bsn 111222333\n3,1234.56.782 (oud)\n2,is 999990019\n",
        "mark_citizen_number",
    ),
    "citizen numbers without the 0 in front": (
        "NR,A\n10000008,4\n10000021,3\n10000033,2\n",
        "mark_citizen_number",
    ),
    "e-mail": ("NAAM,MAIL\nx,j.jansen@roc.nl\n", "mark_email"),
    "an address with a sex": ("POSTCODE,HUISNUMMER,GESLACHT\n1001AA,3,V\n", "mark_home"),
    "few alike": ("GESLACHT,LEEFTIJD,NIVEAU\n" + "V,17,4\n" * 6 + "M,17,4\n", "mark_unique"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), PERSONS.values(), ids=PERSONS.keys())
def test_persons_are_found_and_never_repeated(tmp_path: Path, text: str, code: str) -> None:
    mark = anonymous(tmp_path, text)
    assert mark.answer == "no"
    assert code in codes(mark)
    told = marks_text([mark], "nl") + marks_text([mark], "en")
    for secret in ("123", "2007-01-02", "111222333", "jansen", "1001AA"):
        assert secret not in told


@pytest.mark.parametrize(
    "text",
    [
        "INSTELLINGSNAAM,POSTCODE,HUISNUMMER,MAIL\nROC,1001AA,3,info@roc.nl\n",
        "ONDERWIJSLOCATIECODE,POSTCODE,HUISNUMMER,MBONIVEAU\n901X001,1001AA,3,4\n",
        "INSTELLINGSCODE,POSTCODE\n17KM,9461 KM\n02ZZ,1001 AA\n",
        "KVK,NAAM\n111222334,a\n123456789,b\n999990018,c\n",  # nine digits, but the test fails
        "LAND,WAARDE\nPER,12\nGEO,13\n",  # countries, not records of persons
        "GESLACHT,LEEFTIJD,AANTAL\nV,17,20\nM,17,30\n",  # counted groups, not persons
        "GESLACHT,NIVEAU\n" + "V,4\n" * 5 + "M,4\n" * 5,
    ],
)
def test_schools_and_groups_are_no_persons(tmp_path: Path, text: str) -> None:
    assert anonymous(tmp_path, text).answer == "yes"


def test_records_of_an_institution_are_persons_whatever_the_name(tmp_path: Path) -> None:
    text = "VLP;01ZZ;20251001\nPER;1;17;18;V;1001\nISP;1;01ZZ;1;20250801\n"
    part = text[text.index("PER") :]  # without its opening
    for number, (form, encoding) in enumerate(
        [
            (text, "utf-8"),
            (text, "utf-16"),
            (part, "utf-8"),
            ("a;b\n" + part, "utf-8"),
            ("1;1\n" + part, "utf-16"),
            ("1\t1\r" + part.replace(";", "\t").replace("\n", "\r"), "utf-8"),
        ]
    ):
        marks = asked(written(tmp_path, form, f"open_data_{number}.csv", encoding))
        assert codes(marks["anonymous"]) == ["mark_person_records"]
        assert marks["machine_readable"].answer == "no"


# The form, and what is missing.

FORMS = {
    "another encoding": ("NAAM,AANTAL\nSúd,12\n", "cp1252", "mark_encoding"),
    "UTF-16": ("NAAM,AANTAL\nSúd,12\n", "utf-16", "mark_encoding"),
    "mixed line ends": ("NAAM,AANTAL\na,12\r\nb,13\n", "utf-8", "mark_line_ends"),
    "a title": ("Studenten 2025\nNAAM,AANTAL\na,12\n", "utf-8", "mark_title"),
    "a footer": ("NAAM,AANTAL\na,12\nBron: DUO\n", "utf-8", "mark_footer"),
    "ragged rows": ("NAAM,AANTAL\na,12,3\nb,1\n", "utf-8", "ragged_rows"),
    "a web page": ("<html><body>a, b</body></html>", "utf-8", "file_is_page"),
    "a decimal comma": ("NAAM;AFSTAND\na;12,5\nb;3,0\n", "utf-8", "mark_comma"),
    "thousands": ("NAAM;AANTAL\na;1.200\nb;3.000\n", "utf-8", "mark_grouped"),
    "units": ("NAAM,AANDEEL\na,12%\nb,3 %\n", "utf-8", "mark_unit"),
    "days first": ("NAAM,BEGINDATUM\na,31-12-2024\n", "utf-8", "mark_date"),
    "words between numbers": (
        "NAAM,AANTAL\n" + "a,12\n" * 19 + "b,weinig\n",
        "utf-8",
        "mark_no_number",
    ),
    "a BRIN as a power": ("INSTELLINGSCODE,AANTAL\n1E+05,12\n", "utf-8", "mark_power"),
    "lost zeros": ("GEMEENTENUMMER,AANTAL\n363,12\n0014,9\n", "utf-8", "mark_zeros"),
}


@pytest.mark.parametrize(("text", "encoding", "code"), FORMS.values(), ids=FORMS.keys())
def test_what_a_machine_stumbles_over(tmp_path: Path, text: str, encoding: str, code: str) -> None:
    mark = asked(written(tmp_path, text, encoding=encoding))["machine_readable"]
    assert mark.answer == "no"
    assert codes(mark) == [code]


def test_what_cannot_be_read_is_not_called_anonymous(tmp_path: Path) -> None:
    marks = asked(written(tmp_path, "NAAM,AANTAL\na,12,3\nb,1\n"))
    assert marks["anonymous"].answer == marks["complete"].answer == "unknown"


def test_lines_inside_quotes_and_coordinates_are_no_faults(tmp_path: Path) -> None:
    text = 'NAAM,GPS_LATITUDE,LIJST\r\n"a\nb",52.160,"1,2"\r\nc,5.395,x\r\n'
    assert asked(written(tmp_path, text))["machine_readable"].answer == "yes"


GAPS = {
    "a year of columns": ("NAAM,JAAR_2021,JAAR_2022,JAAR_2024\na,9,9,9\n", "mark_year_gap"),
    "a year of rows": ("JAAR,AANTAL\n2021,9\n2022,9\n2024,9\n", "mark_year_gap"),
    "a key": ("INSTELLINGSCODE,AANTAL\n01ZZ,9\n,9\n", "mark_key_blank"),
    "a double row": ("NAAM,AANTAL\na,9\na,9\n", "mark_rows_twice"),
    "the last line": ("NAAM,NIVEAU,AANTAL\na,4,9\nb,4", "mark_cut_off"),
    "a total": (
        (
            "LEERWEG,JAAR,AANTAL\nBBL,2024,9\nBOL,2024,9\nTotaal,2024,18\n"
            "BBL,2025,9\nBOL,2025,9\nTotaal,2025,99\nBBL,2023,7\nBOL,2023,7\nTotaal,2023,14\n"
        ),
        "mark_totals",
    ),
}


@pytest.mark.parametrize(("text", "code"), GAPS.values(), ids=GAPS.keys())
def test_what_is_missing(tmp_path: Path, text: str, code: str) -> None:
    mark = asked(written(tmp_path, text))["complete"]
    assert (mark.answer, codes(mark)) == ("no", [code])


def test_size_and_digest_prove_that_it_is_whole(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS)
    right = {"byteSize": path.stat().st_size, "sha256": digest(path)}
    assert asked(path, metadata=right)["complete"].answer == "yes"
    for wrong, code in (
        ({"rows": 3}, "mark_rows_differ"),
        ({"bytesize": 3}, "mark_bytes_differ"),
        ({"sha256": "0" * 64}, "mark_digest_differs"),
        ({"columns": ["x", {"name": "KOLOM"}]}, "mark_columns_lost"),
    ):
        assert codes(asked(path, metadata=wrong)["complete"]) == [code]


# Other kinds of file.


def test_a_workbook_is_read_sheet_by_sheet(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    first, second = book.add_worksheet("goed"), book.add_worksheet("fout")
    book.add_worksheet("leeg")
    for row, line in enumerate([["NAAM", "AANTAL"], ["a", 12], ["b", 50]]):
        first.write_row(row, 0, line)
    second.merge_range(0, 0, 0, 1, "Studenten per leerweg")
    for row, line in enumerate([["NAAM", "AANTAL"], ["a", "12"], ["b", "3"]], start=1):
        second.write_row(row, 0, line)
    book.close()
    marks = asked(path)
    assert codes(marks["anonymous"]) == ["mark_small"]
    assert codes(marks["machine_readable"]) == ["mark_merged", "mark_title", "mark_text_numbers"]


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson"])
def test_files_with_geometry(tmp_path: Path, name: str) -> None:
    rows = {"naam": ["x", "y"], "aantal": [12.0, 3.0]}
    frame = gpd.GeoDataFrame(rows, geometry=[Point(5.3, 52.1), Point(5.4, 52.2)], crs=4326)
    frame.to_file(tmp_path / name)
    marks = asked(tmp_path / name)
    assert marks["machine_readable"].answer == "yes"
    assert codes(marks["anonymous"]) == ["mark_small"]


def test_a_zip_and_an_unknown_format_are_not_open(tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    path.write_bytes(b"$FL2" + zlib.compress(b"x" * 99) + b"\0")
    marks = asked(path)
    assert codes(marks["machine_readable"]) == ["mark_closed_format", "file_binary"]
    assert marks["anonymous"].answer == "unknown"


def test_there_must_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        check_marks(tmp_path / "none.csv")
    with pytest.raises(FileError, match="the file is empty"):
        check_marks(written(tmp_path, ""))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_damaged_file_has_its_marks_too(case: Case, tmp_path: Path) -> None:
    name, data = case.data(tmp_path)
    path = tmp_path / f"damaged-{name}"
    for number in range(8):
        damaged = mutated(case, number, data)[0]
        path.write_bytes(damaged)
        if not damaged:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            marks = check_marks(path)
        assert tuple(mark.key for mark in marks) == MARKS
        assert max(map(len, marks_text(marks, "nl").splitlines())) < 1_500


def test_the_text_names_every_mark_in_both_languages(tmp_path: Path) -> None:
    marks = check_marks(written(tmp_path, ROWS))
    dutch, english = (marks_text(marks, lang) for lang in LANGS)
    assert dutch.startswith("Openbaar: niet bekend\n  - ")
    assert english.startswith("Public: not known\n  - ")
    assert dutch.count("\n") == english.count("\n") == 15


@pytest.mark.real_data
def test_a_real_file_of_duo(real_data: Path) -> None:
    """The branches of primary schools, in the old form: one gives the address of a person."""
    marks = asked(real_data / "duo" / "duo_po_vestigingen_brin_old.csv")
    assert codes(marks["anonymous"]) == ["mark_email"]
    assert marks["anonymous"].reasons[0].count == 1  # type: ignore[union-attr]
    # Institution 17KM and postcode 9461 KM are no distances.
    assert codes(marks["machine_readable"]) == ["mark_encoding"]
