"""The command line: one command per verb; each reads, makes one call, and writes.

Heavy libraries are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

from cyclopts import App, CycloptsError

from geo_mbo.cache import Cache, write_text
from geo_mbo.errors import GeoMboError, MissingFileError, StudyError
from geo_mbo.messages import LANGS, Lang, number, text
from geo_mbo.progress import Progress

app = App(
    name="geo-mbo",
    help="Travel and catchments for Dutch vocational education, from open data to maps.",
    version=lambda: version("geo-mbo"),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


@app.command
def run(
    study: Path | None = None,
    *,
    out: Path | None = None,
    lang: Lang | None = None,
    offline: bool = False,
    verbose: bool = False,
) -> None:
    """Run a study: read its inputs, measure, and write maps, report, GeoPackage and workbook.

    Parameters
    ----------
    study
        Study file (TOML). Without it, the embedded example where the project lies beside.
    out
        Folder for the results; otherwise the one that the study names.
    lang
        Language of the results: nl or en; otherwise the one that the study names.
    offline
        Ask nothing of the network: addresses without coordinates go by their postcode.
    verbose
        Tell on the screen what is logged.
    """
    from geo_mbo.study import read_study, run_study

    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(message)s")
    began = time.monotonic()
    given = read_study(study or _example())
    language: Lang = lang or given.lang
    folder = out or given.path(given.out)
    with _bar(language) as progress:
        outcome = run_study(
            given,
            folder=folder,
            lang=language,
            offline=offline,
            cache=_cache(),
            progress=progress,
        )
    say = _speaker(language)
    say("cli.wrote", folder=str(folder))
    for path in outcome.written:
        print(f"  {path.relative_to(folder)}  ({_size(path, language)})")  # noqa: T201  what was made
    say("cli.notes", count=len(outcome.notes))
    say("cli.seconds", seconds=round(time.monotonic() - began, 1))
    say("cli.open", path=str(folder / "index.html"))


@app.command
def new(study: Path, *, lang: Lang = "nl") -> None:
    """Write a commented study file to start from.

    Parameters
    ----------
    study
        Where to write it, such as study.toml.
    lang
        Language of the comments: nl or en.
    """
    if study.exists():
        raise StudyError.of("study_exists", path=str(study))
    if not study.absolute().parent.is_dir():
        raise MissingFileError.of("folder_missing", path=str(study.absolute().parent))
    template = files("geo_mbo") / "resources" / "studies" / f"study.{lang}.toml"
    write_text(study, template.read_text(encoding="utf-8"))
    _speaker(lang)("cli.new", path=str(study))


@app.command
def check(file: Path, *, lang: Lang = "nl") -> None:
    """Say what is wrong with a table or a study file; exit code 0 where nothing is.

    Parameters
    ----------
    file
        A publisher's file (CSV, XLSX, GeoPackage, GeoJSON), a road map, or a study file (TOML).
    lang
        Language of the answer: nl or en.
    """
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    say = _speaker(lang)
    if file.suffix == ".toml":
        from geo_mbo.study import read_study

        study = read_study(file)
        given = study.inputs.given()
        say("cli.study_fine", path=str(file), title=study.title, count=len(given))
        return
    from geo_mbo.study.checking import check_table

    found = check_table(file)
    say("cli.fine", path=str(file), rows=found.rows, what=found.what)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; ends the process with 0, or 1 where something was wrong."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A console that lacks a letter shows another for it rather than breaking off.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    try:
        app(words, exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(1)
    except GeoMboError as error:
        print(error.text(_asked_language(words)), file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except KeyboardInterrupt:
        print(text("cli.broken_off", _asked_language(words)), file=sys.stderr)  # noqa: T201
        sys.exit(130)
    sys.exit(0)


def _asked_language(words: Sequence[str]) -> Lang:
    """Find the language on the command line, also where the command failed early."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        asked = word.removeprefix("--lang=") if word.startswith("--lang=") else following
        if word.startswith("--lang") and asked in LANGS:
            return asked
    return "nl"


def _example() -> Path:
    return Path(__file__).resolve().parents[1] / "data" / "example" / "study.toml"


def _cache() -> Cache:
    from platformdirs import user_cache_path

    return Cache(user_cache_path("geo_mbo"))


def _speaker(lang: Lang) -> Callable[..., None]:
    def say(key: str, **params: object) -> None:
        print(text(key, lang, **params))  # noqa: T201  the command line speaks

    return say


def _size(path: Path, lang: Lang) -> str:
    size = path.stat().st_size
    return f"{number(size / 1e6, lang, 1)} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


@contextmanager
def _bar(lang: Lang) -> Iterator[Progress]:
    """Draw a bar on a terminal; elsewhere write one line a step."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        said: list[str] = []

        def line(fraction: float, key: str) -> None:
            if key not in said:
                said.append(key)
                print(f"{fraction:4.0%} {text(f'step.{key}', lang)}", file=sys.stderr)  # noqa: T201

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda fraction, key: bar.update(
            task, completed=fraction, description=text(f"step.{key}", lang)
        )
