"""Published beside computed in the report, the workbook and the GeoPackage."""

from __future__ import annotations

import html
import re
import sqlite3
from base64 import b64decode
from contextlib import closing
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import pytest
from python_calamine import CalamineWorkbook

from geo_mbo.analysis import Choices, Findings, Yardstick, find
from geo_mbo.analysis.validation import REASONS
from geo_mbo.export import write_geopackage
from geo_mbo.messages import LANGS, text
from geo_mbo.provenance import About
from geo_mbo.report import write_index, write_workbook
from geo_mbo.report.parts import Section, Table
from geo_mbo.report.scatter import Cloud, Dot, Signs, scatter
from geo_mbo.report.validation import compared
from geo_mbo.report.view import View, view_of
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.schema import INDICATORS, checked

ABOUT = About("Proefstad", made_up=True, created=date(2026, 10, 1))
HOSTILE = '<img src=x onerror="alert(1)">$a$ {{7*7}}'
NAN = float("nan")


def town_with(name: str = "Afstand") -> SampleTown:
    """Give the town with a distance by municipality, as numbers and classes, and a time."""
    cells: list[tuple[str, str, str, str, int, float, float, float]] = [
        (name, "municipality", "GM9001", "km", 2024, 3.5, 3.5, 3.5),
        (name, "municipality", "GM9002", "km", 2024, NAN, 50.0, NAN),
        (name, "municipality", "GM9003", "km", 2024, 7.0, 7.0, 7.0),
        ("Reistijd (fiets)", "institution", "90AA", "min", 2023, 22.5, 20.0, 25.0),
        ("Reistijd (fiets)", "institution", "90BB", "min", 2023, 12.0, 12.0, 12.0),
        ("Reistijd (fiets)", "institution", "99ZZ", "min", 2023, 30.0, 30.0, 30.0),
    ]
    names = ["indicator", "key_kind", "key", "unit", "year", "value", "value_low", "value_high"]
    rows = pd.DataFrame(cells, columns=names).assign(label=None, source="DUO")
    town = sample_town()
    return replace(town, tables=replace(town.tables, indicators=checked(rows, INDICATORS)))


def found_of(town: SampleTown, name: str = "Afstand") -> Findings:
    sticks = (
        Yardstick(name, "municipality", "bike"),
        Yardstick("Reistijd (fiets)", "institution", "bike", "fiets"),
    )
    asked = Choices(mode="bike", limit_min=30, yardsticks=sticks)
    return find(town.tables, town.matrix, asked, notify=lambda _: None)


TOWN = town_with()
FOUND = found_of(TOWN)
VIEW = view_of(FOUND, "nl")


def section(found: Findings = FOUND, view: View = VIEW) -> Section:
    (only,) = compared(found, view)
    return only


def cells(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}


def summary(**changes: Any) -> Findings:
    """Give findings whose first comparison has other figures."""
    table = FOUND.published_summary.copy()
    for name, value in changes.items():
        table.loc[0, name] = value
    return replace(FOUND, published_summary=table)


# --- the page -----------------------------------------------------------------------------------


def test_each_comparison_is_told_in_a_sentence() -> None:
    first, second = section().sentences
    assert first == (
        "Afstand (2024, per gemeente, met de fiets): van de 2 vergeleken cijfers komt er één "
        "overeen (50 %). Berekend ligt gemiddeld 22,3 km lager dan gepubliceerd; zonder op de "
        "richting te letten schelen zij gemiddeld 22,5 km. Niet vergeleken: minder dan vijf "
        "studenten (1)."
    )
    assert second.startswith(
        "Reistijd (fiets) (2023, per instelling, met de fiets): van de 2 vergeleken cijfers komt "
        "er geen overeen. Berekend ligt gemiddeld 0,1 min hoger"
    )
    assert second.endswith("Niet vergeleken: hier niet berekend (1).")


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        ({"rows_agrees": 2}, "alle 2 vergeleken cijfers komen overeen"),
        ({"rows_agrees": 0}, "komt er geen overeen"),
        ({"rows_compared": 9, "rows_agrees": 6, "close_share": 2 / 3}, "er 6 overeen (67 %)"),
        ({"rows_compared": 1, "rows_agrees": 1}, "één cijfer is vergeleken"),
        ({"rows_compared": 0, "rows_agrees": 0}, "geen enkel cijfer is aan twee kanten bekend"),
        ({"bias": -0.04}, "even hoog als gepubliceerd"),
        ({"bias": 1.26}, "1,3 km hoger"),
        ({"rows_compared": 5, "rank_correlation": 0.834}, "De rangcorrelatie is 0,83"),
    ],
)
def test_every_turn_of_the_sentence(figures: dict[str, float], sentence: str) -> None:
    assert sentence in section(summary(**figures)).sentences[0]


