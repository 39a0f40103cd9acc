"""Features of PDOK: OGC API Features, and WFS 2.0. Both give a GeoPackage in RD New.

The collections of CBS hold several years, told apart by ``jaarcode``; without it all years come.

Sources: OGC 17-069r4 (Features, core: ``limit``, link ``next``, ``numberMatched``), OGC 18-058
(``crs``), OGC 09-025r2 (WFS: ``startIndex``, ``count``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from geo_mbo.errors import FetchError, InputError
from geo_mbo.progress import Progress, silent
from geo_mbo.schema import RD
from geo_mbo.sources.protocols.layers import write_layer
from geo_mbo.sources.protocols.walk import (
    Gathered,
    Page,
    address,
    failed_with,
    garbage,
    gathered,
    needed,
    objects,
    pages,
    this_year,
)
from geo_mbo.sources.web import Web

PAGE_ROWS = 1_000
"""As many features as PDOK gives at once."""

YEARS_BACK = 5
"""How far back the newest year is looked for."""

_CRS = f"http://www.opengis.net/def/crs/EPSG/0/{RD}"
_WFS_CRS = f"urn:ogc:def:crs:EPSG::{RD}"
_COLLECTION = re.compile(r"/collections/([^/?]+)")
_SMALLER = (PAGE_ROWS, 200, 40)


def fetch_ogc(
    web: Web, facts: Mapping[str, Any], to: Path, *, progress: Progress = silent
) -> Gathered:
    """Fetch a collection from an OGC API.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        ``url`` (of the items); ``collection``: name of the layer (that in the address where it is
        not given); ``year``: a year, or ``"newest"``, which also holds where no year is given and
        the collection has years; ``params``: what else is asked, such as ``{"bbox" = "..."}``.
    to
        Where the GeoPackage goes.
    progress
        Gets the fraction that came, where the publisher says how much there is.

    Raises
    ------
    FetchError
        PDOK refuses; what came is not what was announced; or there are no features: the years
        that there are, are named.
    """
    (url,) = needed(facts, "url")
    named = _COLLECTION.search(url)
    layer = str(facts.get("collection") or (named[1] if named else "items"))
    more = {str(name): value for name, value in dict(facts.get("params", {})).items()}

    def first(year: int | None, rows: int = PAGE_ROWS) -> str:
        asked = {"f": "json", "limit": rows, "crs": _CRS, "jaarcode": year, **more}
        return address(url, asked)

    def has(year: int) -> bool:
        return bool(_ogc_page(web)(first(year, 1)).rows)

    def dated() -> bool:
        page = _ogc_page(web)(first(None, 1))
        return any("jaarcode" in (row.get("properties") or {}) for row in page.rows)

    # Without a year, a collection with years would come with all of them on top of each other.
    implied = {} if facts.get("year") or not dated() else {"year": "newest"}
    year = _year({**facts, **implied}, has, url)
    for rows in _SMALLER:
        at = first(year, rows)
        try:
            batches = pages(at, _ogc_page(web), progress=progress)
            count = write_layer(_some(batches), to, layer=layer, url=at, year=year)
            return gathered(to, at, rows=count, year=year)
        except FetchError as error:
            if failed_with(error, "nothing_there"):
                raise _no_features(url, layer, year, has) from error
            # Detailed boundaries can be too much for one page: ask for smaller ones.
            if not failed_with(error, "fetch_too_large") or rows == _SMALLER[-1]:
                raise
    raise AssertionError


def fetch_wfs(
    web: Web, facts: Mapping[str, Any], to: Path, *, progress: Progress = silent
) -> Gathered:
    """Fetch a type of feature from a WFS.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        ``url`` (with ``{year}`` where there is a service a year), ``type`` (name of the type of
        feature), ``year`` as for `fetch_ogc`, ``collection``: name of the layer (that of the type
        where it is not given).
    to
        Where the GeoPackage goes.
    progress
        Gets the fraction that came.

    Raises
    ------
    FetchError
        As for `fetch_ogc`.
    """
    url, kind = needed(facts, "url", "type")
    layer = str(facts.get("collection") or kind.rpartition(":")[2])

    def ask(year: int | None, start: int, rows: int = PAGE_ROWS) -> str:
        asked = {
            "service": "WFS",
            "version": "2.0.0",
            "request": "GetFeature",
            "typeNames": kind,
            "outputFormat": "json",
            "srsName": _WFS_CRS,
            "count": rows,
            "startIndex": start,
        }
        return address(url.replace("{year}", str(year or "")), asked)

    def read(at: str) -> Page:
        answer = _collection(web, at)
        rows = objects(answer.get("features"), at)
        total = _matched(answer)
        head, _, start = at.rpartition("startIndex=")
        onward = int(start) + len(rows)
        more = len(rows) == PAGE_ROWS if total is None else onward < total
        return Page(rows, f"{head}startIndex={onward}" if more else "", total)

    def has(year: int) -> bool:
        try:
            return bool(read(ask(year, 0, 1)).rows)
        except FetchError as error:
            # A year without data has no service of its own.
            if failed_with(error, "fetch_gone", "fetch_said_no", "fetch_is_page"):
                return False
            raise

    year = _year(facts, has, url)
    at = ask(year, 0)
    try:
        batches = pages(at, read, progress=progress)
        count = write_layer(_some(batches), to, layer=layer, url=at, year=year)
    except FetchError as error:
        if failed_with(error, "nothing_there", "fetch_gone") and year is not None:
            raise _no_features(url, layer, year, has) from error
        raise
    return gathered(to, at, rows=count, year=year)


def newest_year(has: Callable[[int], bool], *, what: str) -> int:
    """Find the newest year that a publisher has, from this year back.

    Raises
    ------
    FetchError
        There is none in the last `YEARS_BACK` years.
    """
    latest = this_year()
    for year in range(latest, latest - YEARS_BACK - 1, -1):
        if has(year):
            return year
    oldest = str(latest - YEARS_BACK)
    raise FetchError.of("no_year", url=what, oldest=oldest, newest=str(latest))


def _year(facts: Mapping[str, Any], has: Callable[[int], bool], url: str) -> int | None:
    wanted = facts.get("year")
    if wanted == "newest":
        return newest_year(has, what=url)
    if wanted is None or (isinstance(wanted, int) and not isinstance(wanted, bool)):
        return wanted
    raise InputError.of("no_year_word", value=str(wanted))


def _no_features(url: str, layer: str, year: int | None, has: Callable[[int], bool]) -> FetchError:
    """Make the error of an answer without features; it names the years that do have some."""
    latest = this_year()
    there = [] if year is None else [y for y in range(latest - 10, latest + 1) if has(y)]
    named = ", ".join(map(str, there)) or "-"
    return FetchError.of("no_features", url=url, value=layer, year=str(year or "-"), there=named)


def _some(batches: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Give the batches, of which there has to be one."""
    empty = True
    for batch in batches:
        empty = False
        yield batch
    if empty:
        raise FetchError.of("nothing_there", url="", value="")


def _ogc_page(web: Web) -> Callable[[str], Page]:
    def read(url: str) -> Page:
        answer = _collection(web, url)
        links = objects(answer.get("links", []), url)
        onward = next((str(link["href"]) for link in links if link.get("rel") == "next"), "")
        return Page(objects(answer.get("features"), url), onward, _matched(answer))

    return read


def _collection(web: Web, url: str) -> dict[str, Any]:
    answer = web.json(url)
    if not isinstance(answer, dict) or answer.get("type") != "FeatureCollection":
        raise garbage(url, answer)
    return answer


def _matched(answer: Mapping[str, Any]) -> int | None:
    """Give how many features there are; servers may leave it out or say ``"unknown"``."""
    matched = answer.get("numberMatched")
    return matched if isinstance(matched, int) else None
