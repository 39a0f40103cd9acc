"""From the catalogue to a file on disk: what is asked, by which protocol, and what is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from geo_mbo.errors import FetchError, GeoMboError, InputError, MissingFileError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.progress import Progress, silent
from geo_mbo.sources.catalogue import DataSet, data_set
from geo_mbo.sources.look import look_alike
from geo_mbo.sources.store import Kept, Shelf
from geo_mbo.sources.web import Web

NEWEST = "newest"
"""Asks for the newest year that a publisher has."""

MUCH_SMALLER = 0.5
"""A new file below this share of the one before is told: it may lack half of the rows."""

BYTES_PER_S = 2.5e6
"""Speed that is counted with before a download (20 Mbit/s, an ordinary office line)."""

_ENDINGS = {
    "ckan": "csv",
    "odata3": "json",
    "odata4": "json",
    "ogc": "gpkg",
    "wfs": "gpkg",
    "rio_lod": "jsonl",
    "sdmx": "csv",
}


@dataclass(frozen=True)
class Wanted:
    """One file that is wanted of a publisher.

    Attributes
    ----------
    data_set
        Its entry in the catalogue.
    fetch
        How it is fetched: the catalogue's facts with what the study says of it.
    """

    data_set: DataSet
    fetch: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Give what the publisher calls it, with the year where one was asked."""
        year = self.fetch.get("year")
        return f"{self.data_set.name} ({year})" if isinstance(year, int) else self.data_set.name

    @property
    def by_hand(self) -> bool:
        """Only a person can fetch it."""
        return str(self.fetch.get("by", "page")) == "page"

    @property
    def hosts(self) -> frozenset[str]:
        """Hosts that have to be asked for it."""
        named = [self.data_set.url, str(self.fetch.get("url", ""))]
        found = {(urlsplit(url).hostname or "").lower() for url in named}
        return frozenset({*found, *map(str, self.fetch.get("hosts", ()))} - {""})

    @property
    def megabytes(self) -> float | None:
        """How large it is, as far as the catalogue knows."""
        size = self.fetch.get("megabytes")
        return None if size is None else float(size)

    @property
    def file(self) -> str:
        """Name of the file on disk, with nothing in it that leads elsewhere."""
        by = str(self.fetch.get("by", ""))
        url = str(self.fetch.get("url", "") or self.data_set.url)
        last = Path(urlsplit(url).path).name if by == "file" else ""
        last = last.replace("{year}", str(self.fetch.get("year", NEWEST)))
        year = f"-{self.fetch['year']}" if "year" in self.fetch else ""
        ending = str(self.fetch.get("ending", _ENDINGS.get(by, "bin")))
        name = last if Path(last).suffix else f"{self.data_set.key}{year}.{ending}"
        return re.sub(r"[^\w.\-]", "_", name).lstrip(".") or self.data_set.key

    def shelf(self, store: Path) -> Shelf:
        """Give its place in the store: another address or year is another file."""
        told, known = _marking(self.fetch), _marking(self.data_set.fetch)
        own = told != known
        mark = sha256(repr(sorted(told.items())).encode()).hexdigest()[:8] if own else ""
        return Shelf(store / (f"{self.data_set.key}-{mark}" if mark else self.data_set.key))


