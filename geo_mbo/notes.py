"""Findings about the data: what was dropped, guessed, moved or masked on the way.

A function that has something to tell takes ``notify``, a callable that gets each `Note`; the
default writes it to the log. The study collects them all, and they reach the report and the
GeoPackage.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from geo_mbo.messages import Lang, text

_log = logging.getLogger(__name__)

SHOWN_ROWS = 20
"""How many offenders a note names; the count is always whole."""


@dataclass(frozen=True)
class Note:
    """One finding: a message key (without ``note.``), its values, and the rows it speaks of.

    Attributes
    ----------
    code
        Key in the catalogue under ``note.``.
    count
        How many rows, cells or people it speaks of.
    rows
        Identifiers of the first offenders, at most `SHOWN_ROWS`.
    params
        Further values of the sentence's placeholders.
    """

    code: str
    count: int = 0
    rows: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)

    def text(self, lang: Lang = "en") -> str:
        """Give the sentence in one language, with the first offenders behind it."""
        named = ", ".join(self.rows)
        more = ", ..." if self.rows and self.count > len(self.rows) else ""
        sentence = text(f"note.{self.code}", lang, count=self.count, **self.params)
        return f"{sentence} ({named}{more})" if self.rows else sentence


def note(
    code: str, /, rows: Iterable[object] = (), count: int | None = None, **params: object
) -> Note:
    """Make a note; `count` is the number of rows where it is not given.

    Examples
    --------
    >>> note("offline", ["901X007"]).count
    1
    """
    named = [str(row) for row in rows]
    return Note(
        code, len(named) if count is None else count, tuple(named[:SHOWN_ROWS]), dict(params)
    )


def together(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Tell each finding once: what holds for several modes of travel in one sentence.

    Examples
    --------
    >>> both = [note("snap_cut_off", ["6776"], mode=mode) for mode in ("bike", "car")]
    >>> [found.params["mode"] for found in together(both)]
    [('bike', 'car')]
    """
    merged: list[Note] = []
    for found in notes:
        alike = [k for k, other in enumerate(merged) if _but_mode(other) == _but_mode(found)]
        if not alike:
            merged.append(found)
            continue
        first = merged[alike[0]]
        modes = dict.fromkeys([*_modes(first), *_modes(found)])
        if modes:
            merged[alike[0]] = replace(first, params={**first.params, "mode": tuple(modes)})
    return tuple(merged)


def _but_mode(found: Note) -> Note:
    return replace(found, params={k: v for k, v in found.params.items() if k != "mode"})


def _modes(found: Note) -> tuple[str, ...]:
    mode = found.params.get("mode", ())
    return (mode,) if isinstance(mode, str) else tuple(mode)


Notify = Callable[[Note], None]
"""Takes a finding."""


def to_log(found: Note) -> None:
    """Write a finding to the log: what happens where nobody asked for the notes."""
    _log.warning("%s", found.text("en"))
