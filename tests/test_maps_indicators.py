"""The map of indicators: its classes, what it may hold, and what people see in a real browser."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from geo_mbo.analysis import find
from geo_mbo.analysis.indicators import BUILT_IN, MEASURED
from geo_mbo.maps import write_maps
from geo_mbo.maps.classes import SEQUENTIAL, class_of, shades, value_breaks
from geo_mbo.maps.indicators import first_shown, kinds_of
from geo_mbo.messages import catalogue
from geo_mbo.notes import Note
from geo_mbo.provenance import About, Source
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.schema import KEY_KINDS
from tests.indicator_town import MASKED, indicators, town_with_indicators

if TYPE_CHECKING:
    from tests.browser import Seen

    Open = Callable[..., Seen]

FILE = "kenmerken.html"
HOSTILE = "</script><img src=x onerror=window.bad=1>`${window.bad=1}`"
ABOUT = About("Aldermeer", made_up=True, sources=(Source("a", "b", "c", "© DUO"),))


def quiet(_: Note) -> None:
    """Keep the notes of the sample out of the log."""


def written(folder: Path, town: SampleTown, **more: Any) -> Path:
    found = find(town.tables, town.matrix, notify=quiet)
    return write_maps(folder, town.tables, found, town.matrix, ABOUT, **more)[-1]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("maps"), town_with_indicators())


def data_of(path: Path) -> dict[str, Any]:
    found = re.search(r'id="gm-data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


def unpacked(text: str) -> dict[str, Any]:
    return json.loads(zlib.decompress(base64.b64decode(text)))


# --- classes ------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 2)), max_size=60),
    st.booleans(),
)
def test_breaks_are_few_ascending_and_split_what_differs(values: list[float], counts: bool) -> None:
    breaks = value_breaks(values, counts=counts)
    assert 1 <= len(breaks) <= 4
    assert breaks == sorted(set(breaks))
    if len(set(values)) > 1:
        assert min(values) <= breaks[0]
        assert breaks[-1] < max(values)
        assert len(set(class_of(values, breaks).tolist())) > 1


def test_breaks_of_few_large_counts_tell_them_apart() -> None:
    assert len(set(class_of([425_020, 494_625], value_breaks([425_020, 494_625], counts=True)))) > 1


def test_shades_keep_the_ends() -> None:
    for count in (2, 3, 4, 5):
        found = shades(count)
        assert (found[0], found[-1]) == (SEQUENTIAL[0], SEQUENTIAL[-1])
        assert len(set(found)) == count


# --- what the page holds ------------------------------------------------------------------------


def test_what_was_published_is_shown_first(page: Path) -> None:
    found = find((town := town_with_indicators()).tables, town.matrix, notify=quiet).indicators
    assert first_shown(found) == ("Gediplomeerden", "institution")
    sites = found[found["indicator"] == "Studenten hier"]
    assert kinds_of(sites) == ["site", "institution"]
    graduates = found[found["indicator"] == "Gediplomeerden"]
    assert kinds_of(graduates) == ["institution"], "the country is there to compare with"
    listed = data_of(page)["indicators"]["list"]
    assert [one["name"] for one in listed] == [
        *("Gediplomeerden", "Vsv", "Oordeel", "Studenten hier", "Baankans"),
        *BUILT_IN,
    ]
    assert "labour_market" in listed[6]["kinds"]
    assert data_of(page)["areas"]["labour_market"]["name"] == ["Kust & Klei"]


def test_other_maps_do_not_carry_the_regions(page: Path) -> None:
    assert set(data_of(page.with_name("dekking.html"))["areas"]) == {"municipality", "pc4"}


def test_a_masked_number_is_a_mark_and_nothing_more(page: Path) -> None:
    graduates = data_of(page)["indicators"]["list"][0]["kinds"]["institution"]
    before = unpacked(graduates["packed"])["2023"]
    assert before["v"][1] is None
    assert before["m"] == [1]
    assert "l" not in before, "bounds of a masked number are not on the page"
    assert graduates["nation"]["2024"] == [5000, 5000, 5000, 0]


def test_a_total_that_gives_a_small_number_away_is_not_on_the_page(tmp_path: Path) -> None:
    cells = [("institution", "90AA", 2024, 100), ("institution", "90BB", 2024, MASKED)]
    told = indicators("A", "students", "DUO", [*cells, ("country", "NL", 2024, 103)])
    town = sample_town()
    page = written(tmp_path, replace(town, tables=replace(town.tables, indicators=told)))
    kind = data_of(page)["indicators"]["list"][0]["kinds"]["institution"]
    assert kind["nation"]["2024"] == [102.5, 101, 104, 0]
    assert "103" not in json.dumps(kind["nation"])


def test_the_measures_are_shown_where_nothing_was_published(tmp_path: Path) -> None:
    town = sample_town()
    none = replace(town.tables, indicators=town.tables.indicators.iloc[:0])
    page = written(tmp_path, replace(town, tables=none))
    assert [one["name"] for one in data_of(page)["indicators"]["list"]] == [*MEASURED]


def test_no_indicators_is_said(tmp_path: Path) -> None:
    town = sample_town()
    tables = town.tables
    none = replace(tables, indicators=tables.indicators[:0], students=tables.students[:0])
    page = written(tmp_path, replace(town, tables=none))
    assert data_of(page)["indicators"]["list"] == []
    assert "Deze studie heeft geen kenmerken." in page.read_text("utf-8")


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_kind_of_key_has_words(lang: str) -> None:
    words = catalogue(lang)
    for kind in KEY_KINDS:
        assert words[f"map.kind.{kind}"]
        assert words[f"map.per.{kind}"]


# --- in a browser -------------------------------------------------------------------------------

STATES = (
    "",
    "#indicator=Gediplomeerden&item=90AA",
    "#indicator=Gediplomeerden&year=2023",
    "#indicator=Vsv",
    "#indicator=Vsv&area=municipality:GM9002&year=2020",
    "#indicator=Oordeel",
    "#indicator=Oordeel&item=90BB",
    "#indicator=Studenten+hier",
    "#indicator=Studenten+hier&item=90AA001",
    "#indicator=Studenten+hier&level=institution",
    "#indicator=Baankans",
    "#indicator=inhabitants_15_24&level=pc4&area=pc4:9003",
    "#indicator=inhabitants&level=labour_market&area=labour_market:AM01",
    "#indicator=inhabitants&level=province",
)


@pytest.mark.browser
@pytest.mark.parametrize("state", STATES)
def test_each_state_is_quiet_and_accessible(browser_page: Open, page: Path, state: str) -> None:
    seen = browser_page(page, state)
    seen.page.click("#gm-table-title")
    assert seen.axe() == []
    seen.quiet()
    for part in state[1:].split("&"):
        assert part.replace(":", "%3A") in seen.page.url.replace(":", "%3A")


@pytest.mark.browser
def test_a_phone_sees_all_of_it(browser_page: Open, page: Path) -> None:
    seen = browser_page(page, "#indicator=Vsv", viewport={"width": 400, "height": 800})
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 400
    assert seen.axe() == []
    seen.quiet()


@pytest.mark.browser
def test_a_broken_address_shows_the_map_as_it_begins(browser_page: Open, page: Path) -> None:
    seen = browser_page(
        page, "#indicator=__proto__&level=constructor&year=1&area=toString:x&item=q"
    )
    assert "Gediplomeerden, per instelling, 2024" in seen.page.inner_text("#gm-shown")
    seen.quiet()


@pytest.mark.browser
def test_an_institution_stands_beside_the_country_and_its_past(
    browser_page: Open, page: Path
) -> None:
    seen = browser_page(page, "#indicator=Gediplomeerden")
    text = seen.page.inner_text("#gm-detail")
    for told in ("5.000", "Nederland", "Alfa College", "130", "99ZZ", "geen onderwijslocatie"):
        assert told in text
    seen.page.click("#gm-detail button:has-text('Alfa College')")
    seen.page.wait_for_url(re.compile("item=90AA"))
    text = seen.page.inner_text("#gm-detail")
    for told in ("1 van 3", "+30", "verschil met 2023", "Door de jaren", "2024", "100"):
        assert told in text
    legend = seen.page.inner_text("#gm-legend")
    assert "Bron: DUO" in legend
    assert "instelling als geheel" in legend


@pytest.mark.browser
def test_masked_and_absent_numbers_have_marks_of_their_own(browser_page: Open, page: Path) -> None:
    seen = browser_page(page, "#indicator=Gediplomeerden&year=2023")
    assert "afgeschermd (<5)" in seen.page.inner_text("#gm-legend")
    assert "<5" in seen.page.inner_text("#gm-detail")
    seen = browser_page(page, "#indicator=Vsv")
    assert "geen gegevens" in seen.page.inner_text("#gm-legend")


@pytest.mark.browser
def test_judgements_are_letters_as_well_as_colours(browser_page: Open, page: Path) -> None:
    legend = browser_page(page, "#indicator=Oordeel").page.locator("#gm-legend li")
    assert [" ".join(line.split()) for line in legend.all_inner_texts()] == [
        "A goed",
        "B voldoende",
    ]


@pytest.mark.browser
def test_choosing_by_list_year_and_search(browser_page: Open, page: Path) -> None:
    tab = browser_page(page).page
    tab.select_option("#gm-indicator", "Studenten hier")
    tab.wait_for_url(re.compile("Studenten"))
    tab.check("#gm-kind-institution", force=True)
    tab.wait_for_url(re.compile("level=institution"))
    expect(tab.locator("#gm-shown")).to_contain_text("per instelling")
    tab.fill("#gm-search", "beta")
    tab.press("#gm-search", "Enter")
    tab.wait_for_url(re.compile("item=90BB"))
    tab.select_option("#gm-indicator", "inhabitants_15_24")
    expect(tab.locator("#gm-shown")).to_contain_text("Inwoners van 15 tot en met 24 jaar")


@pytest.mark.browser
def test_the_slider_moves_by_keyboard_and_tells_its_year(browser_page: Open, page: Path) -> None:
    tab = browser_page(page, "#indicator=Vsv").page
    slider = tab.locator("input#gm-year")
    assert slider.get_attribute("aria-valuetext") == "2024"
    slider.focus()
    tab.keyboard.press("ArrowLeft")
    tab.wait_for_url(re.compile("year=2023"))
    expect(tab.locator("#gm-shown")).to_contain_text("2023")
    assert tab.evaluate("document.activeElement.id") == "gm-year"
    assert tab.locator("input#gm-year").get_attribute("aria-valuetext") == "2023"


@pytest.mark.browser
def test_clicking_the_map_and_a_site(browser_page: Open, page: Path) -> None:
    tab = browser_page(page, "#indicator=Vsv").page
    box = tab.locator(".folium-map").bounding_box()
    assert box
    tab.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.3)
    tab.wait_for_url(re.compile("municipality"))


@pytest.mark.browser
def test_the_table_holds_every_year_and_is_saved(browser_page: Open, page: Path) -> None:
    tab = browser_page(page, "#indicator=Vsv").page
    tab.click("#gm-table-title")
    tab.click("#gm-table th button >> nth=3")
    assert tab.locator("#gm-table th[aria-sort=descending]").count() == 1
    names = tab.locator("#gm-table tbody th").all_inner_texts()
    assert names == ["Aldermeer", "Boskerk", "Cattewaard"], "minus one is a number here"
    with tab.expect_download() as saved:
        tab.click("#gm-csv")
    raw = saved.value.path().read_text("utf-8-sig")
    rows = {row[0]: row for row in csv.reader(io.StringIO(raw), delimiter=";") if row}
    assert rows["Gemeente"][3] == "2019 (%)"
    assert rows["Aldermeer"][3:10] == ["2", "2,1", "2,2", "2,3", "2,4", "2,5", "0,5"]
    assert rows["Boskerk"][3] == "-1"
    assert rows["Cattewaard"][3] == "geen gegevens"


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["nl", "en"])
def test_hostile_names_stay_names(browser_page: Open, tmp_path: Path, lang: str) -> None:
    town = town_with_indicators()
    told = town.tables.indicators
    asked = ~told["indicator"].str.startswith("inhabitants")
    told = told.assign(
        indicator=told["indicator"].mask(asked, told["indicator"] + HOSTILE),
        source=HOSTILE,
        unit=told["unit"].mask(told["unit"] == "%", HOSTILE),
        label=told["label"].mask(told["label"].notna(), HOSTILE),
    )
    areas = town.tables.areas.assign(name=town.tables.areas["name"] + HOSTILE)
    sites = town.tables.sites.assign(institution=town.tables.sites["institution"] + HOSTILE)
    tables = replace(town.tables, indicators=told, areas=areas, sites=sites)
    page = written(tmp_path, replace(town, tables=tables), lang=lang)
    for start in ("", "#level=pc4", "#level=site"):
        seen = browser_page(page, start)
        for value in seen.page.locator("#gm-indicator option").all():
            seen.page.select_option("#gm-indicator", value.get_attribute("value"))
            seen.page.wait_for_timeout(50)
        seen.page.click("#gm-table-title")
        assert seen.page.evaluate("window.bad === undefined")
        assert seen.page.locator("img[src=x]").count() == 0
        seen.quiet()


@pytest.mark.browser
def test_where_scripts_may_not_run_the_picture_shows(browser_page: Open, page: Path) -> None:
    seen = browser_page(page, ready="", java_script_enabled=False)
    picture = seen.page.locator("#gm-picture")
    assert picture.is_visible()
    assert "Gediplomeerden" in str(picture.get_attribute("alt"))


@pytest.mark.browser
def test_paper_has_the_map_its_legend_and_the_table(browser_page: Open, page: Path) -> None:
    tab = browser_page(page, "#indicator=Vsv").page
    tab.emulate_media(media="print")
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("#gm-table table").count() == 1
    for part in (".gm-banner", "#gm-legend", ".folium-map", ".gm-footer"):
        assert tab.locator(part).is_visible()


def test_a_country_of_postcodes_stays_small(tmp_path: Path) -> None:
    """Many years of many areas are packed, and unpacked only when they are asked for."""
    rng = np.random.default_rng(5)
    cells = [("pc4", f"900{k}", year, float(rng.integers(5, 900))) for year in range(2000, 2025)
             for k in range(1, 6)]  # fmt: skip
    told = indicators("Veel", "students", "CBS", cells)
    town = sample_town()
    more = replace(town.tables, indicators=pd.concat([town.tables.indicators, told]))
    page = written(tmp_path, replace(town, tables=more))
    kind = data_of(page)["indicators"]["list"][0]["kinds"]["pc4"]
    assert len(kind["years"]) == 25
    assert len(kind["packed"]) < 2_000