def test_a_rank_correlation_of_a_handful_is_not_told() -> None:
    told = section(summary(rows_compared=4, rank_correlation=1.0))
    assert "rangcorrelatie" not in told.sentences[0]
    assert told.tables[0].rows[0][-1].text == "-"


def test_the_tables_hold_figures_worst_rows_and_reasons() -> None:
    figures, home, school, reasons = section().tables
    assert cells(figures)["Afstand, met de fiets"] == ["2", "50 %", "-22,3 km", "22,5 km", "-"]
    assert "Reistijd (fiets)" in cells(figures), "a mode that the name tells is told once"
    assert cells(home) == {
        "Boskerk": ["50 of meer", "5,2", "-44,8", "42", "vervoerwijze niet genoemd"]
    }
    assert cells(school)["Alfa College"][:3] == ["20 tot 25", "16,8", "-3,2"]
    assert cells(school)["Beta College"][:3] == ["12,0", "15,5", "+3,5"]
    counts = cells(reasons)
    assert counts["De uitgever noemt de vervoerswijze niet."] == ["1", "0"]
    assert counts["De twee zijn van verschillende jaren."] == ["0", "2"]


def test_nothing_of_fewer_than_five_students_is_on_the_page(tmp_path: Path) -> None:
    page = section()
    shown = [cell.text for table in page.tables for row in table.rows for cell in row]
    assert "Cattewaard" not in " ".join([*shown, *page.sentences])
    rows = FOUND.published.query("key == 'GM9003'")
    assert rows["outcome"].tolist() == ["withheld"]
    assert rows[["computed", "computed_off", "unreached_share"]].isna().all(axis=None)


def test_without_a_comparison_there_is_no_section() -> None:
    town = sample_town()
    bare = find(town.tables, town.matrix, Choices(mode="bike"), notify=lambda _: None)
    assert compared(bare, VIEW) == ()


def test_with_nothing_on_both_sides_there_is_no_picture() -> None:
    rows = FOUND.published_summary.assign(rows_compared=0, rows_agrees=0, close_share=NAN)
    only = section(replace(FOUND, published_summary=rows))
    assert (only.picture, only.picture_alt) == ("", "")
    assert [row[2].text for row in only.tables[0].rows] == ["-", "-"]
    assert len(only.tables) == 1
    assert "diagram" not in only.lead


def test_many_comparisons_are_cut_and_said() -> None:
    many = pd.concat([FOUND.published_summary] * 6, ignore_index=True)
    only = section(replace(FOUND, published_summary=many))
    assert len(only.sentences) == 8
    assert "Hier staan er 8 van de 12" in only.lead


def test_english_and_no_year() -> None:
    view = replace(view_of(FOUND, "en"), year=None)
    only = section(view=view)
    assert only.title == "Comparison with published figures"
    assert "the mean over the students" in only.lead
    assert "(2024, by municipality, by bicycle): of the 2 figures" in only.sentences[0]
    assert only.tables[1].rows[0][1].text == "50 or more"


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("code", REASONS)
def test_every_reason_has_a_short_form(code: str, lang: Any) -> None:
    assert text(f"report.compared.short.{code}", lang)


def test_the_page_has_it_after_the_indicators(tmp_path: Path) -> None:
    raw = write_index(tmp_path, TOWN.tables, FOUND, ABOUT, []).read_text("utf-8")
    at = [raw.index(f'<h2 id="{name}"') for name in ("kenmerken", "vergelijking", "opmerkingen")]
    assert at == sorted(at)
    assert 'alt="Stippen met het gepubliceerde tegen het berekende cijfer van Afstand' in raw
    assert "<script" not in raw


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    town = town_with(HOSTILE)
    areas = town.tables.areas.assign(name=HOSTILE)
    town = replace(town, tables=replace(town.tables, areas=areas))
    found = found_of(town, HOSTILE)
    raw = write_index(tmp_path, town.tables, found, ABOUT, []).read_text("utf-8")
    assert "<img src=x" not in raw
    assert html.escape(HOSTILE, quote=False).replace('"', "&#34;") in raw


def test_permuted_rows_tell_the_same() -> None:
    mixed = FOUND.published.sample(frac=1, random_state=3)
    assert section(replace(FOUND, published=mixed)).tables == section().tables


# --- the chart ----------------------------------------------------------------------------------


