"""A study may hold published distances against what it computes: asked, checked, run to files."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from python_calamine import CalamineWorkbook

from geo_mbo.errors import GeoMboError, InputError, StudyError
from geo_mbo.messages import LANGS, Lang
from geo_mbo.study import run_study
from geo_mbo.study.file import study_of
from geo_mbo.study.indicators import yardsticks
from geo_mbo.study.model import Study
from geo_mbo.study.pipeline import Outcome, measure_study

WISH = {
    "name": "Reistijd",
    "source": "travel_distances",
    "by": "institution",
    "columns": {"institution_id": "BRIN", "mode": "Vervoer", "value": "Minuten"},
    "unit": "min",
    "of_year": 2025,
}


def study(**wish: object) -> Study:
    raw = {"title": "x", "inputs": {"municipalities": {"source": "municipalities"}}}
    return study_of({**raw, "indicator": [{**WISH, **wish}]}, path=Path("x.toml"))


def told(asked: Study) -> list[tuple[str, str, str, str]]:
    return [(one.indicator, one.by, one.mode, one.told) for one in yardsticks(asked)]


def test_nothing_is_compared_unless_asked() -> None:
    assert told(study()) == []


def test_one_mode_is_held_against_numbers_of_any() -> None:
    assert told(study(compare="bike")) == [("Reistijd", "institution", "bike", "")]


def test_a_filter_tells_what_the_publisher_calls_the_mode() -> None:
    asked = study(compare="bike", where={"mode": "fiets"})
    assert told(asked) == [("Reistijd", "institution", "bike", "fiets")]
    several = study(compare="bike", where={"mode": ["fiets", "e-bike"]})
    assert told(several)[0][3] == ""


def test_modes_of_the_publisher_are_indicators_of_their_own() -> None:
    asked = study(compare={"fiets": "bike", "auto": "car"})
    assert told(asked) == [
        ("Reistijd (fiets)", "institution", "bike", "fiets"),
        ("Reistijd (auto)", "institution", "car", "auto"),
    ]


@pytest.mark.parametrize(
    ("wish", "codes", "word"),
    [
        ({"compare": "bike", "by": "site"}, ["compare_by"], "site"),
        ({"compare": "speed_pedelec"}, ["compare_mode"], "speed_pedelec"),
        ({"compare": "fiets"}, ["compare_mode"], "fiets"),
        ({"compare": ""}, ["compare_mode"], "bike"),
        ({"compare": "bike", "unit": "%"}, ["compare_unit"], "%"),
        ({"compare": "bike", "unit": ""}, ["compare_unit"], "km"),
        (
            {"compare": {"fiets": "bike"}, "where": {"mode": "fiets"}},
            ["compare_modes_column"],
            "where",
        ),
        (
            {"compare": {"fiets": "bike"}, "columns": {"institution_id": "BRIN", "value": "Min"}},
            ["compare_modes_column"],
            "columns",
        ),
        (
            {"compare": {"fiets": "bike", "ov": "transit"}, "by": "pc4", "unit": "ha"},
            ["compare_by", "compare_mode", "compare_unit"],
            "transit",
        ),
    ],
)
def test_what_cannot_be_compared_is_told_at_once(
    wish: dict[str, object], codes: list[str], word: str
) -> None:
    with pytest.raises(StudyError) as caught:
        study(**wish)
    assert sorted(breach.code for breach in caught.value.breaches) == codes
    for lang in LANGS:
        sentence = caught.value.text(lang)
        assert "indicator.0.compare" in sentence
        assert word in sentence


@pytest.mark.parametrize("unit", ["km", "Km", "min", "minutes", "minuten"])
def test_units_of_travel(unit: str) -> None:
    assert told(study(compare="bike", unit=unit))


def test_a_table_that_is_no_mode_is_told() -> None:
    with pytest.raises(StudyError, match="compare"):
        study(compare=5)


@pytest.mark.parametrize("lang", LANGS)
def test_the_example_in_the_template_is_right(lang: Lang) -> None:
    page = (files("geo_mbo") / "resources" / "studies" / f"study.{lang}.toml").read_text("utf-8")
    lines = page.split("# [[indicator]]\n")[1].split("\n\n")[0].splitlines()
    wish = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines))
    assert wish["compare"] == "bike"
    wish.pop("path")
    asked = study(**{"of_year": None, "columns": {}, **wish})
    assert told(asked) == [(wish["name"], "municipality", "bike", "")]


# A run.


def crow_flies(example: Path, folder: Path, *wishes: dict[str, object]) -> Study:
    """Give the example without its roads, so that a run takes a moment, with wishes."""
    raw = tomllib.loads((example / "study.toml").read_text(encoding="utf-8"))
    inputs = {
        key: given if isinstance(given, dict) else {"path": given}
        for key, given in raw["inputs"].items()
        if key != "roads"
    }
    for given in inputs.values():
        given["path"] = str(example / given["path"])
    parameters = {**raw["parameters"], "isochrones": False, "modes": ["bike", "car"]}
    asked = {**raw, "inputs": inputs, "parameters": parameters, "indicator": list(wishes)}
    asked.pop("scenario")
    return study_of(asked, path=folder / "study.toml")


def by_institution(folder: Path) -> dict[str, object]:
    path = folder / "reistijd.csv"
    rows = ["91AA;fiets;31", "91AB;fiets;22,5", "91AC;fiets;70", "91ZZ;fiets;20"]
    rows += ["91AA;auto;14", "91AB;auto;15", "91AC;auto;30"]
    path.write_text("\n".join(["BRIN;Vervoer;Minuten", *rows]) + "\n", encoding="utf-8")
    return {**WISH, "path": str(path), "compare": {"fiets": "bike", "auto": "car"}}


def by_municipality(folder: Path) -> dict[str, object]:
    path = folder / "afstand.csv"
    rows = ["Haverdam;5 tot 10 km", "Walmeerde;10 tot 15 km", "Noorderbuul;50 km of meer"]
    path.write_text("\n".join(["Gemeente;Afstand", *rows]) + "\n", encoding="utf-8")
    return {
        "name": "Reisafstand <b>van huis</b>",
        "source": "travel_distances",
        "path": str(path),
        "by": "municipality",
        "columns": {"municipality": "Gemeente", "value": "Afstand"},
        "unit": "km",
        "of_year": 2023,
        "compare": "bike",
    }


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, example: Path) -> tuple[Path, Outcome]:
    folder = tmp_path_factory.mktemp("compare")
    asked = crow_flies(example, folder, by_institution(folder), by_municipality(folder))
    return folder / "maps", run_study(asked, folder=folder / "maps", offline=True)


def test_the_findings_hold_every_comparison(outcome: tuple[Path, Outcome]) -> None:
    found = outcome[1].findings
    each = found.published_summary.set_index("indicator")
    assert each.index.tolist() == [
        *("Reistijd (fiets)", "Reistijd (auto)", "Reisafstand <b>van huis</b>"),
    ]
    assert each["rows_compared"].tolist() == [3, 3, 3]
    assert each["rows_not_computed"].tolist() == [1, 0, 0]
    assert each["published_year"].tolist() == [2025, 2025, 2023]
    assert each["close_share"].between(0, 1).all()
    home = found.published[found.published["key_kind"] == "municipality"]
    assert home.loc[home["outcome"] == "differs", "reasons"].str.startswith("other_year").all()
    assert home.loc[home["outcome"] == "differs", "reasons"].str.contains("crow_flies").all()
    codes = [note.code for note in outcome[1].notes]
    assert codes.count("compare_year") == 1


def test_computed_is_what_the_study_tells_of_the_institution(
    outcome: tuple[Path, Outcome],
) -> None:
    found = outcome[1].findings
    told_ = found.travel_by_institution.set_index(["institution_id", "mode"])["minutes_mean"]
    rows = found.published.query("key_kind == 'institution' and outcome == 'differs'")
    same = [told_[(key, mode)] for key, mode in rows[["key", "mode"]].values]
    assert rows["computed"].tolist() == pytest.approx(same)


def test_it_is_in_the_report_the_workbook_and_the_geopackage(
    outcome: tuple[Path, Outcome],
) -> None:
    folder, run = outcome
    page = (folder / "index.html").read_text("utf-8")
    assert "Vergelijking met gepubliceerde cijfers" in page
    assert "Reisafstand &lt;b&gt;van huis&lt;/b&gt; (2023, per gemeente, met de fiets)" in page
    assert "<b>van huis" not in page
    book = CalamineWorkbook.from_path(folder / "resultaten.xlsx")
    rows = book.get_sheet_by_name("Gepubliceerd en berekend").to_python()
    assert len(rows) == 1 + len(run.findings.published)
    layer = pyogrio.read_dataframe(folder / "resultaten.gpkg", layer="gepubliceerd")
    assert len(layer) == len(run.findings.published)
    assert set(layer["vervoerwijze"]) == {"fiets", "auto"}
    maps = (folder / "kenmerken.html").read_text("utf-8")
    assert "Reistijd (fiets)" in maps, "it is an indicator as well"


def test_every_mode_of_the_publisher_has_to_be_there(example: Path, tmp_path: Path) -> None:
    wish = {**by_institution(tmp_path), "compare": {"fiets": "bike", "bus": "car"}}
    with pytest.raises(InputError, match="bus"):
        measure_study(crow_flies(example, tmp_path, wish), offline=True)


def test_what_is_published_wrongly_is_told(example: Path, tmp_path: Path) -> None:
    wish = by_institution(tmp_path)
    path = Path(str(wish["path"]))
    path.write_text(path.read_text("utf-8").replace(";31", ";-31"), encoding="utf-8")
    with pytest.raises(GeoMboError, match=r"reistijd\.csv.*'-31'"):
        measure_study(crow_flies(example, tmp_path, wish), offline=True)


def test_without_a_comparison_there_are_columns_and_no_section(
    example: Path, tmp_path: Path, outcome: tuple[Path, Outcome]
) -> None:
    wish = {**by_municipality(tmp_path), "compare": {}}
    run = run_study(crow_flies(example, tmp_path, wish), folder=tmp_path / "maps", offline=True)
    assert run.findings.published.empty
    assert list(run.findings.published) == list(outcome[1].findings.published)
    pd.testing.assert_index_equal(
        run.findings.published_summary.columns, outcome[1].findings.published_summary.columns
    )
    page = (tmp_path / "maps" / "index.html").read_text("utf-8")
    assert "Vergelijking met gepubliceerde cijfers" not in page
