"""An institution's own students: counted by home and site while the file is read.

GRONDSLAG_IP_MBO and RO are deliveries of DUO to an institution: a line a person, an enrolment, a
period. They are the only source that tells from which postcode students go to which site. What
comes out of here are counts. There is no row of a person in any frame, note, error or file, and no
count of one to four: those are masked, as a publisher does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from geo_mbo.counts import MASKED_EXPECTED, MASKED_HIGH
from geo_mbo.errors import InputError, one_of
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.sources.grondslag_records import (
    ABROAD,
    GRONDSLAG,
    Opening,
    Period,
    people,
    read_opening,
)

if TYPE_CHECKING:
    import pandas as pd

BY = ("programme_id", "level", "track")
"""What students can be counted by, beside home, institution and site."""

_SCHOOL_YEAR_MONTH = 8
_COUNT_DAY = (10, 1)


class _Cell(NamedTuple):
    """What students are counted by."""

    origin_id: str
    home_id: str
    institution_id: str
    site_id: str
    programme_id: str
    level: str
    track: str


def read_own_students(
    path: Path | str,
    *,
    on: date | None = None,
    by: Sequence[str] = (),
    within: Mapping[str, str] | None = None,
    year: int | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Count the students of an institution by home and site on one day.

    A student counts once at an institution. Of several enrolments on that day the one counts that
    is funded, else the one that began last. The first and the last day of a period belong to it;
    where periods do not tell their end (RO), each lasts until the next one begins or the enrolment
    ends.

    Parameters
    ----------
    path
        ``GRONDSLAG_IP_MBO_<BRIN>_<day>_<year>.csv`` or ``RO_<BRIN>_<first>_<last>.CSV``. An RO has
        no postcodes: there all homes are unknown.
    on
        The day; in a GRONDSLAG_IP_MBO 1 October of its school year where it is not given.
    by
        What else to count by, out of `BY`.
    within
        PC4 to the area that it lies in. With it students count by area, and by PC4 within it only
        where at least five go from there to the same site: so few are hidden, and sums of an area
        stay true. Those of a PC4 that is not in it have an unknown home. Without it every PC4 is
        an origin.
    year
        Year that the counts get; that in which the school year of the day began where it is not
        given.
    notify
        Gets notes on how many were counted, on those with several enrolments, without a home or a
        site, and on records that the closing record counts otherwise.

    Returns
    -------
    pandas.DataFrame
        ``origin_id`` (area, or PC4 without `within`; BE, DE, ABROAD, UNKNOWN), ``origin_kind``,
        ``home_id`` (PC4; missing where students count with their area), ``institution_id``,
        ``institution`` (missing), ``site_id``, ``address`` (missing), the columns of `BY` (missing
        where they were not asked), all text; ``year``, ``kind`` (history), ``count`` (missing where
        masked) and ``masked`` (1-4 students); sorted.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, or it is a folder, empty or no text.
    InputError
        The file is no such delivery, is cut off, or holds what cannot be read (record, field and
        line are named, never a value); the day lies outside it, is not given for an RO, or nobody
        is enrolled on it.
    """
    for name in by:
        one_of("by", name, BY)
    path = Path(path)
    opening = read_opening(path)
    day = _day_of(opening, on, where=path.name)
    seen: Counter[str] = Counter()
    cells: Counter[_Cell] = Counter()
    several = 0
    for home, periods in people(path, opening, seen):
        main = _main(periods, day)
        several += len(main) < sum(period.begins <= day <= period.ends for period in periods)
        cells.update(_cell(home, period, by) for period in main)
    if not cells:
        raise InputError.of("own_nobody", where=path.name, day=day.isoformat())
    folded, off_map = _folded(cells, within)
    _tell(cells, notify, where=path.name, day=day, several=several, off_map=off_map)
    _tell_records(seen, opening, notify, where=path.name)
    began = day.year if day.month >= _SCHOOL_YEAR_MONTH else day.year - 1
    return _frame(folded, year=began if year is None else year)


def _day_of(opening: Opening, on: date | None, *, where: str) -> date:
    if on is None and opening.form is not GRONDSLAG:
        raise InputError.of("own_day_needed", where=where)
    day = on or date(opening.first.year, *_COUNT_DAY)
    if not opening.first <= day <= opening.last:
        raise InputError.of(
            "own_day_outside",
            where=where,
            day=day.isoformat(),
            first=opening.first.isoformat(),
            last=opening.last.isoformat(),
        )
    return day


