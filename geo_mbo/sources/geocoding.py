"""Where addresses are, in bulk: the Locatieserver of PDOK, each question asked once ever.

Every answer is added to a file as it comes, so that a run that breaks off after ten thousand
addresses goes on with the next one. Questions are asked one after the other; what fails for the
moment is asked again with growing pauses (`geo_mbo.sources.web.Web`).

Source: PDOK Locatieserver v3.1 (github.com/PDOK/locatieserver).
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from geo_mbo.errors import FetchError, FileError, InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.progress import Progress, silent
from geo_mbo.sources.pdok import URL, address_texts, read_point
from geo_mbo.sources.web import Web

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("x_m", "y_m", "score", "distance_m", "address_id", "address", "municipality_id")
SERVICE_HOST = "api.pdok.nl"
"""Host of the Locatieserver."""

_NUMBERS = COLUMNS[:4]
_FIELDS = "id,weergavenaam,gemeentecode,centroide_rd"
_FORMAT = 1

Question = tuple[str, Mapping[str, str]]
"""The service (free, lookup, reverse) and what stands behind its question mark."""


def locate_all(
    addresses: pd.DataFrame,
    *,
    web: Web | None,
    store: Path,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Ask where addresses are; each one once ever.

    Parameters
    ----------
    addresses
        ``street``, ``number``, ``postcode``, ``place`` (text; any may be missing). An address that
        is all blank is not asked.
    web
        Who may be asked: ``api.pdok.nl`` has to be one of its hosts. None asks nobody: addresses
        that were not asked before have no answer.
    store
        The file that keeps the answers (JSON, one a line); it need not be there yet.
    progress
        Gets the fraction of the questions that was answered.
    notify
        Gets the findings.

    Returns
    -------
    pandas.DataFrame
        On the index of `addresses`: ``x_m``, ``y_m`` (RD New), ``score`` of the best hit,
        ``distance_m`` (missing here), ``address_id``, ``address`` (as PDOK writes it),
        ``municipality_id`` (``GM....``); missing where there is no hit.

    Raises
    ------
    FetchError
        The service could not be reached or gave no answer; what was answered before is kept.
    FileError
        The file of answers cannot be read or written.
    """
    fixed = {"fq": "type:adres", "fl": f"{_FIELDS},score", "rows": "1"}
    questions: list[Question | None] = [
        ("free", {"q": text, **fixed}) if text else None for text in address_texts(addresses)
    ]
    return _answered(
        questions, addresses.index, web=web, store=store, progress=progress, notify=notify
    )