SIGNS = Signs("komt overeen", "verschilt", "even groot", "klasse")


def pixels(picture: str) -> np.ndarray:
    from PIL import Image

    with Image.open(BytesIO(b64decode(picture.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def orange(picture: str) -> int:
    """Count the pixels of the colour of what differs."""
    red, _, blue = np.moveaxis(pixels(picture), 2, 0)
    return int((red - blue > 50).sum())


def cloud(*dots: Dot) -> Cloud:
    return Cloud("Afstand", "Gepubliceerd (km)", "Berekend (km)", dots)


def test_the_chart_shows_agreement_by_colour_and_shape() -> None:
    good = Dot("Aldermeer", 3.5, 3.6, 3.5, 3.5, 100, agrees=True)
    bad = Dot("Boskerk", 9.0, 5.2, 9.0, 9.0, 40, agrees=False)
    ink = [orange(scatter([cloud(*dots)], SIGNS)) for dots in ((good,), (good, bad))]
    assert ink[1] > ink[0] + 20


def test_the_chart_is_the_same_each_time_and_small() -> None:
    pictures = [section().picture for _ in range(2)]
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) < 60_000


@pytest.mark.parametrize(
    "dots",
    [
        (Dot("A$b$", 0.0, 0.0, 0.0, 0.0, 0, agrees=True),),
        (Dot("A" * 80, 60.0, 5.0, 60.0, float("inf"), 9, agrees=False),),
        tuple(Dot(f"n{k}", 5.0, 9.0, 5.0, 5.0, k, agrees=False) for k in range(40)),
    ],
)
def test_the_chart_bears_zeros_long_names_open_classes_and_equal_dots(
    dots: tuple[Dot, ...],
) -> None:
    assert pixels(scatter([cloud(*dots)] * 3, SIGNS)).shape[2] == 3


# --- the files ----------------------------------------------------------------------------------


def test_the_workbook_has_every_row_in_words(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "x.xlsx", TOWN.tables, FOUND, ABOUT, [])
    book = CalamineWorkbook.from_path(path)
    heads, *rows = book.get_sheet_by_name("Gepubliceerd en berekend").to_python()
    told = {row[heads.index("Code")]: dict(zip(heads, row, strict=True)) for row in rows}
    assert len(rows) == len(FOUND.published) == len(told)
    assert told["GM9002"]["Uitkomst van de vergelijking"] == "verschilt"
    assert told["GM9002"]["Gepubliceerd, bovengrens"] == "", "no end is not: not reached"
    assert told["GM9002"]["Wat het kan verklaren"] == "De uitgever noemt de vervoerswijze niet."
    assert told["GM9002"]["Berekend"] == pytest.approx(5.1647, abs=1e-4)
    few = told["GM9003"]
    assert few["Uitkomst van de vergelijking"] == "minder dan vijf studenten"
    assert few["Studenten"] == "<5"
    assert few["Berekend"] == few["Berekend min gepubliceerd"] == ""
    assert told["90AA"]["Vervoerwijze volgens de uitgever"] == "fiets"


def test_the_geopackage_has_a_table_with_its_dictionary(tmp_path: Path) -> None:
    path = write_geopackage(tmp_path / "x.gpkg", TOWN.tables, FOUND, ABOUT, [], lang="en")
    assert ("gepubliceerd", None) in [tuple(one) for one in pyogrio.list_layers(path)]
    table = pyogrio.read_dataframe(path, layer="gepubliceerd").set_index("code")
    assert len(table) == len(FOUND.published)
    assert table.loc["GM9001", "vergelijking"] == "agrees"
    assert table.loc["GM9003", ["studenten", "studenten_laag", "studenten_hoog"]].tolist() == [
        *(2.5, 1, 4),
    ]
    assert pd.isna(table.loc["GM9003", "berekend"])
    assert table.loc["90BB", "verklaring"].startswith("The two are of different years.")
    with closing(sqlite3.connect(path)) as base:
        rows = base.execute(
            "SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'gepubliceerd'"
        ).fetchall()
    assert dict(rows)["berekend_verschil"] == "Computed less published"
    assert {name for name, _ in rows} == {"code", *table.columns}


# --- a browser ----------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_fits_and_breaks_no_rule(browser_page: Any, tmp_path: Path, width: int) -> None:
    path = write_index(tmp_path, TOWN.tables, FOUND, ABOUT, [])
    seen = browser_page(path, ready="", viewport={"width": width, "height": 800})
    assert seen.axe() == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert re.search("Vergelijking met gepubliceerde cijfers", seen.page.inner_text("main"))
    seen.quiet()
