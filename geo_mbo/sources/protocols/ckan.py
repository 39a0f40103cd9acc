"""The data portal of DUO (CKAN 2.11): resources of its datastore as CSV.

A resource is known by its identifier, as names of files change with the years in them; or it is
looked up in its package by a pattern. The dump is asked first; where it is not there, the rows are
asked page by page, and where the datastore has none, the file itself. What comes is counted
against the number of rows that the datastore says it has.

Source: docs.ckan.org/en/2.11 (DataStore extension, Action API).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from geo_mbo.cache import replacing
from geo_mbo.errors import FetchError
from geo_mbo.progress import Progress, silent
from geo_mbo.sources.download import Fetched, download
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
)
from geo_mbo.sources.protocols.whole import checked_download
from geo_mbo.sources.web import PUBLIC_NAMES, Web

HOST = "onderwijsdata.duo.nl"
PAGE_ROWS = 5_000
TECHNICAL = "_id"
"""The number that the datastore gives to a row; not of the publisher's table."""

_ABSENT = ("fetch_gone", "fetch_said_no", "fetch_is_page", "ckan_refused")
_RESOURCE = re.compile(r"/(?:resource|dump)/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_MIDNIGHT = "T00:00:00"


def fetch(web: Web, facts: Mapping[str, Any], to: Path, *, progress: Progress = silent) -> Gathered:
    """Fetch a resource as a CSV file.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        ``resource`` (identifier); or ``package`` and ``name`` (a pattern), with ``year`` where
        several years have a resource of their own: without it, the newest. ``host``: the portal,
        where it is not that of DUO.
    to
        Where the file goes.
    progress
        Gets the fraction that is there.

    Raises
    ------
    FetchError
        The portal refuses, has no such resource, or gave another number of rows than it has.
    """
    host = str(facts.get("host", HOST))
    resource = str(facts.get("resource", "")) or resource_of(web, facts)
    total = _total(web, host, resource)
    dump = f"https://{host}/datastore/dump/{resource}"

    def whole(path: Path, came: Fetched) -> int:
        # A dump has no length beforehand: the number of rows says whether it is whole.
        count = _without_technical(path)
        if total is not None and count != total:
            raise FetchError.of("pages_incomplete", url=came.url, count=count, total=total)
        return count

    try:
        fetched, rows = checked_download(web, dump, to, check=whole, progress=progress)
    except FetchError as error:
        if not failed_with(error, *_ABSENT):
            raise
        if total is None:
            return _file(web, host, resource, to, progress)
        return _searched(web, host, resource, to, progress)
    return Gathered(fetched, rows)


def resource_of(web: Web, facts: Mapping[str, Any]) -> str:
    """Look up the identifier of a resource by a pattern on its name or file.

    Raises
    ------
    FetchError
        The package has no such resource, or several that differ in more than the year.
    """
    package, pattern = needed(facts, "package", "name")
    url = address(f"{_api(str(facts.get('host', HOST)))}/package_show", {"id": package})
    result = _result(web.json(url), url)
    named = {
        str(
            row.get("id", "")
        ): f"{row.get('name', '')} {str(row.get('url', '')).rpartition('/')[2]}"
        for row in objects(result.get("resources"), url)
    }
    found = {key: name for key, name in named.items() if re.search(pattern, name, re.IGNORECASE)}
    year = facts.get("year")
    if isinstance(year, int):
        found = {key: name for key, name in found.items() if str(year) in name}
    if not found:
        there = "; ".join(named.values())
        raise FetchError.of("ckan_no_resource", url=url, value=pattern, there=there[:500])
    newest = max(map(_newest_year, found.values()))
    latest = [key for key, name in found.items() if _newest_year(name) == newest]
    if len(latest) > 1:
        raise FetchError.of("ckan_several", url=url, value=pattern, there=", ".join(latest))
    return latest[0]


def public_address(url: str) -> str:
    """Give where a file of the portal can be had, whatever host its catalogue names.

    Examples
    --------
    >>> inside = "https://beheer-ggm-ckan-prd.apps.prd.duo.rijksapps.nl/dataset/x/resource/"
    >>> public_address(inside + "a7e3f323-6e46-4dca-a834-369d9d520aa8/download/a.csv")
    'https://onderwijsdata.duo.nl/datastore/dump/a7e3f323-6e46-4dca-a834-369d9d520aa8'
    """
    parts, found = urlsplit(url), _RESOURCE.search(url)
    public = PUBLIC_NAMES.get((parts.hostname or "").lower())
    return f"https://{public}/datastore/dump/{found[1]}" if public and found else url


def _searched(web: Web, host: str, resource: str, to: Path, progress: Progress) -> Gathered:
    url = f"{_api(host)}/datastore_search"
    names: list[str] = []

    def ask(offset: int) -> str:
        return address(url, {"resource_id": resource, "limit": PAGE_ROWS, "offset": offset})

    def read(at: str) -> Page:
        result = _result(web.json(at), at)
        rows = objects(result.get("records"), at)
        names[:] = names or [str(field.get("id")) for field in objects(result.get("fields"), at)]
        offset = int(at.rpartition("offset=")[2]) + len(rows)
        total = _announced(result)
        more = len(rows) == PAGE_ROWS if total is None else offset < total
        return Page(rows, ask(offset) if more else "", total)

    count = 0
    with replacing(to) as fresh, fresh.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for rows in pages(ask(0), read, progress=progress):
            kept = [name for name in names if name != TECHNICAL]
            if not count:
                writer.writerow(kept)
            writer.writerows([_cell(row.get(name)) for name in kept] for row in rows)
            count += len(rows)
        if not count:
            raise FetchError.of("nothing_there", url=url, value=resource)
    return gathered(to, url, rows=count)


def _file(web: Web, host: str, resource: str, to: Path, progress: Progress) -> Gathered:
    """Fetch the file behind a resource of which the datastore has no rows."""
    url = address(f"{_api(host)}/resource_show", {"id": resource})
    found = str(_result(web.json(url), url).get("url", ""))
    if public_address(found) != found:
        # Inside the publisher's network: it can only be had from the datastore, which has it not.
        raise FetchError.of("ckan_no_rows", url=url, value=resource)
    return Gathered(download(web, found, to, progress=progress))


def _total(web: Web, host: str, resource: str) -> int | None:
    """Ask how many rows a resource has; None where the datastore does not know it."""
    given = {"resource_id": resource, "limit": 0}
    url = address(f"{_api(host)}/datastore_search", given)
    try:
        return _announced(_result(web.json(url), url))
    except FetchError as error:
        if failed_with(error, *_ABSENT):
            return None
        raise


def _announced(result: Mapping[str, Any]) -> int | None:
    total = result.get("total")
    return total if isinstance(total, int) and not result.get("total_was_estimated") else None


def _result(answer: Any, url: str) -> dict[str, Any]:
    """Take the result out of its envelope."""
    if not isinstance(answer, dict) or "success" not in answer:
        raise garbage(url, answer)
    if answer["success"] is not True:
        told = answer.get("error")
        reason = told.get("message", told) if isinstance(told, dict) else told
        raise FetchError.of("ckan_refused", url=url, reason=str(reason)[:200])
    result = answer.get("result")
    if not isinstance(result, dict):
        raise garbage(url, answer)
    return result


def _without_technical(path: Path) -> int:
    """Leave the datastore's own numbering out of a dump, and count its rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        try:
            if TECHNICAL not in next(rows, []):
                return sum(1 for row in rows if row)
        except (csv.Error, UnicodeDecodeError) as error:
            raise _no_table(path, error) from error
    with replacing(path) as fresh:
        return _rewritten(path, fresh)


def _rewritten(path: Path, fresh: Path) -> int:
    count = -1
    with (
        path.open(encoding="utf-8-sig", newline="") as file,
        fresh.open("w", encoding="utf-8", newline="") as clean,
    ):
        writer = csv.writer(clean)
        try:
            for row in _kept_cells(csv.reader(file)):
                writer.writerow(row)
                count += 1
        except (csv.Error, UnicodeDecodeError) as error:
            raise _no_table(path, error) from error
    return count


def _kept_cells(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    at: int | None = None
    for row in rows:
        at = row.index(TECHNICAL) if at is None else at
        if row:
            yield row[:at] + row[at + 1 :]


def _no_table(path: Path, error: Exception) -> FetchError:
    return FetchError.of("fetch_garbage", url=path.name, value=str(error)[:80])


def _cell(value: object) -> str:
    # A date comes through the interface with a midnight that the file does not have.
    text = "" if value is None else str(value)
    return text.removesuffix(_MIDNIGHT) if text.endswith(_MIDNIGHT) else text


def _newest_year(name: str) -> int:
    return max((int(year) for year in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", name)), default=0)


def _api(host: str) -> str:
    return f"https://{host}/api/3/action"
