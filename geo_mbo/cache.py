"""Files kept from one run to the next, keyed by the digest of all that they were made from.

Beside each file lies a JSON that says what it was made from and which notes its making gave, so
that a result from the cache tells as much as a fresh one. Writes go to a temporary name and are
renamed; nothing is deleted unless asked.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from errno import errorcode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from geo_mbo.errors import FileError, GeoMboError
from geo_mbo.messages import catalogue
from geo_mbo.notes import Note, Notify, note, to_log

FORMAT = 2
"""Raised whenever what is kept changes its meaning: old files are not taken for new ones."""

if TYPE_CHECKING:
    import numpy.typing as npt

_MARKS = ("told.json", "zarr.json")
"""By these a folder of arrays, or a travel matrix, is known."""
_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Cache:
    """A folder of kept results.

    Attributes
    ----------
    folder
        Where they lie; None keeps nothing.
    """

    folder: Path | None = None

    def kept(
        self,
        kind: str,
        made_from: Mapping[str, object],
        *,
        make: Callable[[Notify], T],
        save: Callable[[T, Path], None],
        load: Callable[[Path], T],
        notify: Notify = to_log,
    ) -> T:
        """Load what was made from these inputs before, or make and keep it.

        Parameters
        ----------
        kind
            Short name in front of the digest, with its extension: ``"matrix.zarr"``.
        made_from
            Digests of all inputs and all parameters, as plain values.
        make
            Makes the result; gets the callable that takes its notes.
        save, load
            Write the result to a path, and read it back.
        notify
            Gets the notes of the making, also where the result was kept.
        """
        if self.folder is None:
            return make(notify)
        path, beside, recipe = self._place(self.folder, kind, made_from)
        known = _read(path, beside, load)
        if known is not None:
            notes, kept = known
            for found in notes:
                notify(found)
            return kept
        notes = []
        made = make(notes.append)
        try:
            with replacing(path) as fresh:
                save(made, fresh)
            told = {"made_from": json.loads(recipe), "notes": [asdict(found) for found in notes]}
            write_text(beside, json.dumps(told, indent=1, ensure_ascii=False, default=str))
        except FileError:
            # What was made is there all the same; it only has to be made again next time.
            notify(note("cache_unwritable", path=str(self.folder)))
        for found in notes:
            notify(found)
        return made

    def has(self, kind: str, made_from: Mapping[str, object]) -> bool:
        """Tell whether what was made from these inputs is kept."""
        if self.folder is None:
            return False
        path, beside, _ = self._place(self.folder, kind, made_from)
        return path.exists() and beside.exists()

    def _place(
        self, folder: Path, kind: str, made_from: Mapping[str, object]
    ) -> tuple[Path, Path, str]:
        recipe = json.dumps({"format": FORMAT, **made_from}, sort_keys=True, default=str)
        stem, dot, ending = kind.partition(".")
        path = folder / f"{stem}-{sha256(recipe.encode()).hexdigest()[:20]}{dot}{ending}"
        return path, path.with_name(path.name + ".json"), recipe


NO_CACHE = Cache()
"""A cache that keeps nothing."""


def _read(path: Path, beside: Path, load: Callable[[Path], T]) -> tuple[list[Note], T] | None:
    """Read what was kept; None where nothing was, or where it is spoilt."""
    if not (path.exists() and beside.exists()):
        return None
    try:
        told = json.loads(beside.read_text(encoding="utf-8"))["notes"]
        kept = load(path)
    except (FileError, ValueError, KeyError):
        _log.info("spoilt, made again: %s", path.name)
        return None
    _log.info("kept: %s", path.name)
    return [Note(**{**found, "rows": tuple(found["rows"])}) for found in told], kept


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place only when all went well.

    Nothing is ever half there: on an error what was at `path` stays as it was.

    Raises
    ------
    FileError
        The folder cannot be written, the disk is full, or `path` is a folder that holds other
        things than what this program writes as one.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "a.txt") as fresh:
    ...     _ = fresh.write_text("whole")
    >>> (folder / "a.txt").read_text(), [p.name for p in folder.iterdir()]
    ('whole', ['a.txt'])
    """
    scratch: Path | None = None
    _guard(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".half-", dir=path.parent))
        fresh = scratch / path.name
        yield fresh
        _swap(fresh, path, before=scratch / "before")
    except OSError as error:
        # What was raised on purpose inside says best what is wrong (some are OSErrors).
        if isinstance(error, GeoMboError):
            raise
        raise _cannot_write(path, error) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def writable(folder: Path) -> None:
    """See that a folder can be written, before long work is done for it; it is not made here.

    Raises
    ------
    FileError
        It cannot, nor can it be made.
    """
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryDirectory(prefix=".half-", dir=there):
            pass
    except OSError as error:
        raise _cannot_write(folder, error) from error


