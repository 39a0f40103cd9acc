"""The page that tells the findings: its sentences, its safety, its looks in a real browser."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_mbo.analysis import Choices, Findings, find
from geo_mbo.errors import FileError
from geo_mbo.maps.shared import Basis
from geo_mbo.maps.views import coverage_view
from geo_mbo.notes import Note, note
from geo_mbo.provenance import About, Source
from geo_mbo.report import write_index
from geo_mbo.report.background import parameters
from geo_mbo.report.outlook import forecast
from geo_mbo.report.provision import duplications, lacunes
from geo_mbo.report.scenarios import _gaps, _trip
from geo_mbo.report.travel import catchments, distance, longest
from geo_mbo.report.view import view_of
from geo_mbo.report.wording import Names, count, names_of
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.scenario import Comparison, compare, read_scenario
from geo_mbo.study.model import Parameters

HOSTILE = '<img src=x onerror="document.title=1">&{{7*7}}`${1}`</style><script>alert(1)</script>'
ABOUT = About(
    "Proefstad",
    made_up=True,
    created=date(2026, 10, 1),
    sources=(
        Source(
            "Wegen", "OSM", "ODbL", "© OpenStreetMap", "w.osm.pbf", "ab" * 32, 9, date(2026, 9, 1)
        ),
    ),
    parameters={"limit_min": 30, "modes": ["walk", "bike"], "share": 0.8},
    versions={"geo_mbo": "0.1.0"},
)


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def notes() -> list[Note]:
    return []


@pytest.fixture(scope="module")
def found(town: SampleTown, notes: list[Note]) -> Findings:
    return find(town.tables, town.matrix, Choices(mode="bike", limit_min=30), notify=notes.append)


@pytest.fixture(scope="module")
def plans(town: SampleTown, found: Findings) -> list[Comparison]:
    given = (
        {"name": "Boskerk dicht", "actions": [{"kind": "close", "site_id": "90AA002"}]},
        {
            "name": "Eiland open",
            "actions": [{"kind": "open", "site_id": "90BB901", "programmes": ["98001"]}],
        },
    )
    return [compare(town.tables, town.matrix, read_scenario(one), found.choices) for one in given]


@pytest.fixture
def names(town: SampleTown) -> Names:
    return names_of(town.tables, "nl")


def told(path: Path) -> str:
    """Give what a reader sees of a page."""
    body = path.read_text(encoding="utf-8").partition("</head>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


# --- what it tells ---------------------------------------------------------------------------


def test_tells_the_town(tmp_path, town, found, notes, plans) -> None:
    page = told(write_index(tmp_path, town.tables, found, ABOUT, notes, scenarios=plans))
    for sentence in (
        "Verzonnen gegevens.",
        "Met de fiets: gemiddeld 16 minuten en 4,1 km.",
        "Vier op de vijf studenten zijn met de fiets binnen 16 minuten op school.",
        "Uit Cattewaard kan minder dan de helft van de jongeren met de fiets een instelling",
        "In één van de 3 gemeenten is de helft van de jongeren er met de fiets niet binnen 30",
        "Timmeren (niveau 2): 450 jongeren (64,3 %) wonen meer dan 30 minuten met de fiets van de",
        "dichtstbijzijnde locatie, vooral in Aldermeer en Cattewaard.",
        "delen 400 jongeren, 100 % van de jongeren in het kleinste van de twee gebieden.",
        "Beide instellingen hebben er minder dan 18 studenten.",
        "Eén getal is nooit doorslaggevend.",
        "Scenario: Boskerk dicht",
        "Alfa Boskerk sluit.",
        "Er verdwijnt één lacune: Verzorging in Cattewaard.",
        "wordt bereikbaar",
        "Grens (minuten) 30",
        "lopen, fiets",
        "1 september 2026",
        "© OpenStreetMap",
        "Proefstad. 1 oktober 2026. Berekend met geo_mbo 0.1.0.",
    ):
        assert sentence in page, sentence


def test_tells_every_note(tmp_path, town, found, notes) -> None:
    page = told(write_index(tmp_path, town.tables, found, ABOUT, notes))
    assert notes
    for one in notes:
        assert " ".join(one.text("nl").split()) in page


def test_english(tmp_path, town, found, notes, plans) -> None:
    path = write_index(tmp_path, town.tables, found, ABOUT, notes, lang="en", scenarios=plans)
    page = told(path)
    assert '<html lang="en">' in path.read_text(encoding="utf-8")
    assert "Timmeren (level 2): 450 young people (64.3 %) live more than 30 minutes" in page
    assert "One gap disappears: Verzorging in Cattewaard." in page
    assert "met de fiets" not in page


def test_distance_averages_over_students(found, names) -> None:
    travel = pd.DataFrame(
        {
            "origin_id": ["a", "b", "c"],
            "mode": "bike",
            "students": [100.0, 50.0, 50.0],
            "minutes_mean": [10.0, 40.0, np.inf],
            "km_mean": [2.0, 8.0, np.inf],
            "unreached_share": [0.0, 0.0, 1.0],
        }
    )
    within = pd.DataFrame(
        {"area_id": "a", "mode": "bike", "cutoff_min": [15.0, 60.0], "students": [100.0, 150.0]}
    )
    part = distance(
        replace(found, travel_by_area=travel, students_within=within), view_of(found, "nl")
    )
    # (100 x 10 + 50 x 40) / 150 = 20 minutes; a quarter reaches nothing and counts in the shares.
    assert part.sentences[0] == "Met de fiets: gemiddeld 20 minuten en 4,0 km."
    assert "met de fiets 25,0 % van de studenten" in part.sentences[-1]
    assert [cell.text for cell in part.tables[0].rows[0]] == ["Fiets", "20", "4,0", "50 %", "75 %"]


def test_small_sites_are_not_ranked(found, names) -> None:
    part = catchments(found, names, view_of(found, "nl"))
    assert part.sentences == ("Geen enkele heeft zoveel studenten.",)
    assert part.tables == ()


def test_widest_catchment_first(found, names) -> None:
    rows = pd.DataFrame(
        {
            "site_id": ["90AA001", "90AA002", "90AA002"],
            "area_id": ["GM9001", "GM9001", "GM9002"],
            "rank": [1, 2, 1],
            "students": [900.0, 100.0, 200.0],
            "students_high": [900.0, 100.0, 200.0],
            "inside": True,
        }
    )
    part = catchments(replace(found, catchment=rows), names, view_of(found, "nl"))
    assert part.sentences[0].startswith(
        "80 % van de studenten van Alfa Boskerk komt uit 2 gemeenten"
    )
    assert "Boskerk en Aldermeer" in part.sentences[0]


def test_only_the_region_of_a_study_is_ranked(found, names) -> None:
    focus = frozenset(["GM9002"])
    asked = replace(found.choices, focus=focus)
    changes = pd.DataFrame(
        {
            "origin_id": ["GM9001", "GM9002"],
            "base_year": 2024,
            "year": 2039,
            "students_base": 1000.0,
            "students_base_high": 1000.0,
            "students": [750.0, 900.0],
            "change": [-0.25, -0.1],
        }
    )
    rows = pd.DataFrame(
        {
            "site_id": ["90AA001", "90AA001", "90AA002"],
            "area_id": ["GM9001", "GM9002", "GM9002"],
            "rank": [1, 2, 1],
            "students": 900.0,
            "students_high": 900.0,
            "inside": True,
        }
    )
    near = replace(
        found,
        choices=asked,
        catchment=rows,
        forecast_by_area=changes,
        forecast_by_site=changes.iloc[:0],
    )
    view = view_of(near, "nl")
    part = forecast(near, names, view)
    assert "uit Boskerk (\N{MINUS SIGN}10 %)." in part.sentences[1]
    assert "Aldermeer" not in " ".join(part.sentences)
    assert part.lead.endswith("in de regio van de studie.")
    widest = catchments(near, names, view)
    assert [row[0].text for row in widest.tables[0].rows] == ["Alfa Boskerk"]


def test_parameters_are_told_in_words() -> None:
    given = dict.fromkeys(Parameters.model_fields)
    about = About("Town", parameters={**given, "speed_walk": "2.4-15 km/h"})
    rows = parameters(about, "nl").tables[0].rows
    told_rows = {row[0].text: row[1].text for row in rows}
    assert not told_rows.keys() & given.keys()
    assert told_rows["Jaar van de studenten"] == "het nieuwste"
    assert "2,4-15 km/u" in told_rows.values()


def test_nothing_to_tell(tmp_path, town, found) -> None:
    frames = {
        name: value.iloc[:0]
        for name, value in vars(found).items()
        if isinstance(value, pd.DataFrame)
    }
    bare = replace(found, **frames)
    page = told(write_index(tmp_path, town.tables, bare, About("Leeg"), []))
    assert "Deze studie bevat geen prognose." in page
    assert "Er is niets gemaskeerd" in page
    assert "Verzonnen" not in page


def test_lacunes_are_of_the_reference_mode(found, names) -> None:
    assert len(lacunes(found, names, view_of(found, "nl")).sentences) == 3
    by_car = replace(found, choices=replace(found.choices, mode="car"))
    assert "met de auto" in lacunes(by_car, names, view_of(by_car, "nl")).lead


def test_fewer_than_five_are_never_told(found, names) -> None:
    pairs = found.duplication.assign(
        students_a=2.5, students_a_low=1.0, students_a_high=4.0, students_b=3.0, students_b_high=3.0
    )
    part = duplications(replace(found, duplication=pairs), names, view_of(found, "nl"))
    assert part.tables[0].rows[0][-1].text == "<5 / <5"
    assert count(4.9, 5.0, "nl") == "5"
    assert count(0.0, 0.0, "nl") == "0"


def test_forecast_names_fall_and_growth(found, names) -> None:
    changes = pd.DataFrame(
        {
            "origin_id": ["GM9001", "GM9002", "GM9003", "BE"],
            "base_year": 2024,
            "year": 2039,
            "students_base": [1000.0, 400.0, 20.0, 500.0],
            "students_base_high": [1000.0, 400.0, 20.0, 500.0],
            "students": [750.0, 440.0, 2.0, 100.0],
            "change": [-0.25, 0.1, -0.9, -0.8],
        }
    )
    part = forecast(
        replace(found, forecast_by_area=changes, forecast_by_site=changes.iloc[:0]),
        names,
        view_of(found, "nl"),
    )
    assert "uit Aldermeer (\N{MINUS SIGN}25 %)." in part.sentences[1]
    assert "uit Boskerk (+10 %)." in part.sentences[2]
    assert "Cattewaard" not in " ".join(part.sentences)  # too few students to rank


def test_tracks_of_a_pair_are_one(town, found, names) -> None:
    both = [found.duplication.assign(track=track) for track in ("BOL", "BBL")]
    twice = replace(found, duplication=pd.concat(both, ignore_index=True))
    part = duplications(twice, names, view_of(twice, "nl"))
    assert len(part.sentences) == len(found.duplication) == 1
    shown = coverage_view(Basis(town.tables, twice, town.matrix))["pairs"]
    assert shown["tracks"] == [["BOL", "BBL"]]
    assert "op hetzelfde adres en delen" in part.sentences[0]


def test_gaps_of_a_plan_are_told_by_programme(plans, names) -> None:
    rows = [("1", "Kok", area) for area in ("GM9001", "GM9002")]
    rows += [(str(i), f"Vak {i}", "GM9003") for i in range(2, 7)]
    gaps = pd.DataFrame(rows, columns=["programme_id", "programme", "area_id"])
    gaps = gaps.assign(mode="bike", change="appears")
    (few,) = _gaps(replace(plans[0], gaps=gaps.head(3)), names, "nl")
    assert few == "Er komen 3 lacunes bij: Kok in Aldermeer en Boskerk; Vak 2 in Cattewaard."
    (many,) = _gaps(replace(plans[0], gaps=gaps), names, "nl")
    assert many.startswith("Er komen 7 lacunes bij, waaronder Kok in Aldermeer en Boskerk; Vak 2")
    assert "Vak 6" not in many


def test_trip_after_closing() -> None:
    longer, shorter = _trip(20.0, 31.0, "bike", "nl"), _trip(31.0, 20.0, "bike", "nl")
    assert longer.endswith("reizen zij met de fiets gemiddeld 31 minuten; nu is dat 20.")
    assert "Dat is korter" in shorter
    assert _trip(np.inf, np.inf, "bike", "nl") == ""


def test_search_limit_is_told(tmp_path, town, found) -> None:
    about = replace(ABOUT, parameters={"search_limit_min": 120})
    page = told(write_index(tmp_path, town.tables, found, about, []))
    assert "gemiddeld over de studenten die binnen 120 minuten op school komen" in page
    assert "% komt er binnen 120 minuten" in page
    assert "3 van 3" in page


def test_permuted_rows_tell_the_same(found, names) -> None:
    mixed = {
        name: value.sample(frac=1, random_state=7)
        for name, value in vars(found).items()
        if isinstance(value, pd.DataFrame) and name in ("providers", "catchment", "coverage")
    }
    view = view_of(found, "nl")
    for tell in (catchments, longest, lacunes):
        assert tell(replace(found, **mixed), names, view) == tell(found, names, view)


def test_findings_are_unchanged(tmp_path, town, found) -> None:
    before = {n: v.copy() for n, v in vars(found).items() if isinstance(v, pd.DataFrame)}
    write_index(tmp_path, town.tables, found, ABOUT, [])
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, getattr(found, name))


# --- safe and whole ---------------------------------------------------------------------------


def test_same_study_same_bytes(tmp_path, town, found, notes) -> None:
    first = write_index(tmp_path / "a", town.tables, found, ABOUT, notes)
    second = write_index(tmp_path / "b", town.tables, found, ABOUT, notes)
    assert first.read_bytes() == second.read_bytes()


def test_needs_nothing_from_outside(tmp_path, town, found, notes) -> None:
    page = write_index(tmp_path, town.tables, found, ABOUT, notes).read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:|#|[\w-]+\.(?:html|xlsx|gpkg|json)")', page)
    assert "<script" not in page
    assert "style=" not in page


def test_unwritable_folder(tmp_path, town, found) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="cannot be written"):
        write_index(tmp_path / "file" / "folder", town.tables, found, ABOUT, [])
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def _hostile(town: SampleTown) -> SampleTown:
    tables = town.tables
    sites = tables.sites.assign(name=HOSTILE, institution=HOSTILE)
    areas = tables.areas.assign(name=HOSTILE)
    return replace(town, tables=replace(tables, sites=sites, areas=areas))


def test_names_are_text(tmp_path, town, found) -> None:
    bad = _hostile(town)
    about = replace(ABOUT, title=HOSTILE, parameters={HOSTILE: HOSTILE})
    path = write_index(tmp_path, bad.tables, found, about, [note("unlocated", [HOSTILE])])
    assert HOSTILE not in path.read_text(encoding="utf-8")
    assert told(path).count(HOSTILE.replace("\n", " ")) > 5


# --- in a browser -----------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
def test_page_in_a_browser(tmp_path, town, found, notes, plans, browser_page, width) -> None:
    path = write_index(tmp_path, town.tables, found, ABOUT, notes, scenarios=plans)
    seen = browser_page(path, ready="", viewport={"width": width, "height": 800})
    seen.quiet()
    assert seen.axe() == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    assert seen.page.evaluate("getComputedStyle(document.body).margin") == "0px"  # style applied
    assert seen.page.locator("table").first.is_visible()
    assert seen.page.locator("main .cards img").count() == 4
    assert seen.page.locator("main img.chart").count() >= 1


@pytest.mark.browser
def test_hostile_names_in_a_browser(tmp_path, town, found, browser_page) -> None:
    bad = _hostile(town)
    path = write_index(tmp_path, bad.tables, found, replace(ABOUT, title=HOSTILE), [])
    seen = browser_page(path, ready="", viewport={"width": 400, "height": 800})
    seen.quiet()
    assert seen.page.title() == HOSTILE
    assert seen.page.locator("h1").inner_text() == HOSTILE
    assert seen.page.locator("img[src=x]").count() == 0
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 400
