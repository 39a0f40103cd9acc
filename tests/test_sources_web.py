"""Asking publishers and fetching files, over real connections, with all that can go wrong."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from geo_mbo.errors import FetchError, FileError, InputError, MissingFileError
from geo_mbo.sources import fetching, web
from geo_mbo.sources.download import download
from geo_mbo.sources.fetching import fetch, wanted, web_for
from geo_mbo.sources.look import look_alike
from geo_mbo.sources.store import Shelf
from geo_mbo.sources.text import read_headers
from geo_mbo.sources.web import Web

BODY = b"BRIN;NAAM\r\n" + b"".join(b"%04d;School %d\r\n" % (n, n) for n in range(20_000))
URL = "https://duo.nl/a.csv"
Answer = Callable[[BaseHTTPRequestHandler], None]


def say(
    handler: BaseHTTPRequestHandler,
    status: int = 200,
    body: bytes = b"",
    *,
    length: int | None = None,
    **headers: str,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def plain(status: int = 200, body: bytes = BODY, **more: object) -> Answer:
    return lambda handler: say(handler, status, body, **more)  # type: ignore[arg-type]


def ranged(body: bytes = BODY, *, etag: str = '"one"', cut: int | None = None) -> Answer:
    """Answer as a file server does; break off after `cut` bytes of the body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        wanted_range = handler.headers.get("Range", "")
        if handler.headers.get("If-None-Match") == etag:
            return say(handler, 304)
        begin = 0
        if wanted_range and handler.headers.get("If-Range") == etag:
            begin = int(wanted_range.removeprefix("bytes=").rstrip("-"))
        rest = body[begin:]
        if wanted_range and begin >= len(body):
            return say(handler, 416, Content_Range=f"bytes */{len(body)}")
        sent = rest if cut is None else rest[:cut]
        more = {"Content_Range": f"bytes {begin}-{len(body) - 1}/{len(body)}"} if begin else {}
        return say(handler, 206 if begin else 200, sent, length=len(rest), ETag=etag, **more)

    return answer


@dataclass
class Server:
    """Gives these answers one by one, the last for ever; writes down what it was asked."""

    answers: list[Answer]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    address: str = ""

    def web(self, *hosts: str) -> Web:
        known = frozenset(hosts or ("duo.nl", "www.duo.nl"))
        return Web(known, mirror=self.address, pause_s=0.001, timeout_s=5)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    running: list[ThreadingHTTPServer] = []

    def start(*answers: Answer) -> Server:
        server = Server(list(answers))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, dict(self.headers)))
                waiting = server.answers
                (waiting.pop(0) if len(waiting) > 1 else waiting[0])(self)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        running.append(http)
        server.address = f"http://127.0.0.1:{http.server_port}"
        return server

    yield start
    for http in running:
        http.shutdown()
        http.server_close()


