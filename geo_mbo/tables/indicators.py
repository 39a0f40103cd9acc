"""Numbers of areas: how many people, and how many young people, live where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.errors import InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.schema import INDICATORS, checked

if TYPE_CHECKING:
    import pandas as pd

INHABITANTS, YOUNG_PEOPLE = "inhabitants", "inhabitants_15_24"
YOUNG_FROM, YOUNG_TO = 15, 25
"""Young people: from 15 up to but not including 25 years, as CBS has its bands."""


def indicators(
    inhabitants: pd.DataFrame,
    *,
    areas: pd.DataFrame,
    year: int | None = None,
    source: str = "CBS",
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give inhabitants, and those of 15-24 years, of every PC4 and municipality.

    Parameters
    ----------
    inhabitants
        Inhabitants by PC4 and age (`geo_mbo.sources.cbs.read_inhabitants`).
    areas
        The table of areas: a municipality has the inhabitants of the PC4 whose parent it is.
    year
        The year of the numbers, where the file does not say it.
    source
        Whose numbers they are.
    notify
        Gets notes on PC4 without an area, without a number, and with only part of one.

    Returns
    -------
    pandas.DataFrame
        Indicators (`geo_mbo.schema.INDICATORS`) ``inhabitants`` and ``inhabitants_15_24``; a
        number is missing where CBS withholds all of its bands.

    Raises
    ------
    InputError
        No year is known, or the age bands do not show who is 15-24.
    """
    if inhabitants["year"].isna().any() and year is None:
        raise InputError.of("year_needed", where=source)
    years = inhabitants["year"].fillna(year).astype("int64")
    dated = inhabitants.assign(year=years)
    young = dated[(dated["age_from"] >= YOUNG_FROM) & (dated["age_to"] <= YOUNG_TO)]
    _bands_guard(young, source)
    by = ["pc4", "year"]
    gone = young["inhabitants"].isna().groupby([young[name] for name in by]).agg(["any", "all"])
    partly = gone.index[gone["any"] & ~gone["all"]].get_level_values("pc4")
    if len(partly):
        notify(note("pc4_partly_withheld", partly.unique()))
    numbers = {
        INHABITANTS: dated.groupby(by)["inhabitants"].sum(min_count=1),
        YOUNG_PEOPLE: young.groupby(by)["inhabitants"].sum(min_count=1),
    }
    return _table(numbers, areas=areas, source=source, notify=notify)


def pc4_indicators(
    raw: pd.DataFrame,
    *,
    areas: pd.DataFrame,
    year: int,
    source: str = "CBS",
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Give inhabitants of 15-24 years of every PC4 and municipality, from the file of PC4 areas.

    Parameters
    ----------
    raw
        The PC4 areas (`geo_mbo.sources.geofile.read_pc4`) with ``young_people``.
    areas, source, notify
        As for `indicators`.
    year
        The year of the numbers.

    Returns
    -------
    pandas.DataFrame
        Indicators ``inhabitants_15_24``.

    Raises
    ------
    InputError
        The file has no column aantal_inwoners_15_tot_25_jaar with a number in it.
    """
    if not raw["young_people"].notna().any():
        raise InputError.of("no_young_people", where=source)
    young = raw.set_index("code")["young_people"].rename_axis("pc4").to_frame()
    numbers = young.assign(year=year).set_index("year", append=True)["young_people"]
    return _table({YOUNG_PEOPLE: numbers}, areas=areas, source=source, notify=notify)


def _table(
    numbers: dict[str, pd.Series], *, areas: pd.DataFrame, source: str, notify: Notify
) -> pd.DataFrame:
    import pandas as pd

    pc4 = areas[areas["level"] == "pc4"].set_index("area_id")["parent_id"]
    parts = []
    for name, values in numbers.items():
        rows = values.rename_axis(["key", "year"]).rename("value").reset_index()
        mother = rows.assign(key=rows["key"].map(pc4)).dropna(subset="key")
        sums = mother.groupby(["key", "year"])["value"].sum(min_count=1).reset_index()
        parts += [
            rows.assign(key_kind="pc4", indicator=name),
            sums.assign(key_kind="municipality", indicator=name),
        ]
    table = pd.concat(parts, ignore_index=True).assign(unit="inhabitants", source=source)
    table = table.assign(value_low=table["value"], value_high=table["value"])
    table["label"] = None
    _tell(table[(table["indicator"] == YOUNG_PEOPLE) & (table["key_kind"] == "pc4")], pc4, notify)
    return checked(table.sort_values(list(INDICATORS.key)), INDICATORS, source=source)


def _tell(young: pd.DataFrame, pc4: pd.Series, notify: Notify) -> None:
    unmapped = ~young["key"].isin(pc4.index)
    if unmapped.any():
        people = int(young.loc[unmapped, "value"].sum())
        notify(note("pc4_without_area", young.loc[unmapped, "key"].unique(), people=people))
    withheld = young["value"].isna()
    if withheld.any():
        notify(note("pc4_withheld", young.loc[withheld, "key"].unique()))


def _bands_guard(young: pd.DataFrame, source: str) -> None:
    """See that the bands between 15 and 25 follow each other without a gap or an overlap."""
    bands = young[["age_from", "age_to"]].drop_duplicates().sort_values("age_from")
    starts, stops = bands["age_from"].tolist(), bands["age_to"].tolist()
    if [*starts, YOUNG_TO] != [YOUNG_FROM, *stops]:
        found = ", ".join(f"{a}-{b - 1}" for a, b in zip(starts, stops, strict=True)) or "-"
        raise InputError.of("age_bands", where=source, value=found)