def lookup_all(
    ids: pd.Series,
    *,
    web: Web,
    store: Path,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Ask where things are of which the identifier in the Locatieserver is known (``adr-...``).

    Parameters
    ----------
    ids
        Identifiers; missing ones are not asked.
    web, store, progress, notify
        As for `locate_all`; the file may be the same.

    Returns
    -------
    pandas.DataFrame
        As for `locate_all`, on the index of `ids`, without a score.

    Raises
    ------
    FetchError, FileError
        As for `locate_all`.
    """
    texts = ids.fillna("").astype("str").str.strip()
    questions: list[Question | None] = [
        ("lookup", {"id": text, "fl": _FIELDS}) if text else None for text in texts
    ]
    return _answered(questions, ids.index, web=web, store=store, progress=progress, notify=notify)


def reverse_all(
    places: pd.DataFrame,
    *,
    web: Web,
    store: Path,
    progress: Progress = silent,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Ask which address is nearest to places.

    Parameters
    ----------
    places
        ``latitude`` and ``longitude`` (degrees, WGS 84); a place without both is not asked.
    web, store, progress, notify
        As for `locate_all`; the file may be the same.

    Returns
    -------
    pandas.DataFrame
        As for `locate_all`, on the index of `places`: the nearest address, and ``distance_m``, how
        far the place is from it in metres; no score.

    Raises
    ------
    InputError
        Some places are no degrees.
    FetchError, FileError
        As for `locate_all`.
    """
    known = places[["latitude", "longitude"]].astype(float)
    wrong = known[(known["latitude"].abs() > 90) | (known["longitude"].abs() > 180)]
    if len(wrong):
        y, x = (str(value) for value in wrong.iloc[0])
        raise InputError.of("wrong_degrees", count=len(wrong), latitude=y, longitude=x)
    fixed = {"type": "adres", "rows": "1", "fl": f"{_FIELDS},afstand"}
    # Seven decimals are a centimetre: the same place is the same question.
    questions: list[Question | None] = [
        ("reverse", {"lat": f"{y:.7f}", "lon": f"{x:.7f}", **fixed}) if y == y and x == x else None  # noqa: PLR0124
        for y, x in zip(known["latitude"], known["longitude"], strict=True)
    ]
    return _answered(
        questions, places.index, web=web, store=store, progress=progress, notify=notify
    )


def _answered(
    questions: Sequence[Question | None],
    index: pd.Index[Any],
    *,
    web: Web | None,
    store: Path,
    progress: Progress,
    notify: Notify,
) -> pd.DataFrame:
    """Answer questions from the file, and ask what is not in it."""
    import pandas as pd

    known = _kept(store, notify)
    due = {_key(question): question for question in questions if question}
    asked = {key: question for key, question in due.items() if key not in known}
    if asked and web is not None:
        with _appending(store) as file:
            for done, (key, question) in enumerate(asked.items()):
                progress(done / len(asked), "geocode")
                known[key] = _ask(web, *question)
                _keep(file, key, known[key])
    progress(1.0, "geocode")
    nothing: dict[str, Any] = {}
    rows = [known.get(_key(question)) or nothing if question else nothing for question in questions]
    texts = [name for name in COLUMNS if name not in _NUMBERS]
    frame = pd.DataFrame(rows, columns=list(COLUMNS), index=index)
    return frame.astype({**dict.fromkeys(_NUMBERS, float), **dict.fromkeys(texts, "str")})


def _ask(web: Web, service: str, params: Mapping[str, str]) -> dict[str, Any] | None:
    """Ask one question; None where there is no hit."""
    url = f"{URL}/{service}"
    answer = web.json(url, params=params)
    try:
        docs = answer["response"]["docs"]
        if not docs:
            return None
        x_m, y_m = read_point(docs[0]["centroide_rd"])
        code = docs[0].get("gemeentecode")
        found = {
            "x_m": x_m,
            "y_m": y_m,
            "score": docs[0].get("score"),
            "distance_m": docs[0].get("afstand"),
            "address_id": docs[0].get("id"),
            "address": docs[0].get("weergavenaam"),
            "municipality_id": f"GM{str(code).zfill(4)}" if code else None,
        }
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise FetchError.of("fetch_garbage", url=url, value=str(answer)[:80]) from error
    return {name: value for name, value in found.items() if value is not None}


def _key(question: Question) -> str:
    service, params = question
    return json.dumps([service, *sorted(params.items())], ensure_ascii=False)


def _kept(store: Path, notify: Notify) -> dict[Hashable, dict[str, Any] | None]:
    """Read the answers of before; a line that broke off is asked for again."""
    known: dict[Hashable, dict[str, Any] | None] = {}
    broken = 0
    try:
        if not store.exists():
            return known
        with store.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                answer = _read_line(line)
                if answer is not None:
                    known[answer[0]] = answer[1]
                else:
                    broken += bool(line.strip())
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError.of("cannot_read", path=str(store), reason=reason) from error
    if broken:
        notify(note("geocodes_unreadable", count=broken, path=str(store)))
    return known


def _read_line(line: str) -> tuple[str, dict[str, Any] | None] | None:
    """Read one kept answer; None where the line is not as it was written."""
    try:
        told = json.loads(line)
        key, found = str(told["asked"]), told["found"]
        return (key, found) if told["mark"] == _mark(key, found) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


@contextmanager
def _appending(store: Path) -> Iterator[TextIO]:
    """Open the file of answers to add to it, behind a last line that may have broken off."""
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        with store.open("ab") as last:
            size = last.tell()
        whole = not size or _last_byte(store) == b"\n"
        with store.open("a", encoding="utf-8", newline="\n") as file:
            file.write("" if whole else "\n")
            yield file
    except OSError as error:
        if isinstance(error, FetchError | FileError):
            raise
        reason = error.strerror or str(error)
        raise FileError.of("cannot_write", path=str(store), reason=reason) from error


def _mark(key: str, found: Mapping[str, Any] | None) -> str:
    """Give the mark by which an answer is known to be as it was written."""
    return sha256(json.dumps([_FORMAT, key, found]).encode()).hexdigest()[:16]


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1)


def _keep(file: TextIO, key: str, found: Mapping[str, Any] | None) -> None:
    """Add an answer, on the disk before the next question is asked."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"asked": key, "found": found, "at": now, "mark": _mark(key, found)}
    file.write(json.dumps(told, ensure_ascii=False) + "\n")
    file.flush()
