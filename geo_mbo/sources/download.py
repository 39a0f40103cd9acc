"""Files of publishers to disk: streamed, gone on with after a break, and whole or not at all.

While a file comes in it lies beside its place as ``NAME.part``, with what is known of it in
``NAME.part.json``. After a break only the rest is asked for, provided the publisher still has the
same file (``If-Range``) and says so; otherwise it starts again. What comes in whole takes the place
of what was there in one step.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_mbo.cache import write_text
from geo_mbo.errors import FetchError, FileError
from geo_mbo.progress import Progress, silent
from geo_mbo.sources.web import Web, again_and_again, asking, chunks, is_page

if TYPE_CHECKING:
    import requests

LARGEST_BYTES = 20 << 30
"""A file larger than this is refused: no publisher here has one."""

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Fetched:
    """A file as a publisher gave it.

    Attributes
    ----------
    url
        Where it was asked for, at the publisher.
    bytes, sha256
        Its size and digest.
    etag, modified
        What the publisher calls this state of it, and since when (as sent; may be blank).
    at
        When it was fetched (UTC, ISO 8601).
    year
        The year that it is of, where the publisher was asked for the newest.
    """

    url: str
    bytes: int
    sha256: str
    etag: str = ""
    modified: str = ""
    at: str = ""
    year: int | None = None

    @property
    def date(self) -> datetime:
        """When it was fetched."""
        return datetime.fromisoformat(self.at)


def download(
    web: Web,
    url: str,
    to: Path,
    *,
    params: Mapping[str, str] | None = None,
    known: Fetched | None = None,
    most_bytes: int = LARGEST_BYTES,
    progress: Progress = silent,
) -> Fetched:
    """Fetch one file to its place on disk.

    Parameters
    ----------
    web
        Who may be asked.
    url, params
        The publisher's address, and what stands behind its question mark.
    to
        Where the file goes; what is there stays until the new one is whole.
    known
        A state of the file that the caller has: where the publisher still has it, nothing comes.
    most_bytes
        Largest file that is taken.
    progress
        Gets the fraction that is there, where the publisher says how much there is.

    Returns
    -------
    Fetched
        What came, or `known` with a new date where nothing changed.

    Raises
    ------
    FetchError
        The publisher could not be reached, said no, sent a web page instead of a file, or broke off
        time and again. What came stays beside `to`, and the next call goes on from there.
    FileError
        The disk is full or may not be written.
    """
    part = _Part(to, url)
    found: Fetched | None = None
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with asking(url):
            for attempt in again_and_again(web):
                # That another address did not change says nothing of this one.
                fresh = known if part.size == 0 and known and known.url == url else None
                with (
                    attempt,
                    part.without_a_rest(),
                    web.asked(url, params=params, headers=part.headers(fresh)) as answer,
                ):
                    found = _received(answer, part, web, fresh, most_bytes, progress)
        if found is None:
            raise FetchError.of("fetch_failed", url=url, reason="no answer")
        part.settle(to)
    except OSError as error:
        if isinstance(error, FetchError | FileError):
            raise
        reason = error.strerror or str(error)
        raise FileError.of("cannot_write", path=str(to), reason=reason) from error
    return found


class _Part:
    """What came in so far, and what is known of the file it belongs to."""

    def __init__(self, to: Path, url: str) -> None:
        self.url = url
        self.path = to.with_name(to.name + ".part")
        self.beside = to.with_name(to.name + ".part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def told(self) -> dict[str, Any]:
        try:
            told = json.loads(self.beside.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        ours = isinstance(told, dict) and told.get("url") == self.url
        return told if ours else {}

    def headers(self, known: Fetched | None) -> dict[str, str]:
        """Ask for the rest of what lies here, or for the file only where it changed."""
        # Compressed on the way, neither its length nor where it broke off would be known.
        headers = {"Accept-Encoding": "identity"}
        mark = str(self.told.get("mark", ""))
        if self.size and mark:
            headers |= {"Range": f"bytes={self.size}-", "If-Range": mark}
        elif known and known.etag:
            headers["If-None-Match"] = known.etag
        elif known and known.modified:
            headers["If-Modified-Since"] = known.modified
        return headers

    def begin(self, mark: str, whole: int | None = None) -> None:
        """Start again, remembering what the publisher calls this state, and its size."""
        self.path.unlink(missing_ok=True)
        write_text(self.beside, json.dumps({"url": self.url, "mark": mark, "whole": whole}))

    @contextmanager
    def without_a_rest(self) -> Iterator[None]:
        """Start again where the publisher has no more of the file than what lies here (416)."""
        import requests

        try:
            yield
        except requests.HTTPError as error:
            if error.response is None or error.response.status_code != 416:
                raise
            self.begin("")
            raise _broke_off("no such part") from error

    def settle(self, to: Path) -> None:
        """Put what is whole in its place."""
        if self.path.exists():
            self.path.replace(to)
        self.beside.unlink(missing_ok=True)


def _received(
    answer: requests.Response,
    part: _Part,
    web: Web,
    known: Fetched | None,
    most_bytes: int,
    progress: Progress,
) -> Fetched:
    """Take one answer in, and tell what is there when it is whole."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    etag, modified = (answer.headers.get(name, "") for name in ("ETag", "Last-Modified"))
    if answer.status_code == 304 and known:
        return Fetched(**{**asdict(known), "at": now})
    whole = _whole_bytes(answer, part)
    if answer.status_code != 206 or not _goes_on(answer, part):
        if answer.status_code == 206:
            part.begin("")
            raise _broke_off("another part than was asked for")
        part.begin(_mark(answer), whole)
    _room(part, whole, most_bytes)
    _take_in(answer, part, whole, web, most_bytes, progress)
    if whole is not None and part.size != whole:
        if part.size > whole:
            part.begin("")
        raise _broke_off(f"{part.size} of {whole} bytes")
    return Fetched(part.url, part.size, _digest(part), etag, modified, now)


