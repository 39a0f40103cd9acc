"""The publishers on this machine: one server that plays all of them, well behaved or not.

``https://HOST/PATH`` of a publisher is answered at ``http://127.0.0.1:PORT/HOST/PATH``, as a mirror
does (`geo_mbo.sources.web.Web.mirror`), with the paging, the limits and the refusals of the true
one. What it serves is the embedded example, or the made-up mbo of a real country.

    python -m tests.publishers --port 8123 [--real]
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from geo_mbo.sources.web import Web
from tests import publishers_answers as play
from tests import publishers_more as more
from tests.publishers_answers import NOT_FOUND, Answer
from tests.publishers_data import Data

_MODIFIED_S = 1_767_225_600
_BLOCK = 1 << 16


@dataclass
class Fault:
    """What goes wrong with an address, and how often (None: always)."""

    times: int | None = None
    status: int = 0
    retry_after: str = ""
    redirect: str = ""  # an address: on the mirror where it is a publisher's
    page: bool = False  # an HTML page with an excuse and status 200
    length: int = 0  # added to the Content-Length: more than comes, or less
    cut: float | None = None  # the part of the body after which the connection breaks
    chunked_cut: bool = False  # breaks off without having told its length
    trickle_b: int = 0  # so many bytes at a time, with a pause between
    ranges: bool = True  # knows about Range
    packed: bool = False  # gzip, asked for or not
    bare: bool = False  # no ETag and no Last-Modified
    change: Callable[[bytes], bytes] | None = None

    def use(self) -> bool:
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


@dataclass
class Publishers:
    """The server: what it was asked, what goes wrong, and what it has."""

    data: Data = field(repr=False)
    url: str = ""
    asked: list[str] = field(default_factory=list, repr=False)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    page_rows_3: int = 10_000
    page_rows_4: int = 100_000
    matched: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)
    pause: threading.Event = field(default_factory=threading.Event)

    def fail(self, address: str, *faults: Fault) -> None:
        """Let what starts with this address (``HOST/PATH``) go wrong, one fault after the other."""
        self.faults[address] = list(faults)

    def web(self, **options: Any) -> Web:
        """Give who asks here, impatiently."""
        given = {"attempts": 3, "pause_s": 0.001, "timeout_s": 20.0, **options}
        return Web(hosts=frozenset(self.data.hosts), mirror=self.url, **given)

    def count(self, address: str) -> int:
        """Say how often what starts with this address was asked."""
        return sum(asked.startswith(address) for asked in self.asked)

    def fault(self, address: str) -> Fault | None:
        with self.lock:
            self.asked.append(address)
            for start, faults in self.faults.items():
                if address.startswith(start):
                    return next((fault for fault in faults if fault.use()), None)
        return None

    def answer(self, host: str, path: str, query: Mapping[str, str]) -> Answer:
        found = self.data.files.get(f"{host}{path}")
        if found is not None:
            return Answer(body=found(), kind="application/octet-stream")
        if links := self.data.pages.get(f"{host}{path}"):
            return play.page(path, links)
        if host == "api.pdok.nl" and "/locatieserver/" in path:
            return more.locatieserver(self.data.addresses, path, query)
        if host == "service.pdok.nl" and "/wfs/" not in path:
            return NOT_FOUND
        player = self._players().get(host)
        return player(path, query) if player else NOT_FOUND

    def _players(self) -> dict[str, Callable[[str, Mapping[str, str]], Answer]]:
        data = self.data
        return {
            play.HOST_CKAN: partial(play.ckan, data.resources),
            "opendata.cbs.nl": partial(play.odata3, data.tables, page_rows=self.page_rows_3),
            "datasets.cbs.nl": partial(play.odata4, data.tables, page_rows=self.page_rows_4),
            "api.pdok.nl": partial(more.ogc, data.collections, matched=self.matched),
            "service.pdok.nl": partial(more.wfs, data.collections),
            "lod.onderwijsregistratie.nl": partial(more.rio, data.rio),
            "ssh.datastations.nl": partial(more.dataverse, data.deposits, data.doi),
            "sdmx.oecd.org": partial(more.sdmx, data.flows),
        }


@contextmanager
def publishers(
    data: Data | None = None, *, port: int = 0, real: Path | None = None
) -> Iterator[Publishers]:
    """Open the server, and close it behind.

    Parameters
    ----------
    data
        What it has; the embedded example where it is not given.
    port
        Where it listens; any free one where it is 0.
    real
        Folder of real data: boundaries, postcodes and ages of the country, with a made-up mbo.
    """
    shop = Publishers(data or Data.of(real))

    class Handler(_Handler):
        publishers = shop

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        shop.data.close()


class _Handler(BaseHTTPRequestHandler):
    publishers: Publishers
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        host, _, rest = parts.path.lstrip("/").partition("/")
        path = "/" + unquote(rest)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        address = f"{host}{path}" + (f"?{unquote(parts.query)}" if parts.query else "")
        fault = self.publishers.fault(address) or Fault()
        try:
            self._send(fault, host, path, query)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_HEAD = do_GET  # noqa: N815 (named by the protocol)

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _send(self, fault: Fault, host: str, path: str, query: Mapping[str, str]) -> None:
        if fault.redirect:
            answer = Answer(302, headers={"Location": self._on_mirror(fault.redirect)})
        elif fault.page:
            answer = play.page("Onderhoud")
        elif fault.status:
            answer = Answer(fault.status, b'{"message": "even niet"}')
        else:
            answer = self.publishers.answer(host, path, query)
        headers = {"Content-Type": answer.kind, **answer.headers}
        if fault.retry_after:
            headers["Retry-After"] = fault.retry_after
        if isinstance(answer.body, Path) and not (fault.change or fault.packed):
            self._send_file(answer.body, headers, fault)
            return
        body = answer.body.read_bytes() if isinstance(answer.body, Path) else answer.body
        body = fault.change(body) if fault.change else body
        wanted = "gzip" in self.headers.get("Accept-Encoding", "")
        if fault.packed or (wanted and len(body) > 1024 and not answer.kind.endswith("stream")):
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        self._reply(answer.status, headers, body, fault)

    def _send_file(self, path: Path, headers: dict[str, str], fault: Fault) -> None:
        """Send a file, or the part of it that is asked for while it is still the same."""
        stat = path.stat()
        known = hashlib.sha256(f"{path}{stat.st_size}{stat.st_mtime_ns}".encode()).hexdigest()
        mark, modified = f'"{known[:16]}"', formatdate(_MODIFIED_S, usegmt=True)
        if not fault.bare:
            headers |= {"ETag": mark, "Last-Modified": modified}
        if self._same(mark, modified) and not fault.bare:
            self._reply(304, headers, b"", Fault())
            return
        size, start, status = stat.st_size, 0, 200
        asked = self.headers.get("Range", "").removeprefix("bytes=").rstrip("-")
        fresh = self.headers.get("If-Range", mark) in (mark, modified)
        if fault.ranges:
            headers["Accept-Ranges"] = "bytes"
            if asked.isdigit() and fresh:
                start, status = int(asked), 206
                headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        if start >= size > 0:
            self._reply(416, {"Content-Range": f"bytes */{size}"}, b"", Fault())
            return
        with path.open("rb") as file:
            file.seek(start)
            self._reply(status, headers, file.read(), fault)

    def _same(self, mark: str, modified: str) -> bool:
        since = self.headers.get("If-Modified-Since")
        if self.headers.get("If-None-Match") == mark:
            return True
        return bool(since) and parsedate_to_datetime(str(since)) >= parsedate_to_datetime(modified)

    def _reply(self, status: int, headers: Mapping[str, str], body: bytes, fault: Fault) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if fault.chunked_cut:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body) + fault.length))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault.chunked_cut:
            half = body[: len(body) // 2]
            self.wfile.write(f"{len(half):x}\r\n".encode() + half + b"\r\n")
        elif fault.cut is not None:
            self.wfile.write(body[: int(len(body) * fault.cut)])
        elif fault.trickle_b:
            for at in range(0, len(body), fault.trickle_b):
                self.wfile.write(body[at : at + fault.trickle_b])
                self.wfile.flush()
                self.publishers.pause.wait(0.001)
        else:
            self.wfile.write(body[: len(body) + min(fault.length, 0)])
        if fault.chunked_cut or fault.cut is not None or fault.length:
            # What was promised does not come: the connection ends here.
            self.close_connection = True

    def _on_mirror(self, url: str) -> str:
        host = urlsplit(url).hostname
        known = url.startswith("https://") and host in self.publishers.data.hosts
        return url.replace("https://", f"{self.publishers.url}/", 1) if known else url


def main() -> None:
    words = argparse.ArgumentParser(description="Play the publishers on this machine.")
    words.add_argument("--port", type=int, default=8123)
    words.add_argument("--real", action="store_true", help="the real country beside the project")
    given = words.parse_args()
    folder = Path(__file__).resolve().parents[2] / "shared" / "data" if given.real else None
    with publishers(port=given.port, real=folder) as shop:
        print(f"mirror: {shop.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("closed")


if __name__ == "__main__":
    main()
