"""What in a study does not go together, or is not there: all of it told at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach

if TYPE_CHECKING:
    from geo_mbo.study.model import Study

REGISTER = ("establishments", "establishment_locations", "institution_establishments")
"""The inputs that make up the route by the register; it needs all of them."""

DATED = ("providers", "establishments", "own_students")
"""The inputs of which a study may name the day; that of the establishments is the register's."""

CHOSEN = ("establishments",)
"""The inputs of which a study may choose rows."""


def absent(study: Study) -> Iterable[Breach]:
    """Tell the files that are not there, and the inputs that name no file and nobody to ask."""
    named = {f"inputs.{key}": given for key, given in study.inputs.given().items()}
    named |= {f"indicator '{wish.name}'": wish for wish in study.indicators}
    for key, given in named.items():
        if given.path is None:
            if not (given.source or given.url or given.year):
                yield Breach("input_without_place", {"key": key})
            continue
        path = study.path(given)
        if not path.exists():
            yield Breach("input_missing", {"key": key, "path": str(path)})
        elif path.is_dir():
            yield Breach("input_is_folder", {"key": key, "path": str(path)})


def inconsistent(study: Study, path: Path) -> Iterable[Breach]:
    """Tell what does not go together."""
    given = study.parameters
    if given.mode not in given.modes:
        yield Breach(
            "mode_not_searched",
            {"path": str(path), "value": given.mode, "allowed": ", ".join(given.modes)},
        )
    limits = (given.limit_min, *given.cutoffs_min)
    if max(limits) > given.search_limit_min:
        # What was not searched would be told as out of reach.
        yield Breach(
            "limit_beyond_search",
            {"path": str(path), "value": max(limits), "limit": given.search_limit_min},
        )
    beyond = [key for key in study.inputs.given() if key.startswith("roads_")]
    if beyond and study.inputs.roads is None:
        yield Breach("roads_beyond_alone", {"path": str(path), "key": f"inputs.{beyond[0]}"})
    if "transit" in given.modes and study.inputs.travel is None:
        yield Breach("transit_needs_matrix", {"path": str(path)})
    yield from _options(study, path)
    yield from _comparisons(study, path)


def _options(study: Study, path: Path) -> Iterable[Breach]:
    """Tell half a register, and days and choices of rows that would be passed over in silence."""
    inputs = study.inputs.given()
    lacking = [f"inputs.{key}" for key in REGISTER if key not in inputs]
    if len(lacking) < len(REGISTER) and lacking:
        yield Breach("register_needs", {"value": ", ".join(lacking)})
    for key, given in inputs.items():
        options = (("on", DATED, given.on is not None), ("where", CHOSEN, bool(given.where)))
        for name, allowed, used in options:
            if used and key not in allowed:
                told = {"key": f"inputs.{key}.{name}", "allowed": ", ".join(allowed)}
                yield Breach("input_option_unused", {"path": str(path), **told})


def _comparisons(study: Study, path: Path) -> Iterable[Breach]:
    """Tell indicators that cannot be held against what is computed."""
    from geo_mbo.analysis.published import KEYED, MEASURED_IN

    searched = study.parameters.modes
    for n, wish in enumerate(study.indicators):
        where: dict[str, object] = {"path": str(path), "key": f"indicator.{n}"}
        if wish.compare and wish.by not in KEYED:
            yield Breach("compare_by", {**where, "by": wish.by})
        for mode in wish.compare.values():
            if mode not in searched:
                allowed = ", ".join(searched)
                yield Breach("compare_mode", {**where, "value": mode, "allowed": allowed})
        # What the catalogue describes has its unit there.
        if wish.compare and (wish.unit or wish.columns) and wish.unit.lower() not in MEASURED_IN:
            yield Breach("compare_unit", {**where, "value": wish.unit or "-"})
        if any(wish.compare) and (
            "mode" in wish.where or (wish.columns and "mode" not in wish.columns)
        ):
            yield Breach("compare_modes_column", where)
