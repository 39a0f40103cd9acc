"""A command for each kind of finding: its tables on the console and as files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from geo_mbo import cli
from geo_mbo.cache import Cache
from geo_mbo.cli.measures import SHEETS
from geo_mbo.messages import text
from geo_mbo.report.cells import text_table


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


def said(capsys, kept: Path, monkeypatch, *words: str) -> str:
    monkeypatch.setattr(cli.measures, "own_cache", lambda: Cache(kept))
    with pytest.raises(SystemExit) as caught:
        cli.main([*words, "--offline"])
    assert caught.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", list(SHEETS))
def test_a_verb_shows_its_tables(capsys, monkeypatch, kept, example, tmp_path, verb: str) -> None:
    study = str(example / "study.toml")
    shown = said(capsys, kept, monkeypatch, verb, study, "--rows", "2", "--out", str(tmp_path))
    for key in SHEETS[verb]:
        assert text(f"sheet.{key}", "nl") in shown
        table = pd.read_csv(tmp_path / f"{key}.csv", sep=";", dtype="str", encoding="utf-8-sig")
        assert len(table), key
        assert not table.columns.duplicated().any()
        # Of few people there is no number, only that they are few.
        for name in ("Studenten", "Studenten A", "Studenten B"):
            if name in table:
                assert not set(table[name].dropna()) & {"1", "2", "3", "4", "2,5"}


def test_numbers_codes_and_few_people() -> None:
    frame = pd.DataFrame(
        {
            "site_id": ["a", "=1+1", None],
            "mode": ["bike", "car", "walk"],
            "students": [2.5, 1234.0, 0.0],
            "students_low": [1.0, 1234.0, 0.0],
            "students_high": [4.0, 1234.0, 0.0],
            "share": [0.1, 0.25, float("nan")],
            "minutes_mean": [12.34, float("inf"), float("nan")],
            "year": [2025, 2025, 2025],
        }
    )
    nl = text_table(frame, "nl").to_numpy().tolist()
    assert nl[0] == ["a", "fiets", "<5", "1", "4", "", "12,3", "2025"]
    assert nl[1][2:] == ["1.234", "1.234", "1.234", "0,25", "niet bereikbaar", "2025"]
    assert nl[2] == ["", "lopen", "0", "0", "0", "", "", "2025"]


def test_a_text_that_looks_like_a_formula_is_none(tmp_path: Path) -> None:
    from geo_mbo.cli.measures import _write
    from geo_mbo.report.sheets import Sheet

    _write(tmp_path / "x.csv", Sheet("x", pd.DataFrame({"site_id": ["=cmd|' /C calc'!A0"]})), "en")
    assert (tmp_path / "x.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("'=")
