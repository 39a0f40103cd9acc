"""Ways to damage the bytes of a file, each as it happens to real downloads and exports.

A mutator takes a source of chance and bytes and gives bytes. Those in `SAME` keep what the file
says: a reader has to give the same table. Those in `OTHER` do not, and `BINARY` knows nothing of
lines and columns. The same seed gives the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

Mutator = Callable[[random.Random, bytes], bytes]

DELIMITERS = (",", ";", "\t", "|")
PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Fout 503</title></head>\n"
    b"<body><h1>Service niet beschikbaar</h1>, probeer het later, <br/>\n</body></html>\n"
)
ANSWER = b'{"success": false, "error": {"message": "Not found", "__type": "Not Found Error"}}'


@dataclass(frozen=True)
class Sheet:
    """Delimited text taken apart: what stands above the header, the header, rows, what is below."""

    above: list[list[str]]
    names: list[str]
    rows: list[list[str]]
    below: list[list[str]]
    delimiter: str


def taken_apart(data: bytes) -> Sheet:
    """Take a file of text apart; nothing here comes from the readers that are tested."""
    text = _text(data)
    lines = [line for line in text.splitlines() if line.strip()]
    delimiter = max(DELIMITERS, key="".join(lines[:3]).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    with suppress(csv.Error):  # of a file that was damaged before
        rows.extend(row for row in reader if any(row))
    at = next((n for n, row in enumerate(rows) if sum(map(bool, row)) > 1), 0)
    names = rows[at] if rows else ["A"]
    whole = [row for row in rows[at + 1 :] if len(row) == len(names)]
    below = [row for row in rows[at + 1 :] if len(row) != len(names)]
    return Sheet(rows[:at], names, whole, below, delimiter)


def put_together(
    sheet: Sheet, *, encoding: str = "utf-8-sig", newline: str = "\r\n", quoting: int = 0
) -> bytes:
    """Write a sheet as delimited text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=sheet.delimiter, lineterminator=newline, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([*sheet.above, sheet.names, *sheet.rows, *sheet.below])
    return out.getvalue().encode(encoding, errors="replace")


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _encoded(data: bytes, encoding: str) -> bytes:
    text = _text(data)
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode("utf-8")


# What keeps the meaning.


def _in_encoding(rng: random.Random, data: bytes) -> bytes:
    return _encoded(data, rng.choice(("utf-8", "utf-8-sig", "utf-16", "cp1252")))


def _delimiter(rng: random.Random, data: bytes) -> bytes:
    return put_together(replace(taken_apart(data), delimiter=rng.choice(DELIMITERS)))


def _line_ends(rng: random.Random, data: bytes) -> bytes:
    ends = rng.choice((("\n",), ("\r\n",), ("\r",), ("\n", "\r\n")))
    lines = put_together(taken_apart(data), newline="\n").decode("utf-8-sig").split("\n")
    return "".join(line + rng.choice(ends) for line in lines if line).encode()


def _all_quoted(_: random.Random, data: bytes) -> bytes:
    return put_together(taken_apart(data), quoting=csv.QUOTE_ALL)


def _blank_lines(rng: random.Random, data: bytes) -> bytes:
    lines = put_together(taken_apart(data), newline="\n").decode("utf-8-sig").split("\n")
    for _ in range(rng.randint(1, 4)):
        lines.insert(rng.randint(0, len(lines)), "")
    return "\n".join(lines).encode()


