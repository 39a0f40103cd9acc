"""What a study wants of publishers: how much that is, and the study with its files in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, GeoMboError, InputError
from geo_mbo.notes import Note, Notify, note, to_log
from geo_mbo.progress import Progress, part, silent
from geo_mbo.study.model import InputFile, Study

if TYPE_CHECKING:
    from geo_mbo.sources.fetching import Wanted
    from geo_mbo.sources.store import Kept


@dataclass(frozen=True)
class Planned:
    """One file that a study wants of a publisher.

    Attributes
    ----------
    key
        The input that it is.
    what
        What is asked of whom.
    kept
        The file as fetched before; None where it has to be fetched.
    """

    key: str
    what: Wanted
    kept: Kept | None

    @property
    def megabytes(self) -> float | None:
        """Give the size: that of the kept file, else what the catalogue expects."""
        return self.kept.fetched.bytes / 1e6 if self.kept else self.what.megabytes


def own_store() -> Path:
    """Give the folder in which a user's fetched files lie, for all studies."""
    from platformdirs import user_cache_path

    return user_cache_path("geo_mbo") / "fetched"


def files_of(study: Study) -> dict[str, InputFile]:
    """Give all files of a study: inputs by their key, indicators by their place in the list."""
    told = {f"indicator.{n}": wish for n, wish in enumerate(study.indicators)}
    return {**study.inputs.given(), **told}


def planned(files: Mapping[str, InputFile], *, store: Path) -> tuple[Planned, ...]:
    """Say what is wanted of publishers, and what of it is there already.

    Parameters
    ----------
    files
        Files by name (`files_of`); those that have a path are nobody's to fetch.
    store
        Folder of fetched files.

    Raises
    ------
    InputError
        Files name data sets that the catalogue does not have: all of them at once.
    """
    from geo_mbo.sources.fetching import wanted

    found, breaches = list[Planned](), list[Breach]()
    for key, given in files.items():
        if given.path is not None:
            continue
        try:
            what = wanted(given.source or key, url=given.url, year=given.year)
        except InputError as error:
            breaches += error.breaches
        else:
            found.append(Planned(key, what, what.shelf(store).kept()))
    if breaches:
        raise InputError(breaches)
    return tuple(found)


def seconds_of(plan: Iterable[Planned]) -> float:
    """Estimate how long fetching takes that is still to be done, at an ordinary line's speed."""
    from geo_mbo.sources.fetching import BYTES_PER_S

    return sum((p.megabytes or 0.0) * 1e6 for p in plan if p.kept is None) / BYTES_PER_S


def fetched(
    plan: Sequence[Planned],
    *,
    store: Path,
    mirror: str = "",
    offline: bool = False,
    again: bool = False,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> dict[str, Kept]:
    """Fetch what is planned, as far as it is not there.

    Parameters
    ----------
    plan
        What is wanted (`planned`).
    store
        Folder of fetched files.
    mirror
        Address of a server that stands for all publishers; blank: they are asked themselves.
    offline
        Ask nobody: what was fetched before has to do.
    again
        Ask publishers also for what is kept; where that fails, the kept file stays.
    progress
        Gets the part of the megabytes that is there.
    notify
        Gets notes on how old kept files are.

    Returns
    -------
    dict
        The file of each key.

    Raises
    ------
    InputError
        Files could not be had: all of them at once. What was fetched is kept.
    """
    from geo_mbo.sources.fetching import fetch, web_for

    web = None if offline else web_for((p.what for p in plan), mirror=mirror)
    whole = sum(_weight(p) for p in plan) or 1.0
    done, breaches, notes = 0.0, list[Breach](), list[Note]()
    found: dict[str, Kept] = {}
    for p in plan:
        step = part(progress, done / whole, (done + _weight(p)) / whole)
        try:
            found[p.key] = fetch(
                p.what, store=store, web=web, again=again, progress=step, notify=notes.append
            )
        except GeoMboError as error:
            breaches += error.breaches
        done += _weight(p)
        progress(min(done / whole, 1.0), "fetch")
    _tell(plan, found, notes, notify)
    if breaches:
        raise InputError(_together(breaches))
    return found


def _together(breaches: Sequence[Breach]) -> list[Breach]:
    """Tell once what ails several files alike: nobody answers, or nothing was fetched yet."""
    told: list[Breach] = []
    for code in dict.fromkeys(breach.code for breach in breaches):
        alike = [breach for breach in breaches if breach.code == code]
        if code not in ("not_kept", "fetch_failed") or len(alike) == 1:
            told += alike
            continue
        what = [str(b.params.get("name") or b.params.get("url")) for b in alike]
        first = {"count": len(alike), "value": ", ".join(dict.fromkeys(what))}
        told.append(Breach(f"{code}_several", {**alike[0].params, **first}))
    return told


def _tell(
    plan: Iterable[Planned], found: Mapping[str, Kept], notes: Iterable[Note], notify: Notify
) -> None:
    """Tell what happened to each file, and once how old the files are that were there."""
    kept = [(p.what.name, found[p.key]) for p in plan if p.kept and p.key in found]
    dated = sorted({(was.fetched.at[:10], name) for name, was in kept})
    if dated:
        oldest = max(was.days for _, was in kept)
        rows = [f"{name} {date}" for date, name in dated]
        notify(note("kept_files", rows, date=dated[0][0], days=oldest))
    for told in notes:
        if told.code != "kept_file":
            notify(told)


def with_files(
    study: Study,
    *,
    store: Path,
    offline: bool = False,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> Study:
    """Give the study with the path of every file that it wants of publishers, fetched if need be.

    Parameters
    ----------
    study
        The study; its ``mirror`` stands for all publishers where it has one.
    store, offline, progress, notify
        As for `fetched`.

    Raises
    ------
    InputError
        Files could not be had: all of them at once. What was fetched is kept.
    """
    plan = planned(files_of(study), store=store)
    found = fetched(
        plan, store=store, mirror=study.mirror, offline=offline, progress=progress, notify=notify
    )
    return _placed(study, found)


def _placed(study: Study, places: Mapping[str, Kept]) -> Study:
    """Give the study with these files filled in."""

    def at(key: str, given: InputFile) -> dict[str, object]:
        kept = places[key]
        year = kept.fetched.year or given.year
        return {"path": kept.path, "source": given.source or key, "year": year}

    inputs = {
        key: given.model_copy(update=at(key, given))
        for key, given in study.inputs.given().items()
        if key in places
    }
    indicators = tuple(
        wish.model_copy(update=at(key, wish)) if (key := f"indicator.{n}") in places else wish
        for n, wish in enumerate(study.indicators)
    )
    return study.model_copy(
        update={"inputs": study.inputs.model_copy(update=inputs), "indicators": indicators}
    )


def _weight(plan: Planned) -> float:
    return plan.megabytes or 1.0
