"""What the program says to people, in Dutch and in English.

Every sentence a user can meet stands in a catalogue under ``resources/messages/<lang>/``; code
names it by its key (``"error.missing_column"``). The first part of a key is the file, so that each
part of the house keeps its own page. A test holds both languages to the same keys and placeholders.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import isinf, isnan
from typing import Any, Literal, get_args

Lang = Literal["nl", "en"]
"""A language of the program: Dutch (the default) or English."""

LANGS: tuple[Lang, ...] = get_args(Lang)

_LOCALES = {"nl": "nl_NL", "en": "en_GB"}


@cache
def catalogue(lang: Lang) -> Mapping[str, str]:
    """All messages of one language, by dotted key.

    Parameters
    ----------
    lang
        Language of the catalogue.

    Examples
    --------
    >>> catalogue("en")["mode.bike"]
    'bicycle'
    """
    found: dict[str, str] = {}
    for page in sorted((files("geo_mbo") / "resources" / "messages" / lang).iterdir(), key=str):
        if page.name.endswith(".toml"):
            found |= _flat(tomllib.loads(page.read_text(encoding="utf-8")))
    return found


def text(key: str, /, lang: Lang = "en", **params: object) -> str:
    """Give the message of `key` with its placeholders filled; numbers follow the language.

    Parameters
    ----------
    key
        Dotted key, such as ``"note.masked"``.
    lang
        Language of the message.
    **params
        Values of the placeholders. Whole numbers and fractions are written as the language does;
        ``mode`` names one or more modes of travel, which get their words in the language, as does
        a ``reason`` that is the name of an error of the system (``"ENOSPC"``).

    Raises
    ------
    KeyError
        The catalogue has no such key, or a placeholder got no value: a fault in the program.

    Examples
    --------
    >>> text("mode.ebike", "nl")
    'e-bike'
    """
    return catalogue(lang)[key].format_map({k: _written(k, v, lang) for k, v in params.items()})


def number(value: float, lang: Lang = "nl", decimals: int = 0) -> str:
    """Write a number as the language does; not reached (``inf``) and unknown (``nan``) as a dash.

    Examples
    --------
    >>> number(1234.56, "nl", 1), number(1234.56, "en", 1), number(float("inf"))
    ('1.234,6', '1,234.6', '-')
    """
    from babel.numbers import format_decimal

    if isnan(value) or isinf(value):
        return "-"
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(value, format=pattern, locale=_LOCALES[lang]))


def percent(share: float, lang: Lang = "nl", decimals: int = 0) -> str:
    """Write a share (0-1) as a percentage.

    Examples
    --------
    >>> percent(0.256, "nl"), percent(0.256, "en", 1)
    ('26 %', '25.6 %')
    """
    return f"{number(share * 100, lang, decimals)} %" if not isnan(share) else "-"


def _written(name: str, value: object, lang: Lang) -> object:
    """Write a value as the language does; years and codes come as text and stay as they are."""
    if name == "mode":
        modes = [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]
        return ", ".join(catalogue(lang).get(f"mode.{mode}", mode) for mode in modes)
    if name == "reason":
        return catalogue(lang).get(f"reason.{value}", value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return number(value, lang, 0 if isinstance(value, int) else 1)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in tree.items():
        flat |= (
            _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        )
    return flat
