"""An institution's own students as a table, and in the place of what a publisher says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.counts import COUNTS, intervals, total
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import STUDENTS, checked
from geo_mbo.sources.catalogue import data_sets
from geo_mbo.tables.codes import levels, tracks

if TYPE_CHECKING:
    import pandas as pd


def own_students(raw: pd.DataFrame) -> pd.DataFrame:
    """Give an institution's own students as a table.

    Parameters
    ----------
    raw
        Counts (`geo_mbo.sources.grondslag.read_own_students`).

    Returns
    -------
    pandas.DataFrame
        Students (`geo_mbo.schema.STUDENTS`) of the past; ``home_id`` is the PC4 of those who are
        many enough, and masked counts are intervals.

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"origin_id": ["GM9001"], "origin_kind": "municipality",
    ...     "home_id": None, "site_id": "901X001", "institution_id": "01ZZ", "programme_id": None,
    ...     "level": pd.array([None], "str"), "track": pd.array([None], "str"), "year": 2025,
    ...     "kind": "history", "count": float("nan"), "masked": True})
    >>> own_students(raw)[["origin_id", "students", "students_low", "students_high"]]
      origin_id  students  students_low  students_high
    0    GM9001       2.5           1.0            4.0
    """
    counted = raw.assign(
        level=levels(raw["level"]),
        track=tracks(raw["track"]),
        age=None,
        **intervals(raw["count"], masked=raw["masked"]),
    )
    by = [name for name in STUDENTS.columns if name not in COUNTS]
    return checked(total(counted, by), STUDENTS, source=data_sets()["own_students"].name)


def with_own(
    published: pd.DataFrame, own: pd.DataFrame, *, notify: Notify = to_log
) -> pd.DataFrame:
    """Let an institution's own students stand for those that a publisher counts there.

    Parameters
    ----------
    published
        Students (`geo_mbo.schema.STUDENTS`) by municipality and site.
    own
        Those of the institution (`own_students`).
    notify
        Gets a note on how many students of the publisher give way to how many of the institution's
        own; where the own ones have no home and give way themselves; and where their year is one
        that the publisher does not have.

    Returns
    -------
    pandas.DataFrame
        Students: the past of the same institution and year is that of `own`; the forecast and all
        else stay. Own students none of whom has a home in the Netherlands say less than the
        publisher: they are taken only where it says nothing.
    """
    import pandas as pd

    own = _with_homes(published, own, notify)
    pairs = own[["institution_id", "year"]].drop_duplicates()
    past = published["kind"] == "history"
    keys = published[["institution_id", "year"]].merge(pairs, how="left", indicator=True)
    gone = past & (keys["_merge"] == "both").to_numpy()
    for pair in pairs.itertuples(index=False):
        told = {"institution": str(pair.institution_id), "year": str(pair.year)}
        had, has = (
            table.loc[
                (table["institution_id"] == pair.institution_id) & (table["year"] == pair.year),
                "students",
            ].sum()
            for table in (published[gone], own)
        )
        if had:
            notify(note("own_students_first", count=1, had=round(had), has=round(has), **told))
    lone = sorted(set(own["year"]) - set(published.loc[past, "year"]))
    if lone and past.any():
        notify(note("own_students_alone", lone))
    parts = [part for part in (published[~gone], own) if len(part)] or [published]
    return checked(pd.concat(parts, ignore_index=True), STUDENTS)


def _with_homes(published: pd.DataFrame, own: pd.DataFrame, notify: Notify) -> pd.DataFrame:
    """Leave out the own students of an institution and year that nobody's home is known of."""
    key = ["institution_id", "year"]
    homes = own.assign(home=own["origin_kind"] == "municipality")
    homeless = ~homes.groupby(key)["home"].transform("any").astype(bool)
    past = published.loc[published["kind"] == "history", key].drop_duplicates()
    known = (own[key].merge(past, how="left", indicator=True)["_merge"] == "both").to_numpy()
    less = homeless & known
    if less.any():
        notify(note("own_students_homeless", sorted(own.loc[less, "institution_id"].unique())))
    return own[~less].reset_index(drop=True)
