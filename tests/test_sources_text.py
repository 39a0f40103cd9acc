"""Reading delimited text and spreadsheets."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_mbo.errors import FileError, GeoMboError, InputError, MissingFileError
from geo_mbo.sources.text import header, read_text, take

ROWS = [["01ZZ", "Súd & Oost", "0363"], ["02ZZ", 'Het "Want", Noord', ""]]


def written(folder: Path, content: bytes, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiter_and_encoding_are_found_out(
    tmp_path: Path, delimiter: str, encoding: str, newline: str
) -> None:
    lines = [["BRIN NUMMER", "NAAM", "GEMEENTENUMMER"], *ROWS]
    quoted = [delimiter.join('"' + c.replace('"', '""') + '"' for c in row) for row in lines]
    path = written(tmp_path, (newline.join(quoted) + newline).encode(encoding))
    frame = read_text(path)
    assert frame.columns.tolist() == ["BRIN NUMMER", "NAAM", "GEMEENTENUMMER"]
    assert frame.fillna("").values.tolist() == ROWS
    assert frame.index.tolist() == [2, 3]
    assert frame["GEMEENTENUMMER"].isna().tolist() == [False, True]


def test_real_drift_of_headers(golden: Path) -> None:
    frame = read_text(golden / "01.-adressen-mbo-oud.csv")
    assert {"BRIN NUMMER", "VESTIGINGSNUMMER", "VESTIGINGSNAAM", "GEMEENTENUMMER"} <= {*frame}
    assert frame["VESTIGINGSNAAM"].tolist() == ["Sint-André", "'t Want"]
    assert frame["GEMEENTENUMMER"].tolist() == ["0001", "0002"]


def test_a_header_has_one_spelling() -> None:
    spellings = ["BRIN NUMMER", "BRINNUMMER", "BRIN_NUMMER", " brin-nummer "]
    assert {header(name) for name in spellings} == {"BRIN NUMMER"}
    assert header("NAAM WGR-GEBIED") == header("WGR-GEBIED NAAM")


def test_title_and_source_line_of_statline_are_left_out(golden: Path) -> None:
    frame = read_text(golden / "83502NED.csv")
    assert frame.columns.tolist() == ["GESLACHT", "LEEFTIJD", "POSTCODE", "PERIODEN", "INWONERS"]
    assert frame.index[0] == 3
    assert not frame.isin(["Bron: CBS"]).any().any()


def test_a_spreadsheet_reads_as_text(tmp_path: Path) -> None:
    path = tmp_path / "sites.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("locaties")
    book.add_worksheet("leeg")
    for row, cells in enumerate([["Code", "Aantal", "Deel"], ["0363", 12, 0.5], ["", "", ""]]):
        sheet.write_row(row, 0, cells)
    book.close()
    frame = read_text(path)
    assert frame.values.tolist() == [["0363", "12", "0.5"]]
    assert read_text(path, sheet="locaties").equals(frame)
    with pytest.raises(InputError, match=r"no layer 'Blad1'\. There are: locaties, leeg"):
        read_text(path, sheet="Blad1")
    with pytest.raises(FileError, match="the file is empty"):
        read_text(path, sheet="leeg")


def test_only_a_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a header but no rows"):
        read_text(written(tmp_path, b"A,B\n"))


def test_a_trailing_delimiter_is_no_column(tmp_path: Path) -> None:
    assert read_text(written(tmp_path, b"A;B;\n1;2;\n")).columns.tolist() == ["A", "B"]


@pytest.mark.parametrize(
    ("content", "name", "kind", "says"),
    [
        (b"", "x.csv", FileError, "the file is empty"),
        (b"\n \n", "x.csv", FileError, "the file is empty"),
        (b"PK\x03\x04abc", "x.csv", FileError, "no text file"),
        (b"A,B\n\x00\x01,2\n", "x.csv", FileError, "no text file"),
        (b"A;B\n1;\x81\x8d\n", "x.csv", FileError, "characters"),
        (b"no workbook", "x.xlsx", FileError, "cannot be read"),
        (b"A:B\n1:2\n", "x.csv", InputError, r"only one column was found \('A:B'\)"),
        (b"A,B\n1,2\n3\n4,5,6\n", "x.csv", InputError, r"2 lines .* line 3 \(1 instead of 2\)"),
        (b"A,a ,B\n1,2,3\n", "x.csv", InputError, "more than once: A"),
        (b"A,,B\n1,2,3\n", "x.csv", InputError, "column 2 has no name"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    tmp_path: Path, content: bytes, name: str, kind: type[GeoMboError], says: str
) -> None:
    with pytest.raises(kind, match=says) as caught:
        read_text(written(tmp_path, content, name))
    assert caught.value.text("nl")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="there is no such file"):
        read_text(tmp_path / "gone.csv")
    with pytest.raises(FileError, match="this is a folder"):
        read_text(tmp_path)


def test_the_line_number_counts_lines_within_quotes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="first line 4"):
        read_text(written(tmp_path, b'A,B\n"a\nb",2\n3\n'))


def test_all_missing_columns_come_at_once(golden: Path) -> None:
    frame = read_text(golden / "instellingenmbo.csv")
    with pytest.raises(InputError) as caught:
        take(frame, {"a": "KOLOM A", "b": "PROVINCIE", "c": "KOLOM C"}, where="x.csv")
    assert [b.params["column"] for b in caught.value.breaches] == ["KOLOM A", "KOLOM C"]


cell = st.text(
    st.characters(codec="cp1252", exclude_categories=["Cc", "Zs"], exclude_characters='"'),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=6), of=st.sampled_from(",;|")
)
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], of: str
) -> None:
    lines = [of.join(f'"{c}"' for c in row) for row in [("K1", "K2", "K3"), *rows]]
    path = written(tmp_path_factory.mktemp("text"), "\n".join(lines).encode("utf-8"))
    assert read_text(path).values.tolist() == [list(row) for row in rows]


@pytest.mark.real_data
def test_a_real_old_file(real_data: Path) -> None:
    frame = read_text(real_data / "duo" / "duo_po_vestigingen_brin_old.csv")
    assert len(frame) == 6804
    assert frame["BRIN NUMMER"].str.fullmatch(r"\d\d[A-Z]{2}").all()
    assert frame["GEMEENTENUMMER"].str.fullmatch(r"\d{4}").all()
