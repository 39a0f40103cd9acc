"""The study file: what is read, and all that can be wrong with it, told at once."""

from __future__ import annotations

import shutil
import tomllib
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from geo_mbo.cache import Cache
from geo_mbo.errors import FileError, GeoMboError, InputError, MissingFileError, StudyError
from geo_mbo.notes import Note
from geo_mbo.study import measure_study, read_study
from geo_mbo.study.inputs import read_tables
from geo_mbo.study.model import Inputs, Parameters, Study


def written(folder: Path, text: str) -> Path:
    (folder / "g.gpkg").touch()
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


SMALL = 'title = "T"\n[inputs]\nmunicipalities = "g.gpkg"\n'


def test_a_small_study_has_defaults(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, SMALL))
    assert study.parameters == Parameters()
    assert study.path(study.inputs.municipalities) == tmp_path / "g.gpkg"
    assert study.lang == "nl"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("title = \n", ["not_toml"]),
        ("[inputs]\n", ["study_key_missing", "study_key_missing"]),
        (SMALL + 'muncipalities = "x"\n', ["study_key_near"]),
        (SMALL + 'xyz = "x"\n', ["study_key_unknown"]),
        (SMALL + "[parameters]\nlimit_min = -1\nyear = 3000\n", ["study_value"] * 2),
        (SMALL + '[parameters]\nmode = "train"\n', ["study_value"]),
        (SMALL + '[parameters]\nmodes = ["car"]\n', ["mode_not_searched"]),
        (SMALL + '[parameters]\nmodes = ["bike", "transit"]\n', ["transit_needs_matrix"]),
        (SMALL + "[parameters]\nlimit_min = 150\n", ["limit_beyond_search"]),
        (
            SMALL + "[parameters]\ncutoffs_min = [30, 90]\nsearch_limit_min = 60\n",
            ["limit_beyond_search"],
        ),
        (SMALL + 'roads = "absent.pbf"\noffers = "no.csv"\n', ["input_missing"] * 2),
        (SMALL + 'roads = "."\n', ["input_is_folder"]),
        ('folder = "x"\n' + SMALL, ["study_key_unknown"]),
    ],
)
def test_each_mistake_is_told(tmp_path: Path, text: str, codes: list[str]) -> None:
    with pytest.raises(GeoMboError) as caught:
        read_study(written(tmp_path, text))
    assert [breach.code for breach in caught.value.breaches] == codes
    assert "study.toml" in str(caught.value) or "inputs." in str(caught.value)
    assert caught.value.text("nl") != caught.value.text("en")


def test_a_misspelled_key_gets_the_right_one(tmp_path: Path) -> None:
    text = SMALL + "[parameters]\nforecastyear = 2030\n"
    with pytest.raises(StudyError, match="Did you mean 'forecast_year'"):
        read_study(written(tmp_path, text))


def test_a_missing_study_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_study(tmp_path / "absent.toml")
    with pytest.raises(FileError, match="folder"):
        read_study(tmp_path)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_template_names_every_key(lang: str) -> None:
    """A key that the template forgets is a key that nobody finds."""
    template = (files("geo_mbo") / "resources" / "studies" / f"study.{lang}.toml").read_text(
        "utf-8"
    )
    plain = tomllib.loads(template)
    assert Study.model_validate(plain).lang == lang
    for name in (*Inputs.model_fields, *Parameters.model_fields):
        assert f"\n{name} = " in template or f"\n# {name} = " in template, name
    uncommented = "\n".join(
        line.removeprefix("# ") if line.startswith("# ") and " = " in line else line
        for line in template.splitlines()
        if not line.startswith("# [[")
    )
    assert "sites = {" in uncommented
    defaults = Parameters().model_dump(mode="json")
    for name, value in plain["parameters"].items():
        assert defaults[name] == value, f"the template says {name} = {value}"


@pytest.fixture
def small_example(example: Path, tmp_path: Path) -> Path:
    """The example without its road map: crow-flies, so that a run takes a moment."""
    folder = tmp_path / "example"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("*.pbf", "gtfs.zip"))
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8").replace('roads = "wegen.osm.pbf"\n', "")
    path.write_text(text, encoding="utf-8")
    return path


def test_without_roads_travel_is_crow_flies_and_says_so(small_example: Path) -> None:
    outcome = measure_study(read_study(small_example), offline=True)
    assert outcome.network is None
    assert outcome.isochrones is None
    assert "crow_flies" in {note.code for note in outcome.notes}
    assert outcome.matrix.source == "crow-flies x detour"