class TestAsking:
    def test_json_with_parameters_on_a_mirror(self, serve) -> None:
        server = serve(plain(body=b'{"count": 2}'))
        assert server.web().json("https://duo.nl/api", params={"rows": "5"}) == {"count": 2}
        assert server.asked[0][0] == "/duo.nl/api?rows=5"

    @pytest.mark.parametrize(
        "url",
        [
            "http://duo.nl/a",
            "ftp://duo.nl/a",
            "file:///etc/passwd",
            "https://user@duo.nl/a",
            "https://duo.nl:8443/a",
            "https://127.0.0.1/a",
            "https://[::1]/a",
            "https://169.254.169.254/latest",
            "https://duo.nl.evil.example/a",
            "https://evil.example/duo.nl",
            "https:///a",
        ],
    )
    def test_no_other_address_is_asked(self, serve, url: str) -> None:
        server = serve(plain())
        with pytest.raises(FetchError):
            server.web().text(url)
        with pytest.raises(FetchError):
            Web(frozenset(["duo.nl", "127.0.0.1"])).address(url)
        assert server.asked == []

    @pytest.mark.parametrize(
        "target",
        ["http://duo.nl/b", "file:///etc/passwd", "https://127.0.0.1/b", "https://evil.example/b"],
    )
    def test_a_redirect_elsewhere_is_not_followed(self, serve, target: str) -> None:
        server = serve(plain(302, b"", Location=target), plain(body=b"secret"))
        with pytest.raises(FetchError):
            server.web().text(URL)
        assert len(server.asked) == 1

    @pytest.mark.parametrize(
        ("target", "path"),
        [
            ("https://www.duo.nl/b.csv", "/www.duo.nl/b.csv"),
            ("c.csv", "/duo.nl/c.csv"),
            (
                "https://beheer-ggm-ckan-prd.apps.prd.duo.rijksapps.nl/x",
                "/onderwijsdata.duo.nl/x",
            ),
        ],
    )
    def test_a_redirect_among_publishers_is_followed(self, serve, target: str, path: str) -> None:
        server = serve(plain(302, b"", Location=target), plain(body=b"a;b\n1;2\n"))
        found = server.web("duo.nl", "www.duo.nl", "onderwijsdata.duo.nl").text(URL)
        assert found == "a;b\n1;2\n"
        assert server.asked[1][0] == path

    def test_a_redirect_in_circles_ends(self, serve) -> None:
        server = serve(plain(302, b"", Location=URL))
        with pytest.raises(FetchError, match="leads on more than"):
            server.web().text(URL)

    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_what_fails_for_the_moment_is_asked_again(self, serve, status: int) -> None:
        server = serve(plain(status, b"busy"), plain(status, b"busy"), plain(body=b"[1]"))
        assert server.web().json(URL) == [1]
        assert len(server.asked) == 3

    @pytest.mark.parametrize(("status", "says"), [(404, "does not have"), (403, "refuses")])
    def test_a_no_is_not_asked_again(self, serve, status: int, says: str) -> None:
        server = serve(plain(status, b"no"))
        with pytest.raises(FetchError, match=says):
            server.web().json(URL)
        assert len(server.asked) == 1

    def test_it_gives_up_in_the_end(self, serve) -> None:
        server = serve(plain(503, b"busy"))
        with pytest.raises(FetchError, match="503"):
            replace(server.web(), attempts=3).json(URL)
        assert len(server.asked) == 3

    def test_nobody_there(self, serve) -> None:
        server = serve(plain())
        gone = replace(server.web(), mirror="http://127.0.0.1:9", attempts=2)
        with pytest.raises(FetchError, match="gave no answer"):
            gone.json(URL)

    @pytest.mark.parametrize(
        ("value", "low", "high"),
        [
            ("2", 2, 2),
            ("0", 0, 0),
            ("999999", 120, 120),
            ("nonsense", 0, 0),
            ("-5", 0, 0),
        ],
    )
    def test_retry_after(self, value: str, low: float, high: float) -> None:
        assert low <= web._retry_after_s(value) <= high

    @pytest.mark.parametrize(("seconds", "low", "high"), [(60, 50, 61), (-60, 0, 0)])
    def test_retry_after_a_date(self, seconds: int, low: float, high: float) -> None:
        due = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds))
        assert low <= web._retry_after_s(due) <= high

    def test_the_publisher_says_when(self, serve, monkeypatch: pytest.MonkeyPatch) -> None:
        slept: list[float] = []
        monkeypatch.setattr("stamina._core._smart_sleep", slept.append, raising=False)
        monkeypatch.setattr("time.sleep", slept.append)
        server = serve(plain(429, b"", Retry_After="7"), plain(body=b"[1]"))
        assert server.web().json(URL) == [1]
        assert 7 in slept

    def test_an_answer_too_large_for_memory(self, serve) -> None:
        bomb = gzip.compress(b"x" * 5_000_000)
        server = serve(plain(body=bomb, Content_Encoding="gzip"))
        small = replace(server.web(), most_bytes=100_000)
        with pytest.raises(FetchError, match="larger than"):
            small.text(URL)

    def test_gzip_is_undone(self, serve) -> None:
        server = serve(plain(body=gzip.compress(b"[1, 2]"), Content_Encoding="gzip"))
        assert server.web().json(URL) == [1, 2]

    def test_a_web_page_is_no_data(self, serve) -> None:
        server = serve(plain(body=b"\n <!DOCTYPE html><html>Storing</html>"))
        with pytest.raises(FetchError, match="web page"):
            server.web().json(URL)
        with pytest.raises(FetchError, match="web page"):
            server.web().text(URL)
        assert "Storing" in server.web().page(URL)

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1] []"])
    def test_garbage_is_told(self, serve, body: bytes) -> None:
        with pytest.raises(FetchError, match="cannot be read"):
            serve(plain(body=body)).web().json(URL)

    def test_a_mirror_has_an_address(self) -> None:
        with pytest.raises(InputError, match="mirror"):
            Web(frozenset(), mirror="mirror.intern")

    @pytest.mark.parametrize("status", [202, 204, 206, 300, 304])
    def test_an_answer_that_is_none(self, serve, tmp_path: Path, status: int) -> None:
        server = serve(plain(status, b""))
        with pytest.raises(FetchError, match=f"answer {status}"):
            server.web().json(URL)
        with pytest.raises(FetchError, match=f"answer {status}"):
            download(server.web(), URL, tmp_path / "a.csv")
        assert not (tmp_path / "a.csv").exists()

    @pytest.mark.parametrize(
        "to", ["https://[bad/", "https://duo.nl:port/", "https://duo.nl/%2e%2e/other.nl/a"]
    )
    def test_a_redirect_to_what_is_no_address(self, serve, to: str) -> None:
        server = serve(plain(302, b"", Location=to), plain())
        with pytest.raises(FetchError, match="not asked"):
            server.web().json(URL)
        assert len(server.asked) == 1

    def test_the_body_of_a_redirect_is_not_read(self, serve) -> None:
        server = serve(plain(302, b"x", length=1 << 40, Location="/b"), plain(body=b"{}"))
        assert server.web().json(URL) == {}

    def test_an_answer_without_a_bottom(self, serve) -> None:
        with pytest.raises(FetchError, match="cannot be read"):
            serve(plain(body=b"[" * 100_000)).web().json(URL)

    @pytest.mark.parametrize("chunked", [True, False])
    def test_a_byte_now_and_then_is_not_waited_for(
        self, serve, tmp_path: Path, chunked: bool
    ) -> None:
        over = threading.Event()

        def drip(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            if chunked:
                handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            with suppress(OSError):
                while not over.wait(0.02):
                    handler.wfile.write(b"1\r\nx\r\n" if chunked else b"x")

        who = replace(serve(drip).web(), slow_s=0.2, attempts=2)
        try:
            with pytest.raises(FetchError, match="less than 65536 bytes"):
                who.text(URL)
            with pytest.raises(FetchError, match="less than 65536 bytes"):
                download(who, URL, tmp_path / "a.csv")
        finally:
            over.set()
        assert not (tmp_path / "a.csv").exists()


class TestDownload:
    def test_whole(self, serve, tmp_path: Path) -> None:
        server = serve(ranged())
        told: list[float] = []
        got = download(
            server.web(), URL, tmp_path / "a.csv", progress=lambda part, _: told.append(part)
        )
        assert (tmp_path / "a.csv").read_bytes() == BODY
        assert got.sha256 == sha256(BODY).hexdigest()
        assert (got.bytes, got.etag) == (len(BODY), '"one"')
        assert told == sorted(told)
        assert told[-1] == 1
        assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]

    def test_it_goes_on_after_a_break(self, serve, tmp_path: Path) -> None:
        server = serve(ranged(cut=100_000), ranged(cut=50_000), ranged(cut=70_000), ranged())
        download(server.web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == BODY
        assert [headers.get("Range") for _, headers in server.asked] == [
            None,
            "bytes=65536-",
            "bytes=65536-",
            "bytes=131072-",
        ]

    def test_it_goes_on_in_another_run(self, serve, tmp_path: Path) -> None:
        server = serve(ranged(cut=100_000), plain(503, b""), plain(503, b""), ranged())
        with pytest.raises(FetchError):
            download(replace(server.web(), attempts=3), URL, tmp_path / "a.csv")
        assert not (tmp_path / "a.csv").exists()
        download(server.web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == BODY
        assert server.asked[-1][1]["Range"] == "bytes=65536-"

    def test_another_file_in_between_starts_again(self, serve, tmp_path: Path) -> None:
        other = BODY[::-1]
        server = serve(ranged(cut=100_000), ranged(other, etag='"two"'))
        download(server.web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == other

    def test_a_server_without_ranges_starts_again(self, serve, tmp_path: Path) -> None:
        server = serve(plain(body=BODY[:5000], length=len(BODY)), plain(body=BODY))
        download(server.web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == BODY

    def test_another_part_than_asked_is_not_glued_on(self, serve, tmp_path: Path) -> None:
        def wrong(handler: BaseHTTPRequestHandler) -> None:
            size = len(BODY)
            say(handler, 206, BODY[7:], Content_Range=f"bytes 7-{size - 1}/{size}", ETag='"one"')

        server = serve(ranged(cut=100_000), wrong, ranged())
        download(server.web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == BODY

    @pytest.mark.parametrize("told", [{"ETag": '"two"'}, {}])
    def test_the_rest_of_another_state_is_not_glued_on(
        self, serve, tmp_path: Path, told: dict[str, str]
    ) -> None:
        other = BODY[::-1]

        def heedless(handler: BaseHTTPRequestHandler) -> None:
            begin, size = 65536, len(other)
            say(
                handler,
                206,
                other[begin:],
                Content_Range=f"bytes {begin}-{size - 1}/{size}",
                **told,
            )

        server = serve(ranged(cut=100_000), heedless, ranged(other, etag='"two"'))
        download(server.web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == other

    @pytest.mark.parametrize("total", ["*", "70000"])
    def test_a_rest_that_does_not_tell_the_size_of_the_whole(
        self, serve, tmp_path: Path, total: str
    ) -> None:
        def short(handler: BaseHTTPRequestHandler) -> None:
            rest = BODY[65536:70_000]
            say(handler, 206, rest, Content_Range=f"bytes 65536-69999/{total}", ETag='"one"')

        server = serve(ranged(cut=100_000), short, ranged())
        download(server.web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == BODY

    def test_packed_on_the_way_it_starts_again(self, serve, tmp_path: Path) -> None:
        body = b"".join(sha256(b"%d" % n).hexdigest().encode() + b"\n" for n in range(9000))
        packed = gzip.compress(body)
        cut = plain(
            body=packed[:200_000], length=len(packed), ETag='"one"', Content_Encoding="gzip"
        )
        server = serve(cut, plain(body=packed, ETag='"one"', Content_Encoding="gzip"))
        download(server.web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == body
        assert "Range" not in server.asked[-1][1]

    def test_what_another_address_had_says_nothing(self, serve, tmp_path: Path) -> None:
        server = serve(ranged())
        first = download(server.web(), URL, tmp_path / "a.csv")
        known = replace(first, url="https://duo.nl/a-2024.csv")
        download(server.web(), URL, tmp_path / "b.csv", known=known)
        assert (tmp_path / "b.csv").read_bytes() == BODY

    def test_a_rest_that_was_whole_already(self, serve, tmp_path: Path) -> None:
        (tmp_path / "a.csv.part").write_bytes(BODY)
        (tmp_path / "a.csv.part.json").write_text(json.dumps({"mark": '"one"'}))
        download(serve(ranged()).web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == BODY

    @pytest.mark.parametrize("beside", ["", "{", "[1]", '{"mark": 5}'])
    def test_what_is_known_of_the_rest_is_spoilt(self, serve, tmp_path: Path, beside: str) -> None:
        (tmp_path / "a.csv.part").write_bytes(b"something else")
        (tmp_path / "a.csv.part.json").write_text(beside)
        download(serve(ranged()).web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == BODY

    def test_a_length_that_is_too_short_is_no_whole_file(self, serve, tmp_path: Path) -> None:
        server = serve(plain(body=BODY, length=len(BODY) + 10))
        with pytest.raises(FetchError):
            download(replace(server.web(), attempts=2), URL, tmp_path / "a.csv")
        assert not (tmp_path / "a.csv").exists()

    def test_a_web_page_never_takes_the_place(self, serve, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(b"good")
        with pytest.raises(FetchError, match="web page"):
            download(serve(plain(body=b"<html>x")).web(), URL, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == b"good"

    def test_too_large(self, serve, tmp_path: Path) -> None:
        with pytest.raises(FetchError, match="larger"):
            download(serve(ranged()).web(), URL, tmp_path / "a.csv", most_bytes=1000)
        endless = plain(body=gzip.compress(b"a" * 3_000_000), Content_Encoding="gzip")
        with pytest.raises(FetchError, match="larger"):
            download(serve(endless).web(), URL, tmp_path / "b.csv", most_bytes=1_000_000)

    def test_a_full_disk(self, serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = type("Usage", (), {"free": 10})
        monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
        with pytest.raises(FileError, match="10 bytes are free"):
            download(serve(ranged()).web(), URL, tmp_path / "a.csv")

    def test_nothing_changed(self, serve, tmp_path: Path) -> None:
        server = serve(ranged())
        first = download(server.web(), URL, tmp_path / "a.csv")
        again = download(server.web(), URL, tmp_path / "b.csv", known=replace(first, at=""))
        assert not (tmp_path / "b.csv").exists()
        assert again.sha256 == first.sha256
        assert again.at >= first.at


class TestStore:
    @pytest.fixture
    def institutions(self, golden: Path) -> bytes:
        return (golden / "instellingenmbo.csv").read_bytes()

    def fetch(self, server: Server | None, store: Path, **more: object) -> Path:
        what = wanted("institutions")
        asked = server.web(*what.hosts) if server else None
        return fetch(what, store=store, web=asked, **more).path  # type: ignore[arg-type]

    def test_fetched_once_and_kept(self, serve, tmp_path: Path, institutions: bytes) -> None:
        server = serve(ranged(institutions))
        notes: list = []
        path = self.fetch(server, tmp_path)
        assert path.name == "instellingenmbo.csv"
        assert path.read_bytes() == institutions
        assert self.fetch(server, tmp_path, notify=notes.append) == path
        assert self.fetch(None, tmp_path, notify=notes.append) == path
        assert len(server.asked) == 1
        assert [found.code for found in notes] == ["kept_file", "kept_file"]

    def test_what_an_ended_run_left_is_not_what_holds(
        self, serve, tmp_path: Path, institutions: bytes
    ) -> None:
        server = serve(ranged(institutions))
        path = self.fetch(server, tmp_path)
        left = path.parents[1] / "incoming" / path.name
        left.parent.mkdir()
        left.write_bytes(b"what came, and did not settle")
        assert self.fetch(server, tmp_path, again=True).read_bytes() == institutions

    def test_offline_without_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(MissingFileError, match="geo-mbo fetch institutions"):
            self.fetch(None, tmp_path)

    def test_again_asks_whether_it_changed(self, serve, tmp_path: Path, institutions) -> None:
        server = serve(ranged(institutions))
        path = self.fetch(server, tmp_path)
        assert self.fetch(server, tmp_path, again=True) == path
        assert server.asked[1][1]["If-None-Match"] == '"one"'
        newer = institutions + institutions.splitlines(keepends=True)[-1].replace(b"91", b"92")
        changed = self.fetch(serve(ranged(newer, etag='"two"')), tmp_path, again=True)
        assert changed.read_bytes() == newer
        assert path.read_bytes() == institutions, "the state before stays"

    @pytest.mark.parametrize(
        "bad",
        [
            b"<html>Storing</html>",
            b"",
            b"SQLite format 3\0" + b"\0" * 100,
            b"A,B\n1,2\n",
        ],
    )
    def test_a_bad_file_never_takes_a_good_ones_place(
        self, serve, tmp_path: Path, institutions: bytes, bad: bytes
    ) -> None:
        path = self.fetch(serve(ranged(institutions)), tmp_path)
        notes: list = []
        server = serve(plain(body=bad))
        assert self.fetch(server, tmp_path, again=True, notify=notes.append) == path
        assert path.read_bytes() == institutions
        assert [found.code for found in notes] == ["kept_instead"]

    def test_a_bad_first_file_is_told(self, serve, tmp_path: Path) -> None:
        with pytest.raises(FetchError):
            self.fetch(serve(plain(body=b"\0\1\2")), tmp_path)
        with pytest.raises(MissingFileError):
            self.fetch(None, tmp_path)

    def test_a_flipped_bit_is_seen(self, serve, tmp_path: Path, institutions: bytes) -> None:
        path = self.fetch(serve(ranged(institutions)), tmp_path)
        spoilt = bytearray(institutions)
        spoilt[40] ^= 1
        path.write_bytes(spoilt)
        notes: list = []
        with pytest.raises(MissingFileError):
            self.fetch(None, tmp_path, notify=notes.append)
        mended = self.fetch(serve(ranged(institutions)), tmp_path, notify=notes.append)
        assert mended.read_bytes() == institutions
        assert [found.code for found in notes] == ["kept_spoilt", "kept_spoilt"]

    def test_much_smaller_is_told(self, serve, tmp_path: Path, institutions: bytes) -> None:
        long = institutions + institutions.splitlines(keepends=True)[-1] * 9
        self.fetch(serve(ranged(long)), tmp_path)
        notes: list = []
        smaller = serve(ranged(institutions, etag='"two"'))
        self.fetch(smaller, tmp_path, again=True, notify=notes.append)
        assert [found.code for found in notes] == ["fetched_smaller"]

    @pytest.mark.parametrize("told", ["", "{", "[]", '{"now": 3}', '{"now": {"name": "../x"}}'])
    def test_a_spoilt_record_is_as_none(self, tmp_path: Path, told: str) -> None:
        shelf = Shelf(tmp_path / "institutions")
        shelf.folder.mkdir()
        (shelf.folder / "current.json").write_text(told)
        assert shelf.kept() is None

    def test_the_record_leads_nowhere_else(self, tmp_path: Path) -> None:
        (tmp_path / "secret.csv").write_text("a;b\n")
        shelf = Shelf(tmp_path / "x")
        shelf.folder.mkdir()
        told = {"name": "../../secret.csv", "url": URL, "bytes": 4, "sha256": "0" * 64}
        (shelf.folder / "current.json").write_text(json.dumps({"now": told}))
        assert shelf.kept() is None

    def test_one_at_a_time(self, serve, tmp_path: Path, institutions: bytes) -> None:
        what = wanted("institutions")
        with what.shelf(tmp_path).alone(), pytest.raises(FileError, match="another program"):
            self.fetch(serve(ranged(institutions)), tmp_path)

    def test_by_hand(self, serve, tmp_path: Path) -> None:
        what = replace(wanted("institutions"), fetch={"by": "page"})
        with pytest.raises(InputError, match="only be had by hand"):
            fetch(what, store=tmp_path, web=serve(plain()).web())

    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("https://duo.nl/map/tabel.csv", "tabel.csv"),
            ("https://duo.nl/..%2F..%2Fetc/pass%20wd.csv?x=1", "pass_20wd.csv"),
            ("https://duo.nl/.htaccess.csv", "htaccess.csv"),
            ("https://duo.nl/", "institutions.bin"),
        ],
    )
    def test_names_lead_nowhere_else(self, url: str, name: str) -> None:
        assert wanted("institutions", url=url).file == name

    def test_another_address_is_another_file(self, tmp_path: Path) -> None:
        own = wanted("institutions", url="https://roc.nl/eigen.csv")
        assert own.shelf(tmp_path) != wanted("institutions").shelf(tmp_path)
        assert "roc.nl" in own.hosts
        years = {wanted("municipalities", year=y).shelf(tmp_path).folder for y in (2024, 2025)}
        assert len(years) == 2

    def test_only_hosts_of_what_is_wanted(self) -> None:
        assert web_for([wanted("institutions")]).hosts == {"onderwijsdata.duo.nl"}


class TestLook:
    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("a.gpkg", b"PK\x03\x04"),
            ("a.zip", b"SQLite format 3\0"),
            ("a.json", b"error"),
            ("a.osm.pbf", b"\x00\x00\x00\x0d\x0a\x09nonsense"),
            ("a.csv", b"a;b\n1;\0\n"),
        ],
    )
    def test_another_kind_than_its_name(self, tmp_path: Path, name: str, body: bytes) -> None:
        (tmp_path / name).write_bytes(body)
        with pytest.raises(FetchError, match="is no"):
            look_alike(tmp_path / name, url=URL)

    def test_the_examples_pass(self, example: Path) -> None:
        files = [
            path for path in example.iterdir() if path.suffix in (".csv", ".gpkg", ".pbf", ".zip")
        ]
        assert len(files) > 8
        for path in files:
            look_alike(path, url=URL, before=path)

    def test_a_renamed_column(self, tmp_path: Path, golden: Path) -> None:
        before = golden / "instellingenmbo.csv"
        after = tmp_path / "instellingenmbo.csv"
        after.write_bytes(
            before.read_bytes().replace(b"POSTCODE,PLAATSNAAM,GEM", b"PC,PLAATSNAAM,GEM")
        )
        with pytest.raises(FetchError, match="POSTCODE"):
            look_alike(after, url=URL, before=before)

    @pytest.mark.parametrize(
        "name", ["cbs_pc4_2024.gpkg", "gtfs.zip", "a.json", "a.geojson", "a.jsonl", "a.xlsx"]
    )
    def test_a_file_without_its_end(self, example: Path, tmp_path: Path, name: str) -> None:
        known = {
            "a.xlsx": example / "gtfs.zip",
            "a.json": b'{"a": [{"b": 1}, {"b": 2}]}\n',
            "a.geojson": b'{"type": "FeatureCollection", "features": []}',
            "a.jsonl": b'{"a": 1}\n{"a": 2}\n',
        }.get(name, example / name)
        whole = known if isinstance(known, bytes) else known.read_bytes()
        path = tmp_path / name
        path.write_bytes(whole)
        look_alike(path, url=URL)
        path.write_bytes(whole[: len(whole) * 2 // 3])
        with pytest.raises(FetchError, match="what came is no"):
            look_alike(path, url=URL)

    @pytest.mark.parametrize(
        "excuse", [b'{"error": "busy"}', b'<?xml version="1.0"?><e/>', b"<!-- --><html>", b"\n\n"]
    )
    def test_an_excuse_is_no_table(self, tmp_path: Path, excuse: bytes) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(excuse)
        with pytest.raises(FetchError, match="what came is no csv"):
            look_alike(path, url=URL)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    def test_of_a_large_table_only_the_start_is_read(self, tmp_path: Path, encoding: str) -> None:
        path, before = tmp_path / "a.csv", tmp_path / "b.csv"
        rows = "".join(f"{n};één\n" for n in range(200_000))
        path.write_text(f"NUMMER;NAAM\n{rows}", encoding=encoding)
        assert read_headers(path) == ["NUMMER", "NAAM"]
        before.write_text("NUMMER;NAAM;PLAATS\n1;a;b\n")
        with pytest.raises(FetchError, match="PLAATS"):
            look_alike(path, url=URL, before=before)
        path.write_text("NUMMER;NAAM\n")
        with pytest.raises(InputError, match="no rows"):
            read_headers(path)


def test_every_way_of_the_catalogue_is_known() -> None:
    from geo_mbo.sources.catalogue import data_sets
    from geo_mbo.sources.protocols import PROTOCOLS

    ways = {str(known.fetch["by"]) for known in data_sets().values() if known.fetch}
    assert ways <= {"file", "page", *PROTOCOLS}
    assert fetching.BYTES_PER_S > 0
