"""The linked data of RIO, the register of institutions and programmes, as one object a line.

Pages are numbered from 0 and hold at most 100 objects; a page names the next (HAL). The register
never says how many objects there are.

Source: RIO LOD API 2.13.0 (OpenAPI description at the address of the service).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo_mbo.cache import replacing
from geo_mbo.errors import FetchError
from geo_mbo.progress import Progress, silent
from geo_mbo.sources.protocols.walk import (
    Gathered,
    Page,
    address,
    garbage,
    gathered,
    needed,
    objects,
    pages,
)
from geo_mbo.sources.web import Web

BASE = "https://lod.onderwijsregistratie.nl/api/rio/v2"
PAGE_ROWS = 100


def fetch(web: Web, facts: Mapping[str, Any], to: Path, *, progress: Progress = silent) -> Gathered:
    """Fetch all objects of a kind.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        ``resource`` (such as ``"onderwijslocaties"``); ``params``, such as
        ``{"datumGeldigOp" = "2025-10-01"}``.
    to
        Where the file goes: JSON, one object a line.
    progress
        Gets nothing but the end: how much there is, is not known beforehand.

    Raises
    ------
    FetchError
        RIO refuses, answers in another form, repeats itself or has no such objects.
    """
    (resource,) = needed(facts, "resource")
    base = f"{BASE}/{resource}"
    more = {str(name): value for name, value in dict(facts.get("params", {})).items()}

    def ask(number: int) -> str:
        return address(base, {**more, "pageSize": PAGE_ROWS, "page": number})

    def read(url: str) -> Page:
        answer = web.json(url)
        if isinstance(answer, list):
            # The description promises a bare list: then pages go on until one is not full.
            number = int(url.rpartition("page=")[2])
            return Page(objects(answer, url), ask(number + 1) if len(answer) == PAGE_ROWS else "")
        if not isinstance(answer, dict) or not {"_embedded", "_links"} & {*answer}:
            raise garbage(url, answer)
        embedded = _part(answer, "_embedded", url)
        rows = objects(next(iter(embedded.values()), []), url)
        link = _part(_part(answer, "_links", url), "next", url)
        return Page(rows, str(link.get("href", "")))

    count, first = 0, ask(0)
    with replacing(to) as fresh, fresh.open("w", encoding="utf-8", newline="\n") as file:
        for rows in pages(first, read):
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            count += len(rows)
        if not count:
            raise FetchError.of("nothing_there", url=first, value=resource)
    progress(1.0, "fetch")
    return gathered(to, first, rows=count)


def _part(answer: dict[str, Any], name: str, url: str) -> dict[str, Any]:
    """Give a part of an answer; empty where it is not there."""
    part = answer.get(name) or {}
    if not isinstance(part, dict):
        raise garbage(url, answer)
    return part