def test_public_transport_comes_from_elsewhere(small_example: Path) -> None:
    plain = measure_study(read_study(small_example), offline=True)
    times = plain.matrix.select(modes=["car"]).to_long().assign(mode="transit")
    times.drop(columns="status").to_csv(small_example.parent / "ov.csv", index=False)
    text = small_example.read_text(encoding="utf-8")
    text = text.replace("[inputs]\n", '[inputs]\ntravel = "ov.csv"\n')
    text = text.replace('"ebike", "car"]', '"ebike", "car", "transit"]')
    small_example.write_text(text, encoding="utf-8")
    outcome = measure_study(read_study(small_example), offline=True)
    assert outcome.matrix.modes[-1] == "transit"
    transit = outcome.findings.providers.query("mode == 'transit' and rank == 1")
    car = outcome.findings.providers.query("mode == 'car' and rank == 1")
    assert transit["minutes_mean"].tolist() == pytest.approx(car["minutes_mean"].tolist(), rel=1e-4)


def test_what_own_sites_leave_out_is_taken_from_the_publisher(small_example: Path) -> None:
    """Without it a second site of one institution would count as a second provider."""
    own = "site_id,name\n901X001,Onze hoofdlocatie\neigen,Nieuw\n"
    (small_example.parent / "own.csv").write_text(own, encoding="utf-8")
    plain = read_tables(read_study(small_example), offline=True, notify=lambda _: None).sites
    text = small_example.read_text(encoding="utf-8")
    text = text.replace("[inputs]\n", '[inputs]\nsites = "own.csv"\n')
    small_example.write_text(text, encoding="utf-8")
    notes: list[Note] = []
    sites = read_tables(read_study(small_example), offline=True, notify=notes.append).sites
    before, after = (t.set_index("site_id").loc["901X001"] for t in (plain, sites))
    assert after["name"] == "Onze hoofdlocatie"
    same = before.index.drop(["name", "capacity"])
    assert after[same].tolist() == before[same].tolist()
    assert len(sites) == len(plain) + 1
    assert [note.rows for note in notes if note.code == "sites_own_first"] == [("901X001",)]


def test_a_matrix_of_strange_places_is_refused(small_example: Path) -> None:
    rows = {"origin_id": ["0000"], "site_id": ["901X001"], "mode": ["transit"], "minutes": [10]}
    pd.DataFrame(rows).to_csv(small_example.parent / "ov.csv", index=False)
    text = small_example.read_text(encoding="utf-8")
    text = text.replace("[inputs]\n", '[inputs]\ntravel = "ov.csv"\n')
    text = text.replace('"ebike", "car"]', '"ebike", "car", "transit"]')
    small_example.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="first '0000'"):
        measure_study(read_study(small_example), offline=True)


def test_a_second_run_from_the_cache_gives_the_same(example: Path, tmp_path: Path) -> None:
    study = read_study(example / "study.toml")
    quick = study.model_copy(
        update={"parameters": study.parameters.model_copy(update={"isochrones": False})}
    )
    cache = Cache(tmp_path / "cache")
    first = measure_study(quick, offline=True, cache=cache)
    again = measure_study(quick, offline=True, cache=cache)
    assert len(list((tmp_path / "cache").glob("matrix-*.zarr"))) == 1
    assert first.notes == again.notes
    for mode in first.matrix.modes:
        assert (first.matrix.minutes(mode) == again.matrix.minutes(mode)).all()
    pd.testing.assert_frame_equal(first.findings.catchment, again.findings.catchment)


def test_a_study_may_name_every_mode_there_is():
    from typing import get_args

    from geo_mbo.export.layers import _MODES
    from geo_mbo.modes import modes
    from geo_mbo.study.model import ModeName

    assert set(get_args(ModeName)) == set(modes()) == set(_MODES)


def test_what_is_kept_of_the_roads_depends_on_walking_and_not_on_the_snap_limit(example):
    from geo_mbo.study.journeys import _roads_recipe

    study = read_study(example / "study.toml")
    roads = study.inputs.roads
    recipe = _roads_recipe(study, roads, ("bike",))
    assert [text[:18] for text in recipe["modes"]] == ["Mode(name='bike', ", "Mode(name='walk', "]
    far = study.model_copy(
        update={"parameters": study.parameters.model_copy(update={"snap_limit_m": 77.0})}
    )
    assert _roads_recipe(far, roads, ("bike",)) == recipe
