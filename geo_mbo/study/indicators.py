"""The numbers and judgements that a study asks for, from any data set, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from geo_mbo.errors import Breach, GeoMboError, InputError
from geo_mbo.notes import Notify, to_log
from geo_mbo.schema import INDICATORS, checked, empty
from geo_mbo.study.model import IndicatorFile, Study

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.analysis import Yardstick
    from geo_mbo.sources.catalogue import DataSet

OWN = "own_numbers"
"""The data set that a file is of which no publisher is named."""


def read_wishes(
    study: Study,
    *,
    areas: gpd.GeoDataFrame,
    changes: pd.DataFrame | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Read every indicator that a study asks for.

    Parameters
    ----------
    study
        The study, with the paths of its files.
    areas
        The table of areas.
    changes
        Municipalities that went into others.
    notify
        Gets the findings about the files.

    Returns
    -------
    pandas.DataFrame
        Indicators (`geo_mbo.schema.INDICATORS`), under the names of the study.

    Raises
    ------
    InputError
        Files cannot be read as the study says: all of them at once.
    """
    import pandas as pd

    tables, breaches = list[pd.DataFrame](), list[Breach]()
    for wish in (one for asked in study.indicators for one in asked.each()):
        try:
            tables.append(_read(study, wish, areas, changes, notify))
        except GeoMboError as error:
            breaches += error.breaches
    if breaches:
        raise InputError(breaches)
    if not tables:
        return empty(INDICATORS)
    return checked(pd.concat(tables, ignore_index=True), INDICATORS, source="indicator")


def check_wishes(study: Study) -> None:
    """Read the tables of indicators that lie on this computer, and keep nothing of them.

    Whether their areas are known shows only beside the boundaries, in a run.

    Raises
    ------
    InputError
        A data set is not known, or files cannot be read as the study says: all of them at once.
    """
    from geo_mbo.sources.catalogue import data_set

    breaches = list[Breach]()
    for wish in study.indicators:
        try:
            known = data_set(wish.source or OWN)
            if wish.path and known.table.get("form") != "statline":
                _facts(study, wish, known, lambda _: None)
        except GeoMboError as error:
            breaches += error.breaches
    if breaches:
        raise InputError(breaches)


def yardsticks(study: Study) -> tuple[Yardstick, ...]:
    """Give the distances and times that a study holds against what is computed."""
    from geo_mbo.analysis import Yardstick

    found = []
    for wish in (one for asked in study.indicators for one in asked.each()):
        for told, mode in wish.compare.items():
            if wish.by not in ("municipality", "institution"):
                continue
            chosen = wish.where.get("mode", "")
            word = told or (chosen if isinstance(chosen, str) else "")
            found.append(Yardstick(wish.name, wish.by, mode, word))
    return tuple(found)


def _read(
    study: Study,
    wish: IndicatorFile,
    areas: gpd.GeoDataFrame,
    changes: pd.DataFrame | None,
    notify: Notify,
) -> pd.DataFrame:
    from geo_mbo.sources.catalogue import data_set
    from geo_mbo.tables.facts import facts_as_indicators

    known = data_set(wish.source or OWN)
    path = study.path(wish)
    source = f"{wish.publisher or known.publisher}: {known.name}"
    if known.key == OWN:
        source = wish.publisher or path.name
    if known.table.get("form") == "statline":
        return _of_statline(study, wish, known, source, notify)
    facts = _facts(study, wish, known, notify)
    where: dict[str, str | int | tuple[str | int, ...]] = dict(_spelled(wish.where, known))
    if wish.value and "measure" in facts and not wish.columns:
        where["measure"] = wish.value
    if wish.of_year is not None:
        where["year"] = wish.of_year
    return facts_as_indicators(
        facts,
        by=wish.by,
        indicator=wish.name,
        where=where,
        areas=areas,
        changes=changes,
        source=source,
        notify=notify,
    )


def _facts(study: Study, wish: IndicatorFile, known: DataSet, notify: Notify) -> pd.DataFrame:
    """Read a file as its data set is laid out, or as the study maps its columns."""
    from geo_mbo.sources.facts import read_facts
    from geo_mbo.sources.facts_mapped import read_mapped

    path = study.path(wish)
    if known.table and not wish.columns:
        # Totals of the file are not let narrow what it masks: two indicators would tell it.
        return read_facts(path, known.table, where=known.name, notify=notify)
    return read_mapped(
        path,
        columns=wish.columns,
        wide=wish.wide,
        year=wish.of_year if "year" not in wish.columns else None,
        unit=wish.unit,
        masks=wish.masks,
        sheet=wish.layer or None,
        notify=notify,
    )


def _of_statline(
    study: Study, wish: IndicatorFile, known: DataSet, source: str, notify: Notify
) -> pd.DataFrame:
    """Take one number of a table of StatLine, or all of them, for one kind of region."""
    from geo_mbo.sources.cbs_indicators import read_statline

    found = read_statline(known.key, study.path(wish), year=wish.of_year, notify=notify)
    found = found[found["key_kind"] == wish.by]
    if wish.of_year is not None:
        found = found[found["year"] == wish.of_year]
    there = list(dict.fromkeys(found["indicator"]))
    if (wish.value and wish.value not in there) or not there:
        shown = "; ".join(there[:20]) or "-"
        raise InputError.of("no_such_number", source=known.name, value=wish.value, there=shown)
    if wish.value:
        found = found[found["indicator"] == wish.value]
    names = {
        name: wish.name if len(there) == 1 or wish.value else f"{wish.name}: {name}"
        for name in there
    }
    return found.assign(indicator=found["indicator"].map(names), source=source)


def _spelled(
    where: Mapping[str, str | tuple[str, ...]], known: DataSet
) -> dict[str, str | tuple[str, ...]]:
    """Let a filter name a column as its publisher does."""
    from geo_mbo.sources.text import header

    dims = {**known.table.get("dims", {}), **known.table.get("optional", {})}
    ours = {
        header(theirs): name
        for name, spellings in dims.items()
        for theirs in ([spellings] if isinstance(spellings, str) else spellings)
    }
    return {ours.get(header(name), name): values for name, values in where.items()}
