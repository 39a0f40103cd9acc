"""The commands on data sets: what they list, show, fetch and check."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo_mbo import cli
from geo_mbo.cli.sources import example_of
from geo_mbo.schema import KEY_KINDS
from geo_mbo.sources.catalogue import data_sets
from geo_mbo.study.model import IndicatorFile, InputFile, Inputs
from tests.publishers import Publishers, publishers


@pytest.fixture(scope="module")
def shop() -> Iterator[Publishers]:
    with publishers() as opened:
        yield opened


def ended(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert ended(*words) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_data_set_is_listed_with_its_status(capsys, tmp_path: Path, lang: str) -> None:
    lines = said(capsys, "sources", "--lang", lang, "--store", str(tmp_path)).splitlines()
    assert [line.split("\t")[0] for line in lines[1:]] == list(data_sets())
    assert {len(line.split("\t")) for line in lines} == {7}


@pytest.mark.parametrize("key", sorted(data_sets()))
def test_every_data_set_is_shown_with_an_example_that_reads(capsys, tmp_path, key: str) -> None:
    shown = said(capsys, "sources", "show", key, "--store", str(tmp_path))
    one = data_sets()[key]
    assert one.name in shown
    assert one.about["nl"] in shown
    for column in one.columns:
        assert f"\n{column}\t" in shown
    lines = example_of(one)
    assert shown.rstrip().endswith(lines)
    if lines.startswith("geo-mbo"):
        return
    raw = tomllib.loads(lines)
    if "inputs" in raw:
        ((name, given),) = raw["inputs"].items()
        assert name in Inputs.model_fields
        InputFile.model_validate(given)
    else:
        (wish,) = raw["indicator"]
        assert IndicatorFile.model_validate(wish).by in KEY_KINDS


def test_an_example_names_the_columns_that_nobody_has_seen(capsys, tmp_path: Path) -> None:
    shown = said(capsys, "sources", "show", "inspection", "--store", str(tmp_path))
    assert 'columns = { institution_id = "BRIN", label = "Oordeel", year = "Jaar" }' in shown
    assert "made-up" not in shown


def test_units_are_in_the_language(capsys, tmp_path: Path) -> None:
    shown = said(capsys, "sources", "show", "graduates", "--store", str(tmp_path))
    assert "\tgediplomeerden\n" in shown or "\tstudenten\n" in shown
    assert "\tstudents\n" not in shown


def test_a_name_that_is_nothing_is_told_with_data_sets_like_it(capsys) -> None:
    assert ended("fetch", "gradutes") == 1
    assert "graduates" in capsys.readouterr().err


def test_a_name_that_is_none_is_told_with_its_neighbours(capsys) -> None:
    assert ended("sources", "show", "gradates", "--lang", "en") == 1
    assert "graduates" in capsys.readouterr().err


def test_fetch_one_data_set_and_see_when(capsys, shop: Publishers, tmp_path: Path) -> None:
    where = ("--store", str(tmp_path))
    told = said(capsys, "fetch", "institutions", "--mirror", shop.url, "--lang", "en", *where)
    assert "institutions" in told
    assert "All is fetched" in told
    listed = said(capsys, "sources", "--lang", "en", *where)
    row = next(line for line in listed.splitlines() if line.startswith("institutions\t"))
    assert row.split("\t")[5].startswith("20")
    again = said(capsys, "fetch", "institutions", "--offline", *where)
    assert "0 dagen geleden" in again


def test_offline_says_what_is_not_there(capsys, tmp_path: Path) -> None:
    assert ended("fetch", "nederland", "--offline", "--store", str(tmp_path)) == 1
    told = capsys.readouterr().err
    assert told.count("geo-mbo fetch") == 1
    assert "13 bestanden" in told
    assert "Mbo-opleidingsaanbod" in told


def test_nobody_answers_is_told_once(capsys, tmp_path: Path) -> None:
    words = ("--store", str(tmp_path), "--mirror", "http://127.0.0.1:9", "--lang", "en")
    assert ended("fetch", "institutions", *words) == 1
    assert "gave no answer" in capsys.readouterr().err


def test_the_environment_names_store_and_mirror(
    capsys, shop: Publishers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEO_MBO_STORE", str(tmp_path / "here"))
    monkeypatch.setenv("GEO_MBO_MIRROR", shop.url)
    said(capsys, "fetch", "institutions")
    assert list((tmp_path / "here" / "institutions").rglob("instellingenmbo.csv"))


def test_studies_are_listed(capsys) -> None:
    lines = said(capsys, "studies", "--lang", "en").splitlines()
    assert len(lines) == 49
    assert lines[1].startswith("nederland\t")


def test_a_study_by_name_is_copied(capsys, tmp_path: Path) -> None:
    path = tmp_path / "utrecht.toml"
    said(capsys, "new", str(path), "--of", "provincie-utrecht")
    assert 'name = "Utrecht"' in path.read_text(encoding="utf-8")
    assert ended("new", str(tmp_path / "x.toml"), "--of", "utrecht") == 1
    assert "provincie-utrecht" in capsys.readouterr().err


def test_the_marks_end_with_one_where_one_is_not_met(capsys, example: Path, tmp_path) -> None:
    assert ended("sources", "check", str(example / "instellingenmbo.csv")) == 0
    path = tmp_path / "people.csv"
    path.write_text("INSTELLINGSCODE,JAAR_2024\n01ZZ,3\n02ZZ,12\n", encoding="utf-8")
    assert ended("sources", "check", str(path)) == 1
    assert "Anoniem: nee" in capsys.readouterr().out


def test_the_folder_of_results_does_not_hide_the_study(
    capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nederland").mkdir()
    assert ended("run", "nederland", "--offline", "--store", str(tmp_path / "store")) == 1
    assert "geo-mbo fetch" in capsys.readouterr().err
