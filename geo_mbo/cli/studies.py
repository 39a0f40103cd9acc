"""Commands on studies: run, fetch, new, check, and which the program brings."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from geo_mbo.cache import Cache, writable, write_text
from geo_mbo.cli.console import bar, show_table, size_of, speaker
from geo_mbo.errors import MissingFileError, StudyError
from geo_mbo.messages import Lang, number, text

if TYPE_CHECKING:
    from geo_mbo.study import Study
    from geo_mbo.study.fetched import Planned

Store = Annotated[Path | None, Parameter(env_var="GEO_MBO_STORE")]
Mirror = Annotated[str, Parameter(env_var="GEO_MBO_MIRROR")]


def run(
    study: str = "",
    *,
    out: Path | None = None,
    lang: Lang | None = None,
    offline: bool = False,
    store: Store = None,
    mirror: Mirror = "",
    verbose: bool = False,
) -> None:
    """Run a study: read its inputs, measure, and write maps, report, GeoPackage and workbook.

    Parameters
    ----------
    study
        Study file (TOML), or the name of a study that the program brings, such as nederland.
        Without it, the embedded example where the project lies beside.
    out
        Folder for the results; otherwise the one that the study names.
    lang
        Language of the results: nl or en; otherwise the one that the study names.
    offline
        Ask nothing of the network: files as fetched before, addresses by their postcode.
    store
        Folder of files fetched from publishers; otherwise the user's own.
    mirror
        Address of a server that hands out publishers' data in their place.
    verbose
        Tell on the screen what is logged.
    """
    from geo_mbo.study import run_study

    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(message)s")
    began = time.monotonic()
    given = named_study(study or str(example()), mirror)
    language: Lang = lang or given.lang
    folder = out or given.path(given.out)
    writable(folder)
    if not offline:
        _tell_plan(given, store, language)
    with bar(language) as progress:
        outcome = run_study(
            given,
            folder=folder,
            lang=language,
            offline=offline,
            cache=own_cache(),
            store=store,
            progress=progress,
        )
    say = speaker(language)
    say("cli.wrote", folder=str(folder))
    for path in outcome.written:
        print(f"  {path.relative_to(folder)}  ({size_of(path, language)})")  # noqa: T201
    say("cli.notes", count=len(outcome.notes))
    say("cli.seconds", seconds=round(time.monotonic() - began, 1))
    say("cli.open", path=str(folder / "index.html"))


def fetch(
    what: str,
    *,
    offline: bool = False,
    year: int | None = None,
    store: Store = None,
    mirror: Mirror = "",
    lang: Lang = "nl",
) -> None:
    """Fetch what a study wants of publishers, or one data set; ask again where it is kept.

    Parameters
    ----------
    what
        Study file (TOML), name of a study that the program brings, or name of a data set.
    offline
        Ask nobody: say what is there, and how old it is.
    year
        Year of a data set that is published by year.
    store
        Folder of fetched files; otherwise the user's own.
    mirror
        Address of a server that hands out publishers' data in their place.
    lang
        Language of the answer: nl or en.
    """
    from geo_mbo.notes import Note
    from geo_mbo.sources.catalogue import data_sets
    from geo_mbo.study import shipped as shipped_studies
    from geo_mbo.study.fetched import fetched, files_of, own_store, planned
    from geo_mbo.study.model import InputFile

    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    folder, notes = store or own_store(), list[Note]()
    if what in data_sets() and what not in shipped_studies.names():
        files = {what: InputFile(source=what, year=year)}
    else:
        study = named_study(what, mirror, also=tuple(data_sets()))
        files, mirror = files_of(study), study.mirror
    plan = planned(files, store=folder)
    _show_plan(plan, lang)
    if not offline:
        _tell_size(plan, lang)
    with bar(lang) as progress:
        found = fetched(
            plan,
            store=folder,
            mirror=mirror,
            offline=offline,
            again=True,
            progress=progress,
            notify=notes.append,
        )
    for told in notes:
        print(told.text(lang))  # noqa: T201
    for kept in found.values():
        print(f"  {kept.path}  ({size_of(kept.path, lang)})")  # noqa: T201
    speaker(lang)("cli.fetched", folder=str(folder))


def shipped(*, lang: Lang = "nl") -> None:
    """List the studies that the program brings: run them by name, or copy them with new.

    Parameters
    ----------
    lang
        Language of the list: nl or en.
    """
    from geo_mbo.study import shipped as shipped_studies

    headings = [text(f"cli.column.{name}", lang) for name in ("study", "title")]
    show_table(headings, [(name, shipped_studies.title(name)) for name in shipped_studies.names()])


def new(study: Path, *, of: str = "", lang: Lang = "nl") -> None:
    """Write a commented study file to start from.

    Parameters
    ----------
    study
        Where to write it, such as study.toml.
    of
        Start from a study that the program brings (geo-mbo studies), or from instelling.
    lang
        Language of the comments: nl or en.
    """
    from geo_mbo.study import shipped as shipped_studies

    if study.exists():
        raise StudyError.of("study_exists", path=str(study))
    if not study.absolute().parent.is_dir():
        raise MissingFileError.of("folder_missing", path=str(study.absolute().parent))
    write_text(study, shipped_studies.template(of, lang))
    speaker(lang)("cli.new", path=str(study))


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
    say = speaker(lang)
    if file.suffix == ".toml":
        from geo_mbo.study import read_study
        from geo_mbo.study.indicators import check_wishes

        study = read_study(file)
        check_wishes(study)
        given = study.inputs.given()
        say("cli.study_fine", path=str(file), title=study.title, count=len(given))
        return
    from geo_mbo.study.checking import check_table

    found = check_table(file)
    say("cli.fine", path=str(file), rows=found.rows, what=found.what)


def named_study(named: str, mirror: str, *, also: tuple[str, ...] = ()) -> Study:
    """Read a study file, or the study that the program brings under this name.

    Where there is none, names like it are told: of studies, and of what may be meant `also`.
    """
    from geo_mbo.study import read_study
    from geo_mbo.study import shipped as shipped_studies

    if named in shipped_studies.names() and not Path(named).is_file():
        study = shipped_studies.read(named)
    else:
        study = read_study(Path(named), near=(*shipped_studies.names(), *also))
    return study.model_copy(update={"mirror": mirror}) if mirror else study


def _tell_plan(study: Study, store: Path | None, lang: Lang) -> None:
    """Say beforehand how much will be fetched, where anything will."""
    from geo_mbo.study.fetched import files_of, own_store, planned

    _tell_size(planned(files_of(study), store=store or own_store()), lang)


def _tell_size(plan: tuple[Planned, ...], lang: Lang) -> None:
    from geo_mbo.study.fetched import seconds_of

    waiting = [p for p in plan if p.kept is None]
    if not waiting:
        return
    seconds = seconds_of(waiting)
    size = sum(p.megabytes or 0.0 for p in waiting)
    speaker(lang)(
        "cli.to_fetch",
        count=len(waiting),
        publishers=len({p.what.data_set.publisher for p in waiting}),
        megabytes=number(size, lang, 0 if size >= 10 else 1),
        minutes=number(max(seconds / 60, 0.1), lang, 0 if seconds >= 600 else 1),
    )


def _show_plan(plan: tuple[Planned, ...], lang: Lang) -> None:
    def line(p: Planned) -> tuple[str, ...]:
        size = "?" if p.megabytes is None else number(p.megabytes, lang, 1)
        when = p.kept.fetched.at[:10] if p.kept else "-"
        return p.key, p.what.data_set.publisher, p.what.name, f"{size} MB", when

    columns = ("input", "publisher", "what", "size", "fetched")
    show_table([text(f"cli.column.{name}", lang) for name in columns], map(line, plan))


def example() -> Path:
    """Give the study of the embedded example."""
    return Path(__file__).resolve().parents[2] / "data" / "example" / "study.toml"


def own_cache() -> Cache:
    """Give the cache in which a user's networks and travel times are kept."""
    from platformdirs import user_cache_path

    return Cache(user_cache_path("geo_mbo"))
