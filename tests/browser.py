"""A real browser for tests, without a network: every request it would make is written down.

``conftest.py`` makes its fixtures known to all tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Seen:
    """What a page did: requests that would have left, errors it told of, and the page itself."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def quiet(self) -> None:
        """Check that nothing left the page and nothing went wrong."""
        assert self.requests == [], "the page asked for something outside itself"
        assert self.errors == [], "the page told of an error"

    def axe(self) -> list[str]:
        """Give the rules of WCAG 2.1 A and AA that axe finds broken, with an element of each."""
        from axe_playwright_python.sync_playwright import Axe

        asked = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
        found: list[dict[str, Any]] = Axe().run(self.page, options=asked).response["violations"]
        return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


def chromium() -> str | None:
    """Find a Chromium: the variable CHROMIUM, or one on the path."""
    given = os.environ.get("CHROMIUM")
    return given or next((found for name in NAMES if (found := which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser once; the tests are skipped where there is none."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here (set CHROMIUM to its path)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Callable[..., Seen]]:
    """Give a callable that opens a file offline: ``browser_page(path, "#site=..", **context)``."""
    contexts = []

    def open_page(
        path: Path, at: str = "", *, ready: str = "html[data-ready]", **context: Any
    ) -> Seen:
        made = browser.new_context(offline=True, locale="nl-NL", **context)
        contexts.append(made)
        page = made.new_page()
        seen = Seen(page)
        page.on("request", lambda r: _outside(r.url) and seen.requests.append(r.url))
        page.on("console", lambda m: m.type in ("error", "warning") and seen.errors.append(m.text))
        page.on("pageerror", lambda e: seen.errors.append(str(e)))
        page.goto(path.resolve().as_uri() + at)
        if ready:
            page.wait_for_selector(ready, state="attached", timeout=20_000)
        return seen

    yield open_page
    for made in contexts:
        made.close()


def _outside(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))
