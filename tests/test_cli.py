"""The command line: what it prints, how it ends, and that it leaves nothing half done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from geo_mbo import cli
from geo_mbo.cache import Cache


def ended(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--help") == 0
    shown = capsys.readouterr().out
    for verb in ("run", "new", "check"):
        assert verb in shown


def test_help_imports_nothing_heavy() -> None:
    """What makes it answer within half a second: a count of modules, not of seconds."""
    code = (
        "import sys; from geo_mbo import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'geopandas', 'scipy', 'folium', 'xarray', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_new_study_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    assert ended("new", str(path)) == 0
    before = path.read_text(encoding="utf-8")
    assert "Studiebestand" in before
    assert ended("new", str(path)) == 1
    assert "Kies een andere naam" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == before


def test_errors_come_in_the_language_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("run", "absent.toml") == 1
    assert "dit bestand is er niet" in capsys.readouterr().err
    assert ended("run", "absent.toml", "--lang", "en") == 1
    assert "there is no such file" in capsys.readouterr().err
    assert ended("run", "absent.toml", "--lang=en") == 1
    assert "there is no such file" in capsys.readouterr().err


def test_a_wrong_option_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("run", "--langg", "en") == 1
    captured = capsys.readouterr()
    assert "langg" in captured.out + captured.err


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("study.toml", "studie"),
        ("instellingenmbo.csv", "instellingenmbo"),
        ("mbo_opleidingsaanbod.csv", "mbo_opleidingsaanbod"),
        ("mbo-studentenprognose_gemeente_onderwijslocatie.csv", "mbo-studentenprognose"),
        ("onderwijslocaties.csv", "onderwijslocaties"),
        ("83502NED.csv", "83502NED"),
        ("gemeente_herindelingen.csv", "gemeente_herindelingen"),
        ("cbsgebiedsindelingen2025.gpkg", "gemeente_gegeneraliseerd"),
        ("cbs_pc4_2024.gpkg", "postcode4"),
        ("wegen.osm.pbf", "OpenStreetMap"),
    ],
)
def test_check_knows_every_file_of_the_example(
    example: Path, capsys: pytest.CaptureFixture[str], name: str, what: str
) -> None:
    assert ended("check", str(example / name)) == 0
    shown = capsys.readouterr().out
    assert "niets mis" in shown
    assert what in shown


def test_check_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "instellingenmbo.csv"
    path.write_text("INSTELLINGSCODE,STRAATNAAM,POSTCODE,PLAATSNAAM\n91AA,A,6751AA,B\n")
    assert ended("check", str(path), "--lang", "en") == 1
    assert "column" in capsys.readouterr().err
    path.write_text("A,B\n1,2\n")
    assert ended("check", str(path), "--lang", "en") == 1
    assert "none of the tables" in capsys.readouterr().err
    assert ended("check", str(tmp_path), "--lang", "en") == 1
    assert "folder" in capsys.readouterr().err


def test_check_of_a_study_reads_its_own_tables(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "eigen.csv").write_text("Brin;Oordeel;Jaar\n01ZZ;Goed;2024\n", encoding="utf-8")
    study = tmp_path / "study.toml"
    borders = (example / "cbsgebiedsindelingen2025.gpkg").as_posix()

    def asked(column: str) -> int:
        study.write_text(
            f'title = "T"\n[inputs]\nmunicipalities = "{borders}"\nsites = "eigen.csv"\n'
            '[[indicator]]\nname = "Oordeel"\npath = "eigen.csv"\nby = "institution"\n'
            f'columns = {{ institution_id = "Brin", label = "{column}", year = "Jaar" }}\n',
            encoding="utf-8",
        )
        return ended("check", str(study))

    assert asked("Oordeel") == 0
    assert asked("Oordel") == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1  # and it is said once
    assert "eigen.csv: kolom 'Oordel' ontbreekt" in told[0]


def test_without_a_network_is_told_what_can_be_done_without_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--store", str(tmp_path), "--mirror", "http://127.0.0.1:9")
    assert ended("fetch", "institutions", *where) == 1
    assert "werk met wat er al is (--offline)" in capsys.readouterr().err


def test_an_output_folder_that_cannot_be_is_told(
    example: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli.studies, "own_cache", Cache)
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / "maps"
    assert ended("run", str(example / "study.toml"), "--out", str(out), "--offline") == 1
    told = capsys.readouterr().err
    assert "kan niet worden geschreven (een deel van dit pad is een bestand)" in told
    assert "De invoer lezen" not in told  # before the work, not after it
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_who_reads_only_the_beginning_gets_no_traceback() -> None:
    code = "from geo_mbo import cli; cli.main(['sources'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""


def test_a_copy_of_a_study_of_a_region_speaks_of_that_region(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    assert ended("new", str(path), "--of", "provincie-utrecht") == 0
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# Provincie Utrecht uit open data")
