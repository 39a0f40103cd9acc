"""Walking through the pages of an answer, and telling what was gathered.

A publisher may say the same page over and over, name a next page somewhere else, or hold back rows
that it announced: each is an error, never a shorter table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from geo_mbo.errors import FetchError, InputError
from geo_mbo.progress import Progress, silent
from geo_mbo.provenance import digest
from geo_mbo.sources.download import Fetched
from geo_mbo.sources.web import joined

MOST_PAGES = 100_000
"""More pages than any data set here has: an endless answer ends here."""


_NAMES = ("_id", "ID", "Id", "id")
"""What the datastore, OData 3 and 4, and GeoJSON call the name of a row, alone of its kind."""


@dataclass(frozen=True)
class Gathered:
    """What a publisher gave.

    Attributes
    ----------
    fetched
        The file on disk: address, size, digest, when.
    rows
        Rows or features in it; None where they were not counted.
    year
        The year that it is of, where the publisher was asked for one.
    """

    fetched: Fetched
    rows: int | None = None
    year: int | None = None


@dataclass(frozen=True)
class Page:
    """One page: its rows, the address of the next page (may be blank) and how many rows in all."""

    rows: Sequence[Any]
    next: str = ""
    total: int | None = None


def pages(
    first: str,
    read: Callable[[str], Page],
    *,
    total: int | None = None,
    progress: Progress = silent,
) -> Iterator[Sequence[Any]]:
    """Give the rows of one page after the other, until there is no next one.

    Parameters
    ----------
    first
        Address of the first page.
    read
        Asks an address and gives the page.
    total
        How many rows there are to be, where that is known beforehand.
    progress
        Gets the part of the announced rows that came.

    Raises
    ------
    FetchError
        A page came twice; the next page is on another host or not https; fewer or more rows came
        than were announced; a page repeats a row of the one before, or announces another number,
        as where rows were added or taken away meanwhile; or there is no end to it.

    Examples
    --------
    >>> there = {"https://x.nl/1": Page([1, 2], "?p=2", 3), "https://x.nl/1?p=2": Page([3])}
    >>> list(pages("https://x.nl/1", there.__getitem__))
    [[1, 2], [3]]
    """
    url, count = first, 0
    asked: set[str] = set()
    seen: set[bytes] = set()
    last: set[str] = set()
    while url:
        if url in asked or len(asked) == MOST_PAGES:
            raise FetchError.of("pages_repeat", url=url, count=len(asked))
        asked.add(url)
        page = read(url)
        if None not in (total, page.total) and page.total != total:
            raise FetchError.of("pages_shifted", url=url)
        total = page.total if page.total is not None else total
        if not page.rows:
            break
        texts = [json.dumps(row, default=str) for row in page.rows]
        mark = sha256("\n".join(texts).encode()).digest()
        if mark in seen:
            raise FetchError.of("pages_repeat", url=url, count=len(asked))
        seen.add(mark)
        named = {text for row, text in zip(page.rows, texts, strict=True) if _is_named(row)}
        if named & last:
            raise FetchError.of("pages_shifted", url=url)
        last = named
        count += len(page.rows)
        if total is not None and count > total:
            break
        if total:
            progress(min(count / total, 1.0), "fetch")
        yield page.rows
        url = onward(url, page.next) if page.next else ""
    if total is not None and count != total:
        raise FetchError.of("pages_incomplete", url=first, count=count, total=total)


def _is_named(row: Any) -> bool:
    """Say whether a row has a name of its own: only such a row is double where it comes twice."""
    return isinstance(row, dict) and any(row.get(name) is not None for name in _NAMES)


def onward(url: str, link: str) -> str:
    """Give the address that a page names as its next, which has to be of the same publisher.

    Raises
    ------
    FetchError
        It is on another host, or not https.

    Examples
    --------
    >>> onward("https://duo.nl/a?page=0", "?page=1")
    'https://duo.nl/a?page=1'
    """
    there = joined(url, link)
    here, parts = urlsplit(url), urlsplit(there)
    if parts.scheme != "https" or parts.netloc.lower() != here.netloc.lower():
        raise FetchError.of("next_elsewhere", url=url, value=link[:200])
    return there


def address(url: str, params: Mapping[str, object]) -> str:
    """Put parameters behind an address; those without a value are left out.

    Examples
    --------
    >>> address("https://duo.nl/a?f=json", {"limit": 5, "year": None, "crs": "http://x/1"})
    'https://duo.nl/a?f=json&limit=5&crs=http:%2F%2Fx%2F1'
    """
    given = {name: str(value) for name, value in params.items() if value is not None}
    mark = "&" if "?" in url else "?"
    return f"{url}{mark}{urlencode(given, safe=':$,')}" if given else url


def needed(facts: Mapping[str, Any], *names: str) -> list[str]:
    """Give what the catalogue or the study has to say for a way of fetching.

    Raises
    ------
    InputError
        Something is not said, all of it named at once.
    """
    absent = [name for name in names if not facts.get(name)]
    if absent:
        raise InputError.of("fetch_not_said", by=str(facts.get("by", "-")), name=", ".join(absent))
    return [str(facts[name]) for name in names]


def objects(value: Any, url: str) -> list[dict[str, Any]]:
    """Give a list of objects out of an answer, or say that it is none.

    Raises
    ------
    FetchError
        It is something else.
    """
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise garbage(url, value)
    return value


def garbage(url: str, value: Any) -> FetchError:
    """Make the error of an answer that is not of the form that it is due in."""
    return FetchError.of("fetch_garbage", url=url, value=json.dumps(value, default=str)[:80])


def failed_with(error: FetchError, *codes: str) -> bool:
    """Say whether an error is one of these, by its key in the catalogue of messages."""
    return all(breach.code in codes for breach in error.breaches)


def gathered(to: Path, url: str, *, rows: int | None, year: int | None = None) -> Gathered:
    """Tell of a file that was put together here."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    fetched = Fetched(url, to.stat().st_size, digest(to), at=now)
    return Gathered(fetched, rows, year)


def this_year() -> int:
    """Give the year of today, which the newest data cannot be past."""
    return datetime.now(UTC).year
