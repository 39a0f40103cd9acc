"""Asking publishers, safely: who may be asked, how often, how much, and through which mirror.

Only https is asked, and only hosts that the catalogue or a study names; a redirect is followed by
hand, each hop under the same rule. What fails for the moment is asked again with growing, jittered
pauses, or when the publisher says so (``Retry-After``). Answers that are taken into memory are
bounded; files stream to disk (`geo_mbo.sources.download.download`).

A *mirror* is a server that hands out publishers' data, such as one inside an organisation whose
machines may not reach the internet: ``https://HOST/PATH`` is then asked at ``MIRROR/HOST/PATH``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from importlib.metadata import version
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from geo_mbo.errors import FetchError, InputError

if TYPE_CHECKING:
    import requests

TOO_BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which asking again may help."""

PUBLIC_NAMES = {"beheer-ggm-ckan-prd.apps.prd.duo.rijksapps.nl": "onderwijsdata.duo.nl"}
"""Hosts inside a publisher's own network that its catalogue names by mistake, and who is meant."""

_PAGE = (b"<!doctype html", b"<html")
_LONGEST_PAUSE_S = 120.0
_HOPS = 5
_CHUNK = 1 << 16
_LOOK_S = 0.25


@dataclass(frozen=True)
class Web:
    """Who may be asked, and how.

    Attributes
    ----------
    hosts
        Names of hosts that may be asked, in small letters.
    mirror
        Address that stands for all of them; blank: they are asked themselves.
    attempts
        How often one question is asked at most.
    pause_s
        Shortest pause before asking again, in seconds; it doubles each time.
    timeout_s
        Seconds without a sign of life after which an answer is given up.
    slow_s
        Seconds within which the next piece of an answer (64 kB, or what is left) has to be there:
        a publisher that sends a byte now and then would otherwise be waited for for ever.
    most_bytes
        Largest answer that is taken into memory.
    """

    hosts: frozenset[str] = field(default_factory=frozenset)
    mirror: str = ""
    attempts: int = 5
    pause_s: float = 0.5
    timeout_s: float = 30.0
    slow_s: float = 120.0
    most_bytes: int = 64 << 20

    def __post_init__(self) -> None:
        if self.mirror and urlsplit(self.mirror).scheme not in ("http", "https"):
            raise InputError.of("mirror_no_address", value=self.mirror)

    def json(self, url: str, *, params: Mapping[str, str] | None = None) -> Any:
        """Ask for a small answer in JSON.

        Raises
        ------
        FetchError
            The publisher could not be reached, said no, sent too much, or sent no JSON.
        """
        body = self._body(url, params)
        _no_page(url, body)
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _garbage(url, body) from error

    def text(self, url: str, *, params: Mapping[str, str] | None = None) -> str:
        """Ask for a small answer in text (UTF-8).

        Raises
        ------
        FetchError
            As for `json`; a web page is none either (see `page`).
        """
        body = self._body(url, params)
        _no_page(url, body)
        return self._decoded(url, body)

    def page(self, url: str) -> str:
        """Ask for a web page, to find an address in it.

        Raises
        ------
        FetchError
            As for `json`.
        """
        return self._decoded(url, self._body(url, None))

    def _decoded(self, url: str, body: bytes) -> str:
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _garbage(url, body) from error

    @contextmanager
    def asked(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[requests.Response]:
        """Ask once, following redirects, and give the answer before its body is read.

        Raises
        ------
        FetchError
            The address, or one that it leads to, may not be asked; or the answer is neither what
            was asked nor an error, such as an empty one (204).
        requests.RequestException
            There was no connection, or the answer is an error (4xx, 5xx).
        """
        import requests

        at = requests.Request("GET", url, params=dict(params or {})).prepare().url or url
        for _ in range(_HOPS):
            with self._session.get(
                self.address(at),
                headers=dict(headers or {}),
                timeout=self.timeout_s,
                stream=True,
                allow_redirects=False,
            ) as answer:
                if not answer.is_redirect:
                    answer.raise_for_status()
                    _as_asked(answer, dict(headers or {}), url)
                    yield answer
                    return
                at = self._true_address(joined(at, answer.headers["Location"]))
        raise FetchError.of("fetch_turns", url=url, count=_HOPS)

    def address(self, url: str) -> str:
        """Give where `url` is asked: itself, or its place on the mirror.

        Raises
        ------
        FetchError
            It is no https address, not one of the hosts, or climbs out of its folder: on a mirror
            that would be another host.

        Examples
        --------
        >>> web = Web(frozenset(["duo.nl"]), mirror="http://mirror.intern:8080")
        >>> web.address("https://duo.nl/a.csv?x=1")
        'http://mirror.intern:8080/duo.nl/a.csv?x=1'
        >>> web.address("http://duo.nl/a.csv")
        Traceback (most recent call last):
        geo_mbo.errors.FetchError: http://duo.nl/a.csv: this address is not asked: ...
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise FetchError.of("fetch_not_https", url=url) from error
        host = (parts.hostname or "").lower()
        host = PUBLIC_NAMES.get(host, host)
        if parts.scheme != "https" or parts.username is not None or port not in (None, 443):
            raise FetchError.of("fetch_not_https", url=url)
        if ".." in unquote(parts.path).replace("\\", "/").split("/"):
            raise FetchError.of("fetch_climbs", url=url)
        if _is_number(host) or host not in self.hosts:
            raise FetchError.of("fetch_other_host", url=url, host=host)
        if not self.mirror:
            return urlunsplit(("https", host, parts.path or "/", parts.query, ""))
        path = f"{self.mirror.rstrip('/')}/{host}{parts.path or '/'}"
        return f"{path}?{parts.query}" if parts.query else path

    def _true_address(self, url: str) -> str:
        """Give the publisher's address of one on the mirror; others stay as they are."""
        start = self.mirror.rstrip("/") + "/"
        ours = self.mirror and url.startswith(start)
        return "https://" + url.removeprefix(start) if ours else url

    def _body(self, url: str, params: Mapping[str, str] | None) -> bytes:
        body = b""
        with asking(url):
            for attempt in again_and_again(self):
                with attempt, self.asked(url, params=params) as answer:
                    body = _bounded(answer, self, url)
        return body

    @cached_property
    def _session(self) -> requests.Session:
        import requests

        class Session(requests.Session):
            def get_redirect_target(self, resp: object) -> None:
                """Name none: to look ahead, it would read the whole body of a redirect."""

        session = Session()
        session.headers["User-Agent"] = f"geo_mbo/{version('geo-mbo')}"
        # A mirror is near: the proxy that leads to the internet does not know it.
        session.trust_env = not self.mirror
        return session


@contextmanager
def asking(url: str) -> Iterator[None]:
    """Turn what went wrong on the way into an error that says what to do."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        answer = error.response
        status = 0 if answer is None else answer.status_code
        code = "fetch_gone" if status in (404, 410) else "fetch_said_no"
        raise FetchError.of(code, url=url, status=status) from error
    except requests.RequestException as error:
        raise FetchError.of("fetch_failed", url=url, reason=_reason(error)) from error


def again_and_again(web: Web) -> Iterator[Any]:
    """Give the attempts at one question, with pauses between them."""
    import stamina

    yield from stamina.retry_context(
        on=_pause,
        attempts=web.attempts,
        timeout=None,
        wait_initial=web.pause_s,
        wait_max=60.0,
        wait_jitter=web.pause_s,
    )


def joined(url: str, link: str) -> str:
    """Give the address that a link at another address leads to.

    Raises
    ------
    FetchError
        It is no address.
    """
    try:
        return urljoin(url, link)
    except ValueError as error:
        raise FetchError.of("fetch_not_https", url=link[:200]) from error


def chunks(answer: requests.Response, *, slow_s: float) -> Iterator[bytes]:
    """Give a body piece by piece, and give it up where a piece takes too long.

    Raises
    ------
    requests.RequestException
        It broke off, or was given up.
    """
    import requests

    watch = _Watch(answer, slow_s)
    try:
        for chunk in answer.iter_content(_CHUNK):
            watch.came(len(chunk))
            yield chunk
            watch.waits()
    except requests.RequestException:
        # Hung up on, an answer seems to break off.
        if not watch.late:
            raise
    finally:
        watch.over.set()
    # Without a length, an answer that was hung up on seems to be whole.
    if watch.late:
        raise requests.ReadTimeout(f"less than {_CHUNK} bytes in {slow_s:g} s")


class _Watch:
    """Hangs up on an answer of which the next piece takes too long."""

    def __init__(self, answer: requests.Response, slow_s: float) -> None:
        self.late = False
        self._waited_s, self._bytes = 0.0, 0
        self._since: float | None = time.monotonic()
        self.over = threading.Event()
        threading.Thread(target=self._look, args=(answer, slow_s), daemon=True).start()

    def came(self, count: int) -> None:
        """Stop the clock while what came is used; a whole piece sets it back."""
        self._waited_s += time.monotonic() - (self._since or time.monotonic())
        self._since = None
        self._bytes += count
        if self._bytes >= _CHUNK:
            self._waited_s, self._bytes = 0.0, 0

    def waits(self) -> None:
        """Let the clock run."""
        self._since = time.monotonic()

    def _look(self, answer: requests.Response, slow_s: float) -> None:
        while not self.over.wait(min(_LOOK_S, slow_s)):
            since = self._since
            if since is not None and self._waited_s + time.monotonic() - since > slow_s:
                self.late = True
                answer.raw.shutdown()
                return


def is_page(start: bytes) -> bool:
    """Say whether these bytes are a web page, which servers send with their excuses.

    Examples
    --------
    >>> is_page(b"  <!DOCTYPE html><html>"), is_page(b"BRIN;NAAM")
    (True, False)
    """
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGE)


def _pause(error: Exception) -> bool | float:
    """Say whether asking again may help; in seconds where the publisher says when."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        if error.response.status_code not in TOO_BUSY:
            return False
        return _retry_after_s(error.response.headers.get("Retry-After", "")) or True
    passing = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(error, passing)


def _retry_after_s(value: str) -> float:
    """Read ``Retry-After``: seconds or a date; 0 where it says nothing that can be read."""
    if value.strip().isdigit():
        seconds = float(value)
    else:
        try:
            due = parsedate_to_datetime(value)
        except ValueError:
            return 0.0
        due = due if due.tzinfo else due.replace(tzinfo=UTC)
        seconds = (due - datetime.now(UTC)) / timedelta(seconds=1)
    return min(max(seconds, 0.0), _LONGEST_PAUSE_S)


def _bounded(answer: requests.Response, web: Web, url: str) -> bytes:
    """Read a body up to a bound, whatever its headers promise or its compression hides."""
    body = bytearray()
    for chunk in chunks(answer, slow_s=web.slow_s):
        body += chunk
        if len(body) > web.most_bytes:
            raise FetchError.of("fetch_too_large", url=url, limit=web.most_bytes)
    return bytes(body)


def _as_asked(answer: requests.Response, headers: Mapping[str, str], url: str) -> None:
    """Refuse what is no error and no answer: nothing (204), a part or a "still there" unasked."""
    status = answer.status_code
    part = status == 206 and "Range" in headers
    same = status == 304 and bool({"If-None-Match", "If-Modified-Since"} & {*headers})
    if status != 200 and not part and not same:
        raise FetchError.of("fetch_said_no", url=url, status=status)


def _no_page(url: str, body: bytes) -> None:
    if is_page(body):
        raise FetchError.of("fetch_is_page", url=url)


def _garbage(url: str, body: bytes) -> FetchError:
    return FetchError.of("fetch_garbage", url=url, value=body[:80].decode("utf-8", "replace"))


def _reason(error: Exception) -> str:
    """Give the innermost reason, without addresses of objects."""
    while error.args and isinstance(error.args[0], Exception):
        error = error.args[0]
    return (str(getattr(error, "reason", "")) or str(error))[:200]


def _is_number(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
