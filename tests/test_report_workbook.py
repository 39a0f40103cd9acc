"""The workbook: what is in it, masked counts, formulas that stay text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from geo_mbo.analysis import Choices, find
from geo_mbo.errors import FileError
from geo_mbo.notes import Note
from geo_mbo.provenance import About, Source
from geo_mbo.report import sheets, write_workbook
from geo_mbo.sample import sample_town
from geo_mbo.scenario import compare, read_scenario

ABOUT = About(
    "Proefstad",
    made_up=True,
    created=date(2026, 10, 1),
    sources=(Source("Wegen", "OSM", "ODbL", "© OpenStreetMap"),),
    parameters={"limit_min": 30},
    versions={"geo_mbo": "0.1.0"},
)
TOWN = sample_town()
NOTES: list[Note] = []
FOUND = find(TOWN.tables, TOWN.matrix, Choices(mode="bike", limit_min=30), notify=NOTES.append)


def rows(path: Path, name: str) -> list[list[object]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()


def records(path: Path, name: str) -> list[dict[object, object]]:
    heads, *found = rows(path, name)
    return [dict(zip(heads, row, strict=True)) for row in found]


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    plan = read_scenario({"name": "Dicht", "actions": [{"kind": "close", "site_id": "90AA002"}]})
    compared = [compare(TOWN.tables, TOWN.matrix, plan, FOUND.choices)]
    path = tmp_path_factory.mktemp("book") / "resultaten.xlsx"
    return write_workbook(path, TOWN.tables, FOUND, ABOUT, NOTES, scenarios=compared)


def test_read_me_comes_first_and_names_every_sheet(book) -> None:
    sheets_there = CalamineWorkbook.from_path(book).sheet_names
    assert sheets_there[0] == "Lees mij"
    page = [cell for row in rows(book, "Lees mij") for cell in row if cell]
    assert page[:2] == ["Proefstad", "Verzonnen gegevens."]
    assert set(sheets_there[1:]) <= set(page)
    assert "© OpenStreetMap" in page
    assert "1 oktober 2026" in page


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_sheet_names_fit_excel(tmp_path, lang) -> None:
    path = write_workbook(tmp_path / "x.xlsx", TOWN.tables, FOUND, ABOUT, [], lang=lang)
    names = CalamineWorkbook.from_path(path).sheet_names
    assert len(set(map(str.lower, names))) == len(names)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)


def test_numbers_are_numbers_and_not_reached_is_said(book) -> None:
    times = records(book, "Reistijd per gemeente")
    assert len(times) == len(FOUND.providers)
    island = [row for row in times if row["Gemeente"] == "Cattewaard" and row["Rang"] == 1]
    assert {row["Reistijd, gemiddeld (minuten)"] for row in island} == {"niet bereikbaar"}
    town = next(r for r in times if r["Gemeente"] == "Aldermeer" and r["Vervoerwijze"] == "fiets")
    assert town["Reistijd, gemiddeld (minuten)"] == 14.0


def test_fewer_than_five_are_masked(tmp_path) -> None:
    frame = FOUND.catchment.assign(students=3.0, students_low=3.0, students_high=3.0)
    path = tmp_path / "x.xlsx"
    write_workbook(path, TOWN.tables, replace(FOUND, catchment=frame), ABOUT, [])
    for row in records(path, "Verzorgingsgebieden"):
        found = [row[f"Studenten{end}"] for end in ("", ", minst", ", meest")]
        assert found == ["<5", 1.0, 4.0]


def test_no_count_of_one_to_four_is_anywhere(book) -> None:
    for name in CalamineWorkbook.from_path(book).sheet_names[1:]:
        heads, *found = rows(book, name)
        for column, head in enumerate(heads):
            if str(head).startswith("Studenten") and not str(head).endswith(("minst", "meest")):
                assert not [r[column] for r in found if r[column] and 0 < _number(r[column]) < 5]


def _number(value: object) -> float:
    return value if isinstance(value, float) else 9.0


def test_texts_are_never_formulas(tmp_path) -> None:
    bad = '=HYPERLINK("http://x","y")'
    tables = replace(TOWN.tables, sites=TOWN.tables.sites.assign(name=bad, institution="+1+1"))
    path = write_workbook(tmp_path / "x.xlsx", tables, FOUND, replace(ABOUT, title="@SUM(1)"), [])
    assert {row["Onderwijslocatie"] for row in records(path, "Reis per locatie")} == {bad}
    with ZipFile(path) as parts:
        for part in parts.namelist():
            if part.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in parts.read(part)


def test_every_column_is_explained(book) -> None:
    told = {(row["Laag of werkblad"], row["Naam"]) for row in records(book, "Kolommen")}
    for name in CalamineWorkbook.from_path(book).sheet_names[1:-1]:
        assert {(name, head) for head in rows(book, name)[0]} <= told


def test_empty_results_keep_their_columns(tmp_path) -> None:
    bare = {n: v.iloc[:0] for n, v in vars(FOUND).items() if isinstance(v, pd.DataFrame)}
    path = write_workbook(tmp_path / "x.xlsx", TOWN.tables, replace(FOUND, **bare), ABOUT, [])
    assert rows(path, "Dubbelingen")[0][:3] == ["Opleidingscode (crebo)", "Opleiding", "Leerweg"]


def test_too_many_rows_are_cut_and_said(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 4)
    monkeypatch.setattr("geo_mbo.report.workbook.MOST_ROWS", 4)
    path = write_workbook(tmp_path / "x.xlsx", TOWN.tables, FOUND, ABOUT, [])
    assert len(rows(path, "Reistijd per gemeente")) == 5
    page = " ".join(str(cell) for row in rows(path, "Lees mij") for cell in row)
    assert "Hier staan de eerste 4 van 27 rijen." in page


def test_same_study_same_bytes(tmp_path, book) -> None:
    paths = [tmp_path / f"{name}.xlsx" for name in "ab"]
    for path in paths:
        write_workbook(path, TOWN.tables, FOUND, ABOUT, NOTES)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_full_disk_leaves_nothing(tmp_path, monkeypatch) -> None:
    from xlsxwriter.exceptions import FileCreateError

    def full(self: object) -> None:
        raise FileCreateError("No space left on device")

    monkeypatch.setattr("xlsxwriter.Workbook.close", full)
    with pytest.raises(FileError, match="No space left"):
        write_workbook(tmp_path / "x.xlsx", TOWN.tables, FOUND, ABOUT, [])
    assert list(tmp_path.iterdir()) == []
