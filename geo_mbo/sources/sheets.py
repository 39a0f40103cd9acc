"""Reading spreadsheets as rows of text, without trusting what their files say of themselves.

An ``.xlsx`` is a zip file of XML: a few kilobytes can swell to gigabytes, and one cell in the last
row and column makes a table of 17 thousand million cells. Both are found before anything is read,
and so are entities that stand for each other, of which no spreadsheet has any.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from geo_mbo.errors import FileError, InputError

MAX_INFLATED = 1024**3
"""The most bytes that the members of a spreadsheet may swell to, all together."""
MAX_CELLS = 20_000_000
"""The most cells of one sheet, the empty ones between them counted."""

_ZIPPED = (".xlsx", ".xlsm", ".ods")
_CHUNK = 1024**2
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""", re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY\b")
_OPEN = re.compile(rb"<table:table-(row|cell)\b([^>]*)>")
_REPEAT = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["'](\d+)""")

Row = tuple[int, list[str]]


def sheet_rows(path: Path, sheet: str | None) -> Iterator[Row]:
    """Give the number of each row that is not blank (from 1) and its cells as text.

    Raises
    ------
    FileError
        It is no spreadsheet, it is protected or damaged, or it swells beyond `MAX_INFLATED` or
        `MAX_CELLS`.
    InputError
        There is no sheet of this name.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    if path.suffix.lower() in _ZIPPED:
        _guard(path)
    try:
        book = CalamineWorkbook.from_path(path)
        name = _named(book.sheet_names, sheet, path)
        cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except InputError:
        raise
    except (CalamineError, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    except BaseException as error:
        # What the library did not foresee in a damaged file is a panic, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable(path, error) from error
    rows = ([_cell_text(cell) for cell in row] for row in cells)
    return ((line, row) for line, row in enumerate(rows, start=1) if any(row))


def _named(names: Sequence[str], sheet: str | None, path: Path) -> str:
    name = sheet or next(iter(names), "")
    if name not in names:
        there = ", ".join(names)[:600] or "-"
        raise InputError.of("no_such_layer", where=path.name, value=name, there=there)
    return name


def _unreadable(path: Path, error: BaseException) -> FileError:
    return FileError.of("cannot_read", path=str(path), reason=str(error)[:200])


def _cell_text(cell: Any) -> str:
    # A spreadsheet knows no whole numbers: 12 comes as 12.0.
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _guard(path: Path) -> None:
    """Inflate every member piece by piece, keeping none, and count bytes and cells."""
    left = MAX_INFLATED
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                # What a member says of its own size is not believed: it is counted.
                with archive.open(member) as stream:
                    left = _counted(stream, path, left)
    except FileError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        # RuntimeError: it is locked by a password; NotImplementedError: a packing of its own.
        raise _unreadable(path, error) from error


def _counted(stream: IO[bytes], path: Path, left: int) -> int:
    """Read a member through and give what is left of the bytes that a file may swell to."""
    extent = _Extent()
    tail = b""
    while chunk := stream.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise FileError.of("file_swells", path=str(path), most=MAX_INFLATED // 1_000_000)
        text = tail + chunk
        if _ENTITY.search(text):
            raise FileError.of("file_entities", path=str(path))
        whole = text.rfind(b">") + 1
        extent.add(text[:whole])
        if extent.cells > MAX_CELLS:
            raise FileError.of("sheet_large", path=str(path), most=MAX_CELLS)
        tail = text[whole:][-_CHUNK:]
    return left


class _Extent:
    """How far the filled cells of a sheet reach: what reading it takes in memory."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        # OpenDocument says how often a row or a cell is repeated, and where a row ends only by
        # the next one.
        self._repeat, self._above, self._across = 0, 0, 0

    @property
    def cells(self) -> int:
        """Give the number of cells from the first to the last, the empty ones counted."""
        return self.rows * self.columns

    def add(self, text: bytes) -> None:
        """Take in a piece of XML that ends with a whole tag."""
        for letters, row in _CELL.findall(text):
            self.rows = max(self.rows, int(row))
            self.columns = max(self.columns, _column(letters))
        for kind, attributes in _OPEN.findall(text):
            repeated = _REPEAT.search(attributes)
            times = int(repeated[1][:12]) if repeated else 1
            if kind == b"row":
                self._above += self._repeat
                self._repeat, self._across = times, 0
                continue
            self._across += times
            if b"value" in attributes:
                self.rows = max(self.rows, self._above + self._repeat)
                self.columns = max(self.columns, self._across)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