def _mark(answer: requests.Response) -> str:
    """Give the publisher's name for this state of the file, by which the rest can be asked for."""
    if _packed(answer):
        # The rest that it would give is one of the packed file, not of what lies here.
        return ""
    etag, modified = (answer.headers.get(name, "") for name in ("ETag", "Last-Modified"))
    # A weak mark (W/) says that two states mean the same, not that their bytes are.
    return etag if etag and not etag.startswith("W/") else modified


def _packed(answer: requests.Response) -> bool:
    return answer.headers.get("Content-Encoding", "identity").lower() != "identity"


def _whole_bytes(answer: requests.Response, part: _Part) -> int | None:
    """Give the size of the whole file, where the publisher says it."""
    total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if answer.status_code == 206 and total.isdigit():
        return int(total)
    length = answer.headers.get("Content-Length", "")
    if _packed(answer) or not length.isdigit():
        return None
    return int(length) + (part.size if answer.status_code == 206 else 0)


def _goes_on(answer: requests.Response, part: _Part) -> bool:
    """Say whether this is the rest of what lies here: from its end, of the same state and size."""
    said = answer.headers.get("Content-Range", "").removeprefix("bytes ")
    sent, total = said.partition("-")[0], said.rpartition("/")[2]
    if not (sent.isdigit() and int(sent) == part.size and total.isdigit()) or _packed(answer):
        return False
    # There are publishers that take no notice of If-Range. Of the marks, a date may be left out.
    mark, told = str(part.told.get("mark", "")), answer.headers
    now = told.get("ETag") if mark.startswith('"') else told.get("Last-Modified", mark)
    return now == mark and part.told.get("whole") in (None, int(total))


def _room(part: _Part, whole: int | None, most_bytes: int) -> None:
    """Refuse what is too large before it comes in."""
    if whole is None:
        return
    if whole > most_bytes:
        part.begin("")
        raise FetchError.of("fetch_too_large", url=part.url, limit=most_bytes)
    free, needed = shutil.disk_usage(part.path.parent).free, whole - part.size
    if needed > free:
        raise FileError.of("disk_full", path=str(part.path.parent), needed=needed, free=free)


def _take_in(
    answer: requests.Response,
    part: _Part,
    whole: int | None,
    web: Web,
    most_bytes: int,
    progress: Progress,
) -> None:
    with part.path.open("ab") as file:
        size = part.size
        for chunk in chunks(answer, slow_s=web.slow_s):
            size += len(chunk)
            if size > most_bytes:
                file.close()
                part.begin("")
                raise FetchError.of("fetch_too_large", url=part.url, limit=most_bytes)
            file.write(chunk)
            if whole:
                progress(min(size / whole, 1.0), "fetch")


def _digest(part: _Part) -> str:
    """Read what came once more: its digest, and that it is no web page with an excuse."""
    seen = sha256()
    with part.path.open("rb") as file:
        start = file.read(1024)
        if is_page(start):
            file.close()
            part.begin("")
            raise FetchError.of("fetch_is_page", url=part.url)
        seen.update(start)
        while chunk := file.read(_CHUNK):
            seen.update(chunk)
    return seen.hexdigest()


def _broke_off(reason: str) -> Exception:
    import requests

    return requests.exceptions.ChunkedEncodingError(reason)
