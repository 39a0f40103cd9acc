"""The studies that the program brings, from publishers' addresses to maps and files."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_mbo.cache import Cache
from geo_mbo.errors import InputError, StudyError
from geo_mbo.messages import catalogue
from geo_mbo.study import measure_study, read_study, shipped
from geo_mbo.study.fetched import fetched, files_of, planned, seconds_of
from geo_mbo.study.file import study_of
from geo_mbo.study.model import IndicatorFile, Inputs, Study
from tests.publishers import Fault, Publishers, publishers

STAGES = ("fetch", "read", "network", "travel", "measures", "isochrones", "maps", "files", "report")

DRIVER = """
import os, signal, sys
from pathlib import Path
from geo_mbo.cache import Cache
from geo_mbo.study import read_study, run_study

folder, stage, skip = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seen = 0

def progress(fraction, step):
    global seen
    seen += step == stage
    if seen > skip:
        os.kill(os.getpid(), signal.SIGKILL)

run_study(
    read_study(folder / "nederland.toml"),
    folder=folder / "maps",
    cache=Cache(folder / "cache"),
    store=folder / "store",
    progress=progress,
)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Publishers]:
    with publishers() as opened:
        yield opened


@pytest.fixture
def shop(server: Publishers) -> Iterator[Publishers]:
    server.asked.clear()
    server.faults.clear()
    yield server
    server.faults.clear()


def country(shop: Publishers, example: Path, folder: Path, **more: object) -> Study:
    """Give the study of the country, asked of the made-up publishers.

    Its municipalities are made up, and so is what became of them: only that file is the user's own.
    """
    raw = tomllib.loads(shipped.content("nederland"))
    raw["inputs"]["municipality_changes"] = str(example / "gemeente_herindelingen.csv")
    raw["parameters"] |= {"geocode": False, "forecast_year": 2035}
    return study_of(
        {**raw, "mirror": shop.url, "made_up": True, **more}, path=folder / "nederland.toml"
    )


def test_fetched_is_as_good_as_at_hand(shop: Publishers, example: Path, tmp_path: Path) -> None:
    """What comes over the line gives the same findings as the same data from disk."""
    store, cache = tmp_path / "store", Cache(tmp_path / "cache")
    study = country(shop, example, tmp_path)
    ours = measure_study(study, cache=cache, store=store)
    asked = len(shop.asked)
    again = measure_study(study, offline=True, cache=cache, store=store)
    assert len(shop.asked) == asked, "offline asks nobody"
    at_hand = measure_study(read_study(example / "study.toml"), offline=True, cache=cache)
    for frame in fields(at_hand.findings):
        if frame.name in ("choices", "indicators", "further"):
            continue
        here, fresh, kept = (
            getattr(outcome.findings, frame.name) for outcome in (at_hand, ours, again)
        )
        pd.testing.assert_frame_equal(fresh, kept)
        # Boundaries come as text with a finite number of digits.
        pd.testing.assert_frame_equal(here, fresh, rtol=1e-6, atol=1e-6)
    codes = [found.code for found in again.notes]
    assert codes.count("kept_files") == 1
    assert {source.publisher for source in ours.about.sources} == {"geo_mbo"}


def test_it_says_beforehand_what_it_will_fetch(shop, example: Path, tmp_path: Path) -> None:
    study = country(shop, example, tmp_path)
    plan = planned(files_of(study), store=tmp_path)
    assert {p.key for p in plan} == {*study.inputs.given()} - {"municipality_changes"}
    assert all(p.kept is None and p.megabytes for p in plan)
    assert seconds_of(plan) == pytest.approx(sum(p.megabytes or 0 for p in plan) / 2.5)
    found = fetched(plan, store=tmp_path, mirror=shop.url)
    after = planned(files_of(study), store=tmp_path)
    assert {p.key: p.kept for p in after} == found
    assert seconds_of(after) == 0


def test_all_that_cannot_be_had_is_told_at_once(shop, example: Path, tmp_path: Path) -> None:
    gone = Fault(status=404)
    shop.fail("onderwijsdata.duo.nl", gone)
    shop.fail("download.geofabrik.de", Fault(page=True))
    study = country(shop, example, tmp_path)
    with pytest.raises(InputError) as caught:
        measure_study(study, store=tmp_path / "store")
    told = {str(breach.params["url"]).split("/")[2] for breach in caught.value.breaches}
    assert told == {"onderwijsdata.duo.nl", "download.geofabrik.de"}
    shop.faults.clear()
    shop.asked.clear()
    measure_study(study, store=tmp_path / "store")
    assert not [path for path in shop.asked if "pdok" in path], "what came is kept"


