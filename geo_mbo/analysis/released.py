"""The tables of a study as they may be shown: nothing worked out from them traces a few people.

Everything that a study shows is worked out from its tables. So what its tables do not tell, no map,
report or file can tell, however they are put together: what is done to the tables here is done
to all of them at once.

Three things are done. A count of one to four people becomes the range of a masked cell, whoever
made the table. Numbers that would tell such a count by subtraction, within one table or across
tables of the same people, become ranges (`geo_mbo.suppression`). And an area where one to four
young people live weighs as the middle of that range.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.indicators import counts_people
from geo_mbo.analysis.margins import COUNTED, Numbers, known_sums, numbers_of
from geo_mbo.analysis.privacy import veiled
from geo_mbo.counts import COUNTS, MASKED_EXPECTED, MASKED_HIGH, MASKED_LOW
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.suppression import StillOpenError, widened
from geo_mbo.suppression.exact import rounded

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.tables import Tables

_VALUES = ("value", "value_low", "value_high")


def released(tables: Tables, *, notify: Notify = to_log) -> Tables:
    """Give the tables with what would let fewer than five people be traced told as ranges.

    Parameters
    ----------
    tables
        The tables of a study. Forecasts count nobody and stay as they are.
    notify
        Gets a note on the numbers that became ranges, by table.

    Returns
    -------
    Tables
        The same rows. A number that became a range is the middle of it, and the range ends at
        multiples of five, so that neither tells what the number was.

    Examples
    --------
    In the sample town 60 students of Aldermeer go to one site of Alfa College and a masked few to
    the other; by home the college counts 62 of them, which would tell that these are two:

    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town().tables
    >>> safe = released(town, notify=lambda told: None)
    >>> safe.students.query("year == 2024 and origin_id == 'GM9001' and institution_id == '90AA'")[
    ...     ["site_id", "students", "students_low", "students_high"]]
       site_id  students  students_low  students_high
    0  90AA001      59.5          55.0           64.0
    8  90AA002       2.5           1.0            4.0
    """
    import pandas as pd

    safe = replace(
        tables,
        **{name: _veiled(getattr(tables, name)) for name in COUNTED},
        indicators=_veiled_indicators(tables.indicators),
        origins=_veiled_origins(tables.origins),
    )
    numbers = numbers_of(safe)
    rests, sums = known_sums(safe, numbers)
    cells = pd.concat([numbers.cells, rests], ignore_index=True)
    if sums.empty or not cells["small"].any():
        return safe
    try:
        found = widened(cells, sums)
    except StillOpenError as error:
        # Better all numbers roughly than a study that breaks off, or a few people told.
        notify(note("widened_all", count=len(numbers.cells), reason=str(error)))
        found = roughly(cells)
    return _told(safe, numbers, found.iloc[: len(numbers.cells)], notify)


def roughly(cells: pd.DataFrame) -> pd.DataFrame:
    """Tell every number but small counts as a range that ends at multiples of five.

    Examples
    --------
    >>> import pandas as pd
    >>> roughly(pd.DataFrame({"low": [1.0, 12.0], "high": [4.0, 12.0], "small": [True, False]}))
       low  high  small  widened
    0  1.0   4.0   True    False
    1  10.0  14.0  False     True
    """
    few = cells["small"].to_numpy(bool)
    told = cells["low"].to_numpy(float), cells["high"].to_numpy(float)
    low, high = (np.where(few, own, side) for own, side in zip(told, rounded(*told), strict=True))
    return cells.assign(low=low, high=high, widened=~few)


def _veiled(students: pd.DataFrame) -> pd.DataFrame:
    """Widen counts of one to four students of the past to the range of a masked cell."""
    few = veiled(students)
    past = students["kind"] == "history"
    return students.assign(**{name: students[name].mask(past, few[name]) for name in COUNTS})


def _veiled_indicators(table: pd.DataFrame) -> pd.DataFrame:
    """Widen numbers of fewer than five people; an estimate of part of one may be of none."""
    low, high = (table[name].fillna(table["value"]) for name in ("value_low", "value_high"))
    people = table["unit"].map(counts_people).astype(bool)
    few = people & (high > 0) & (high <= MASKED_HIGH)
    least = (low >= MASKED_LOW).astype(float) * MASKED_LOW
    sides = ((least + MASKED_HIGH) / 2, least, float(MASKED_HIGH))
    told = (table["value"], low, high)
    return table.assign(
        **{n: t.mask(few, side) for n, t, side in zip(_VALUES, told, sides, strict=True)}
    )


def _veiled_origins(origins: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Let one to four young people weigh as the middle; parts of people are estimates and stay."""
    weight = origins["weight"]
    few = weight.between(MASKED_LOW, MASKED_HIGH) & (weight == np.round(weight))
    return origins.assign(weight=weight.mask(few, MASKED_EXPECTED)) if few.any() else origins


def _told(tables: Tables, numbers: Numbers, found: pd.DataFrame, notify: Notify) -> Tables:
    """Put ranges back in their tables, and say how many there are."""
    wide = found[found["widened"].to_numpy(bool)].join(numbers.place)
    made = {}
    for name, rows in wide.groupby("table"):
        table = getattr(tables, str(name))
        columns = _VALUES if name == "indicators" else COUNTS
        low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
        fresh = {}
        for column, side in zip(columns, ((low + high) / 2, low, high), strict=True):
            fresh[column] = table[column].to_numpy(float, copy=True)
            fresh[column][rows["row"].to_numpy(int)] = side
        made[str(name)] = table.assign(**fresh)
        of = int((numbers.place["table"] == name).sum())
        notify(note(f"widened_{name}", count=len(rows), of=of))
    return replace(tables, **made)
