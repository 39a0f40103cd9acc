"""The cells of the flows: which programmes a student of a woongemeente at a site may follow.

What is counted comes in *rows*: woongemeente x site where that is published, else what is known of
an institution. A row is spread over the *menu* of its site: what is offered there, as far as the
institution has students in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo_mbo.analysis.weighting import indexer, open_sites
from geo_mbo.counts import COUNTS, total
from geo_mbo.notes import Notify, note

if TYPE_CHECKING:
    import pandas as pd

    from geo_mbo.analysis.weighting import Floats, Whole
    from geo_mbo.tables import Tables

ROW = ["origin_id", "origin_kind", "site_id", "institution_id", "programme_id", "track"]
"""What a row may tell; missing where it does not."""

KIND = ["institution_id", "programme_id", "track"]


@dataclass(frozen=True)
class Cells:
    """Rows spread over menus.

    Attributes
    ----------
    rows
        `ROW` and the three columns of the count: what adds up to what is known.
    row
        Of each cell, its row.
    frame
        `ROW` of each cell, and ``weight``: students of the institution in that programme.
    """

    rows: pd.DataFrame
    row: Whole
    frame: pd.DataFrame


def last_year(tables: Tables) -> int | None:
    """Give the last year of the past: of the students, else of residents, else of enrolments."""
    for table in (tables.students, tables.residents, tables.enrolments):
        past = table.loc[table["kind"] == "history", "year"]
        if len(past):
            return int(past.max())
    return None


def of_year(table: pd.DataFrame, year: int) -> pd.DataFrame:
    """Give the rows of the past of one year."""
    return table[(table["year"] == year) & (table["kind"] == "history")]


def counted_rows(tables: Tables, year: int, *, notify: Notify) -> pd.DataFrame:
    """Give what is counted of each institution, by the table that tells most of where students go.

    Returns
    -------
    pandas.DataFrame
        `ROW`, the three columns of the count, and ``table``: students, residents or enrolments.
    """
    import pandas as pd

    parts: list[pd.DataFrame] = []
    known: set[str] = set()
    for name in ("students", "residents", "enrolments"):
        table = of_year(getattr(tables, name), year)
        if name == "students":
            at_site = table["site_id"].map(_institutions(tables))
            table = table.assign(institution_id=table["institution_id"].fillna(at_site))
        fresh = table[~table["institution_id"].isin(known)]
        if parts and len(fresh):
            notify(
                note(
                    "flows_other_table", sorted({*fresh["institution_id"].dropna()}), year=str(year)
                )
            )
        if len(fresh):
            parts.append(total(fresh, ROW).assign(table=name))
        known |= {*table["institution_id"].dropna()}
    columns = [*ROW, *COUNTS, "table"]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in columns}).astype(
            dict.fromkeys(COUNTS, "float64")
        )
    return pd.concat(parts, ignore_index=True)[columns]


def enrolled(tables: Tables, year: int) -> pd.DataFrame:
    """Give the students of institution x programme x track."""
    return total(of_year(tables.enrolments, year), KIND)


def menu(tables: Tables, rows: pd.DataFrame, year: int, *, notify: Notify) -> pd.DataFrame:
    """Give what may be followed where.

    Returns
    -------
    pandas.DataFrame
        ``institution_id``, ``site_id``, ``programme_id``, ``track``, ``weight``, sorted, each once.
    """
    import pandas as pd

    places = _places(tables, rows)
    offered = places.merge(tables.offers[["site_id", "programme_id", "track"]], on="site_id")
    told = enrolled(tables, year)[[*KIND, "students"]].rename(columns={"students": "weight"})
    told = told[told["weight"] > 0]
    counting = offered["institution_id"].isin(told["institution_id"])
    both = offered[counting].merge(told, on=KIND)
    alone = offered[~counting].assign(weight=1.0)
    astray = told.merge(both[KIND].drop_duplicates(), on=KIND, how="left", indicator=True)
    astray = astray[astray["_merge"] == "left_only"].drop(columns="_merge")
    astray = astray[astray["institution_id"].isin(places["institution_id"])]
    if len(astray):
        people = round(float(astray["weight"].sum()), 1)
        labels = astray["institution_id"] + " " + astray["programme_id"].fillna("-")
        notify(note("flows_not_offered", labels, people=people))
    anywhere = places.merge(astray, on="institution_id")
    filled = pd.concat([both, alone])["site_id"]
    bare = places[~places["site_id"].isin(filled) & places["counted"]]
    if len(bare):
        notify(note("flows_site_bare", bare["site_id"]))
    # A site without an offer of its own may hold all that its institution has.
    theirs = bare.merge(told, on="institution_id")
    whole = pd.concat([both, alone, anywhere, theirs], ignore_index=True)
    key = ["institution_id", "site_id", "programme_id", "track"]
    return whole.drop_duplicates(key).sort_values(key, ignore_index=True)[[*key, "weight"]]


def spread(rows: pd.DataFrame, offered: pd.DataFrame) -> Cells:
    """Spread rows over the menu of their site, or of their institution where no site is told."""
    keys = (
        _label(offered, ["institution_id", "site_id"]),
        offered["institution_id"].to_numpy(object),
    )
    wanted = (
        _label(rows, ["institution_id", "site_id"]),
        rows["institution_id"].fillna("").to_numpy(object),
    )
    sited = rows["site_id"].notna().to_numpy()
    starts, sizes = (np.zeros(len(rows), dtype=np.intp) for _ in range(2))
    for known, asked, at in zip(keys, wanted, (sited, ~sited), strict=True):
        first, count = _ranges(known)
        found = indexer(asked[at], list(first))
        there = np.flatnonzero(at)[found >= 0]
        starts[there] = np.array(list(first.values()), dtype=np.intp)[found[found >= 0]]
        sizes[there] = np.array(list(count.values()), dtype=np.intp)[found[found >= 0]]
    row = np.repeat(np.arange(len(rows)), sizes)
    item = starts[row] + np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    fits = np.ones(len(row), dtype=bool)
    for name in ("programme_id", "track"):
        told = rows[name].to_numpy(object)
        if rows[name].notna().any():
            asked = rows[name].notna().to_numpy()[row]
            fits &= ~asked | (told[row] == offered[name].to_numpy(object)[item])
    row, item = row[fits], item[fits]
    # Nothing on the menu fits: the row stays whole, as far as it is known.
    left = np.setdiff1d(np.arange(len(rows)), row)
    row, item = np.append(row, left), np.append(item, np.full(len(left), -1))
    return Cells(rows, row, _cell_frame(rows, offered, row, item))


def _cell_frame(rows: pd.DataFrame, offered: pd.DataFrame, row: Whole, item: Whole) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, object] = {}
    for name in ROW:
        values = rows[name].astype("str").array.take(row)
        if name in ("site_id", "programme_id", "track"):
            theirs = offered[name].astype("str").array.take(item, allow_fill=True)
            series = pd.Series(theirs, dtype="str")
            values = series.where(series.notna(), pd.Series(values, dtype="str")).array
        columns[name] = values
    weight = np.append(offered["weight"].to_numpy(float), 1.0)[item]
    return pd.DataFrame(columns | {"weight": weight})


def _ranges(labels: Floats) -> tuple[dict[str, int], dict[str, int]]:
    """Give the first position and the number of each label; equal ones stand together."""
    names, first, count = np.unique(labels.astype(str), return_index=True, return_counts=True)
    return (
        dict(zip(names.tolist(), first.tolist(), strict=True)),
        dict(zip(names.tolist(), count.tolist(), strict=True)),
    )


def _label(frame: pd.DataFrame, names: list[str]) -> Floats:
    """Give keys of several columns as one text."""
    one, other = (frame[name].fillna("").astype(object) for name in names)
    joined: Floats = (one + "\n" + other).to_numpy(object)
    return joined


def _institutions(tables: Tables) -> pd.Series:
    told: pd.Series = tables.sites.dropna(subset=["institution_id"]).set_index("site_id")[
        "institution_id"
    ]
    return told


def _places(tables: Tables, rows: pd.DataFrame) -> pd.DataFrame:
    """Give institution and site of where students are counted, or may be since it is open."""
    import pandas as pd

    names = ["institution_id", "site_id"]
    counted = rows.dropna(subset=names)[names].drop_duplicates().assign(counted=True)
    usable = open_sites(tables.sites).dropna(subset=names)[names]
    offering = usable[usable["site_id"].isin(tables.offers["site_id"])].assign(counted=False)
    return pd.concat([counted, offering], ignore_index=True).drop_duplicates(names)
