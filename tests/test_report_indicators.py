"""Indicators in the report, the workbook and the GeoPackage."""

from __future__ import annotations

import html
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import pytest
from python_calamine import CalamineWorkbook

from geo_mbo.analysis import Choices, Findings, find
from geo_mbo.analysis.indicators import published_only
from geo_mbo.export import write_geopackage
from geo_mbo.export.indicators import _column, wide
from geo_mbo.notes import Note
from geo_mbo.provenance import About
from geo_mbo.report import write_index, write_workbook
from geo_mbo.report.indicators import beside, indicators
from geo_mbo.report.view import view_of
from geo_mbo.sample import SampleTown, sample_town
from tests.indicator_town import town_with_indicators

ABOUT = About("Proefstad", made_up=True, created=date(2026, 10, 1))
HOSTILE = '<img src=x onerror="alert(1)">$a$ {{7*7}}'


def quiet(_: Note) -> None:
    """Keep the notes of the sample out of the log."""


def found_of(town: SampleTown) -> Findings:
    choices = Choices(mode="bike", limit_min=30)
    return find(town.tables, town.matrix, choices, notify=quiet)


TOWN = town_with_indicators()
FOUND = found_of(TOWN)
BARE = replace(
    sample_town(), tables=replace(TOWN.tables, indicators=TOWN.tables.indicators.iloc[:0])
)


def told(path: Path) -> str:
    body = path.read_text(encoding="utf-8").partition("</head>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


# --- the page -----------------------------------------------------------------------------------


def test_the_page_tells_highest_lowest_nation_and_judgements(tmp_path: Path) -> None:
    page = told(write_index(tmp_path, TOWN.tables, FOUND, ABOUT, []))
    for sentence in (
        "Kenmerken van instellingen en gebieden",
        "Gediplomeerden (2024, per instelling): het hoogst bij Alfa College (130 studenten), het",
        "laagst bij Beta College (40 studenten). Voor heel Nederland is het 5.000 studenten.",
        "Vsv (2024, per gemeente): het hoogst bij Aldermeer (2,5 %), het laagst bij Boskerk",
        "Oordeel (2024): goed (1) en voldoende (1).",
        "Een rangorde zegt niet wat goed of slecht is",
        "Gediplomeerden (studenten, 2024)",
    ):
        assert sentence in page, sentence


def test_the_page_has_a_chart_with_words_and_still_runs_no_script(tmp_path: Path) -> None:
    raw = write_index(tmp_path, TOWN.tables, FOUND, ABOUT, []).read_text("utf-8")
    assert raw.count('alt="Staafdiagram van Gediplomeerden') == 1
    assert 'alt="Staafdiagram van Gediplomeerden (studenten, 2024)' in raw
    assert "<script" not in raw
    assert 'href="kenmerken.html"' in raw


def test_english(tmp_path: Path) -> None:
    page = told(write_index(tmp_path, TOWN.tables, FOUND, ABOUT, [], lang="en"))
    assert "Graduates" not in page, "a name stays as the user wrote it"
    assert "For the whole of the Netherlands it is 5,000 students." in page


def test_the_table_has_masked_absent_and_national_cells() -> None:
    section = indicators(FOUND, view_of(FOUND, "nl"))
    table = section.tables[0]
    assert table.heads[:3] == ("Instelling", "Gediplomeerden (studenten, 2024)", "Oordeel (2024)")
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}
    assert rows["Alfa College"][:2] == ["130", "voldoende"]
    assert rows["Alfa College"][2] == "62 (61 t/m 64)"
    assert rows["99ZZ"] == ["75", "-", "-"]
    assert rows["Nederland"][0] == "5.000"
    assert [row[0].text for row in table.rows][:3] == ["Alfa College", "99ZZ", "Beta College"]


def test_a_masked_number_shows_as_less_than_five() -> None:
    cells = TOWN.tables.indicators.query("year != 2024 or indicator != 'Gediplomeerden'")
    town = replace(TOWN, tables=replace(TOWN.tables, indicators=cells))
    section = indicators(found_of(town), view_of(FOUND, "nl"))
    rows = {row[0].text: row[1] for row in section.tables[0].rows}
    assert (rows["Beta College"].text, rows["Beta College"].bar) == ("<5", None)


def test_without_any_that_was_asked_the_young_people_are_told() -> None:
    town = sample_town()
    section = indicators(found_of(town), view_of(FOUND, "nl"))
    assert "Inwoners van 15 tot en met 24 jaar (2024, per gemeente)" in section.sentences[0]


def test_without_any_that_is_said() -> None:
    section = indicators(found_of(BARE), view_of(FOUND, "nl"))
    assert "Deze studie heeft geen kenmerken" in section.lead
    assert section.picture == ""
    assert section.tables == ()


