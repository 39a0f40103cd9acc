"""The tables of Statistics Netherlands (CBS) over OData: version 3, and version 4.

Both are written as one JSON file that says what the numbers are and holds every row as published::

    v3  {"table", "info", "properties", "dimensions": {NAME: [...]}, "rows": [TypedDataSet]}
    v4  {"table", "info", "measures", "dimensions": {NAME: [...]}, "rows": [Observations]}

Version 3 is asked at the feed, which has pages; the other interface stops at 10,000 rows and takes
no ``$skip``. Codes stay as they are, blanks behind them included.

Sources: CBS Open Data Services (manual); OData 3.0 and 4.0 (odata.org).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from geo_mbo.cache import replacing
from geo_mbo.errors import FetchError, InputError
from geo_mbo.progress import Progress, part, silent
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
from geo_mbo.sources.web import Web

HOST_3 = "opendata.cbs.nl"
HOST_4 = "datasets.cbs.nl"
_OWN = ("TableInfos", "TypedDataSet", "UntypedDataSet", "DataProperties", "CategoryGroups")
_NO_COUNT = ("fetch_gone", "fetch_said_no", "fetch_is_page")
_WHOLE_YEAR = re.compile(r"\d{4}(?:JJ|SJ)\d\d")

Rows = list[dict[str, Any]]


def fetch_v3(
    web: Web, facts: Mapping[str, Any], to: Path, *, progress: Progress = silent
) -> Gathered:
    """Fetch a table over OData 3.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        ``table`` (such as ``"83502NED"``); ``filter`` and ``select`` as OData writes them (`select`
        may be a list); ``year``: that year, or ``"newest"``, or else ``period``: the code of a
        period (all of them where neither is given); ``host``, where it is not that of CBS.
    to
        Where the file goes.
    progress
        Gets the fraction of the rows that came.

    Raises
    ------
    FetchError
        CBS refuses, has no such table, or gave another number of rows than it has.
    InputError
        The table does not have the period.
    """
    (table,) = needed(facts, "table")
    host = facts.get("host", HOST_3)
    base = f"https://{host}/ODataFeed/odata/{table}"

    def every(name: str) -> Rows:
        return list(_every(web, address(f"{base}/{name}", {"$format": "json"})))

    names = [str(entry.get("name")) for entry in every("")]
    about: dict[str, Any] = {
        "table": table,
        "info": next(iter(every("TableInfos")), {}),
        "properties": every("DataProperties"),
        "dimensions": {name: every(name) for name in names if name not in _OWN},
    }
    kinds = {str(row.get("Key")): str(row.get("Type")) for row in about["properties"]}
    asked, year = _asked(facts, about["dimensions"], kinds, code="Key")
    rows = address(f"{base}/TypedDataSet", {"$format": "json", **asked})
    count_at = f"https://{host}/ODataApi/odata/{table}/TypedDataSet/$count"
    total = _count(web, address(count_at, {"$filter": asked.get("$filter")}))
    return _written(about, _rows(web, rows, total, progress), to, rows, year)


def fetch_v4(
    web: Web, facts: Mapping[str, Any], to: Path, *, progress: Progress = silent
) -> Gathered:
    """Fetch a table over OData 4.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        As for `fetch_v3`, with ``catalog`` where it is not ``"CBS"``.
    to
        Where the file goes.
    progress
        Gets the fraction of the rows that came.

    Raises
    ------
    FetchError, InputError
        As for `fetch_v3`.
    """
    (table,) = needed(facts, "table")
    base = f"https://{facts.get('host', HOST_4)}/odata/v1/{facts.get('catalog', 'CBS')}/{table}"

    def every(name: str) -> Rows:
        return list(_every(web, f"{base}/{name}"))

    dimensions = {str(row.get("Identifier")): str(row.get("Kind")) for row in every("Dimensions")}
    info = web.json(f"{base}/Properties")
    about: dict[str, Any] = {
        "table": table,
        "info": info if isinstance(info, dict) else {},
        "measures": every("MeasureCodes"),
        "dimensions": {name: every(f"{name}Codes") for name in dimensions},
    }
    asked, year = _asked(facts, about["dimensions"], dimensions, code="Identifier")
    rows = address(f"{base}/Observations", asked)
    total = _count(web, address(f"{base}/Observations/$count", {"$filter": asked.get("$filter")}))
    return _written(about, _rows(web, rows, total, progress), to, rows, year)


def _asked(
    facts: Mapping[str, Any],
    dimensions: Mapping[str, Rows],
    kinds: Mapping[str, str],
    *,
    code: str,
) -> tuple[dict[str, str | None], int | None]:
    """Give what stands behind the question mark, and the year that is asked for."""
    clauses = [f"({facts['filter']})"] if facts.get("filter") else []
    year: int | None = None
    wanted = facts.get("year") or facts.get("period")
    if wanted:
        time = next((n for n in dimensions if kinds.get(n) == "TimeDimension"), "Perioden")
        periods = [str(row.get(code)) for row in dimensions.get(time, [])]
        period = _period(str(wanted), periods, str(facts.get("table")))
        year = int(period[:4])
        clauses.append(f"{time} eq '{period}'")
    select = facts.get("select")
    if select is not None and not isinstance(select, str):
        select = ",".join(select)
    return {"$filter": " and ".join(clauses) or None, "$select": select}, year


def _period(wanted: str, periods: Sequence[str], table: str) -> str:
    """Find a period: by its code, by its year, or the newest; whole years before parts of one."""
    # A part of a year sorts after the whole of it, and would be taken for newer.
    years = [period for period in periods if _WHOLE_YEAR.fullmatch(period.strip())] or periods
    if wanted == "newest" and years:
        return max(years)
    found = [period for period in (*years, *periods) if period.strip().startswith(wanted)]
    if not found:
        there = ", ".join(sorted(period.strip() for period in periods)[-12:])
        raise InputError.of("odata_no_period", where=table, value=wanted, there=there or "-")
    return found[0]


def _rows(web: Web, url: str, total: int | None, progress: Progress) -> Iterator[Sequence[Any]]:
    yield from pages(url, _page(web), total=total, progress=part(progress, 0.05, 1.0))


def _every(web: Web, url: str) -> Iterator[dict[str, Any]]:
    for rows in pages(url, _page(web)):
        yield from rows


def _page(web: Web) -> Callable[[str], Page]:
    def read(url: str) -> Page:
        answer = web.json(url)
        if not isinstance(answer, dict):
            raise garbage(url, answer)
        if "value" not in answer and ("odata.error" in answer or "error" in answer):
            told = answer.get("odata.error") or answer.get("error")
            raise FetchError.of("odata_refused", url=url, reason=json.dumps(told)[:200])
        link = answer.get("odata.nextLink") or answer.get("@odata.nextLink") or ""
        return Page(objects(answer.get("value"), url), str(link))

    return read


def _count(web: Web, url: str) -> int | None:
    """Ask how many rows there are; None where the publisher does not say."""
    try:
        said = web.text(url).strip()
    except FetchError as error:
        if failed_with(error, *_NO_COUNT):
            return None
        raise
    return int(said) if said.isdigit() else None


def _written(
    about: Mapping[str, Any],
    rows: Iterator[Sequence[Any]],
    to: Path,
    url: str,
    year: int | None,
) -> Gathered:
    """Write the facts of a table and then its rows, page by page."""
    count = 0
    with replacing(to) as fresh, fresh.open("w", encoding="utf-8", newline="\n") as file:
        start = json.dumps(dict(about), ensure_ascii=False)
        file.write(start[:-1] + ', "rows": [')
        for page in rows:
            _append(file, page, first=not count)
            count += len(page)
        file.write("\n]}\n")
        if not count:
            raise FetchError.of("nothing_there", url=url, value=str(about["table"]))
    return gathered(to, url, rows=count, year=year)


def _append(file: TextIO, rows: Sequence[Any], *, first: bool) -> None:
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    file.write(("\n" if first else ",\n") + lines)
