"""The records of an institution's own files: what stands in which field, and who is enrolled when.

A file has no header; the first field of a line says what the line is. A person (PER) is followed by
enrolments (ISG), each with its periods (ISP), and by much that is of no concern here. This module
keeps one person at a time and hands on no number, no birth date and no other trait of a person:
only the four digits of the postcode, and the periods. A fault names record, field and line, and
never what stood there.

Sources: the descriptions of the deliveries in cedanl/mbo-bekostiging-bestanden (docs/recordtypes),
after DUO's programme of requirements 4.8.3.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from geo_mbo.errors import Breach, FileError, InputError
from geo_mbo.sources.text import check_file

DELIMITERS = ("|", ";")
ABROAD = {"0010": "BE", "0020": "DE", "0030": "ABROAD", "0040": "UNKNOWN"}
"""Postcodes that are none: Belgium, Germany, another country, no fixed address."""

_ISO = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_DUTCH = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})")
_ALLOWED = {
    "postcode": re.compile(r"[1-9]\d{3}|00[1-4]0"),
    "institution": re.compile(r"\d{2}[A-Z]{2}"),
    "programme": re.compile(r"\d{5}"),
    "level": re.compile(r"(?:MBO-)?[1-4]"),
    "track": re.compile(r"BOL|BOL_DT|BBL|OVO|EX|ODT"),
    "site": re.compile(r"\d{3}X\d{3}"),
    "funded": re.compile(r"[JN01]"),
}
"""What may leave a file. Were columns shifted, a person's number would stand in one of these."""


@dataclass(frozen=True)
class Form:
    """The form of a delivery: the field of each value (the first is 1) and the closing record.

    Attributes
    ----------
    person
        Fields that say whose a record is.
    postcode
        In PER; 0 where there is none.
    institution, ends
        In ISP; 0 where there is none.
    programme, level, track, funded, site
        In ISP.
    counted
        What the closing record counts, in order.
    """

    person: tuple[int, ...]
    postcode: int
    institution: int
    ends: int
    programme: int
    level: int
    track: int
    funded: int
    site: int
    counted: tuple[str, ...]


NUMBER, BEGINS, PLANNED, ACTUAL = 4, 5, 6, 7
"""Fields that both forms share: number of the enrolment, first day, planned and actual last day."""

GRONDSLAG = Form(
    person=(2,),
    postcode=8,
    institution=3,
    ends=6,
    programme=7,
    level=8,
    track=9,
    funded=11,
    site=13,
    counted=("PER", "ISG", "ISP", "ISE", "BPV", "BII", "DIP", "BID", "AMO", "GEO", "KZD"),
)
RO = Form(
    person=(2, 3),
    postcode=0,
    institution=0,
    ends=0,
    programme=6,
    track=7,
    level=8,
    funded=9,
    site=12,
    counted=("PER", "ISG", "ISP", "ISE", "BPV", "DIP", "AMO", "GEO", "KZD"),
)
RECORDS = frozenset({"VLP", "SLR", *GRONDSLAG.counted})


@dataclass(frozen=True)
class Period:
    """A period of an enrolment, its first and last day (inclusive) and what is followed where."""

    begins: date
    ends: date
    institution_id: str
    site_id: str
    programme_id: str
    level: str
    track: str
    funded: bool


@dataclass(frozen=True)
class Opening:
    """What the first record says: form, institution, and the first and last day of the file."""

    form: Form
    delimiter: str
    institution_id: str
    first: date
    last: date


@dataclass
class Faults:
    """Faults by what and where: the first line and how many, never a value."""

    where: str
    found: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)

    def add(self, code: str, record: str, number: int, line: int) -> None:
        """Remember a fault of a record's field."""
        self.found.setdefault((code, record, number), [line, 0])[1] += 1

    def raise_any(self) -> None:
        """Raise all of them at once, if there are any.

        Raises
        ------
        InputError
            There are.
        """
        if not self.found:
            return
        raise InputError(
            [
                Breach(
                    code,
                    {
                        "where": self.where,
                        "record": record,
                        "field": str(number),
                        "row": str(line),
                        "count": count,
                    },
                )
                for (code, record, number), (line, count) in self.found.items()
            ]
        )