def _marking(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give what tells one file of a data set from another; the newest is what there is."""
    beside = ("megabytes", "hosts")
    return {k: v for k, v in facts.items() if k not in beside and (k, v) != ("year", NEWEST)}


def wanted(key: str, *, url: str = "", year: int | str | None = None) -> Wanted:
    """Give what is wanted of the catalogue.

    Parameters
    ----------
    key
        The data set.
    url
        Another address than the catalogue's: fetched as a plain file.
    year
        The year, of data sets that are published by year; ``"newest"`` for the newest there is.

    Raises
    ------
    InputError
        The catalogue has no such data set.

    Examples
    --------
    >>> wanted("municipalities", year=2025).name
    'CBS-gebiedsindelingen, gemeenten (2025)'
    """
    known = data_set(key)
    facts: dict[str, Any] = dict(known.fetch)
    if url:
        facts = {"by": "file", "url": url}
    if year is not None:
        facts["year"] = year
    return Wanted(known, facts)


def fetch(
    what: Wanted,
    *,
    store: Path,
    web: Web | None = None,
    again: bool = False,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> Kept:
    """Give the file of a publisher: the one that is kept, or fetched now.

    Parameters
    ----------
    what
        The file.
    store
        Folder of fetched files.
    web
        Who may be asked; None asks nobody: what is kept has to do.
    again
        Ask the publisher even where the file is kept; where that fails, the kept one stays.
    progress
        Gets the fraction that is there.
    notify
        Gets notes on how old a kept file is, and on one that came much smaller than before.

    Raises
    ------
    MissingFileError
        Nothing is kept, and nobody may be asked.
    InputError
        A person has to fetch this file.
    FetchError
        The publisher did not give it, and nothing is kept.
    FileError
        The store cannot be written, or another program is fetching this file.
    """
    shelf = what.shelf(store)
    kept = shelf.kept()
    if kept is not None and not kept.whole():
        notify(note("kept_spoilt", path=str(kept.path)))
        kept = None
    if web is None or (kept is not None and not again):
        return _told(what, kept, notify)
    if what.by_hand:
        raise InputError.of("fetch_by_hand", name=what.name, url=what.data_set.url)
    try:
        with shelf.alone():
            return _fetched(what, shelf, kept, web=web, progress=progress, notify=notify)
    except FetchError as error:
        if kept is None:
            raise
        when = kept.fetched.at[:10]
        notify(note("kept_instead", name=what.name, reason=error.text(), date=when))
        return kept


def web_for(wanted_files: Iterable[Wanted], *, mirror: str = "") -> Web:
    """Give who may be asked for these files, and nobody else."""
    hosts = frozenset(host for what in wanted_files for host in what.hosts)
    return Web(hosts, mirror=mirror)


def _told(what: Wanted, kept: Kept | None, notify: Notify) -> Kept:
    if kept is None:
        raise MissingFileError.of("not_kept", name=what.name, key=what.data_set.key)
    notify(note("kept_file", name=what.name, date=kept.fetched.at[:10], days=kept.days, count=1))
    return kept


def _fetched(
    what: Wanted,
    shelf: Shelf,
    kept: Kept | None,
    *,
    web: Web,
    progress: Progress,
    notify: Notify,
) -> Kept:
    """Fetch a file beside the kept one, and let it hold where it is one of its kind."""
    from geo_mbo.sources import protocols

    fresh = shelf.incoming / what.file
    fresh.parent.mkdir(parents=True, exist_ok=True)
    # What a run left here that was ended before it settled is not what is asked for now.
    fresh.unlink(missing_ok=True)
    url = str(what.fetch.get("url", "") or what.data_set.url)
    known = kept.fetched if kept else None
    facts = {**what.fetch, "url": url}
    gathered = protocols.fetch(web, facts, fresh, known=known, progress=progress)
    got = replace(gathered.fetched, year=gathered.year)
    if kept is not None and not fresh.exists():
        return shelf.confirm(kept, at=got.at)
    try:
        look_alike(fresh, url=url, before=kept.path if kept else None)
    except GeoMboError:
        fresh.unlink(missing_ok=True)
        raise
    if kept is not None and got.bytes < kept.fetched.bytes * MUCH_SMALLER:
        before = kept.fetched.bytes
        notify(note("fetched_smaller", count=1, name=what.name, now=got.bytes, before=before))
    # The newest of something bears its year in its name: a study may have to know it.
    dated = fresh.with_name(fresh.name.replace(NEWEST, str(got.year)))
    return shelf.settle(fresh.replace(dated), got)