def _main(periods: Iterable[Period], day: date) -> list[Period]:
    """Give the period that counts at each institution on this day."""
    found: dict[str, Period] = {}
    for period in periods:
        if not period.begins <= day <= period.ends:
            continue
        known = found.get(period.institution_id)
        rank = (period.funded, period.begins)
        if known is None or rank > (known.funded, known.begins):
            found[period.institution_id] = period
    return list(found.values())


def _cell(home: str, period: Period, by: Sequence[str]) -> _Cell:
    asked = {name: getattr(period, name) if name in by else "" for name in BY}
    four = "" if home in ABROAD.values() else home
    return _Cell(home, four, period.institution_id, period.site_id, **asked)


def _folded(cells: Counter[_Cell], within: Mapping[str, str] | None) -> tuple[Counter[_Cell], int]:
    """Let PC4 with few students to a site count with their area; and say how many are off it."""
    if within is None:
        return cells, 0
    folded: Counter[_Cell] = Counter()
    off_map = 0
    for cell, count in cells.items():
        if not cell.home_id:
            folded[cell] += count
        elif cell.home_id not in within:
            off_map += count
            folded[cell._replace(origin_id="UNKNOWN", home_id="")] += count
        else:
            home = cell.home_id if count > MASKED_HIGH else ""
            folded[cell._replace(origin_id=within[cell.home_id], home_id=home)] += count
    return folded, off_map


def _frame(cells: Counter[_Cell], *, year: int) -> pd.DataFrame:
    import pandas as pd

    rows = sorted(cells.items())
    columns = list(zip(*(cell for cell, _ in rows), strict=True))
    texts = {
        name: pd.array([text or None for text in column], dtype="str")
        for name, column in zip(_Cell._fields, columns, strict=True)
    }
    counts = pd.Series([count for _, count in rows], dtype=float)
    masked = counts <= MASKED_HIGH
    nothing = pd.array([None] * len(rows), dtype="str")
    home = pd.Series(texts["origin_id"])
    kind = home.map({"BE": "abroad", "DE": "abroad", "ABROAD": "abroad", "UNKNOWN": "unknown"})
    frame = pd.DataFrame(texts).assign(
        origin_kind=kind.fillna("municipality").astype("str"),
        institution=nothing,
        address=nothing,
        year=year,
        kind="history",
        count=counts.mask(masked),
        masked=masked,
    )
    first = ["origin_id", "origin_kind", "home_id", "institution_id", "institution"]
    return frame[[*first, "site_id", "address", *BY, "year", "kind", "count", "masked"]]


def _tell(
    cells: Counter[_Cell],
    notify: Notify,
    *,
    where: str,
    day: date,
    several: int,
    off_map: int,
) -> None:
    """Say how many were counted and how many of them lack something, rounded.

    An exact total would tell what a masked count is, where all others beside it are known; so would
    at times a rounded one. In a sum a masked count is therefore what it is to all others.
    """
    blurred = {
        cell: count if count > MASKED_HIGH else MASKED_EXPECTED for cell, count in cells.items()
    }
    homeless = sum(heads for cell, heads in blurred.items() if cell.origin_id == "UNKNOWN")
    siteless = sum(heads for cell, heads in blurred.items() if not cell.site_id)
    for code, heads in (
        ("own_counted", sum(blurred.values())),
        ("own_several", several),
        ("own_home_unknown", homeless),
        ("own_off_map", off_map),
        ("own_without_site", siteless),
    ):
        if heads:
            about = max(10 * round(heads / 10), 10)
            few = heads <= MASKED_HIGH
            shown = f"1-{MASKED_HIGH}" if few else about
            count = MASKED_HIGH if few else about
            notify(note(code, count=count, people=shown, where=where, day=day.isoformat()))


def _tell_records(seen: Counter[str], opening: Opening, notify: Notify, *, where: str) -> None:
    """Say of which records there are more or fewer than the closing record says."""
    wrong = [name for name in opening.form.counted if seen[name] != seen[f"SLR {name}"]]
    if wrong:
        notify(note("own_counts_differ", wrong, where=where))
