"""Reading delimited text and spreadsheets as text, whoever published them.

Publishers differ in delimiter, encoding and the spelling of headers, and change them from year to
year; identifiers have leading zeros. So every cell is read as text, the delimiter and the encoding
are found out, and headers are brought to one spelling.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_mbo.errors import Breach, FileError, InputError, MissingFileError

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = (",", ";", "\t", "|")
SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
_SAMPLE_ROWS = 50
_SOURCE_LINES = ("Bron:", "© ")
_BINARY = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"SQLite format 3")

Row = tuple[int, list[str]]
"""The number of a line in its file (from 1) and its cells."""


def read_text(path: Path | str, *, sheet: str | None = None) -> pd.DataFrame:
    r"""Read a delimited text file or a spreadsheet, every column as text.

    The delimiter is one of comma, semicolon, tab and bar; the encoding UTF-8 (with or without its
    mark), UTF-16 with its mark, or else Windows-1252. A title above the header and a line
    ``Bron: ...`` below the rows, as StatLine writes them, are left out.

    Parameters
    ----------
    path
        The file; ``.xlsx``, ``.xls`` and ``.ods`` are read as spreadsheets.
    sheet
        Name of the sheet; the first one where it is not given.

    Returns
    -------
    pandas.DataFrame
        Text columns under normalised headers (see `header`); blank cells are missing. The index
        is the number of the line in the file.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, or it is a folder, empty, binary or in no known encoding.
    InputError
        One column only, no rows, ragged rows, a header twice or without a name.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "old.csv"
    >>> _ = file.write_bytes("BRINNUMMER;VESTIGINGSNAAM ;PLAATSNAAM\r\n01AA;Zuid;Súd".encode())
    >>> read_text(file)
         BRIN NUMMER VESTIGINGSNAAM PLAATSNAAM
    line
    2           01AA           Zuid        Súd
    """
    path = Path(path)
    raw = read_bytes(path)
    sheets = path.suffix.lower() in SHEETS
    rows = _sheet_rows(path, sheet) if sheets else _text_rows(_decoded(raw, path), path)
    frame = _frame(rows, path)
    if frame.empty:
        raise InputError.of("no_rows", path=str(path))
    return frame


def read_bytes(path: Path) -> bytes:
    """Read a file whole.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, or it is a folder, empty or not to be read.
    """
    check_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError.of("cannot_read", path=str(path), reason=reason) from error


def check_file(path: Path) -> None:
    """Refuse what is no file with something in it.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, or it is a folder or empty.
    """
    if path.is_dir():
        raise FileError.of("file_is_folder", path=str(path))
    if not path.exists():
        raise MissingFileError.of("file_missing", path=str(path))
    if path.stat().st_size == 0:
        raise FileError.of("file_empty", path=str(path))


def header(name: str) -> str:
    """Give the one spelling of a header: blanks, underscores and hyphens collapsed, upper case.

    Spellings and typing errors seen in the wild stand in ``resources/aliases/headers.csv``.

    Examples
    --------
    >>> header("JAAR_2021"), header(" VESTIGINS_NUMMER"), header("MBO INSTELLINGSOORT - CODE")
    ('JAAR 2021', 'VESTIGINGSNUMMER', 'MBO INSTELLINGSSOORT CODE')
    """
    key = re.sub(r"[\s_\-]+", " ", name).strip().upper()
    return _header_aliases().get(key, key)


def take(
    frame: pd.DataFrame,
    needed: Mapping[str, str],
    *,
    optional: Mapping[str, str] | None = None,
    where: str,
) -> pd.DataFrame:
    """Take columns under our names; those that are optional and absent are there, but missing.

    Parameters
    ----------
    frame
        Columns under normalised headers.
    needed, optional
        Our name to the publisher's header as it is written in the file.
    where
        What to call the file in a message.

    Raises
    ------
    InputError
        Needed columns are not there, all named at once.
    """
    import pandas as pd

    absent = [name for name in needed.values() if header(name) not in frame.columns]
    if absent:
        there = ", ".join(map(str, frame.columns))
        raise InputError(
            [
                Breach("missing_column", {"where": where, "column": n, "there": there})
                for n in absent
            ]
        )
    wanted = {**needed, **(optional or {})}
    nothing = pd.Series(pd.NA, index=frame.index, dtype="str")
    return pd.DataFrame(
        {ours: frame.get(header(theirs), nothing) for ours, theirs in wanted.items()}
    )


def wrong_cell(code: str, values: pd.Series, wrong: pd.Series, **params: object) -> InputError:
    """Make the error of wrong cells: how many, and the value and line of the first."""
    first = values[wrong].fillna("")
    return InputError.of(
        code, count=len(first), row=str(first.index[0]), value=str(first.iloc[0]), **params
    )


def once(frame: pd.DataFrame, *, where: str) -> None:
    """Refuse rows that are the same in all columns of `frame`: their counts would count double.

    Raises
    ------
    InputError
        Rows share a key; the first one is named.
    """
    filled = frame.dropna(axis="columns", how="all")
    twice = filled.duplicated(keep=False)
    if twice.any():
        labels = filled[twice].fillna("").astype("str").agg(", ".join, axis=1)
        named = ", ".join(filled.columns)
        raise wrong_cell("duplicate_key", labels, twice[twice], where=where, column=named)


@cache
def _header_aliases() -> Mapping[str, str]:
    page = files("geo_mbo") / "resources" / "aliases" / "headers.csv"
    with page.open(encoding="utf-8") as file:
        return {row["alias"]: row["header"] for row in csv.DictReader(file)}


def _decoded(raw: bytes, path: Path) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in raw or raw.startswith(_BINARY):
        raise FileError.of("file_binary", path=str(path))
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileError.of("file_encoding", path=str(path))


def _text_rows(text: str, path: Path) -> Iterator[Row]:
    delimiter = _delimiter(text, path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        reason = f"{error}, line {reader.line_num}"
        raise FileError.of("cannot_read", path=str(path), reason=reason) from error


def _delimiter(text: str, path: Path) -> str:
    """Give the delimiter under which most of the first lines have one and the same width."""
    lines = [line for line in text.splitlines()[:_SAMPLE_ROWS] if line.strip()]
    if not lines:
        raise FileError.of("file_empty", path=str(path))

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter)]
        common = max(set(widths) - {1}, key=widths.count, default=1)
        return (widths.count(common), common) if common > 1 else (0, 1)

    best = max(DELIMITERS, key=agreement)
    if agreement(best)[1] == 1:
        raise InputError.of("one_column", where=path.name, value=lines[0][:80])
    return best


def _sheet_rows(path: Path, sheet: str | None) -> Iterator[Row]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
    name = sheet or book.sheet_names[0]
    if name not in book.sheet_names:
        raise InputError.of(
            "no_such_layer", where=path.name, value=name, there=", ".join(book.sheet_names)
        )
    cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    rows = ([_cell_text(cell) for cell in row] for row in cells)
    return ((line, row) for line, row in enumerate(rows, start=1) if any(row))


def _cell_text(cell: Any) -> str:
    # A spreadsheet knows no whole numbers: 12 comes as 12.0.
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _frame(rows: Iterator[Row], path: Path) -> pd.DataFrame:
    """Make a frame of rows, without a title above the header and the line of the source below."""
    import pandas as pd

    # A row with one cell above the header is a title.
    names = next(([header(cell) for cell in row] for _, row in rows if sum(map(bool, row)) > 1), [])
    if not names:
        raise FileError.of("file_empty", path=str(path))
    # One long list of cells: millions of small lists would keep the garbage collector busy.
    lines, cells, ragged = [], [], []
    for line, row in rows:
        if row[0].startswith(_SOURCE_LINES) and not any(row[1:]):
            continue
        if len(row) != len(names):
            ragged.append((line, len(row)))
            continue
        lines.append(line)
        cells += row
    if ragged:
        raise _ragged(ragged, len(names), path.name)
    columns = [cells[n :: len(names)] for n in range(len(names))]
    kept = [n for n, name in enumerate(names) if name or any(columns[n])]
    _check_headers([names[n] for n in kept], path.name)
    index = pd.Index(lines, name="line", dtype="int64")
    texts = {names[n]: pd.array([c or None for c in columns[n]], dtype="str") for n in kept}
    return pd.DataFrame(texts, index=index)


def _ragged(ragged: Sequence[tuple[int, int]], expected: int, where: str) -> InputError:
    line, found = ragged[0]
    return InputError.of(
        "ragged_rows",
        where=where,
        count=len(ragged),
        row=str(line),
        found=found,
        expected=expected,
    )


def _check_headers(names: Sequence[str], where: str) -> None:
    breaches = []
    if "" in names:
        breaches.append(Breach("header_missing", {"where": where, "column": names.index("") + 1}))
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    if twice:
        breaches.append(Breach("header_twice", {"where": where, "column": ", ".join(twice)}))
    if breaches:
        raise InputError(breaches)
