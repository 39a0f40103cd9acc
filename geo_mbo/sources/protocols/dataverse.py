"""Files of a Dataverse, such as the data stations of DANS.

A data set is known by its DOI; its newest published version lists the files. A table that the
Dataverse turned into its own form is asked for as it was given (``format=original``).

Source: guides.dataverse.org (native API, data access API).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo_mbo.errors import FetchError
from geo_mbo.progress import Progress, silent
from geo_mbo.sources.download import Fetched
from geo_mbo.sources.protocols.walk import Gathered, address, garbage, needed, objects
from geo_mbo.sources.protocols.whole import checked_download
from geo_mbo.sources.web import Web

_DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}


def fetch(web: Web, facts: Mapping[str, Any], to: Path, *, progress: Progress = silent) -> Gathered:
    """Fetch one file of a data set.

    Parameters
    ----------
    web
        Who may be asked.
    facts
        ``host`` (such as ``"ssh.datastations.nl"``), ``doi`` (such as ``"doi:10.17026/..."``) and
        ``file``: a pattern on the names of the files, with their folder.
    to
        Where the file goes.
    progress
        Gets the fraction that came.

    Raises
    ------
    FetchError
        The Dataverse refuses or has no such data set; no file fits the pattern, or several do; the
        file may not be had freely; or what came is not the file that was announced.
    """
    host, doi, pattern = needed(facts, "host", "doi", "file")
    known = doi if doi.startswith(("doi:", "hdl:")) else f"doi:{doi}"
    listed = address(f"https://{host}/api/datasets/:persistentId/", {"persistentId": known})
    entry = _entry(_files(web.json(listed), listed), pattern, listed)
    about = entry["dataFile"]
    url = f"https://{host}/api/access/datafile/{about['id']}"
    original = bool(about.get("originalFileFormat"))
    params = {"format": "original"} if original else None

    def announced(path: Path, came: Fetched) -> None:
        size = about.get("originalFileSize" if original else "filesize")
        if isinstance(size, int) and size != came.bytes:
            raise FetchError.of("pages_incomplete", url=url, count=came.bytes, total=size)
        # Of a table in its own form, the digest is not that of the file as it was given.
        if not original and not _fits(about, path):
            raise FetchError.of("other_digest", url=url)

    came, _ = checked_download(web, url, to, check=announced, params=params, progress=progress)
    return Gathered(came)


def _files(answer: Any, url: str) -> list[dict[str, Any]]:
    if not isinstance(answer, dict) or "status" not in answer:
        raise garbage(url, answer)
    if answer["status"] != "OK":
        raise FetchError.of("dataverse_refused", url=url, reason=str(answer.get("message"))[:200])
    version = (answer.get("data") or {}).get("latestVersion") or {}
    files = objects(version.get("files"), url)
    if not all(isinstance((entry.get("dataFile") or {}).get("id"), int) for entry in files):
        raise garbage(url, files)
    return files


def _entry(files: list[dict[str, Any]], pattern: str, url: str) -> dict[str, Any]:
    named = {_name(entry): entry for entry in files}
    found = [name for name in named if re.search(pattern, name, re.IGNORECASE)]
    if len(found) != 1:
        there = ", ".join(list(named)[:12]) or "-"
        raise FetchError.of("dataverse_file", url=url, value=pattern, count=len(found), there=there)
    if named[found[0]].get("restricted"):
        raise FetchError.of("dataverse_restricted", url=url, value=found[0])
    return named[found[0]]


def _name(entry: Mapping[str, Any]) -> str:
    folder = str(entry.get("directoryLabel") or "")
    about = entry["dataFile"]
    name = about.get("originalFileName") or entry.get("label") or about.get("filename")
    return f"{folder}/{name}" if folder else str(name)


def _fits(about: Mapping[str, Any], path: Path) -> bool:
    """Say whether a file has the digest that was announced; True where none was."""
    told = about.get("checksum") or {"type": "MD5", "value": about.get("md5")}
    kind = _DIGESTS.get(str(told.get("type")).upper())
    if kind is None or not told.get("value"):
        return True
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False))
    return found.hexdigest() == str(told["value"]).lower()
