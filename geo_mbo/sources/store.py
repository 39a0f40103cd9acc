"""Files fetched from publishers, kept from one run to the next.

Each file has a folder; in it every state of the file has a folder of its own, named after the
digest of its bytes, and never changes. ``current.json`` says which state holds, and is replaced in
one step: a good file is never lost to a bad one, whatever breaks off. The state before stays too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from geo_mbo.cache import write_text
from geo_mbo.errors import FileError
from geo_mbo.provenance import digest
from geo_mbo.sources.download import Fetched

_CURRENT = "current.json"


@dataclass(frozen=True)
class Kept:
    """A file that was fetched before.

    Attributes
    ----------
    path
        Where it lies.
    fetched
        What is known of it.
    """

    path: Path
    fetched: Fetched

    @property
    def days(self) -> int:
        """How many days ago it was fetched."""
        return max((datetime.now(UTC) - self.fetched.date).days, 0)

    def whole(self) -> bool:
        """Tell whether its bytes are those that came."""
        return (
            self.path.stat().st_size == self.fetched.bytes
            and digest(self.path) == self.fetched.sha256
        )


@dataclass(frozen=True)
class Shelf:
    """The place of one file in the store.

    Attributes
    ----------
    folder
        Folder of this file alone.
    """

    folder: Path

    @property
    def incoming(self) -> Path:
        """Folder in which the next state comes in; what broke off goes on from there."""
        return self.folder / "incoming"

    def kept(self) -> Kept | None:
        """Give the state that holds; None where nothing was fetched, or its file is gone."""
        return self._state("now")

    def previous(self) -> Kept | None:
        """Give the state before that; None where there was none."""
        return self._state("before")

    def settle(self, came: Path, fetched: Fetched) -> Kept:
        """Let what came hold from now on; the state that held stays as the one before.

        Raises
        ------
        FileError
            The folder cannot be written.
        """
        now = self.kept()
        state = self.folder / fetched.sha256[:16]
        try:
            state.mkdir(parents=True, exist_ok=True)
            came.replace(state / came.name)
            said = self._said()
            told = {"name": came.name, **asdict(fetched)}
            changed = now is None or now.fetched.sha256 != fetched.sha256
            before = said.get("now" if changed else "before")
            write_text(
                self.folder / _CURRENT, json.dumps({"now": told, "before": before}, indent=1)
            )
        except OSError as error:
            if isinstance(error, FileError):
                raise
            reason = error.strerror or str(error)
            raise FileError.of("cannot_write", path=str(self.folder), reason=reason) from error
        self._clear()
        return Kept(state / came.name, fetched)

    def confirm(self, kept: Kept, *, at: str) -> Kept:
        """Remember that the publisher still had the state that holds.

        Raises
        ------
        FileError
            The folder cannot be written.
        """
        seen = replace(kept.fetched, at=at)
        told = {"name": kept.path.name, **asdict(seen)}
        said = {"now": told, "before": self._said().get("before")}
        write_text(self.folder / _CURRENT, json.dumps(said, indent=1))
        return Kept(kept.path, seen)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others from fetching this file at the same time.

        Raises
        ------
        FileError
            Another program is fetching it, or the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock", timeout=0):
                yield
        except Timeout as error:
            raise FileError.of("store_busy", path=str(self.folder)) from error
        except OSError as error:
            if isinstance(error, FileError | ConnectionError):
                raise
            reason = error.strerror or str(error)
            raise FileError.of("cannot_write", path=str(self.folder), reason=reason) from error

    def _state(self, which: str) -> Kept | None:
        try:
            told: dict[str, Any] = dict(self._said().get(which) or {})
            path = self.folder / told["sha256"][:16] / Path(told.pop("name")).name
            kept = Kept(path, Fetched(**told))
        except (KeyError, TypeError, ValueError):
            return None
        return kept if path.is_file() else None

    def _said(self) -> dict[str, Any]:
        try:
            said = json.loads((self.folder / _CURRENT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    def _clear(self) -> None:
        """Take away states that neither hold nor come before."""
        stay = {kept.path.parent.name for kept in (self.kept(), self.previous()) if kept}
        for old in self.folder.iterdir():
            if old.is_dir() and old.name not in {*stay, self.incoming.name}:
                shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(self.incoming, ignore_errors=True)