def _cannot_write(path: Path, error: OSError) -> FileError:
    """Say why a file cannot be written: in words of ours where the reason is a usual one."""
    code = errorcode.get(error.errno or 0, "")
    known = f"reason.{code}" in catalogue("en")
    reason = code if known else error.strerror or str(error)
    return FileError.of("cannot_write", path=str(path), reason=reason)


def _swap(fresh: Path, path: Path, *, before: Path) -> None:
    """Put a file or folder in the place of what is there, which comes back if that fails."""
    if not path.is_dir() or path.is_symlink():
        fresh.replace(path)
        return
    path.replace(before)
    try:
        fresh.replace(path)
    except OSError:
        before.replace(path)
        raise


def _guard(path: Path) -> None:
    """Refuse to replace a folder of somebody else's."""
    if path.is_dir() and any(path.iterdir()) and not any((path / m).exists() for m in _MARKS):
        raise FileError.of("folder_in_use", path=str(path))


@contextmanager
def dated(day: date | None) -> Iterator[None]:
    """Date what GDAL writes by this day, so that the same content gives the same bytes."""
    import pyogrio

    name = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(name)
    moment = f"{(day or date(1970, 1, 1)).isoformat()}T00:00:00.000Z"
    pyogrio.set_gdal_config_options({name: moment})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


def write_text(path: Path, content: str) -> None:
    """Write a text file, whole or not at all."""
    with replacing(path) as fresh:
        fresh.write_text(content, encoding="utf-8", newline="\n")


def save_arrays(
    path: Path, arrays: Mapping[str, npt.NDArray[Any]], *, told: Mapping[str, object]
) -> None:
    """Write arrays to a folder, a ``.npy`` each, with plain values in ``told.json``.

    Raises
    ------
    FileError
        The folder cannot be written.
    """
    import numpy as np

    with replacing(path) as fresh:
        fresh.mkdir()
        for name, values in arrays.items():
            np.save(fresh / f"{name}.npy", values, allow_pickle=False)
        (fresh / "told.json").write_text(json.dumps(dict(told)), encoding="utf-8")


def load_arrays(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Map what `save_arrays` wrote into memory: pages are read when they are used.

    The arrays are private copies: writing to one never changes the file.

    Raises
    ------
    FileError
        There is no such folder, or something in it is broken.

    Examples
    --------
    >>> import numpy as np
    >>> folder = Path(tempfile.mkdtemp()) / "kept"
    >>> save_arrays(folder, {"x": np.arange(3), "none": np.zeros(0)}, told={"unit": "m"})
    >>> arrays, told = load_arrays(folder)
    >>> arrays["x"], arrays["none"], told
    (array([0, 1, 2]), array([], dtype=float64), {'unit': 'm'})
    """
    import numpy as np

    try:
        told = json.loads((path / "told.json").read_text(encoding="utf-8"))
        arrays = {
            file.stem: np.asarray(np.load(file, mmap_mode="c", allow_pickle=False))
            for file in sorted(path.glob("*.npy"))
        }
    except (OSError, ValueError, EOFError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)) from error
    return arrays, told
