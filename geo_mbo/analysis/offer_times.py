"""Travel times to the first, second and third provider of each unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.nearest import nearest_providers
from geo_mbo.analysis.states import supply
from geo_mbo.analysis.units import UNIT_COLUMNS, Unit
from geo_mbo.analysis.weighting import Homes, homes, joined, named, reached_stats
from geo_mbo.notes import Notify, to_log

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

_AT_ONCE = 64
"""Units whose times are summed up together: one pass over the areas serves them all."""
_TIMES = {
    **UNIT_COLUMNS,
    "area_id": "str",
    "mode": "str",
    "rank": "int64",
    **dict.fromkeys(("minutes_mean", "minutes_p50", "minutes_p80", "reached_share"), "float64"),
}


def time_to_offers(
    tables: Tables,
    matrix: TravelMatrix,
    *,
    unit: Unit | None = None,
    n: int = 3,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Travel time from each municipality to the nearest, second, ... `n`-th provider of each unit.

    Parameters
    ----------
    tables, matrix, unit, notify
        As for `geo_mbo.analysis.states.coverage_states`. A provider is an institution: its second
        site is no second one.
    n
        How many providers.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``unit``, ``level``, ``track``, ``area_id``, ``mode``, ``rank`` (1..`n`), and
        ``minutes_mean``, ``minutes_p50``, ``minutes_p80``, ``reached_share`` as
        `geo_mbo.analysis.access.time_to_providers` gives them.

    Examples
    --------
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> t = town.tables
    >>> found = time_to_offers(t, town.matrix.select(modes=["bike"]))
    >>> found.query("unit == '98003' and area_id == 'GM9002'")[["rank", "minutes_p50"]]
        rank  minutes_p50
    21     1         12.0
    22     2         36.0
    23     3          inf
    """
    there = homes(matrix, tables.origins)
    given = supply(tables, matrix, rates=1.0, unit=unit or Unit(), notify=notify)
    parts = []
    for mode in matrix.modes:
        minutes = there.minutes(matrix, mode)
        for start in range(0, len(given.units), _AT_ONCE):
            offering = given.offering[start : start + _AT_ONCE]
            nearest = [
                nearest_providers(minutes, matrix, given.sites.iloc[columns], n)[0]
                for columns in offering
            ]
            stats = reached_stats(np.concatenate(nearest), there)
            units = given.units.iloc[start : start + _AT_ONCE]
            parts.append(_ranked(stats, units, there, n).assign(mode=mode))
    return joined(parts, _TIMES)


def _ranked(stats: dict[str, Floats], units: pd.DataFrame, there: Homes, n: int) -> pd.DataFrame:
    """Give statistics of (unit, rank) x area in long form, by unit, area and rank."""
    import pandas as pd

    count, size = len(units), len(there.area_ids)
    place = np.repeat(np.arange(count), size * n)

    def long(values: Floats) -> Floats:
        return values.reshape(count, n, size).transpose(0, 2, 1).ravel()

    return pd.DataFrame(
        {
            **{name: units[name].array.take(place) for name in UNIT_COLUMNS},
            "area_id": named(there.area_ids, np.tile(np.repeat(np.arange(size), n), count)),
            "rank": np.tile(np.arange(1, n + 1), count * size),
            **{name: long(values) for name, values in stats.items()},
        }
    )
