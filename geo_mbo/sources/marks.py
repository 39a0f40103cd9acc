"""The eight marks of open data, asked of a file before it is published or used.

Public, free, unencumbered, anonymous, machine-readable, with metadata, complete and unprocessed,
findable and understandable (openbaar, gratis, vrij van rechten, anoniem, machine-verwerkbaar, met
metadata, volledig en onbewerkt, vindbaar en begrijpelijk): the marks by which the Dutch government
calls data open. Each is answered with yes, no or not known. A file cannot prove that it is free or
whole: where nobody says so the answer is not known, never yes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from geo_mbo.errors import Breach
from geo_mbo.messages import Lang, text
from geo_mbo.notes import Note, note
from geo_mbo.provenance import digest
from geo_mbo.sources.catalogue import DataSet, meaning_of
from geo_mbo.sources.form import Form, gaps, looked_at, total_rows
from geo_mbo.sources.metadata import Told, licence_kind, told_about
from geo_mbo.sources.people import traces
from geo_mbo.sources.text import check_file, header, shown

Answer = Literal["yes", "no", "unknown"]
Reason = Note | Breach

MARKS = (
    "public",
    "free",
    "unencumbered",
    "anonymous",
    "machine_readable",
    "described",
    "complete",
    "findable",
)
"""Keys of the marks, in the order in which they are told."""

_NEEDED = ("title", "publisher", "licence", "date", "description")
_PASSING = re.compile(r"(?i)[?&](?:token|sig|signature|expires|session|sessionid|jsessionid|key)=")
_INSIDE = re.compile(
    r"(?i)(?:^|\.)(?:local|localhost|internal|intern|intranet|lan)$|rijksapps\.nl$"
)
_CRYPTIC = re.compile(r"^(?:V|VAR|X|KOL|COL|COLUMN|FIELD|VELD|UNNAMED)[ :]*\d+$")
_SHORTEST_ABOUT = 30


@dataclass(frozen=True)
class Mark:
    """One mark: its key (of `MARKS`), the answer, and why. Each reason has ``text(lang)``."""

    key: str
    answer: Answer
    reasons: tuple[Reason, ...]


def check_marks(
    path: Path | str,
    *,
    metadata: Mapping[str, Any] | None = None,
    data_set: DataSet | None = None,
) -> tuple[Mark, ...]:
    r"""Answer the eight marks of open data for one file.

    Parameters
    ----------
    path
        CSV, a spreadsheet, GeoPackage, GeoJSON, or anything else, which is then told.
    metadata
        What is told about it, in the words of DCAT, CKAN or plain ones; read from a ``.json`` or
        ``.toml`` of the same name beside it where not given.
    data_set
        Its entry in the catalogue, which fills in what `metadata` does not tell.

    Returns
    -------
    tuple of Mark
        The eight marks in the order of `MARKS`.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, it is a folder, empty or too large; or the metadata beside it cannot
        be read.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "students.csv"
    >>> _ = file.write_text("INSTELLINGSCODE,JAAR_2024,JAAR_2025\n01ZZ,12,3\n", encoding="utf-8")
    >>> {mark.key: mark.answer for mark in check_marks(file)}["anonymous"]
    'no'
    """
    path = Path(path)
    check_file(path)
    told = told_about(path, metadata=metadata, data_set=data_set)
    form = looked_at(path)
    columns = list(dict.fromkeys(str(c) for part in form.parts for c in part.frame.columns))
    known = bool(metadata) or data_set is not None or told != Told()
    found = {
        "public": _public(told),
        "free": _free(told),
        "unencumbered": _unencumbered(told),
        "anonymous": _anonymous(form),
        "machine_readable": _machine_readable(form),
        "described": _described(told, columns, known=known),
        "complete": _complete(path, form, told),
        "findable": _findable(told, columns, known=known),
    }
    return tuple(Mark(key, *found[key]) for key in MARKS)


def marks_text(marks: Iterable[Mark], lang: Lang = "nl") -> str:
    """Write marks out: one line a mark with its answer, and the reasons under it.

    Examples
    --------
    >>> print(marks_text([Mark("free", "unknown", (note("mark_free_unknown"),))], "en"))
    Free of charge: not known
      - Nothing says whether the file is free of charge. Say so in its metadata (fee = 0).
    """
    lines = []
    for mark in marks:
        answer = text(f"mark_answer.{mark.answer}", lang)
        lines.append(f"{text(f'mark.{mark.key}', lang)}: {answer}")
        lines += [f"  - {reason.text(lang)}" for reason in mark.reasons]
    return "\n".join(lines)


_Answered = tuple[Answer, tuple[Reason, ...]]


def _public(told: Told) -> _Answered:
    if told.public is False:
        return "no", (note("mark_not_public", count=1),)
    if told.url and not _outside(told.url):
        return "no", (note("mark_inside", count=1, value=shown(told.url, 120)),)
    if told.public:
        return "yes", (note("mark_public_told", count=1),)
    if told.url:
        return "yes", (note("mark_public_address", count=1, value=shown(told.url, 120)),)
    return "unknown", (note("mark_public_unknown", count=1),)


def _free(told: Told) -> _Answered:
    if told.free is None:
        return "unknown", (note("mark_free_unknown", count=1),)
    return (
        ("yes", (note("mark_free", count=1),))
        if told.free
        else (
            "no",
            (note("mark_fee", count=1),),
        )
    )


def _unencumbered(told: Told) -> _Answered:
    kind = licence_kind(told.licence)
    licence = shown(told.licence, 80)
    if kind == "unknown":
        code = "mark_licence_unknown" if told.licence else "mark_licence_absent"
        return "unknown", (note(code, count=1, value=licence),)
    reason = note(f"mark_licence_{kind}", count=1, value=licence)
    return "no" if kind == "closed" else "yes", (reason,)


def _anonymous(form: Form) -> _Answered:
    reasons: list[Reason] = []
    if form.personal:
        reasons.append(note("mark_person_records", count=1))
    for part in form.parts:
        reasons += traces(part.frame, part.counts)
    if reasons:
        return "no", tuple(reasons)
    if form.unread or not form.parts:
        return "unknown", (note("mark_anonymous_unread", count=1),)
    cells = sum(part.counts.low.size for part in form.parts)
    code = "mark_anonymous" if cells else "mark_no_people"
    return "yes", (note(code, count=cells, number=total_rows(form.parts)),)


def _machine_readable(form: Form) -> _Answered:
    reasons = (*form.faults, *form.unread)
    if reasons:
        return "no", reasons
    return "yes", (note("mark_readable", count=total_rows(form.parts)),)


def _unexplained(told: Told, columns: Sequence[str]) -> list[str]:
    own = {header(name) for name, meaning in told.columns.items() if meaning}
    return [name for name in columns if name not in own and meaning_of(name) is None]


def _described(told: Told, columns: Sequence[str], *, known: bool) -> _Answered:
    if not known:
        return "unknown", (note("mark_metadata_absent", count=1),)
    reasons: list[Reason] = [
        note(f"mark_lacks_{name}", count=1) for name in _NEEDED if not getattr(told, name)
    ]
    if unexplained := _unexplained(told, columns):
        reasons.append(note("mark_columns_unexplained", unexplained))
    if reasons or not columns:
        return ("no" if reasons else "unknown"), tuple(reasons) or (note("mark_unread", count=1),)
    return "yes", (note("mark_described", count=len(columns)),)


def _complete(path: Path, form: Form, told: Told) -> _Answered:
    reasons: list[Reason] = list(gaps(path, form.parts))
    rows = total_rows(form.parts)
    there = {str(name) for part in form.parts for name in part.frame.columns}
    lost = [name for name in told.names if header(name) not in there]
    if form.parts and lost:
        reasons.append(note("mark_columns_lost", lost))
    if form.parts and told.rows is not None and told.rows != rows:
        reasons.append(note("mark_rows_differ", count=rows, expected=told.rows))
    size = path.stat().st_size
    if told.bytes is not None and told.bytes != size:
        reasons.append(note("mark_bytes_differ", count=size, expected=told.bytes))
    same = bool(told.sha256) and digest(path) == told.sha256
    if told.sha256 and not same:
        reasons.append(note("mark_digest_differs", count=1))
    if reasons:
        return "no", tuple(reasons)
    if not form.parts:
        return "unknown", (note("mark_unread", count=1),)
    # Only the publisher knows how much there is; a file without gaps may still be half.
    if same or told.rows is not None or told.bytes is not None:
        return "yes", (note("mark_whole", count=rows),)
    return "unknown", (note("mark_whole_unknown", count=rows),)


def _findable(told: Told, columns: Sequence[str], *, known: bool) -> _Answered:
    reasons: list[Reason] = []
    cryptic = [name for name in columns if _CRYPTIC.match(name)]
    if cryptic:
        reasons.append(note("mark_cryptic", cryptic))
    if told.url and _PASSING.search(told.url):
        reasons.append(note("mark_passing_address", count=1))
    if told.url and not told.url.lower().startswith("https://"):
        reasons.append(note("mark_no_https", count=1, value=shown(told.url, 120)))
    if known and len(told.description) < _SHORTEST_ABOUT:
        reasons.append(note("mark_about_short", count=len(told.description)))
    if known and not told.title:
        reasons.append(note("mark_no_title", count=1))
    if reasons:
        return "no", tuple(reasons)
    if not told.url:
        return "unknown", (note("mark_address_unknown", count=1),)
    return "yes", (note("mark_findable", count=1, value=shown(told.url, 120)),)


def _outside(url: str) -> bool:
    """Say whether an address can be reached from outside the publisher's own network."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("http", "https", "ftp") or not host:
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not _INSIDE.search(host)
