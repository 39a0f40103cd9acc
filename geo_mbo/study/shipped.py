"""The studies that the program brings: the country, each province, each labour-market region.

They name only publishers' data sets, so that they run wherever publishers, or a mirror of them, can
be reached. A study of a region is that of the country with a ``[region]``.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_mbo.errors import StudyError
from geo_mbo.messages import Lang

if TYPE_CHECKING:
    from geo_mbo.study.model import Study

COUNTRY = "nederland"
TEMPLATES = ("", "instelling")
"""What a new study file may start from beside the studies by name: blank is the general one."""

_LEVELS = {"province": "provincie", "labour_market": "arbeidsmarktregio"}


def names() -> tuple[str, ...]:
    """Give the names of the studies.

    Examples
    --------
    >>> names()[:2], len(names())
    (('nederland', 'provincie-drenthe'), 48)
    """
    return (COUNTRY, *_regions())


def title(name: str) -> str:
    """Give the title of a study.

    Examples
    --------
    >>> title("arbeidsmarktregio-foodvalley")
    'Arbeidsmarktregio FoodValley: mbo en vavo'
    """
    return str(tomllib.loads(content(name))["title"])


def read(name: str, *, folder: Path = Path()) -> Study:
    """Read a study of this name; its results go to a folder of that name in `folder`.

    Raises
    ------
    StudyError
        There is no such study.
    """
    from geo_mbo.study.file import study_of

    return study_of(tomllib.loads(content(name)), path=folder.resolve() / f"{name}.toml")


def content(name: str) -> str:
    """Give the study file of this name, to be copied and changed.

    Raises
    ------
    StudyError
        There is no such study.

    Examples
    --------
    >>> print(content("provincie-utrecht").partition("[region]")[2].partition("margin")[0].strip())
    level = "province"
    name = "Utrecht"
    """
    whole = _page(f"{COUNTRY}.toml")
    if name == COUNTRY:
        return whole
    if name not in _regions():
        raise StudyError.of("unknown_study", value=name, near=", ".join(_near(name)))
    level, region = _regions()[name]
    heading = f"{_LEVELS[level].capitalize()} {region}"
    own = whole.replace("Nederland", heading).replace(COUNTRY, name)
    region_table = (
        f'[region]\nlevel = "{level}"\nname = "{region}"\n'
        "margin_km = 25   # zo ver om de regio heen tellen locaties en studenten mee\n\n"
    )
    return own.replace("[inputs]\n", f"{region_table}[inputs]\n", 1)


def template(name: str, lang: Lang) -> str:
    """Give the content of a new study file: a template, or a study by its name.

    Raises
    ------
    StudyError
        There is no such template or study.
    """
    if name not in TEMPLATES:
        return content(name)
    return _page(f"{name}.{lang}.toml" if name else f"study.{lang}.toml")


@cache
def _regions() -> Mapping[str, tuple[str, str]]:
    """Give level and name of each region, by the name of its study."""
    told: dict[str, Any] = tomllib.loads(_page("regions.toml"))
    return {
        f"{_LEVELS[level]}-{_plain(name)}": (level, name)
        for level in _LEVELS
        for name in told[level]
    }


def _plain(name: str) -> str:
    """Write a name as people type it: small letters, no accents, hyphens between words."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")


def _near(name: str) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, names(), n=3, cutoff=0.3) or list(names())[:3]


def _page(name: str) -> str:
    return (files("geo_mbo") / "resources" / "studies" / name).read_text(encoding="utf-8")
