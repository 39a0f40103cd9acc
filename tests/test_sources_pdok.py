"""The Locatieserver, asked over a real connection on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import requests
import stamina

from geo_mbo.errors import FetchError
from geo_mbo.sources import pdok

ADDRESS = {"street": "Kade", "number": "1", "postcode": "1001AA", "place": "Haverdam"}
Answers = list[tuple[int, bytes]]


@pytest.fixture
def serve() -> Iterator[Callable[[Answers], tuple[str, list[dict[str, list[str]]]]]]:
    """Start a server that gives these answers one by one, and writes down what it was asked."""
    servers: list[ThreadingHTTPServer] = []

    def start(answers: Answers) -> tuple[str, list[dict[str, list[str]]]]:
        waiting, asked = list(answers), []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked.append({**parse_qs(parts.query), "path": [parts.path]})
                status, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/search/v3_1", asked

    with stamina.set_testing(True, attempts=3):
        yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


def recorded(golden: Path, name: str) -> bytes:
    return (golden / f"locatieserver_{name}.json").read_bytes()


@pytest.mark.parametrize("name", ["one", "several"])
def test_the_best_hit(serve, session, golden: Path, name: str) -> None:
    url, asked = serve([(200, recorded(golden, name))])
    found = pdok.locate(pd.DataFrame([ADDRESS], index=[7]), session=session, url=url)
    assert found.loc[7].tolist() == [155001.5, 463002.25, 14.9]
    assert asked[0]["path"] == ["/search/v3_1/free"]
    assert asked[0]["q"] == ["Kade 1 1001AA Haverdam"]
    assert asked[0]["fq"] == ["type:adres"]
    assert {*asked[0]} == {"path", "q", "fq", "fl", "rows"}


def test_no_hit_is_missing(serve, session, golden: Path) -> None:
    url, _ = serve([(200, recorded(golden, "none"))])
    found = pdok.locate(pd.DataFrame([ADDRESS]), session=session, url=url)
    assert found.isna().all().all()
    assert found.columns.tolist() == ["x_m", "y_m", "score"]


def test_each_address_is_asked_once_and_a_blank_one_never(serve, session, golden: Path) -> None:
    url, asked = serve([(200, recorded(golden, "one"))])
    blank = dict.fromkeys(ADDRESS)
    found = pdok.locate(pd.DataFrame([ADDRESS, blank, ADDRESS]), session=session, url=url)
    assert len(asked) == 1
    assert found["x_m"].notna().tolist() == [True, False, True]


def test_a_fault_that_passes_is_asked_again(serve, session, golden: Path) -> None:
    url, asked = serve([(500, b""), (503, b""), (200, recorded(golden, "one"))])
    found = pdok.locate(pd.DataFrame([ADDRESS]), session=session, url=url)
    assert len(asked) == 3
    assert found["x_m"].tolist() == [155001.5]


@pytest.mark.parametrize(
    ("answer", "times", "says"),
    [
        ((500, b""), 3, "gave no answer"),
        ((404, b""), 1, "gave no answer"),
        ((200, b"<html>onderhoud</html>"), 1, "cannot be read"),
        ((200, b'{"response": null}'), 1, "cannot be read"),
        ((200, b'{"response": {"docs": [{}]}}'), 1, "cannot be read"),
        ((200, b'{"response": {"docs": [{"centroide_rd": "LINE(1 2)"}]}}'), 1, "cannot be read"),
    ],
)
def test_what_is_no_answer(
    serve, session, answer: tuple[int, bytes], times: int, says: str
) -> None:
    url, asked = serve([answer])
    with pytest.raises(FetchError, match=says) as caught:
        pdok.locate(pd.DataFrame([ADDRESS]), session=session, url=url)
    assert len(asked) == times
    assert caught.value.text("nl").startswith(url)


def test_nobody_there(session) -> None:
    with stamina.set_testing(True, attempts=2), pytest.raises(FetchError, match="gave no answer"):
        pdok.locate(pd.DataFrame([ADDRESS]), session=session, url="http://127.0.0.1:9/none")