def test_the_comparison_of_institutions_has_them_beside_it(tmp_path: Path) -> None:
    heads = [column.head for column in beside(FOUND, "nl")]
    assert heads == ["Gediplomeerden (studenten, 2024)", "Oordeel (2024)"]
    page = told(write_index(tmp_path, TOWN.tables, FOUND, ABOUT, []))
    compared = page[page.index("Aandeel binnen 30 minuten") :]
    assert compared.index(heads[0]) < compared.index("Beta College")


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    told_ = TOWN.tables.indicators
    spiked = told_.assign(
        indicator=told_["indicator"] + HOSTILE,
        source=HOSTILE,
        label=told_["label"].mask(told_["label"].notna(), HOSTILE),
    )
    town = replace(TOWN, tables=replace(TOWN.tables, indicators=spiked))
    raw = write_index(tmp_path, town.tables, found_of(town), ABOUT, []).read_text("utf-8")
    assert "<img src=x" not in raw
    assert "{{7*7}}" in raw


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_fits_and_breaks_no_rule(browser_page: Any, tmp_path: Path, width: int) -> None:
    path = write_index(tmp_path, TOWN.tables, FOUND, ABOUT, [])
    seen = browser_page(path, ready="", viewport={"width": width, "height": 800})
    assert seen.axe() == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    seen.quiet()


# --- the workbook -------------------------------------------------------------------------------


def records(path: Path, name: str) -> list[dict[Any, Any]]:
    heads, *rows = CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_the_workbook_has_every_row_in_words(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "x.xlsx", TOWN.tables, FOUND, ABOUT, [])
    rows = records(path, "Kenmerken")
    assert len(rows) == len(published_only(FOUND.indicators))
    alfa = next(r for r in rows if r["Code"] == "90AA" and r["Jaar"] == 2024)
    assert alfa["Soort"] == "instelling"
    assert alfa["Eenheid"] == "studenten"
    assert (alfa["Waarde"], alfa["Nederland, of samen"], alfa["Rang"]) == (130, 5000, 1)
    assert alfa["Verschil met het eerste jaar"] == 30
    beta = next(r for r in rows if r["Code"] == "90BB" and r["Jaar"] == 2023)
    assert [beta[name] for name in ("Waarde", "Waarde, minst", "Waarde, meest")] == ["<5", 1, 4]
    rate = next(r for r in rows if r["Kenmerk"] == "Vsv" and r["Jaar"] == 2023)
    assert rate["Waarde"] == 2.4
    assert {r["Kenmerk"] for r in rows} >= {"Inwoners", "Oordeel"}


# --- the GeoPackage -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "resultaten.gpkg"
    return write_geopackage(path, TOWN.tables, FOUND, ABOUT, [])


def layer(path: Path, name: str) -> pd.DataFrame:
    return pyogrio.read_dataframe(path, layer=name)


def test_the_table_of_indicators_holds_the_whole(package: Path) -> None:
    table = layer(package, "kenmerken")
    assert len(table) == len(published_only(FOUND.indicators))
    beta = table.query("code == '90BB' and jaar == 2023").iloc[0]
    assert [beta[name] for name in ("waarde", "waarde_laag", "waarde_hoog")] == [2.5, 1, 4]
    assert beta["soort"] == "instelling"
    assert bool(beta["afgeschermd"])


def test_the_latest_numbers_stand_beside_the_areas(package: Path) -> None:
    towns = layer(package, "gemeenten").set_index("gemeente_code")
    assert towns["k_vsv_2024"].tolist()[:2] == [2.5, -1.0]
    assert np.isnan(towns.loc["GM9003", "k_vsv_2024"])
    sites = layer(package, "onderwijslocaties").set_index("locatie_code")
    assert sites.loc["90AA001", "k_studenten_hier_2024"] == 60
    assert np.isnan(sites.loc["90AA002", "k_studenten_hier_2024"]), "masked"


def test_regions_have_a_layer_with_a_style_and_labels(package: Path) -> None:
    drawn = layer(package, "regios").set_index("gebied_code")
    assert drawn["soort_gebied"].to_dict() == {"PV90": "provincie", "AM01": "arbeidsmarktregio"}
    assert drawn.loc["AM01", "k_inhabitants_15_24_2024"] == 700
    with closing(sqlite3.connect(package)) as base:
        styles = base.execute("SELECT styleQML FROM layer_styles WHERE f_table_name='regios'")
        assert "renderer-v2" in styles.fetchone()[0]
        label = base.execute(
            "SELECT title FROM gpkg_data_columns WHERE column_name='k_vsv_2024'"
        ).fetchone()
    assert label == ("Vsv (%, 2024; OCW in Cijfers)",)


def test_without_indicators_the_layers_are_there_without_rows(tmp_path: Path) -> None:
    path = write_geopackage(tmp_path / "x.gpkg", BARE.tables, found_of(BARE), ABOUT, [])
    assert layer(path, "regios").empty
    assert layer(path, "kenmerken").empty
    assert not any(name.startswith("k_") for name in layer(path, "gemeenten"))


def test_column_names_are_plain_short_and_unique() -> None:
    taken: set[str] = set()
    for name in ("Éénouder%", "éénouder", "x" * 99, "x" * 98, "%", "-", HOSTILE):
        found = _column(name, 2024, taken=taken)
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,30}", found)
        assert found not in taken
        taken.add(found)


def test_a_masked_number_is_missing_in_the_wide_table() -> None:
    rows = FOUND.indicators.query("year == 2023")
    frame, _ = wide(rows, ["institution"], "nl")
    assert np.isnan(frame.loc["90BB", "k_gediplomeerden_2023"])