@dataclass
class _Person:
    """The person whose records are being read."""

    number: tuple[str, ...]
    home: str
    ends: dict[str, date] = field(default_factory=dict)
    periods: list[tuple[str, Period]] = field(default_factory=list)


def is_own_file(path: Path) -> bool:
    """Say whether a file starts as the deliveries do, however it was saved; False if unreadable."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        return False
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = start.decode(encoding, errors="replace").lstrip().lstrip('"')
    return text[:3] in RECORDS and text[3:].lstrip('" ')[:1] in (*DELIMITERS, ",", "\t")


def read_opening(path: Path) -> Opening:
    """Read the first record of a file.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, or it is a folder, empty or no text.
    InputError
        The file does not start as a delivery does.
    """
    check_file(path)
    with path.open("rb") as file:
        if b"\0" in file.read(4096):
            raise FileError.of("file_binary", path=str(path))
    line = next((text for _, text in _lines(path)), "")
    start = line.lstrip('"')
    delimiter = next((mark for mark in DELIMITERS if mark in line), "")
    if start[:3] != "VLP" or not delimiter:
        raise InputError.of("own_no_opening", where=path.name)
    cells = _cells(line, delimiter)
    faults = Faults(path.name)
    institution = _allowed(cells, 2, "institution", ("VLP", 1, faults))
    year = _cell(cells, 3)
    if re.fullmatch(r"(?:19|20)\d{2}", year):
        form, first, last = GRONDSLAG, date(int(year), 8, 1), date(int(year) + 1, 7, 31)
    else:
        form = RO
        first, last = (_day_at(cells, n, ("VLP", 1, faults)) or date.min for n in (3, 4))
    if not institution:
        faults.add("own_field", "VLP", 2, 1)
    faults.raise_any()
    return Opening(form, delimiter, institution, first, last)


def people(path: Path, opening: Opening, seen: Counter[str]) -> Iterator[tuple[str, list[Period]]]:
    """Give each person's home (four digits, or as `ABROAD` says) and periods, one at a time.

    Parameters
    ----------
    path
        The file.
    opening
        Its first record.
    seen
        Is filled with how many records of each kind there are, and with ``SLR <kind>`` for how
        many the closing record says there are.

    Raises
    ------
    InputError
        Records are unknown, out of order or without what they need; or the closing record is not
        there: all of it at once, after the last line.
    """
    faults, person, closed = Faults(path.name), None, False
    for line, text in _lines(path):
        cells = _cells(text, opening.delimiter)
        record = cells[0]
        if closed or record not in RECORDS:
            faults.add("own_after_end" if closed else "own_record", "-", 1, line)
            continue
        seen[record] += 1
        at = (record, line, faults)
        if record in ("PER", "SLR") and person is not None:
            yield person.home, _settled(person, opening.form)
        if record == "PER":
            begun = _begun(cells, opening.form, at)
            if person is not None and begun.number == person.number:
                faults.add("own_order", record, opening.form.person[0], line)
            person = begun
        elif record in ("ISG", "ISP"):
            _added(person, cells, opening, at)
        elif record == "SLR":
            closed = True
            _told(cells, opening.form, seen, at)
    if not closed:
        faults.add("own_cut_off", "SLR", 1, sum(seen.values()) + 1)
    faults.raise_any()


def count_records(path: Path) -> int:
    """Read a file through, and say how many records it has.

    Raises
    ------
    MissingFileError, FileError, InputError
        As for `read_opening` and `people`.
    """
    seen: Counter[str] = Counter()
    for _ in people(path, read_opening(path), seen):
        pass
    return sum(seen[record] for record in RECORDS)


_At = tuple[str, int, Faults]
"""Where one is: the record, its line, and where faults go."""


def _begun(cells: list[str], form: Form, at: _At) -> _Person:
    number = tuple(_cell(cells, n) for n in form.person)
    if not any(number):
        at[2].add("own_field", at[0], form.person[0], at[1])
    postcode = _allowed(cells, form.postcode, "postcode", at) if form.postcode else ""
    return _Person(number, ABROAD.get(postcode, postcode) or "UNKNOWN")


def _added(person: _Person | None, cells: list[str], opening: Opening, at: _At) -> None:
    """Add an enrolment or a period to the person whose it is."""
    form = opening.form
    if person is None or tuple(_cell(cells, n) for n in form.person) != person.number:
        at[2].add("own_order", at[0], form.person[0], at[1])
        return
    number = _cell(cells, NUMBER)
    begins = _day_at(cells, BEGINS, at)
    if begins is None:
        at[2].add("own_field", at[0], BEGINS, at[1])
        return
    if at[0] == "ISG":
        ends = _day_at(cells, ACTUAL, at) or _day_at(cells, PLANNED, at)
        person.ends[number] = ends or date.max
        return
    if number not in person.ends:
        at[2].add("own_order", at[0], NUMBER, at[1])
        return
    stated = _day_at(cells, form.ends, at) if form.ends else None
    told = {
        name: _allowed(cells, getattr(form, name), name, at)
        for name in ("programme", "level", "track", "funded", "site")
    }
    institution = _allowed(cells, form.institution, "institution", at) if form.institution else ""
    period = Period(
        begins=begins,
        ends=min(stated or date.max, person.ends[number]),
        institution_id=institution or opening.institution_id,
        site_id=told["site"],
        programme_id=told["programme"],
        level=told["level"],
        track=told["track"],
        funded=told["funded"] in ("1", "J"),
    )
    person.periods.append((number, period))


def _settled(person: _Person, form: Form) -> list[Period]:
    """Give the periods; where they do not tell their end, each lasts until the next begins."""
    if form.ends:
        return [period for _, period in person.periods]
    settled = []
    for number, period in person.periods:
        later = [p.begins for n, p in person.periods if n == number and p.begins > period.begins]
        until = min(later) - timedelta(days=1) if later else date.max
        settled.append(replace(period, ends=min(period.ends, until)))
    return settled


def _told(cells: list[str], form: Form, seen: Counter[str], at: _At) -> None:
    for number, record in enumerate(form.counted, start=2):
        text = _cell(cells, number)
        if text.isascii() and text.isdigit():
            seen[f"SLR {record}"] = int(text)
        else:
            at[2].add("own_field", "SLR", number, at[1])


def _allowed(cells: list[str], number: int, what: str, at: _At) -> str:
    """Give a cell that is as it must be; blank where it is blank or wrong."""
    text = _cell(cells, number)
    if not text or _ALLOWED[what].fullmatch(text):
        return text
    at[2].add("own_field", at[0], number, at[1])
    return ""


def _day_at(cells: list[str], number: int, at: _At) -> date | None:
    text = _cell(cells, number)
    if not text:
        return None
    found = _day(text)
    if found is None:
        at[2].add("own_field", at[0], number, at[1])
    return found


@lru_cache(maxsize=10_000)
def _day(text: str) -> date | None:
    """Read ``ccyymmdd``, ``ccyy-mm-dd`` or ``d-m-ccyy``."""
    iso, dutch = _ISO.fullmatch(text), _DUTCH.fullmatch(text)
    try:
        if iso:
            return date(*(int(part) for part in iso.groups()))
        if dutch:
            return date(*(int(part) for part in reversed(dutch.groups())))
    except ValueError:
        pass
    return None


def _cell(cells: list[str], number: int) -> str:
    """Give a field; one that a line leaves out at its end is blank."""
    return cells[number - 1] if 0 < number <= len(cells) else ""


def _cells(text: str, delimiter: str) -> list[str]:
    return [cell.strip().strip('"').strip() for cell in text.split(delimiter)]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Give the lines that hold something, with their number, one at a time."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line.rstrip("\r\n")
