"""Plain files: at an address, behind a link on a page, or inside a zip.

Names of files change with the years in them; a page of the publisher then leads to the newest.
"""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from geo_mbo.cache import replacing
from geo_mbo.errors import FetchError
from geo_mbo.progress import Progress, part, silent
from geo_mbo.provenance import digest
from geo_mbo.sources.download import LARGEST_BYTES, Fetched, download
from geo_mbo.sources.protocols.ckan import public_address
from geo_mbo.sources.protocols.ogc import newest_year
from geo_mbo.sources.protocols.walk import Gathered, failed_with, needed
from geo_mbo.sources.web import Web, again_and_again, asking, chunks, joined

_PAGE_BYTES = 8 << 20
_CHUNK = 1 << 20
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    RuntimeError,  # a password; a way of packing that is not known (NotImplementedError)
    EOFError,
    ValueError,
)


def fetch(
    web: Web,
    facts: Mapping[str, Any],
    to: Path,
    *,
    known: Fetched | None = None,
    progress: Progress = silent,
) -> Gathered:
    """Fetch a file.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        ``url`` of the file, with ``{year}`` where there is a file a year (``year``: a year, or
        ``"newest"``); or ``page`` and ``pattern``: a page, and a pattern on the links in it. Where
        the file is a zip, ``member`` is a pattern on the names in it: the one that is wanted.
    to
        Where the file goes.
    known
        What lies there now: where the publisher still has the same, it stays.
    progress
        Gets the fraction that came.

    Raises
    ------
    FetchError
        The publisher could not be reached or refuses; no link, or no file in the zip, fits the
        pattern, or several do; the zip is broken or larger than it may be.
    """
    url, year = _address(web, facts)
    member = str(facts.get("member", ""))
    if not member:
        return Gathered(download(web, url, to, known=known, progress=progress), year=year)
    archive = to.with_name(to.name + ".zip")
    came = download(web, url, archive, progress=part(progress, 0.0, 0.9))
    try:
        take_out(archive, member, to, url=url)
    finally:
        archive.unlink(missing_ok=True)
    progress(1.0, "fetch")
    size, mark = to.stat().st_size, digest(to)
    return Gathered(Fetched(url, size, mark, came.etag, came.modified, came.at), year=year)


def take_out(
    archive: Path, pattern: str, to: Path, *, url: str = "", most_bytes: int = LARGEST_BYTES
) -> str:
    """Take the one file out of a zip whose name fits a pattern, and give its name.

    What the zip calls the file has no say in where it goes: that is `to`.

    Raises
    ------
    FetchError
        No file or several fit; the zip is broken, or the file in it larger than `most_bytes`.
    """
    where = url or archive.name
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [entry.filename for entry in opened.infolist() if not entry.is_dir()]
            found = [name for name in names if re.search(pattern, name, re.IGNORECASE)]
            if len(found) != 1:
                raise FetchError.of(
                    "zip_member", url=where, value=pattern, count=len(found), there=_some(names)
                )
            with replacing(to) as fresh, fresh.open("wb") as file:
                size = 0
                for chunk in _unpacked(opened, found[0], where):
                    size += len(chunk)
                    # What a zip says of the size of a file in it need not be true.
                    if size > most_bytes:
                        raise FetchError.of("fetch_too_large", url=where, limit=most_bytes)
                    file.write(chunk)
    except _BROKEN as error:
        raise FetchError.of("zip_broken", url=where, reason=str(error)[:80]) from error
    return found[0]


def _unpacked(opened: zipfile.ZipFile, name: str, where: str) -> Iterator[bytes]:
    """Give a file in a zip piece by piece."""
    try:
        with opened.open(name) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except (*_BROKEN, OSError) as error:  # a place before the start of the zip is an OSError
        raise FetchError.of("zip_broken", url=where, reason=str(error)[:80]) from error


def link_on(web: Web, page: str, pattern: str) -> str:
    """Give the address of the file that a page leads to; of several years, the newest.

    Raises
    ------
    FetchError
        No link fits the pattern, or several do that differ in more than the year.
    """
    seen = _Links()
    seen.feed(page_text(web, page))
    links = list(dict.fromkeys(_whole_links(page, seen.links)))
    found = [link for link in links if re.search(pattern, link, re.IGNORECASE)]
    if not found:
        files = [link.rpartition("/")[2] for link in links if re.search(r"\.\w{3,4}$", link)]
        raise FetchError.of("page_no_link", url=page, value=pattern, there=_some(files))
    years = {link: max(re.findall(r"(?<!\d)20\d\d(?!\d)", link), default="") for link in found}
    newest = [link for link in found if years[link] == max(years.values())]
    if len(newest) > 1:
        raise FetchError.of("page_several", url=page, value=pattern, there=_some(newest))
    return newest[0]


def _whole_links(page: str, links: list[str]) -> Iterator[str]:
    """Give where links lead; one that is no address at all leads nowhere."""
    for link in links:
        try:
            yield joined(page, link)
        except FetchError:
            continue


def page_text(web: Web, url: str) -> str:
    """Ask for a web page: what elsewhere is an excuse is what is wanted here.

    Raises
    ------
    FetchError
        The publisher could not be reached or refuses, or the page is too large.
    """
    body = bytearray()
    with asking(url):
        for attempt in again_and_again(web):
            with attempt, web.asked(url) as answer:
                body.clear()
                for chunk in chunks(answer, slow_s=web.slow_s):
                    body += chunk
                    if len(body) > _PAGE_BYTES:
                        raise FetchError.of("fetch_too_large", url=url, limit=_PAGE_BYTES)
    return body.decode("utf-8", "replace")


class _Links(HTMLParser):
    """Collects where the links of a page lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _address(web: Web, facts: Mapping[str, Any]) -> tuple[str, int | None]:
    if facts.get("page"):
        page, pattern = needed(facts, "page", "pattern")
        return public_address(link_on(web, page, pattern)), None
    (url,) = needed(facts, "url")
    url = public_address(url)
    if "{year}" not in url:
        return url, None
    year = facts.get("year", "newest")
    if year == "newest":
        year = newest_year(lambda y: _is_there(web, url.replace("{year}", str(y))), what=url)
    return url.replace("{year}", str(year)), int(year)


def _is_there(web: Web, url: str) -> bool:
    """Say whether there is a file at an address, without taking it in."""
    try:
        with asking(url):
            for attempt in again_and_again(web):
                with attempt, web.asked(url):
                    pass
    except FetchError as error:
        if failed_with(error, "fetch_gone", "fetch_said_no"):
            return False
        raise
    return True


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "") or "-"
