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
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, FileError, InputError, MissingFileError
from geo_mbo.sources.sheets import Row, sheet_rows

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = (",", ";", "\t", "|")
SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
MAX_BYTES = 512 * 1024**2
"""The largest file that is read whole; its cells take some ten times as much memory."""
_START_BYTES = 1 << 20
_SAMPLE_ROWS = 50
_SAMPLE_CHARACTERS = 200_000
_LONGEST_HEADER = 200
_SOURCE_LINES = ("Bron:", "© ")
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ABOUT_PERSONS = re.compile(
    r'\s*"?(?:VLP|PER|ISG|ISP|ISE|BPV|BII|DIP|BID|AMO|GEO|KZD|SLR)"?\s*[;|,\t]'
)
"""How an institution's delivery starts: a message about its cells would tell of a person."""
_RECORDS = re.compile(r'(?:^|[\r\n])\s*"?(VLP|PER|ISG|ISP|BPV|DIP|GEO|KZD|SLR)"?\s*[;|,\t]\s*"?\d')
_ONLY_THERE = {"VLP", "ISG", "ISP", "SLR"}
"""Records that are called as nothing else is: PER and GEO are countries as well."""
_BINARY = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"SQLite format 3")


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
    if path.suffix.lower() in SHEETS:
        _check_readable(path)
        rows = sheet_rows(path, sheet)
    else:
        text = _decoded(read_bytes(path), path)
        if _about_persons(text):
            raise InputError.of("own_not_here", path=str(path))
        rows = _text_rows(text, path)
    frame = _frame(rows, path)
    if frame.empty:
        raise InputError.of("no_rows", path=str(path))
    return frame


def read_headers(path: Path) -> list[str]:
    """Give the headers of a delimited text file or a spreadsheet, as `read_text` does.

    Of a text file only the start is read, however large it is.

    Raises
    ------
    MissingFileError, FileError, InputError
        As for `read_text`, in as far as the start tells.
    """
    if path.suffix.lower() in SHEETS:
        return [str(name) for name in read_text(path).columns]
    check_file(path)
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
        if file.read(1):
            # What is cut may not end within a letter or a row.
            start = start[: start.rfind(b"\n") + 1] or start
            start += b"\0" * (start.startswith(b"\xff\xfe") and len(start) % 2)
    text = _decoded(start, path)
    if _about_persons(text):
        raise InputError.of("own_not_here", path=str(path))
    rows = _text_rows(text, path)
    first = next((row for _, row in rows if sum(map(bool, row)) > 1), [])
    if next(rows, None) is None:
        raise InputError.of("no_rows", path=str(path))
    return _names(first)


def read_bytes(path: Path) -> bytes:
    """Read a file whole.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, or it is a folder, empty, larger than `MAX_BYTES`, a web page or not
        to be read.
    """
    _check_readable(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise _no_reading(path, error) from error


def finite(values: pd.Series) -> pd.Series:
    """Read numbers out of text cells; what is none, or is infinite, is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> finite(pd.Series(["12", "inf", "9" * 400, "twelve"])).tolist()
    [12.0, nan, nan, nan]
    """
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    return numbers.where(np.isfinite(numbers))


def shown(text: str, most: int = 600) -> str:
    """Give a text as a message shows it: cut where it is longer than anybody reads.

    Examples
    --------
    >>> shown("a" * 9, 4)
    'aaaa ...'
    """
    return text if len(text) <= most else f"{text[:most]} ..."


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


def _check_readable(path: Path) -> None:
    """Refuse what is no file, too large to be read whole, or a web page."""
    check_file(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise FileError.of(
            "file_large", path=str(path), megabytes=size // 1_000_000, most=MAX_BYTES // 1_000_000
        )
    try:
        with path.open("rb") as file:
            start = file.read(1_000)
    except OSError as error:
        raise _no_reading(path, error) from error
    # A publisher that is out of order often answers with a page and says that all is well.
    if _PAGE.match(start):
        raise FileError.of("file_is_page", path=str(path))


def _no_reading(path: Path, error: OSError) -> FileError:
    return FileError.of("cannot_read", path=str(path), reason=error.strerror or str(error))


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
        there = shown(", ".join(map(str, frame.columns)))
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
    value = shown(str(first.iloc[0]), 80)
    return InputError.of(code, count=len(first), row=str(first.index[0]), value=value, **params)


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
        named = shown(", ".join(filled.columns))
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
            # Files that were put behind each other have a mark in their middle.
            text = raw.decode(encoding).replace("\ufeff", "")
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise FileError.of("file_binary", path=str(path))
        return text
    raise FileError.of("file_encoding", path=str(path))


def _about_persons(text: str) -> bool:
    """Say whether a text is an institution's delivery, be its start damaged."""
    if _ABOUT_PERSONS.match(text):
        return True
    records = _RECORDS.findall(text[:_SAMPLE_CHARACTERS])
    return len(records) >= 2 and bool(_ONLY_THERE & {*records})


def _text_rows(text: str, path: Path) -> Iterator[Row]:
    try:
        delimiter = _delimiter(text, path)
    except csv.Error as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
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
    start = text[:_SAMPLE_CHARACTERS].splitlines()[:_SAMPLE_ROWS]
    lines = [line for line in start if line.strip()]
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


def _frame(rows: Iterator[Row], path: Path) -> pd.DataFrame:
    """Make a frame of rows, without a title above the header and the line of the source below."""
    import pandas as pd

    # A row with one cell above the header is a title.
    first = next((row for _, row in rows if sum(map(bool, row)) > 1), [])
    names = _names(first)
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
        if row == first:
            raise InputError.of("header_again", where=path.name, row=str(line))
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


def _names(cells: Sequence[str]) -> list[str]:
    """Give headers in one spelling; SDMX writes a code and its label alike: MEASURE, Measure."""
    names = [header(cell) for cell in cells]
    if header("OBS_VALUE") not in names:
        return names
    return [f"{name} LABEL" if name in names[:n] else name for n, name in enumerate(names)]


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
    long = [n for n, name in enumerate(names, start=1) if len(name) > _LONGEST_HEADER]
    if long:
        value = shown(names[long[0] - 1], 40)
        breaches.append(Breach("header_long", {"where": where, "column": long[0], "value": value}))
        names = [name[:_LONGEST_HEADER] for name in names]
    if "" in names:
        breaches.append(Breach("header_missing", {"where": where, "column": names.index("") + 1}))
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    if twice:
        breaches.append(Breach("header_twice", {"where": where, "column": shown(", ".join(twice))}))
    if breaches:
        raise InputError(breaches)
