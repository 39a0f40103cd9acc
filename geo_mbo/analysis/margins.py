"""The numbers that a study shows of people, and the sums that anybody can see hold between them.

Which tables count the same people is nowhere written. A reader tries: where the totals that two
tables give of the same things agree everywhere, they are taken for the same (their bounds overlap
for every key that both have). So it is done here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.disclosure import parents_of
from geo_mbo.analysis.indicators import counts_people
from geo_mbo.counts import MASKED_HIGH, MASKED_LOW
from geo_mbo.suppression import CELLS, SUMS

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.tables import Tables

MOST_PARTS = 4
"""An indicator is tried as the sum of at most so many others of its source."""

MOST_OTHERS = 6
"""With more indicators of one source, only two are held against each other."""

COUNTED = ("students", "enrolments", "residents")
"""The tables of students."""

_WITH_HOMES = ("students", "residents")
_SLACK = 1e-6


@dataclass(frozen=True)
class Numbers:
    """Numbers of people in all tables.

    Attributes
    ----------
    cells
        Columns `geo_mbo.suppression.CELLS`; names are numbers.
    place
        On the same index: ``table`` and ``row`` (position in it), ``year``, and the keys of the
        number: ``municipality``, ``site``, ``institution``, ``programme``, ``kind``, ``key``,
        ``indicator``, ``source``.
    """

    cells: pd.DataFrame
    place: pd.DataFrame


_KEYS = ("municipality", "site", "institution", "programme", "kind", "key", "indicator", "source")


def numbers_of(tables: Tables) -> Numbers:
    """Gather the numbers of people of the past, and which of them count one to four."""
    import pandas as pd

    indicators = tables.indicators
    people = indicators["unit"].map(counts_people).astype(bool) & indicators["value_low"].notna()
    parts = [
        _listed(tables.students, "students", {"municipality": "origin_id", "site": "site_id"}),
        _listed(tables.enrolments, "enrolments", {"programme": "programme_id"}),
        _listed(tables.residents, "residents", {"municipality": "origin_id"}),
        pd.DataFrame(
            {
                "table": "indicators",
                "row": np.flatnonzero(people),
                "year": indicators.loc[people, "year"].to_numpy(),
                "low": indicators.loc[people, "value_low"].to_numpy(float),
                "high": indicators.loc[people, "value_high"].to_numpy(float),
                "kind": indicators.loc[people, "key_kind"].to_numpy(object),
                **{
                    name: indicators.loc[people, name].to_numpy(object)
                    for name in ("key", "indicator", "source")
                },
            }
        ),
    ]
    found = pd.concat(parts, ignore_index=True).reindex(
        columns=["table", "row", "year", "low", "high", *_KEYS]
    )
    found["high"] = found["high"].fillna(np.inf)
    small = (found["high"] > 0) & (found["high"] < MASKED_HIGH + 1)
    cells = found[["low", "high"]].assign(cell=np.arange(len(found)), small=small)
    return Numbers(cells[list(CELLS)], found.drop(columns=["low", "high"]))


def _listed(table: pd.DataFrame, name: str, keys: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    past = np.flatnonzero(table["kind"] == "history")
    rows = table.iloc[past]
    named = {key: rows[column].to_numpy(object, copy=True) for key, column in keys.items()}
    if "municipality" in named:
        home = (rows["origin_kind"] == "municipality").to_numpy()
        named["municipality"][~home] = None
    return pd.DataFrame(
        {
            "table": name,
            "row": past,
            "year": rows["year"].to_numpy(),
            "low": rows["students_low"].to_numpy(float),
            "high": rows["students_high"].to_numpy(float),
            "institution": rows["institution_id"].to_numpy(object),
            **named,
        }
    )


def known_sums(tables: Tables, numbers: Numbers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List the sums between numbers that a reader may take to hold.

    Returns
    -------
    pandas.DataFrame
        What no table tells but a subtraction does: one indicator less a part of it, where that
        leaves one to four people. Columns `geo_mbo.suppression.CELLS`.
    pandas.DataFrame
        The sums, columns `geo_mbo.suppression.SUMS`.
    """
    import pandas as pd

    everything = numbers.cells.join(numbers.place)
    above = _above(tables)
    rests = [numbers.cells.iloc[:0]]
    sums = [pd.DataFrame({name: [] for name in SUMS})]
    for year, rows in _split(everything, "year").items():
        wholes = rows[rows["table"] == "indicators"]
        bases = {name: rows[rows["table"] == name] for name in COUNTED}
        of_year = [*_between(bases), *_across(bases, wholes, above), *_within(wholes, tables)]
        for cells, made in _left(wholes, year):
            rests.append(cells)
            of_year.append(made)
        sums += [made.assign(sum=f"{year}:" + made["sum"]) for made in of_year]
    return pd.concat(rests, ignore_index=True), pd.concat(sums, ignore_index=True)[list(SUMS)]


