"""The record of a run: every input with its digest, every parameter, every output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from geo_mbo.cache import write_text
from geo_mbo.notes import Note
from geo_mbo.provenance import About, digest


def write_run_record(
    path: Path, about: About, notes: Sequence[Note], outputs: Sequence[Path]
) -> Path:
    """Write what a run was made from and what it made, as JSON.

    Parameters
    ----------
    path
        The file, ``run.json``.
    about
        Title, inputs with digests and dates, parameters, versions.
    notes
        What happened to the data on the way; each in Dutch and English.
    outputs
        What was written; named from the folder of `path`, with their digests.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    FileError
        The folder cannot be written, or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> made = folder / "index.html"
    >>> _ = made.write_text("<p>")
    >>> record = write_run_record(folder / "run.json", About("Town"), [], [made])
    >>> json.loads(record.read_text())["outputs"]
    [{'path': 'index.html', 'bytes': 3, 'sha256': '33f2...'}]
    """
    record = {
        **about.as_dict(),
        "notes": [
            {**asdict(found), "text": {"nl": found.text("nl"), "en": found.text("en")}}
            for found in notes
        ],
        "outputs": [_output(made, path.parent) for made in outputs],
    }
    write_text(path, json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n")
    return path


def _output(made: Path, folder: Path) -> dict[str, object]:
    near = made.resolve().is_relative_to(folder.resolve())
    name = made.resolve().relative_to(folder.resolve()).as_posix() if near else made.name
    return {"path": name, "bytes": made.stat().st_size, "sha256": digest(made)}