def _columns_shuffled(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    order = rng.sample(range(len(sheet.names)), len(sheet.names))
    rows = [[row[n] for n in order] for row in sheet.rows]
    return put_together(replace(sheet, names=[sheet.names[n] for n in order], rows=rows))


def _rows_shuffled(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    return put_together(replace(sheet, rows=rng.sample(sheet.rows, len(sheet.rows))))


def _header_respelled(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    ways: tuple[Callable[[str], str], ...] = (
        str.lower,
        str.upper,
        lambda name: f" {name}  ",
        lambda name: name.replace(" ", "_"),
        lambda name: name.replace("_", " "),
    )
    return put_together(replace(sheet, names=[rng.choice(ways)(name) for name in sheet.names]))


def _padded(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    rows = [[f"{cell}{' ' * rng.randint(0, 3)}" for cell in row] for row in sheet.rows]
    return put_together(replace(sheet, rows=rows))


def _more_columns(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    at = rng.randint(1, len(sheet.names))
    rows = [[*row[:at], "nieuw", *row[at:]] for row in sheet.rows]
    names = [*sheet.names[:at], f"KOLOM {rng.getrandbits(32):08X}", *sheet.names[at:]]
    return put_together(replace(sheet, names=names, rows=rows))


# What does not.


def _truncated(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randint(0, len(data))]


def _bits_flipped(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _noise(rng: random.Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.randbytes(rng.randint(1, 64)) + data[at + rng.randint(0, 64) :]


def _piece_lost(rng: random.Random, data: bytes) -> bytes:
    first, last = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
    return data[:first] + data[last:]


def _piece_zeroed(rng: random.Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + b"\0" * min(512, len(data) - at) + data[at + 512 :]


def _twice(_: random.Random, data: bytes) -> bytes:
    return data + data


def _page(_: random.Random, __: bytes) -> bytes:
    return PAGE


def _answer(_: random.Random, __: bytes) -> bytes:
    return ANSWER


def _gzipped(_: random.Random, data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _zipped(_: random.Random, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("data.csv"), data)
    return out.getvalue()


def _nothing(rng: random.Random, _: bytes) -> bytes:
    return rng.choice((b"", b"\n", b" \n \n", b"\xef\xbb\xbf", b"\xff\xfe", b",,,\n,,,\n"))


def _only_header(_: random.Random, data: bytes) -> bytes:
    return put_together(replace(taken_apart(data), rows=[], below=[]))


def _columns_swapped(rng: random.Random, data: bytes) -> bytes:
    """Put the contents of two columns under each other's names."""
    sheet = taken_apart(data)
    names = list(sheet.names)
    one, other = rng.randrange(len(names)), rng.randrange(len(names))
    names[one], names[other] = names[other], names[one]
    return put_together(replace(sheet, names=names))


def _column_dropped(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    at = rng.randrange(len(sheet.names))
    return put_together(
        replace(
            sheet,
            names=sheet.names[:at] + sheet.names[at + 1 :],
            rows=[row[:at] + row[at + 1 :] for row in sheet.rows],
        )
    )


def _header_changed(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    names = list(sheet.names)
    to = rng.choice(("HERNOEMD", "", " ", names[0], names[-1], "JAAR_2O21", "JAAR_9999", "0000"))
    names[rng.randrange(len(names))] = to
    return put_together(replace(sheet, names=names))


def _year_unknown(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    to = rng.choice(("1066", "2999", "0000", "20255", "2025/26", "2023SJ00", "MMXXV"))

    def other(text: str) -> str:
        digits = "".join(c for c in text if c.isdigit())
        return text.replace(digits, to) if len(digits) == 4 and digits[:2] == "20" else text

    rows = [[other(cell) for cell in row] for row in sheet.rows]
    names = [other(name) for name in sheet.names]
    return put_together(replace(sheet, names=names, rows=rows))


CELLS = (
    "-2",
    "-99997",
    "-99999998",
    "1e3",
    "1E308",
    "9" * 40,
    "9" * 400,
    "12,5",
    "1.234",
    "1.234.567",
    "0x1F",
    "1_000",
    "inf",
    "-Infinity",
    "nan",
    "NA",
    "None",
    "#N/A",
    "<5",
    "<10",
    "*",
    ".",
    "x",
    "?",
    "Overig",
    "nog onbekend",
    "2025-10-01",
    "=1+1",
    "<script>alert(1)</script>",
    "{where}",
    "%s",
    '"',
    "'",
    "\x00",
    "\x1a",
    "\x0b",
    "\u00a0",
    "\u200b7",
    "\u0663",
    "²",
    "½",
    "\ufeff12",
    "a\nb",
    "a" * 300,
    "",
)


def _cells_changed(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    rows = [list(row) for row in sheet.rows]
    for _ in range(rng.choice((1, 1, 1, 2, 8)) if rows else 0):
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice(CELLS)
    return put_together(replace(sheet, rows=rows))


def _column_changed(rng: random.Random, data: bytes) -> bytes:
    """Write a whole column another way: decimal commas, a category that is new, capitals."""
    sheet = taken_apart(data)
    at = rng.randrange(len(sheet.names))
    ways: tuple[Callable[[str], str], ...] = (
        lambda cell: f"{cell},0",
        lambda cell: f"{cell}.0",
        lambda cell: f"-{cell}",
        lambda cell: f"{cell}00000000000000000000",
        lambda cell: f"€ {cell}",
        lambda cell: f"0{cell}",
        str.lower,
        str.swapcase,
        lambda _: "een nieuwe soort",
        lambda _: "",
        lambda _: "<5",
    )
    way = rng.choice(ways)
    rows = [[*row[:at], way(row[at]), *row[at + 1 :]] for row in sheet.rows]
    return put_together(replace(sheet, rows=rows))


def _rows_repeated(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    if not sheet.rows:
        return data
    again = [rng.choice(sheet.rows) for _ in range(rng.randint(1, 3))]
    return put_together(replace(sheet, rows=sheet.rows + again))


def _rows_ragged(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    rows = [list(row) for row in sheet.rows]
    for row in rng.sample(rows, min(len(rows), rng.randint(1, 2))):
        if rng.random() < 0.5:
            row.append("te veel")
        elif row:
            row.pop()
    return put_together(replace(sheet, rows=rows))


def _quotes_damaged(rng: random.Random, data: bytes) -> bytes:
    changed = data
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(changed))
        changed = changed[:at] + b'"' + changed[at:]
    return changed


def _long_line(rng: random.Random, data: bytes) -> bytes:
    sheet = taken_apart(data)
    long = "x" * rng.choice((5_000, 140_000, 400_000))
    where = rng.choice(("cell", "header", "row"))
    names, rows = list(sheet.names), [list(row) for row in sheet.rows]
    if where == "header":
        names[rng.randrange(len(names))] = long
    elif where == "cell" and rows:
        rows[0][rng.randrange(len(names))] = long
    else:
        rows.append(list("y" * rng.choice((2_000, 20_000))))
    return put_together(replace(sheet, names=names, rows=rows))


def _encoding_mistaken(rng: random.Random, data: bytes) -> bytes:
    """Decode wrongly and encode again, or leave out the mark that tells the encoding."""
    text = _text(data)
    way = rng.choice(("mojibake", "utf-16-le", "utf-32", "cp500", "half"))
    if way == "mojibake":
        return text.encode("utf-8").decode("cp1252", errors="replace").encode("utf-8")
    if way == "half":
        at = len(text) // 2
        return text[:at].encode("utf-8") + "é;\n".encode("cp1252") + text[at:].encode("utf-8")
    return text.encode(way, errors="replace")


# What knows of zip files, such as spreadsheets.


def _member_damaged(rng: random.Random, data: bytes) -> bytes:
    """Damage one member of a zip file and close it well: the sums are right, the XML is not."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, EOFError, ValueError):
        return data
    if not members:
        return data
    name = rng.choice([*members])
    damage = rng.choice((_bits_flipped, _noise, _piece_lost, _truncated, _nothing, _page))
    members[name] = damage(rng, members[name])
    if rng.random() < 0.1:
        del members[name]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(zipfile.ZipInfo(member), content)
    return out.getvalue()


SAME: dict[str, Mutator] = {
    "re-encoded": _in_encoding,
    "delimiter swapped": _delimiter,
    "line ends": _line_ends,
    "all quoted": _all_quoted,
    "blank lines": _blank_lines,
    "columns shuffled": _columns_shuffled,
    "rows shuffled": _rows_shuffled,
    "header respelled": _header_respelled,
    "cells padded": _padded,
    "column added": _more_columns,
}
BINARY: dict[str, Mutator] = {
    "truncated": _truncated,
    "bits flipped": _bits_flipped,
    "noise": _noise,
    "piece lost": _piece_lost,
    "piece zeroed": _piece_zeroed,
    "twice": _twice,
    "web page": _page,
    "error as JSON": _answer,
    "gzip": _gzipped,
    "zip": _zipped,
    "nothing": _nothing,
}
ZIPPED: dict[str, Mutator] = {**BINARY, "member damaged": _member_damaged}
OTHER: dict[str, Mutator] = {
    **BINARY,
    "only a header": _only_header,
    "columns swapped": _columns_swapped,
    "column dropped": _column_dropped,
    "header changed": _header_changed,
    "unknown year": _year_unknown,
    "cells changed": _cells_changed,
    "column changed": _column_changed,
    "rows repeated": _rows_repeated,
    "ragged rows": _rows_ragged,
    "quotes damaged": _quotes_damaged,
    "long line": _long_line,
    "encoding mistaken": _encoding_mistaken,
}
