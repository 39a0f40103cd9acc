"""The maps in a real browser: what people see, reach with the keyboard and take away."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from geo_mbo.analysis import Choices, find
from geo_mbo.maps import write_maps
from geo_mbo.maps.page import VIEWS
from geo_mbo.notes import Note, note
from geo_mbo.provenance import About, Source
from geo_mbo.sample import SampleTown, sample_town

pytestmark = pytest.mark.browser

if TYPE_CHECKING:
    from tests.browser import Seen

    Open = Callable[..., Seen]

CATCHMENT, TRAVEL, COVERAGE = (f"{view}.html" for view in VIEWS[:3])
SCREENS = [{"width": 1280, "height": 800}, {"width": 400, "height": 800}]
HOSTILE = (
    "<script>window.bad=1</script>",
    "<img src=x onerror=window.bad=1>",
    "</script><script>window.bad=1</script>",
    "`${window.bad=1}`",
    "\"'><svg/onload=window.bad=1>",
    "${window.bad=1}\\u0027;window.bad=1//",
)


def quiet(_: Note) -> None:
    """Keep the notes of the sample out of the log."""


def written(folder: Path, town: SampleTown, about: About, **more: object) -> Path:
    found = find(town.tables, town.matrix, notify=quiet)
    write_maps(folder, town.tables, found, town.matrix, about, **more)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    credit = Source("a", "b", "c", "© OpenStreetMap-bijdragers, ODbL")
    about = About("Aldermeer", made_up=True, sources=(credit,), parameters={"mode": "bike"})
    told = [note("unlocated", ["90AA001"])]
    return written(tmp_path_factory.mktemp("maps"), sample_town(), about, notes=told)


@pytest.mark.parametrize("screen", SCREENS, ids=["laptop", "phone"])
@pytest.mark.parametrize("file", [CATCHMENT, TRAVEL, COVERAGE])
def test_each_map_is_quiet_accessible_and_fits(
    browser_page: Open, folder: Path, file: str, screen: dict[str, int]
) -> None:
    seen = browser_page(folder / file, viewport=screen)
    seen.page.click("#gm-table-title")
    assert seen.axe() == []
    seen.quiet()
    width = seen.page.evaluate("document.documentElement.scrollWidth")
    assert width <= screen["width"]
    assert seen.page.locator("#gm-picture").count() == 0
    assert seen.page.locator("canvas").count() == 1


@pytest.mark.parametrize(
    ("file", "state"),
    [
        (CATCHMENT, "#site=90AA001"),
        (CATCHMENT, "#colour=students&area=municipality:GM9001"),
        (TRAVEL, "#level=pc4&mode=car&area=pc4:9001"),
        (TRAVEL, "#show=site&site=90BB001&level=pc4"),
        (TRAVEL, "#show=students&area=municipality:GM9001"),
        (COVERAGE, "#level=pc4"),
        (COVERAGE, "#programme=98002&level=pc4"),
        (COVERAGE, "#programme=98001&area=municipality:GM9001"),
        (COVERAGE, "#list=pairs&pair=0&programme=98001"),
    ],
)
def test_each_state_is_quiet_and_accessible(
    browser_page: Open, folder: Path, file: str, state: str
) -> None:
    seen = browser_page(folder / file, state)
    assert seen.axe() == []
    seen.quiet()
    # The state stays in the address bar as it was given.
    for part in state[1:].split("&"):
        assert part.replace(":", "%3A") in seen.page.url.replace(":", "%3A")


def test_a_broken_address_shows_the_map_as_it_begins(browser_page: Open, folder: Path) -> None:
    seen = browser_page(folder / CATCHMENT, "#site=nowhere&area=x:y&mode=rocket&colour=<b>")
    assert seen.page.locator("#gm-site").input_value() == ""
    seen.quiet()


@pytest.mark.parametrize("file", [TRAVEL, COVERAGE])
@pytest.mark.parametrize("level", ["municipality", "pc4"])
def test_what_lies_outside_the_region_is_called_so(
    browser_page: Open, tmp_path: Path, file: str, level: str
) -> None:
    town = sample_town()
    asked = Choices(mode="bike", focus=frozenset(["GM9001"]))
    found = find(town.tables, town.matrix, asked, notify=quiet)
    write_maps(tmp_path, town.tables, found, town.matrix, About("Aldermeer", made_up=True))
    area = {"municipality": "GM9002", "pc4": "9003"}[level]
    seen = browser_page(tmp_path / file, f"#level={level}&area={level}:{area}")
    seen.quiet()
    expect(seen.page.locator("#gm-legend")).to_contain_text("buiten de regio van deze studie")
    expect(seen.page.locator("#gm-detail")).to_contain_text("buiten de regio van deze studie")
    assert seen.axe() == []


def test_choosing_a_site_by_list_and_by_search(browser_page: Open, folder: Path) -> None:
    page = browser_page(folder / CATCHMENT).page
    page.select_option("#gm-site", "90AA001")
    page.wait_for_url(re.compile("90AA001"))
    assert "Alfa Aldermeer" in page.inner_text("#gm-shown")
    assert "79" in page.inner_text("#gm-detail") or "77" in page.inner_text("#gm-detail")
    page.fill("#gm-search", "beta ald")
    page.press("#gm-search", "Enter")
    page.wait_for_url(re.compile("90BB001"))
    page.fill("#gm-search", "zzz")
    page.press("#gm-search", "Enter")
    expect(page.locator("#gm-status")).to_contain_text("zzz")


def test_clicking_the_map_chooses_a_municipality(browser_page: Open, folder: Path) -> None:
    page = browser_page(folder / TRAVEL).page
    box = page.locator(".folium-map").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.3)
    page.wait_for_url(re.compile("municipality"))


def test_small_counts_show_as_less_than_five(browser_page: Open, folder: Path) -> None:
    seen = browser_page(folder / CATCHMENT, "#site=90BB001")
    seen.page.click("#gm-table-title")
    row = seen.page.locator("#gm-table tbody tr", has_text="Boskerk").inner_text()
    assert "<5" in row
    assert "afgeschermd" in row
    assert "Woonplaats onbekend" in seen.page.inner_text("#gm-detail")


def test_the_keyboard_reaches_everything_and_leaves_the_map(
    browser_page: Open, folder: Path
) -> None:
    page = browser_page(folder / COVERAGE).page
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.className")
        )
    for wanted in ("gm-skip", "gm-search", "gm-programme", "gm-mode", "gm-home", "gm-table-title"):
        assert wanted in reached
    assert "map_dekking" in reached
    assert any("zoom-in" in name for name in reached)


def test_the_table_is_made_late_sorts_and_is_saved(browser_page: Open, folder: Path) -> None:
    page = browser_page(folder / CATCHMENT, "#site=90AA001").page
    assert page.locator("#gm-table table").count() == 0
    page.click("#gm-table-title")
    page.click("#gm-table th button >> nth=3")
    assert page.locator("#gm-table th[aria-sort=descending]").count() == 1
    with page.expect_download() as saved:
        page.click("#gm-csv")
    raw = saved.value.path().read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][0] == "Gemeente"
    assert {"Aldermeer", "Boskerk", "België"} <= {row[0] for row in rows if row}
    assert any("," in row[3] and "." not in row[3] for row in rows[1:3])
    assert rows[-1] == ["© OpenStreetMap-bijdragers, ODbL"]


def test_the_background_map_is_off_and_gives_up_offline(browser_page: Open, folder: Path) -> None:
    seen = browser_page(folder / CATCHMENT)
    assert not seen.page.is_checked("#gm-background")
    seen.page.click("#gm-background")
    expect(seen.page.locator("#gm-status")).to_contain_text("niet bereikbaar")
    assert not seen.page.is_checked("#gm-background")
    assert seen.requests
    assert all(url.startswith("https://service.pdok.nl/") for url in seen.requests)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_hostile_names_stay_names(browser_page: Open, tmp_path: Path, lang: str) -> None:
    town = sample_town()
    tables = town.tables
    sites = tables.sites.assign(
        name=[f"{name} {HOSTILE[k % 6]}" for k, name in enumerate(tables.sites["name"])],
        institution=[HOSTILE[(k + 1) % 6] for k in range(len(tables.sites))],
        place=HOSTILE[1],
    )
    areas = tables.areas.assign(
        name=[f"{name} {HOSTILE[k % 6]}" for k, name in enumerate(tables.areas["name"])]
    )
    offers = tables.offers.assign(
        programme=[f"{p} {HOSTILE[k % 6]}" for k, p in enumerate(tables.offers["programme_id"])],
        sector=HOSTILE[1],
    )
    spiked = replace(town, tables=replace(tables, sites=sites, areas=areas, offers=offers))
    credits_ = tuple(Source(h, h, h, h) for h in HOSTILE)
    about = About(HOSTILE[1], sources=credits_, parameters={HOSTILE[0]: HOSTILE[2]})
    notes = [note("unlocated", HOSTILE)]
    written(tmp_path, spiked, about, lang=lang, notes=notes)
    states = {
        CATCHMENT: ("", "#site=90AA001", "#area=municipality:GM9001"),
        TRAVEL: ("#show=site&site=90AA001", "#level=pc4&area=pc4:9001"),
        COVERAGE: ("#programme=98001&area=municipality:GM9001", "#pair=0&programme=98001"),
    }
    for file, ways in states.items():
        for way in ways:
            seen = browser_page(tmp_path / file, way)
            page = seen.page
            page.click("#gm-table-title")
            box = page.locator(".folium-map").bounding_box()
            assert box
            for part in (0.3, 0.5, 0.6, 0.7):
                page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] * 0.4)
            page.fill("#gm-search", HOSTILE[1])
            page.press("#gm-search", "Enter")
            page.wait_for_timeout(100)
            assert page.evaluate("window.bad === undefined")
            assert page.locator("img[src=x], svg[onload]").count() == 0
            seen.quiet()


def test_a_name_that_begins_as_a_formula_is_kept_from_running(
    browser_page: Open, tmp_path: Path
) -> None:
    town = sample_town()
    areas = town.tables.areas.copy()
    names = {"GM9001": "=1+1", "GM9002": "@a;b", "GM9003": '-x"y'}
    areas["name"] = areas["area_id"].map(names).fillna(areas["name"])
    spiked = replace(town, tables=replace(town.tables, areas=areas))
    page = browser_page(written(tmp_path, spiked, About("t")) / TRAVEL).page
    page.click("#gm-table-title")
    with page.expect_download() as saved:
        page.click("#gm-csv")
    raw = saved.value.path().read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(raw), delimiter=";"))
    assert {row[0] for row in rows[1:4]} == {"'=1+1", "'@a;b", "'-x\"y"}


def test_where_scripts_may_not_run_the_picture_shows(browser_page: Open, folder: Path) -> None:
    seen = browser_page(folder / TRAVEL, ready="", java_script_enabled=False)
    picture = seen.page.locator("#gm-picture")
    assert picture.is_visible()
    assert picture.get_attribute("alt")
    assert "Scripts staan hier uit" in seen.page.inner_text("main")
    assert seen.requests == []


def test_paper_has_the_map_its_legend_and_the_table(browser_page: Open, folder: Path) -> None:
    page = browser_page(folder / CATCHMENT, "#site=90AA001").page
    assert len(page.pdf(prefer_css_page_size=True)) > 20_000
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#gm-table table").count() == 1
    for part in (".gm-banner", "#gm-legend", ".folium-map", ".gm-footer"):
        assert page.locator(part).is_visible()
    assert not page.locator("#gm-controls").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")


@pytest.mark.real_data
def test_the_whole_country_is_small_and_answers_quickly(
    browser_page: Open, tmp_path: Path, real_data: Path
) -> None:
    from geo_mbo.travel import crow_flies_matrix
    from tests.maps_country import country

    tables = country(real_data / "nl")
    modes = ["walk", "bike", "ebike", "car"]
    matrix = crow_flies_matrix(tables.origins, tables.sites, modes=modes)
    found = find(tables, matrix, notify=quiet)
    for path in write_maps(tmp_path, tables, found, matrix, About("Nederland")):
        assert path.stat().st_size < 5e6
    seen = browser_page(tmp_path / TRAVEL, "#level=pc4")
    seen.page.select_option("#gm-mode", "car")
    expect(seen.page.locator("#gm-shown")).to_contain_text("auto")
    # Four thousand areas: a blink on an idle machine, and never a wait on a busy one.
    assert float(seen.page.evaluate("document.documentElement.dataset.restyleMs")) < 1_000
    seen.quiet()
