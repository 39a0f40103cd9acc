"""Files that are looked at before they take the place of what was there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from geo_mbo.progress import Progress, silent
from geo_mbo.provenance import digest
from geo_mbo.sources.download import Fetched, download
from geo_mbo.sources.web import Web

T = TypeVar("T")


def checked_download(
    web: Web,
    url: str,
    to: Path,
    *,
    check: Callable[[Path, Fetched], T],
    params: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> tuple[Fetched, T]:
    """Fetch a file, look at it, and put it in its place only if it is what it should be.

    Parameters
    ----------
    web
        Who may be asked.
    url, params
        The publisher's address, and what stands behind its question mark.
    to
        Where the file goes; what is there stays where the new one is no good.
    check
        Looks at what came, and raises where it is no good; it may write the file anew.
    progress
        Gets the fraction that came.

    Returns
    -------
    tuple
        The file as it lies at `to`, and what `check` gave.

    Raises
    ------
    FetchError, FileError
        See `geo_mbo.sources.download.download`, and what `check` raises.
    """
    came_at = to.with_name(f"{to.name}.came")
    came = download(web, url, came_at, params=params, progress=progress)
    try:
        told = check(came_at, came)
        size, mark = came_at.stat().st_size, digest(came_at)
        came_at.replace(to)
    finally:
        came_at.unlink(missing_ok=True)
    return replace(came, bytes=size, sha256=mark), told
