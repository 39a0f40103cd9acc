"""The study file: TOML that names the inputs and parameters of one study.

Unknown keys, wrong values and files that are not there are all told at once, each with the nearest
name that is known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from geo_mbo.errors import Breach, FileError, MissingFileError, StudyError
from geo_mbo.study.consistent import absent, inconsistent
from geo_mbo.study.model import IndicatorFile, InputFile, Inputs, Parameters, Region, Study


def read_study(path: Path, *, near: Sequence[str] = ()) -> Study:
    r"""Read a study file.

    Parameters
    ----------
    path
        The file.
    near
        Names that may have been meant where there is no such file.

    Raises
    ------
    MissingFileError, FileError
        The file is not there, or is no TOML.
    StudyError
        Everything in it that is wrong: unknown keys, wrong values, inputs that are not there.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "study.toml"
    >>> _ = path.write_text('title = "Test"\n[inputs]\nmunicipality = "g.gpkg"\n')
    >>> read_study(path)
    Traceback (most recent call last):
    geo_mbo.errors.StudyError: ...study.toml: 'inputs.municipality' is no key ...
    """
    if not path.exists():
        meant = [] if path.suffix else get_close_matches(str(path), near, n=3, cutoff=0.3)
        if meant:
            raise StudyError.of("unknown_study", value=str(path), near=", ".join(meant))
        raise MissingFileError.of("file_missing", path=str(path))
    if path.is_dir():
        raise FileError.of("file_is_folder", path=str(path))
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError.of("not_toml", path=str(path), reason=str(error)) from error
    return study_of(raw, path=path)


def study_of(raw: Mapping[str, Any], *, path: Path) -> Study:
    """Give the study that the content of a study file is.

    Parameters
    ----------
    raw
        The content, as TOML is read.
    path
        Where it stands: paths in it count from there.

    Raises
    ------
    StudyError
        As for `read_study`.
    """
    try:
        study = Study.model_validate({**raw, "folder": path.resolve().parent})
    except ValidationError as error:
        raise StudyError([_breach(path, found) for found in error.errors()]) from error
    breaches = [*absent(study), *inconsistent(study, path)]
    if "folder" in raw:
        breaches.append(_unknown(path, ("folder",)))
    if breaches:
        raise StudyError(breaches)
    return study


def _breach(path: Path, found: Mapping[str, Any]) -> Breach:
    """Turn one finding of the model into a sentence of ours."""
    at = tuple(part for part in found["loc"] if part != "InputFile")
    key = ".".join(map(str, at))
    if found["type"] == "extra_forbidden":
        return _unknown(path, at)
    if found["type"] == "missing":
        return Breach("study_key_missing", {"path": str(path), "key": key})
    return Breach(
        "study_value",
        {"path": str(path), "key": key, "value": str(found["input"]), "reason": _reason(found)},
    )


def _reason(found: Mapping[str, Any]) -> str:
    """Say what was due in signs that are the same in every language, where that can be."""
    bounds = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    told = [
        f"{bounds[name]} {value}" for name, value in found.get("ctx", {}).items() if name in bounds
    ]
    if found["type"] == "literal_error":
        told = [str(found["ctx"]["expected"]).replace(" or ", ", ")]
    return ", ".join(told) or str(found["msg"])


def _unknown(path: Path, at: tuple[str | int, ...]) -> Breach:
    key = ".".join(map(str, at))
    near = get_close_matches(str(at[-1]), _known_keys(at), n=1, cutoff=0.5)
    if not near:
        return Breach("study_key_unknown", {"path": str(path), "key": key})
    return Breach("study_key_near", {"path": str(path), "key": key, "near": near[0]})


def _known_keys(at: tuple[str | int, ...]) -> list[str]:
    models: dict[tuple[str | int, ...], type[BaseModel]] = {
        (): Study,
        ("inputs",): Inputs,
        ("parameters",): Parameters,
        ("region",): Region,
    }
    inside = IndicatorFile if at[:1] == ("indicator",) else InputFile
    model = models.get(at[:-1], inside)
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude]
