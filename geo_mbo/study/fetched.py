"""What a study wants of publishers: how much that is, and the study with its files in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, GeoMboError, InputError
from geo_mbo.notes import Notify, to_log
from geo_mbo.progress import Progress, part, silent
from geo_mbo.study.file import InputFile, Study

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


def planned(study: Study, *, store: Path) -> tuple[Planned, ...]:
    """Say what a study wants of publishers, and what of it is there already.

    Parameters
    ----------
    study
        The study.
    store
        Folder of fetched files.

    Raises
    ------
    InputError
        Inputs name data sets that the catalogue does not have: all of them at once.
    """
    return tuple(
        Planned(key, what, what.shelf(store).kept()) for key, what in _wanted(study).items()
    )


def seconds_of(plan: tuple[Planned, ...]) -> float:
    """Estimate how long fetching takes that is still to be done, at an ordinary line's speed."""
    from geo_mbo.sources.fetching import BYTES_PER_S

    return sum((p.megabytes or 0.0) * 1e6 for p in plan if p.kept is None) / BYTES_PER_S


def with_files(
    study: Study,
    *,
    store: Path,
    offline: bool = False,
    again: bool = False,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> Study:
    """Give the study with the path of every file that it wants of publishers, fetched if need be.

    Parameters
    ----------
    study
        The study; its ``mirror`` stands for all publishers where it has one.
    store
        Folder of fetched files.
    offline
        Ask nobody: what was fetched before has to do.
    again
        Ask publishers also for what is kept; where that fails, the kept file stays.
    progress
        Gets the part of the megabytes that is there.
    notify
        Gets notes on how old kept files are.

    Raises
    ------
    GeoMboError
        Files could not be had: all of them at once. What was fetched is kept.
    """
    from geo_mbo.sources.fetching import fetch, web_for

    plan = planned(study, store=store)
    web = None if offline else web_for((p.what for p in plan), mirror=study.mirror)
    whole = sum(_weight(p) for p in plan) or 1.0
    done, places, breaches = 0.0, dict[str, tuple[Path, int | None]](), list[Breach]()
    for p in plan:
        step = part(progress, done / whole, (done + _weight(p)) / whole)
        try:
            got = fetch(p.what, store=store, web=web, again=again, progress=step, notify=notify)
        except GeoMboError as error:
            breaches += error.breaches
        else:
            kept = p.what.shelf(store).kept()
            places[p.key] = got, kept.fetched.year if kept else None
        done += _weight(p)
        progress(min(done / whole, 1.0), "fetch")
    if breaches:
        raise InputError(breaches)
    return _placed(study, places)


def _wanted(study: Study) -> Mapping[str, Wanted]:
    """Give what is wanted, by input; those that the catalogue does not know are told together."""
    from geo_mbo.sources.fetching import wanted

    found, breaches = dict[str, "Wanted"](), list[Breach]()
    for key, given in _given(study).items():
        if given.path is not None:
            continue
        try:
            found[key] = wanted(given.source or key, url=given.url, year=given.year)
        except InputError as error:
            breaches += error.breaches
    if breaches:
        raise InputError(breaches)
    return found


def _given(study: Study) -> dict[str, InputFile]:
    """Give all files of a study: inputs by their key, indicators by their place in the list."""
    told = {f"indicator.{n}": wish for n, wish in enumerate(study.indicators)}
    return {**study.inputs.given(), **told}


def _placed(study: Study, places: Mapping[str, tuple[Path, int | None]]) -> Study:
    """Give the study with these files filled in."""

    def at(key: str, given: InputFile) -> dict[str, object]:
        path, year = places[key]
        return {"path": path, "source": given.source or key, "year": year or given.year}

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
