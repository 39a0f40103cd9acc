"""Tables on the boundaries of another year: what merged adds up, what was split is shared out.

A merger adds up, forward in time; backward it is shared out. A split is shared out forward and
adds up backward. Sharing out goes by people (``weights``), or by the shares in the list of
changes. A pair of municipalities, old and new, is looked up once for the two years that matter, so
that a chain of changes needs no weights for the years between.

The method is that of a transition matrix (old by new municipality, in people or addresses); see
`geo_mbo.tables.year_weights` for how to get one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo_mbo.counts import COUNTS, adds
from geo_mbo.errors import Breach, GeoMboError, InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.tables.changes import municipality_changes
from geo_mbo.tables.names import ABROAD, UNKNOWN
from geo_mbo.tables.year_codes import (
    FIRST_YEAR,
    LAST_YEAR,
    municipalities_of,
    shown,
    successions,
    year_of_codes,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "municipalities_of",
    "successions",
    "to_year",
    "year_of_codes",
]

_VALUES = ("value", "value_low", "value_high")
_LOSS = 1e-9


def to_year(
    table: pd.DataFrame,
    *,
    from_year: int,
    to_year: int,
    column: str = "origin_id",
    changes: pd.DataFrame | None = None,
    weights: pd.DataFrame | None = None,
    notify: Notify = to_log,
) -> pd.DataFrame:
    """Bring a table by municipality from the boundaries of one year to those of another.

    Parameters
    ----------
    table
        Counts in the three columns of students, or indicators (`geo_mbo.schema.INDICATORS`, with
        ``column="key"``). What is no municipality (abroad, unknown, blank, another kind of key)
        stays as it is. All other columns are the key of a row: rows that come to share one add up.
    from_year, to_year
        The years whose boundaries the table has and gets, in either order.
    column
        The column that holds the codes.
    changes
        Municipalities that went into others; those of the package where it is not given.
    weights
        People that share out what has to be shared out, for the older and the newer of the two
        years: ``old_code``, ``new_code``, ``weight`` (`geo_mbo.tables.year_weights`), or
        ``old_code`` and ``weight`` alone: the people of each municipality of the older year.
        Where they know a split, they go before the shares in `changes`.
    notify
        Gets notes on what was merged or shared out, on codes that were of the newer year already,
        on weights that no change asks for and on sums with a part that is not known.

    Returns
    -------
    pandas.DataFrame
        The same columns, on a fresh index; totals are as before. Forth and back again gives what
        was, where no municipality was split; where one was, the sum over its parts is as before.
        A number that is missing in one of the parts is missing in the sum.

    Raises
    ------
    InputError
        Codes are of neither year; a rate or mean would have to be added up; there are no weights
        for what has to be shared out; the table has no counts. All at once.
    GeoMboError
        A total is not what it was: a fault in the program.

    Examples
    --------
    >>> import pandas as pd
    >>> students = pd.DataFrame({"origin_id": ["GM0381", "GM0424", "BE"],
    ...                          "students": [60.0, 2.5, 1.0], "students_low": [60.0, 1.0, 1.0],
    ...                          "students_high": [60.0, 4.0, 1.0]})
    >>> to_year(students, from_year=2015, to_year=2025)
      origin_id  students  students_low  students_high
    0    GM1942      62.5          61.0           64.0
    1        BE       1.0           1.0            1.0
    """
    import pandas as pd

    counts = _counts_of(table)
    moving = _is_municipality(table, column)
    known = municipality_changes() if changes is None else changes
    pairs = successions(min(from_year, to_year), max(from_year, to_year), changes=known)
    forward = from_year <= to_year
    source, target = ("old_code", "new_code") if forward else ("new_code", "old_code")
    there = municipalities_of(from_year, changes=known)["municipality_id"]
    goal = municipalities_of(to_year, changes=known)["municipality_id"]
    codes = table.loc[moving, column].astype("str")
    ways = _ways(pairs, weights, source=source, target=target, used={*codes}, notify=notify)
    _guard(table[moving], codes, {*there, *goal}, ways, forward=forward)
    _tell(codes, there, ways, (from_year, to_year), notify)
    gone = moving & table[column].isin(ways["from"])
    if not gone.any():
        return table.reset_index(drop=True)
    rows = table.assign(_at=range(len(table)))
    moved = rows[gone].merge(ways, left_on=column, right_on="from", how="left")
    moved = moved.assign(
        **{column: moved["to"], **{name: moved[name] * moved["part"] for name in counts}}
    )
    both = pd.concat([rows[~gone], moved[rows.columns]]).sort_values("_at", kind="stable")
    return _added_up(both.drop(columns="_at"), table, counts, notify)


def _counts_of(table: pd.DataFrame) -> tuple[str, ...]:
    for counts in (COUNTS, _VALUES):
        if set(counts) <= {*table.columns}:
            return counts
    there = ", ".join(map(str, table.columns))
    raise InputError.of("no_counts_to_move", there=there)


def _is_municipality(table: pd.DataFrame, column: str) -> pd.Series:
    for kind in ("key_kind", "origin_kind"):
        if kind in table.columns:
            return table[kind].eq("municipality").fillna(False).astype(bool)
    return table[column].notna() & ~table[column].isin([*ABROAD, UNKNOWN])


def _ways(
    pairs: pd.DataFrame,
    weights: pd.DataFrame | None,
    *,
    source: str,
    target: str,
    used: set[str],
    notify: Notify,
) -> pd.DataFrame:
    """Give ``from``, ``to``, ``part`` and ``renamed`` of every code in `used` that moves.

    The parts of a code add to 1, or are all missing where they are not known; a code was renamed
    where nothing joined it and nothing left it.
    """
    import pandas as pd

    people = _people(pairs, weights, used, notify)
    several = pairs.groupby(source)[target].transform("size") > 1
    joined = pairs.groupby(target)[source].transform("size") > 1
    chosen = several | (pairs[source] != pairs[target])
    moving = pairs[chosen & pairs[source].isin(used)]
    whole = people.groupby(pairs[source]).transform("sum")
    sums = whole.mask(people.isna().groupby(pairs[source]).transform("any"))
    parts = (people / sums.where(sums > 0)).loc[moving.index]
    if source == "old_code":
        parts = parts.fillna(moving["share"])
    parts = parts.mask(~several.loc[moving.index], 1.0)
    return pd.DataFrame(
        {
            "from": moving[source],
            "to": moving[target],
            "part": parts / parts.groupby(moving[source]).transform("sum"),
            "renamed": ~(several | joined).loc[moving.index],
        }
    )


def _people(
    pairs: pd.DataFrame, weights: pd.DataFrame | None, used: set[str], notify: Notify
) -> pd.Series:
    """Give the people of each pair, on the index of `pairs`; missing where they are not known."""
    import pandas as pd

    if weights is None:
        return pd.Series(float("nan"), index=pairs.index)
    bad = weights["weight"].isna() | (weights["weight"] < 0)
    if bad.any():
        raise InputError.of(
            "weight_below_zero", count=int(bad.sum()), value=str(weights["old_code"][bad].iloc[0])
        )
    if "new_code" not in weights:
        people = weights.groupby("old_code")["weight"].sum()
        return pairs["old_code"].map(people).astype(float) * pairs["share"]
    sums = weights.groupby(["old_code", "new_code"])["weight"].sum()
    keys = pd.MultiIndex.from_frame(pairs[["old_code", "new_code"]])
    touched = sums.index.get_level_values(0).isin(used) | sums.index.get_level_values(1).isin(used)
    beyond = sums[touched & ~sums.index.isin(keys) & (sums > 0)]
    if len(beyond):
        rows = [f"{old} > {new}" for old, new in beyond.index]
        notify(note("weights_unused", rows, people=round(float(beyond.sum()))))
    found = sums.reindex(keys).set_axis(pairs.index)
    # A pair without people among pairs that have some has none; one whose whole group is absent
    # is not known.
    told = pairs["old_code"].isin(weights["old_code"]) & pairs["new_code"].isin(weights["new_code"])
    return found.mask(found.isna() & told, 0.0).astype(float)


def _guard(
    rows: pd.DataFrame, codes: pd.Series, known: set[str], ways: pd.DataFrame, *, forward: bool
) -> None:
    """Refuse codes of neither year, parts that are not known, and adding up rates: all at once."""
    changed = ways.loc[~ways["renamed"], "from"]
    rates: list[str] = []
    if "unit" in rows:
        added = rows[codes.isin(changed) & ~rows["unit"].map(adds).astype(bool)]
        rates = sorted({f"{row.indicator} ({row.unit})" for row in added.itertuples()})
    found = {
        "codes_of_neither_year": sorted(set(codes) - known),
        "split_needs_weights" if forward else "merger_needs_weights": sorted(
            set(ways.loc[ways["part"].isna(), "from"])
        ),
        "rates_do_not_add": rates,
    }
    breaches = [
        Breach(code, {"count": len(named), "value": shown(named)})
        for code, named in found.items()
        if named
    ]
    if breaches:
        raise InputError(breaches)


def _tell(
    codes: pd.Series,
    there: pd.Series,
    ways: pd.DataFrame,
    years: tuple[int, int],
    notify: Notify,
) -> None:
    before, after = map(str, years)
    already = sorted(set(codes) - {*there})
    if already:
        notify(note("codes_of_other_year", already, before=before, after=after))
    shared = ways["from"].duplicated(keep=False)
    for code, moves in (("boundaries_merged", ways[~shared]), ("boundaries_shared", ways[shared])):
        if len(moves):
            named = moves["from"].unique()
            notify(note(code, named, before=before, after=after))


def _added_up(
    moved: pd.DataFrame, table: pd.DataFrame, counts: tuple[str, ...], notify: Notify
) -> pd.DataFrame:
    """Add up what has one key, and see that nobody got lost on the way."""
    import pandas as pd

    for name in counts:
        had, has = float(table[name].sum()), float(moved[name].sum())
        if abs(has - had) > _LOSS * max(abs(had), 1.0):
            raise GeoMboError.of("students_lost", where="to_year", had=had, has=has)
    by = [name for name in table.columns if name not in counts]
    if counts == _VALUES and "label" in by:
        by.remove("label")
    keys = [moved[name] for name in by]
    grouped = moved.groupby(keys, dropna=False, observed=True, sort=False)
    sums = grouped[list(counts)].sum(min_count=1)
    gaps = moved[list(counts)].isna().groupby(keys, dropna=False, observed=True, sort=False).any()
    partly = gaps & sums.notna()
    if partly.to_numpy().any():
        notify(note("sum_not_known", count=int(partly.any(axis="columns").sum())))
    result = sums.mask(gaps).reset_index()
    if counts == _VALUES and "label" in table:
        result["label"] = grouped["label"].agg(_one_label).array
    return pd.DataFrame(result[list(table.columns)])


def _one_label(labels: pd.Series) -> object:
    return labels.iloc[0] if labels.nunique(dropna=False) == 1 else None
