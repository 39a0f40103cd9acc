"""Units of provision: what counts as the same education, by a key of choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geo_mbo.analysis.weighting import SLACK, indexer
from geo_mbo.counts import COUNTS, total
from geo_mbo.errors import one_of
from geo_mbo.notes import Notify, note, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Whole

KEYS = ("programme_id", "dossier", "domain", "sector", "level")
UNIT_COLUMNS = {"by": "str", "unit": "str", "level": "float64", "track": "str"}
_BETWEEN = "\x1f"
_FACTS = ("programme", "dossier", "domain", "sector")
_RATES = {
    **UNIT_COLUMNS,
    **dict.fromkeys(COUNTS, "float64"),
    "young_people": "float64",
    "rate": "float64",
    "rate_low": "float64",
    "rate_high": "float64",
}


@dataclass(frozen=True)
class Unit:
    """What counts as the same education.

    One name is not always one programme, and one programme has had several codes: a dossier or a
    domain holds together what a code keeps apart.

    Attributes
    ----------
    by
        ``programme_id`` (crebo), ``dossier``, ``domain``, ``sector`` or ``level``.
    levels
        Keep levels apart.
    tracks
        Keep tracks (BOL, BBL) apart.
    """

    by: str = "programme_id"
    levels: bool = False
    tracks: bool = True

    def __post_init__(self) -> None:
        one_of("by", self.by, KEYS)

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns of `UNIT_COLUMNS` that tell units of this kind apart."""
        more = (self.levels and self.by != "level", self.tracks)
        return ("unit", *(name for name, on in zip(("level", "track"), more, strict=True) if on))


def unit_rows(rows: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """Give the unit of each row as the columns of `UNIT_COLUMNS`; missing where it has no key.

    Parameters
    ----------
    rows
        Has the column of the key, ``level`` and ``track``: contract OFFERS, or `with_facts`.
    unit
        What counts as the same.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> unit_rows(sample_town().tables.offers, Unit("domain", tracks=False)).head(2)
           by             unit  level track
    0  domain  Zorg en welzijn    NaN   NaN
    1  domain    Bouw en infra    NaN   NaN
    """
    import pandas as pd

    level = rows["level"].astype(float)
    if unit.by == "level":
        value = level.map(lambda number: f"{number:g}", na_action="ignore").astype("str")
    else:
        value = rows[unit.by].astype("str")
    bare = pd.Series(None, index=rows.index, dtype="str")
    apart = unit.levels or unit.by == "level"
    return pd.DataFrame(
        {
            "by": pd.Series(unit.by, index=rows.index, dtype="str"),
            "unit": value,
            "level": level if apart else level.where(level.isna() & level.notna()),
            "track": rows["track"].astype("str") if unit.tracks else bare,
        }
    )


def units_in(rows: pd.DataFrame, unit: Unit) -> tuple[pd.DataFrame, Whole]:
    """Give the different units of rows, sorted, and the place of each row's; -1: it has no key.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> found, place = units_in(sample_town().tables.offers, Unit("level"))
    >>> found[["unit", "track"]].agg(" ".join, axis=1).tolist(), place
    (['2 BBL', '3 BOL', '4 BOL'], array([1, 0, 2, 1, 2]))
    """
    each = unit_rows(rows, unit)
    names = list(unit.keys)
    found = each[_told(each, unit)].drop_duplicates(names).sort_values(names, ignore_index=True)
    return found, place_of(each, found, unit)


def _told(each: pd.DataFrame, unit: Unit) -> pd.Series:
    """Say which rows have a unit; a level that is not known is one of its own."""
    known = each["unit"].notna()
    return known & each["track"].notna() if unit.tracks else known


def place_of(each: pd.DataFrame, units: pd.DataFrame, unit: Unit) -> Whole:
    """Give the position in `units` of each row's unit; -1 where it is not there."""
    return indexer(_label(each, unit), _label(units, unit))


def _label(rows: pd.DataFrame, unit: Unit) -> list[str]:
    columns = (rows[name].astype("str").fillna("") for name in unit.keys)
    return [_BETWEEN.join(values) for values in zip(*columns, strict=True)]


def with_facts(enrolments: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """Add to enrolments what offers tell of their programme; a level of their own goes first."""
    first = offers.sort_values(["site_id", "track"]).drop_duplicates("programme_id")
    known = first.set_index("programme_id")
    told = {name: enrolments["programme_id"].map(known[name]).astype("str") for name in _FACTS}
    level = enrolments["level"].astype(float)
    return enrolments.assign(
        **told, level=level.fillna(enrolments["programme_id"].map(known["level"]).astype(float))
    )


def enrolled(
    enrolments: pd.DataFrame, offers: pd.DataFrame, unit: Unit, *, notify: Notify = to_log
) -> pd.DataFrame:
    """Add up enrolments by institution and unit.

    Returns
    -------
    pandas.DataFrame
        ``institution_id``, the columns of `UNIT_COLUMNS` and the three of the count. Enrolments
        without a key or institution are left out, and told.
    """
    rows = with_facts(enrolments, offers)
    each = unit_rows(rows, unit)
    whole = _told(each, unit) & rows["institution_id"].notna()
    lost = round(float(rows.loc[~whole, "students"].sum()))
    if lost:
        notify(note("enrolments_without_unit", count=lost))
    kept = each.assign(institution_id=rows["institution_id"], **rows[list(COUNTS)])[whole]
    return total(kept, ["institution_id", *UNIT_COLUMNS])


def participation(
    enrolments: pd.DataFrame,
    offers: pd.DataFrame,
    origins: pd.DataFrame,
    *,
    unit: Unit,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give how many students a unit has for each young person of the whole study.

    The share by which the Dutch forecasts of students start (belangstellingspercentage). Where the
    unit is out of reach fewer choose it: the rate is of all young people, and so a careful one.

    Parameters
    ----------
    enrolments
        Contract STUDENTS, institution x programme, the rows of one year.
    offers
        Contract OFFERS: dossier, domain, sector and level of the programmes.
    origins
        Contract ORIGINS: all those that the enrolments come from.
    unit
        What counts as the same.
    notify
        Gets a note on enrolments that have no key.

    Returns
    -------
    pandas.DataFrame
        The columns of a unit (``by``, ``unit``, ``level``, ``track``), ``students`` (and bounds),
        ``young_people`` and ``rate`` (and bounds), students for each young person; missing where
        nobody young lives.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> t = sample_town().tables
    >>> participation(t.enrolments, t.offers, t.origins, unit=Unit())[
    ...     ["unit", "track", "students", "rate", "rate_low", "rate_high"]].round(4)
        unit track  students    rate  rate_low  rate_high
    0  98001   BBL       2.5  0.0036    0.0014     0.0057
    1  98001   BOL      24.0  0.0343    0.0343     0.0343
    2  98002   BBL      40.0  0.0571    0.0571     0.0571
    3  98003   BOL      37.0  0.0529    0.0529     0.0529
    """
    import pandas as pd

    from geo_mbo.analysis.weighting import joined

    found = total(enrolled(enrolments, offers, unit, notify=notify), list(UNIT_COLUMNS))
    people = float(origins["weight"].sum())
    rates = {
        name.replace("students", "rate"): found[name] / people if people > SLACK else float("nan")
        for name in COUNTS
    }
    return joined([pd.DataFrame(found).assign(young_people=people, **rates)], _RATES)
