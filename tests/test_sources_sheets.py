"""Spreadsheets and text that are larger, stranger or worse than they say."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from geo_mbo.errors import FileError, InputError
from geo_mbo.sources import sheets, text
from geo_mbo.sources.text import read_text

SHEET = "xl/worksheets/sheet1.xml"


def book(folder: Path, cells: dict[tuple[int, int], object]) -> Path:
    path = folder / "book.xlsx"
    made = xlsxwriter.Workbook(path)
    sheet = made.add_worksheet()
    for (row, column), value in cells.items():
        sheet.write(row, column, value)
    made.close()
    return path


def small(folder: Path) -> Path:
    return book(folder, {(0, 0): "a", (0, 1): "b", (1, 0): "x", (1, 1): 2})


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[SHEET] = change(members[SHEET])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_one_cell_far_away_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = book(tmp_path, {(0, 0): "a", (0, 1): "b", (1_048_575, 16_383): 1})
    with pytest.raises(FileError, match="a sheet is larger than"):
        read_text(path)


def test_a_sheet_that_only_says_it_is_large_is_read(tmp_path: Path) -> None:
    path = rewritten(small(tmp_path), lambda d: d.replace(b"A1:B2", b"A1:XFD1048576"))
    assert read_text(path).values.tolist() == [["x", "2"]]


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_INFLATED", 5_000_000)
    blanks = b" " * 6_000_000
    path = rewritten(small(tmp_path), lambda d: d + blanks)
    assert path.stat().st_size < 50_000
    with pytest.raises(FileError, match="grows beyond 5 MB"):
        read_text(path)


def test_entities_that_stand_for_each_other_are_refused(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet'
    path = rewritten(small(tmp_path), lambda d: d.replace(b"<worksheet", bomb, 1))
    with pytest.raises(FileError, match="entities of its own"):
        read_text(path)


@pytest.mark.parametrize("chunk", range(60, 80))
def test_a_cell_on_the_edge_of_two_chunks_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(sheets, "_CHUNK", chunk)
    path = book(tmp_path, {(0, 0): "a", (0, 1): "b", (1_048_575, 16_383): 1})
    with pytest.raises(FileError, match="a sheet is larger than"):
        read_text(path)


def open_document(folder: Path, rows: int, columns: int, *, filled: bool) -> Path:
    value = ' office:value-type="float" office:value="1"' if filled else ""
    text = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body>'
        '<office:spreadsheet><table:table table:name="a">'
        f'<table:table-row table:number-rows-repeated="{rows}">'
        f'<table:table-cell table:number-columns-repeated="{columns}"{value}/>'
        "</table:table-row></table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    path = folder / "a.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", text)
    return path


def test_an_open_document_that_repeats_a_cell_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="a sheet is larger than"):
        read_text(open_document(tmp_path, 1_048_576, 16_384, filled=True))
    # Programs write the blank rest of a sheet so: it holds nothing, and that is what is told.
    with pytest.raises(FileError, match="the file is empty"):
        read_text(open_document(tmp_path, 1_048_576, 16_384, filled=False))


def test_a_file_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    with pytest.raises(FileError, match="2,147 MB; at most 536 MB"):
        read_text(path)


@pytest.mark.parametrize("name", ["page.csv", "page.xlsx"])
@pytest.mark.parametrize(
    "start", [b"<!DOCTYPE html>", b"\xef\xbb\xbf\r\n  <html lang='nl'>", b"<HTML>"]
)
def test_a_web_page_is_called_one(tmp_path: Path, name: str, start: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(start + b"<body>503, later; again</body></html>")
    with pytest.raises(FileError, match="this is a web page"):
        read_text(path)


def test_files_put_behind_each_other_are_refused(tmp_path: Path, golden: Path) -> None:
    once = (golden / "instellingenmbo.csv").read_bytes()
    path = tmp_path / "twice.csv"
    path.write_bytes(once + once)
    with pytest.raises(InputError, match="the header is there again in line 4"):
        read_text(path)


def test_a_long_line_is_told_in_a_short_sentence(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a," + "b" * 5_000 + "\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="column 2 is longer than any name") as caught:
        read_text(path)
    assert len(str(caught.value)) < 300
    path.write_text("a,b\n1," + "2" * 200_000 + "\n", encoding="utf-8")
    with pytest.raises(FileError, match="field larger than"):
        text.read_text(path)