def _left(wholes: pd.DataFrame, year: str) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Give what is left of an indicator beside one of the same source that is never larger."""
    import pandas as pd

    for source, rows in _split_by_source(wholes).items():
        by_name = {name: mine.set_index("key") for name, mine in _split(rows, "indicator").items()}
        for whole, part in permutations(by_name, 2):
            both = by_name[whole].join(by_name[part].add_suffix("_part"), how="inner")
            least, most = both["low"] - both["high_part"], both["high"] - both["low_part"]
            few = (least >= MASKED_LOW) & (most <= MASKED_HIGH)
            if (most < -_SLACK).any() or not few.any():
                continue
            left = both[few]
            name = pd.Series(f"{year}:{source}:{whole}-{part}:" + left.index.astype(str))
            bounds = {"low": float(MASKED_LOW), "high": float(MASKED_HIGH), "small": True}
            made = [
                pd.DataFrame({"sum": name, "cell": cell, "factor": factor})
                for cell, factor in (
                    (name, 1.0),
                    (left["cell_part"].to_numpy(object), 1.0),
                    (left["cell"].to_numpy(object), -1.0),
                )
            ]
            yield pd.DataFrame({"cell": name}).assign(**bounds), pd.concat(made, ignore_index=True)


def _above(tables: Tables) -> dict[str, pd.Series]:
    """Give the province of each municipality, and the country of all."""
    import pandas as pd

    towns = tables.areas[tables.areas["level"] == "municipality"].set_index("area_id")
    return {
        "municipality": pd.Series(towns.index, index=towns.index),
        "province": towns["parent_id"].dropna(),
        "country": pd.Series("NL", index=towns.index),
    }


def _between(bases: dict[str, pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Give the sums that two tables of students both tell."""
    for one, two in combinations(COUNTED, 2):
        both = [bases[name].dropna(subset="institution") for name in (one, two)]
        first, second = (table.assign(key=table["institution"]) for table in both)
        yield from _agreeing(first, second, f"{one}:{two}")
    both = [bases[name].dropna(subset=["institution", "municipality"]) for name in _WITH_HOMES]
    first, second = (
        table.assign(key=table["institution"].astype(str) + ":" + table["municipality"].astype(str))
        for table in both
    )
    yield from _agreeing(first, second, "homes")


def _across(
    bases: dict[str, pd.DataFrame], wholes: pd.DataFrame, above: dict[str, pd.Series]
) -> Iterator[pd.DataFrame]:
    """Give the sums of students that an indicator tells too."""
    margins = [("students", kind, kind) for kind in ("site", "institution")]
    margins += [("enrolments", kind, kind) for kind in ("institution", "programme")]
    margins += [("residents", "institution", "institution")]
    margins += [(name, "municipality", kind) for name in _WITH_HOMES for kind in above]
    for name, told in _split(wholes, "indicator").items():
        for k, (of, column, kind) in enumerate(margins):
            key = bases[of][column]
            if column == "municipality":
                key = key.map(above[kind])
            parts = bases[of].assign(key=key).dropna(subset="key")
            yield from _agreeing(parts, told[told["kind"] == kind], f"{name}:{k}")


def _agreeing(parts: pd.DataFrame, others: pd.DataFrame, name: str) -> Iterator[pd.DataFrame]:
    """Give the sums by key of two sets of numbers, where all of them can be the same."""
    import pandas as pd

    if parts.empty or others.empty:
        return
    one, two = (table.groupby("key")[["low", "high"]].sum() for table in (parts, others))
    both = one.join(two.add_suffix("_other"), how="inner")
    apart = (both["low"] > both["high_other"] + _SLACK) | (
        both["low_other"] > both["high"] + _SLACK
    )
    if both.empty or apart.any():
        return
    rows = [
        table.loc[table["key"].isin(both.index), ["key", "cell"]].assign(factor=factor)
        for table, factor in ((parts, 1.0), (others, -1.0))
    ]
    listed = pd.concat(rows, ignore_index=True)
    yield listed.assign(sum=f"{name}:" + listed["key"].astype(str))


def _within(wholes: pd.DataFrame, tables: Tables) -> Iterator[pd.DataFrame]:
    """Give the sums between indicators: of areas within areas, and of parts of one source."""
    told = tables.indicators.iloc[wholes["row"].to_numpy(int)]
    links = parents_of(told, tables.areas, tables.sites) if len(told) else {}
    for name, rows in _split(wholes, "indicator").items():
        by_kind = _split(rows, "kind")
        for (part, whole), parent in links.items():
            if part in by_kind and whole in by_kind:
                below = by_kind[part]
                key = below["key"].map(parent[~parent.index.duplicated()])
                inside = below.assign(key=key).dropna(subset="key")
                yield from _agreeing(inside, by_kind[whole], f"{name}:{part}:{whole}")
        for kind in set(by_kind) - {"country"}:
            if "country" in by_kind:
                every = by_kind[kind].assign(key="NL")
                yield from _agreeing(every, by_kind["country"], f"{name}:{kind}:NL")
    for source, rows in _split_by_source(wholes).items():
        yield from _of_one_source(_split(rows, "indicator"), source)


def _split(table: pd.DataFrame, by: str) -> dict[str, pd.DataFrame]:
    return {str(name): rows for name, rows in table.groupby(by, sort=False)}


def _split_by_source(wholes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Split by the source and the kind of key together."""
    both = wholes["source"].astype(str) + ":" + wholes["kind"].astype(str)
    return _split(wholes.assign(both=both), "both")


def _of_one_source(by_name: dict[str, pd.DataFrame], name: str) -> Iterator[pd.DataFrame]:
    """Give indicators that others of the same source add up to, for every key."""
    import pandas as pd

    names = list(by_name)
    most = MOST_PARTS if len(names) <= MOST_OTHERS else 1
    for whole in names:
        others = [other for other in names if other != whole]
        for size in range(1, most + 1):
            for chosen in combinations(others, size):
                keys = set.intersection(*(set(by_name[n]["key"]) for n in (whole, *chosen)))
                parts = pd.concat([by_name[n] for n in chosen])
                parts = parts[parts["key"].isin(keys)]
                yield from _agreeing(parts, by_name[whole], f"{name}:{whole}:{chosen}")