def test_killed_at_every_stage_it_goes_on(shop: Publishers, example: Path, tmp_path: Path) -> None:
    """Killed in the middle of each step in turn, and started again: the end is the same."""
    for name in ("broken", "whole"):
        folder = tmp_path / name
        folder.mkdir()
        content = shipped.content("nederland").replace(
            "[inputs]\n",
            f'[inputs]\nmunicipality_changes = "{example / "gemeente_herindelingen.csv"}"\n',
        )
        content = f'mirror = "{shop.url}"\nmade_up = true\n{content}\ngeocode = false\n'
        (folder / "nederland.toml").write_text(content, encoding="utf-8")
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER, encoding="utf-8")

    def run(name: str, stage: str, skip: int = 0) -> int:
        words = [sys.executable, str(driver), str(tmp_path / name), stage, str(skip)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode in (0, -9), done.stderr
        return done.returncode

    killed = [run("broken", "fetch", skip) for skip in (0, 3, 8)]
    killed += [run("broken", stage) for stage in STAGES[1:]]
    assert killed == [-9] * len(killed)
    for half in (tmp_path / "broken" / "maps").glob("*.html"):
        assert half.read_text(encoding="utf-8").rstrip().endswith("</html>"), half.name
    assert run("broken", "never") == run("whole", "never") == 0
    told = [
        json.loads((tmp_path / name / "maps" / "run.json").read_text(encoding="utf-8"))
        for name in ("broken", "whole")
    ]
    digests = [{s["name"]: s["sha256"] for s in one["sources"]} for one in told]
    assert digests[0] == digests[1]
    pages = [
        (tmp_path / n / "maps" / "verzorgingsgebieden.html").read_bytes()
        for n in ("broken", "whole")
    ]
    assert len(pages[0]) == pytest.approx(len(pages[1]), rel=0.01)


class TestShipped:
    @pytest.mark.parametrize("name", shipped.names())
    def test_every_study_reads(self, name: str, tmp_path: Path) -> None:
        study = shipped.read(name, folder=tmp_path)
        assert study.out == Path(name)
        assert (study.region is None) == (name == "nederland")
        for key, given in study.inputs.given().items():
            assert given.path is None, key
        planned(files_of(study), store=tmp_path)

    def test_there_is_one_of_each_region(self) -> None:
        names = shipped.names()
        assert len(names) == len(set(names)) == 48
        assert sum(name.startswith("provincie-") for name in names) == 12
        assert sum(name.startswith("arbeidsmarktregio-") for name in names) == 35

    def test_an_unknown_name_is_told_with_its_neighbours(self) -> None:
        with pytest.raises(StudyError, match="provincie-utrecht"):
            shipped.content("utrecht")
        with pytest.raises(StudyError, match="nederland"):
            read_study(Path("nedreland"), near=shipped.names())

    @pytest.mark.parametrize("lang", ["nl", "en"])
    @pytest.mark.parametrize("name", shipped.TEMPLATES)
    def test_templates_name_only_keys_that_are(self, name: str, lang: str) -> None:
        lines = shipped.template(name, lang).splitlines()
        keys = {line.lstrip("# ").partition(" =")[0] for line in lines if " = " in line}
        assert "municipalities" in keys
        assert {key for key in Inputs.model_fields if key in keys}

    @pytest.mark.parametrize("lang", ["nl", "en"])
    def test_the_indicator_of_a_template_is_right(self, lang: str) -> None:
        page = shipped.template("instelling", lang)
        lines = page.split("# [[indicator]]\n")[1].split("\n\n")[0].splitlines()
        wish = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines))
        assert IndicatorFile.model_validate(wish).columns["institution_id"] == "BRIN"

    def test_a_copy_is_the_study(self) -> None:
        assert shipped.template("provincie-utrecht", "nl") == shipped.content("provincie-utrecht")


def test_a_region_of_the_made_up_province(shop, example: Path, tmp_path: Path) -> None:
    municipalities = measure_study(
        read_study(example / "study.toml"), offline=True, cache=Cache(tmp_path / "cache")
    ).tables.areas.query("level == 'municipality'")["name"]
    region = {"level": "municipality", "name": list(municipalities[:2]), "margin_km": 5}
    study = country(shop, example, tmp_path, region=region)
    outcome = measure_study(study, cache=Cache(tmp_path / "cache"), store=tmp_path / "store")
    focus = outcome.findings.choices.focus
    assert focus is not None
    assert len(focus) == 2
    assert set(outcome.findings.coverage["area_id"]) <= focus
    assert len(outcome.tables.sites) > 0
    assert np.isin(outcome.tables.origins["area_id"], outcome.tables.areas["area_id"]).all()
    assert "region_cut" in [found.code for found in outcome.notes]


def test_every_word_of_the_catalogue_has_its_words() -> None:
    from geo_mbo.sources.catalogue import data_sets

    for lang in ("nl", "en"):
        words = catalogue(lang)
        for one in data_sets().values():
            for kind, values in (("key", one.joins), ("table", one.becomes)):
                assert not [v for v in values if f"{kind}.{v}" not in words], one.key
            assert f"status.{one.status}" in words
            assert one.about[lang]
