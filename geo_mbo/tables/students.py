"""Students: where they live, which site or institution they go to, in which year.

Three files of DUO give three tables under one contract: woongemeente x site (the prognosis),
institution x woongemeente x age x track, and institution x programme x track. Masked counts are
intervals from here on. So is any count of one to four students that a file shows unmasked for a
year that is past: fewer than five people are never to be traced in what geo_mbo makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.counts import COUNTS, MASKED_HIGH, intervals, total
from geo_mbo.errors import GeoMboError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import STUDENTS, checked
from geo_mbo.sources.catalogue import data_sets
from geo_mbo.tables.changes import municipality_changes
from geo_mbo.tables.codes import levels, tracks
from geo_mbo.tables.names import UNKNOWN, resolve

if TYPE_CHECKING:
    import pandas as pd

_LOSS = 1e-6
"""What rounding may do to the total of a column, as a share of it."""


def students(
    raw: pd.DataFrame,
    *,
    areas: pd.DataFrame,
    changes: pd.DataFrame | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give the students by woongemeente and site, of the past and of the forecast.

    Rows that become one, as after a merger of municipalities, are added up; those of a
    municipality that was split are shared out.

    Parameters
    ----------
    raw
        A file of the prognosis (`geo_mbo.sources.duo.read_prognosis`); dimensions that it does
        not have are missing.
    areas
        The table of areas, with the municipalities of today.
    changes
        Municipalities that went into others; the package's list where none are given.
    notify
        Gets notes on masked and blank counts, old names, and students at no site.

    Returns
    -------
    pandas.DataFrame
        Students (`geo_mbo.schema.STUDENTS`). `origin_id` is missing where the file does not tell
        where students live.

    Raises
    ------
    InputError
        Names of municipalities that are unknown, all of them at once.
    """
    where = data_sets()["forecast"].name
    counted = _counted(raw, where=where, notify=notify)
    placed = _placed(counted, areas=areas, changes=changes, where=where, notify=notify)
    homeless = placed["site_id"].isna()
    if homeless.any() and raw["location"].notna().any():
        labels = counted["location"].iloc[placed.loc[homeless, "row"]]
        notify(note("students_without_site", labels.fillna("-").unique()))
    return _table(placed, where=where, before=counted)


def residents(
    raw: pd.DataFrame,
    *,
    areas: pd.DataFrame,
    changes: pd.DataFrame | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give the students by institution, woongemeente, age and track.

    Parameters
    ----------
    raw
        File 11 of DUO (`geo_mbo.sources.duo.read_residents`).
    areas, changes, notify
        As for `students`.

    Returns
    -------
    pandas.DataFrame
        Students (`geo_mbo.schema.STUDENTS`); the file has no sites and no programmes.

    Raises
    ------
    InputError
        Names of municipalities that are unknown, all of them at once.
    """
    where = data_sets()["students_by_home"].name
    counted = _counted(raw, where=where, notify=notify)
    placed = _placed(counted, areas=areas, changes=changes, where=where, notify=notify)
    return _table(placed, where=where, before=counted)


def enrolments(raw: pd.DataFrame, *, notify: Notify = to_log) -> pd.DataFrame:
    """Give the students by institution, programme and track, men and women together.

    Parameters
    ----------
    raw
        File 03 of DUO (`geo_mbo.sources.duo.read_enrolments`).
    notify
        Gets notes on masked and blank counts.

    Returns
    -------
    pandas.DataFrame
        Students (`geo_mbo.schema.STUDENTS`); the file does not tell where they live.
    """
    where = data_sets()["students_by_programme"].name
    counted = _counted(raw, where=where, notify=notify)
    return _table(_anywhere(counted), where=where, before=counted)


def _counted(raw: pd.DataFrame, *, where: str, notify: Notify) -> pd.DataFrame:
    """Give counts as intervals and words as ours; rows without a count are told and left out."""
    import pandas as pd

    blank = raw["count"].isna() & ~raw["masked"]
    if blank.any():
        notify(note("count_blank", count=int(blank.sum()), where=where))
    rows = raw[~blank].reset_index(drop=True)
    kind = rows.get("kind", pd.Series("history", index=rows.index))
    small = (kind == "history") & rows["count"].between(1, MASKED_HIGH)
    for code, cells in (("count_masked", rows["masked"]), ("count_small", small)):
        if cells.any():
            notify(note(code, count=int(cells.sum()), where=where))
    filled = {
        **{name: rows.get(name) for name in STUDENTS.columns if name not in COUNTS},
        "kind": kind,
        "level": levels(rows["level"]) if "level" in rows else float("nan"),
        "track": tracks(rows["track"]),
        **intervals(rows["count"], masked=rows["masked"] | small),
    }
    return rows.assign(**filled)


def _placed(
    counted: pd.DataFrame,
    *,
    areas: pd.DataFrame,
    changes: pd.DataFrame | None,
    where: str,
    notify: Notify,
) -> pd.DataFrame:
    """Give each row the origin that its municipality is, sharing out what was split."""
    if not counted["municipality"].notna().any():
        return _anywhere(counted)
    found = resolve(
        counted["municipality"],
        provinces=counted.get("province"),
        areas=areas,
        changes=municipality_changes() if changes is None else changes,
        where=where,
        notify=notify,
    )
    placed = counted.iloc[found["row"]].reset_index(drop=True)
    shares = found["share"].to_numpy()
    return placed.assign(
        row=found["row"],
        origin_id=found["origin_id"],
        origin_kind=found["origin_kind"],
        **{name: placed[name] * shares for name in COUNTS},
    )


def _anywhere(counted: pd.DataFrame) -> pd.DataFrame:
    return counted.assign(row=range(len(counted)), origin_kind=UNKNOWN.lower())


def _table(placed: pd.DataFrame, *, where: str, before: pd.DataFrame) -> pd.DataFrame:
    """Add up what has one key, and see that nobody got lost on the way."""
    by = [name for name in STUDENTS.columns if name not in COUNTS]
    table = checked(total(placed, by), STUDENTS, source=where)
    for name in COUNTS:
        had, has = float(before[name].sum()), float(table[name].sum())
        if abs(has - had) > _LOSS * max(had, 1.0):
            raise GeoMboError.of("students_lost", where=where, had=had, has=has)
    return table
