"""Take the README's picture: the map of catchments with one site chosen, in a real browser.

Run ``scripts/run`` first; needs the tools of ``scripts/test`` and Chromium.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "maps" / "verzorgingsgebieden.html"
PICTURE = ROOT / "maps" / "voorbeeld.png"
SITE = "901X008"


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox"]
        )
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(PAGE.as_uri())
        page.wait_for_selector("html[data-ready]", state="attached")
        page.get_by_label("Onderwijslocatie", exact=True).select_option(SITE)
        page.wait_for_timeout(500)  # the map glides to the site
        shot = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    shot.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(PICTURE, optimize=True)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
