"""Tables of numbers, by one reader: what differs between files is their layout.

A *fact* is one number: of what (its dimensions), which year, what is counted, and in what. Files
put years or categories beside each other, or one number a row; `geo_mbo.sources.facts_layout` says
how. A hidden number is an interval from here on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_mbo.errors import Breach, InputError
from geo_mbo.notes import Notify, note, to_log
from geo_mbo.sources.duo import SITE_PATTERN
from geo_mbo.sources.facts_cells import NUMBERS, numbers
from geo_mbo.sources.facts_layout import Layout, ValueColumn, layout_of
from geo_mbo.sources.text import SHEETS, header, once, read_text, shown, wrong_cell

if TYPE_CHECKING:
    import pandas as pd

_Told = tuple[ValueColumn, int | None]

FACTS = ("year", "kind", "measure", "unit", *NUMBERS)
"""The columns behind the dimensions, whatever the file is."""

_KINDS = {"HISTORIE": "history", "PROGNOSE": "forecast"}
_YEAR = r"^\D*((?:19|20)\d{2})(?:\D.*)?$"


def read_facts(
    path: Path | str,
    layout: Mapping[str, Any],
    *,
    where: str = "",
    totals: bool = False,
    notify: Notify = to_log,
) -> pd.DataFrame:
    r"""Read a table of numbers: one row a number.

    Columns are found by name, in any order and in the spellings of any year.

    Parameters
    ----------
    path
        Delimited text or a spreadsheet (`geo_mbo.sources.text.read_text`).
    layout
        How its columns lie: ``DataSet.table`` of the catalogue, or a table with the same keys
        (`geo_mbo.sources.facts_layout`).
    where
        What to call the file in a message; its name where it is not given.
    totals
        Give the rows that are totals of others (``TOTAAL``) instead of the others: a dimension
        that a row is the total of is missing there. `geo_mbo.tables.facts.tightened` uses them.
    notify
        Gets notes on categories and columns that are new, and on masks that the file's publisher
        is not known to use there.

    Returns
    -------
    pandas.DataFrame
        The dimensions of the layout, all text, missing where blank (an onderwijslocatie gives
        ``site_id`` and ``address`` as well); then always ``year``, ``kind`` (history or forecast),
        ``measure``, ``unit``, ``count`` (as published; missing where masked or blank), ``masked``,
        ``expected``, ``low``, ``high`` (the interval that a masked cell or a class stands for;
        missing where nothing is known of it) and ``label`` (words in place of a number).

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; columns are missing, all told at once; the same row
        is there twice; a number, a year or a type is none; or no year is known.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "x.csv"
    >>> _ = file.write_text("INSTELLINGSCODE,MAN2021,VROUW2021\n01ZZ,12,-1\n")
    >>> layout = {"dims": {"institution_id": "INSTELLINGSCODE"}, "unit": "students",
    ...           "values": [{"header": "MAN{year}", "sex": "man"},
    ...                      {"header": "VROUW{year}", "sex": "vrouw"}], "masks": ["-1"]}
    >>> found = read_facts(file, layout)
    >>> found[["institution_id", "sex", "year", "expected", "low", "high"]]
      institution_id    sex  year  expected   low  high
    0           01ZZ    man  2021      12.0  12.0  12.0
    1           01ZZ  vrouw  2021       2.5   1.0   4.0
    """
    path = Path(path)
    where = where or path.name
    plan = layout_of(layout, where=where)
    sheet = plan.sheet if path.suffix.lower() in SHEETS else None
    frame = read_text(path, sheet=sheet)
    return facts_of(frame, plan, name=path.name, where=where, totals=totals, notify=notify)


def read_records(path: Path | str, layout: Mapping[str, Any], *, where: str = "") -> pd.DataFrame:
    """Read the dimensions of a table without numbers, such as addresses of boards; all text.

    Raises
    ------
    InputError, FileError
        See `geo_mbo.sources.text.read_text`; or columns are missing.
    """
    path = Path(path)
    where = where or path.name
    plan = layout_of(layout, where=where)
    frame = read_text(path, sheet=plan.sheet if path.suffix.lower() in SHEETS else None)
    absent = _absent(frame, plan)
    if absent:
        raise _missing(absent, frame, where)
    return _dimensions(frame, plan).reset_index(drop=True)


def facts_of(
    frame: pd.DataFrame, plan: Layout, *, name: str, where: str, totals: bool, notify: Notify
) -> pd.DataFrame:
    """Give the facts in a frame of text under normalised headers; see `read_facts`."""
    import pandas as pd

    columns = _value_columns(frame, plan, where=where, notify=notify)
    key = frame.drop(columns=[*columns, *_beside(frame, plan)])
    if len(key.columns):
        once(key, where=where)
    dims = _chosen(_dimensions(frame, plan), key, plan, totals=totals, where=where, notify=notify)
    rows = frame.loc[dims.index]
    years = _years(rows, plan, columns, name=name, where=where)
    dims = dims.assign(year=0 if years is None else years, kind=_kinds(rows, plan, where))
    indication = rows.get(header(plan.indication)) if plan.indication else None
    blocks = []
    for unit in dict.fromkeys(value.unit for value, _ in columns.values()):
        alike = {name: told for name, told in columns.items() if told[0].unit == unit}
        cells = numbers(
            rows[[*alike]], plan, unit=unit, where=where, indication=indication, notify=notify
        )
        blocks.append(_long(dims, columns, alike).join(cells))
    facts = pd.concat(blocks, ignore_index=True)
    _tell_new(facts, plan, where=where, notify=notify)
    return _ordered(_with_sites(_with_branches(facts)))


def _long(
    dims: pd.DataFrame, columns: Mapping[str, _Told], alike: Mapping[str, _Told]
) -> pd.DataFrame:
    """Put the rows under each other once a column, each with what its column stands for."""
    import numpy as np
    import pandas as pd

    each = len(dims)
    long = dims.iloc[np.tile(np.arange(each), len(alike))].reset_index(drop=True)
    constant = dict.fromkeys(dim for value, _ in columns.values() for dim in value.stands_for)
    words = {dim: [value.stands_for.get(dim) for value, _ in alike.values()] for dim in constant}
    words["measure"] = [value.measure for value, _ in alike.values()]
    words["unit"] = [value.unit for value, _ in alike.values()]
    told = {
        n: pd.Series(np.repeat(np.array(w, object), each), dtype="str") for n, w in words.items()
    }
    own = np.repeat([year or 0 for _, year in alike.values()], each)
    return long.assign(**told, year=np.where(own > 0, own, long["year"]))


def _chosen(
    dims: pd.DataFrame,
    key: pd.DataFrame,
    plan: Layout,
    *,
    totals: bool,
    where: str,
    notify: Notify,
) -> pd.DataFrame:
    """Keep the rows that are totals, or those that are not."""
    total = _totals(dims, plan)
    of_dims = total.any(axis=1)
    # A column that is no dimension here may hold totals as well: they would count double.
    aside = _totals(key, plan).any(axis=1) & ~of_dims
    left = of_dims | aside
    if left.any() and not totals:
        notify(note("totals_out", dims.index[left], where=where))
    return dims.mask(total)[(of_dims == totals) & ~aside]


def _totals(columns: pd.DataFrame, plan: Layout) -> pd.DataFrame:
    """Tell which cells mark a total; a column of nothing else tells nothing."""
    import pandas as pd

    marked = {}
    for name in columns.columns:
        words = [w for w in columns[name].dropna().unique() if w.upper() in plan.totals]
        cells = columns[name].isin(words)
        marked[name] = cells & (not cells.all())
    return pd.DataFrame(marked, index=columns.index)


def _ordered(facts: pd.DataFrame) -> pd.DataFrame:
    dims = [name for name in facts.columns if name not in FACTS]
    return facts[[*dims, *FACTS]].astype({"year": "int64", "measure": "str", "unit": "str"})


def _value_columns(
    frame: pd.DataFrame, plan: Layout, *, where: str, notify: Notify
) -> dict[str, _Told]:
    """Find the columns of numbers, with the year that each is of; what is missing, all at once."""
    found: dict[str, _Told] = {}
    absent: list[str] = []
    for value in plan.values:
        matches = [(n, value.pattern.match(n)) for n in map(str, frame.columns)]
        own = {n: (value, int(m[1]) if value.yearly else None) for n, m in matches if m}
        found |= {n: answer for n, answer in own.items() if n not in found}
        if not own and value.needed and not value.yearly:
            absent.append(value.header)
    absent = [*_absent(frame, plan), *absent, *_half_years(plan, found)]
    if absent:
        raise _missing(absent, frame, where)
    if not found and not plan.across:
        there = shown(", ".join(map(str, frame.columns)))
        wanted = ", ".join(v.header for v in plan.values) or "-"
        raise InputError.of("facts_no_values", where=where, column=wanted, there=there)
    return found | _new_columns(frame, plan, {*found}, where=where, notify=notify)


def _half_years(plan: Layout, found: Mapping[str, _Told]) -> list[str]:
    """Give the columns that a year lacks beside the others, as men without women."""
    by_year: dict[int, list[ValueColumn]] = {}
    for value, year in found.values():
        if year is not None:
            by_year.setdefault(year, []).append(value)
    alike: dict[tuple[str, ...], ValueColumn] = {}
    for value in plan.values:
        if value.yearly and value.needed:
            alike.setdefault((value.measure, *value.stands_for.values()), value)
    return [
        value.header.replace("{year}", str(year))
        for year, there in sorted(by_year.items())
        for same, value in alike.items()
        if same not in [(v.measure, *v.stands_for.values()) for v in there]
    ]


def _new_columns(
    frame: pd.DataFrame, plan: Layout, known: set[str], *, where: str, notify: Notify
) -> dict[str, _Told]:
    """Tell columns that the layout does not know; counts across a dimension are taken along."""
    named = {column for column, _ in _named(frame, plan)}
    told = {header(n) for n in (plan.year, plan.kind) if n}
    known = {*known, *named, *told, *_beside(frame, plan)}
    new = [n for n in map(str, frame.columns) if n not in known]
    taken: dict[str, _Told] = {}
    if plan.across:
        counts = r"\d+|" + "|".join(map(re.escape, plan.masks or ("-1",)))
        taken = {
            n: (ValueColumn(n, plan.measure, plan.unit, {plan.across: n}), None)
            for n in new
            if frame[n].notna().any() and frame[n].dropna().str.fullmatch(counts).all()
        }
    if taken:
        notify(note("category_new", taken, where=where, column=plan.across))
    left = [n for n in new if n not in taken]
    if left:
        notify(note("column_new", left, where=where))
    return taken


def _named(frame: pd.DataFrame, plan: Layout) -> list[tuple[str, str]]:
    """Give the columns that dimensions are read from, each with our name."""
    found = []
    for ours, spellings in {**plan.dims, **plan.optional}.items():
        there = next((header(s) for s in spellings if header(s) in frame.columns), None)
        if there is not None:
            found.append((there, ours))
    return found


def _beside(frame: pd.DataFrame, plan: Layout) -> list[str]:
    """Give the columns that are neither dimension nor number: indication, release."""
    aside = (plan.indication, *plan.ignored)
    return [header(n) for n in aside if n and header(n) in frame.columns]


def _absent(frame: pd.DataFrame, plan: Layout) -> list[str]:
    needed = [*plan.dims.values(), *((n,) for n in (plan.year, plan.kind) if n)]
    return [
        spellings[0]
        for spellings in needed
        if not any(header(s) in frame.columns for s in spellings)
    ]


def _missing(absent: Sequence[str], frame: pd.DataFrame, where: str) -> InputError:
    there = shown(", ".join(map(str, frame.columns)))
    return InputError(
        [Breach("missing_column", {"where": where, "column": n, "there": there}) for n in absent]
    )


def _dimensions(frame: pd.DataFrame, plan: Layout) -> pd.DataFrame:
    import pandas as pd

    nothing = pd.Series(pd.NA, index=frame.index, dtype="str")
    columns = {ours: there for there, ours in _named(frame, plan)}
    return pd.DataFrame(
        {
            ours: frame[columns[ours]] if ours in columns else nothing
            for ours in [*plan.dims, *plan.optional]
        },
        index=frame.index,
    )


def _years(
    frame: pd.DataFrame,
    plan: Layout,
    columns: Mapping[str, _Told],
    *,
    name: str,
    where: str,
) -> pd.Series | int | None:
    """Give the year of the rows; None where every column has its own."""
    if all(year is not None for _, year in columns.values()):
        return None
    if plan.year:
        cells = frame[header(plan.year)]
        years = cells.str.extract(_YEAR)[0]
        if years.isna().any():
            raise wrong_cell("facts_no_year", cells, years.isna(), where=where, column=plan.year)
        return years.astype("int64")
    told = re.match(r"((?:19|20)\d{2})(?!\d)(?!-(?:19|20)\d{2})", name)
    if plan.year_is is None and told is None:
        raise InputError.of("facts_year_unknown", where=where)
    if plan.year_is is not None and told is not None and int(told[1]) != plan.year_is:
        raise InputError.of("facts_year_differs", where=where, value=told[1], due=str(plan.year_is))
    return plan.year_is if plan.year_is is not None else int(told[1]) if told else None


def _kinds(frame: pd.DataFrame, plan: Layout, where: str) -> pd.Series | str:
    if not plan.kind:
        return "history"
    cells = frame[header(plan.kind)]
    kinds = cells.str.upper().map(_KINDS)
    if kinds.isna().any():
        allowed = "Historie, Prognose"
        raise wrong_cell("unknown_kind", cells, kinds.isna(), where=where, allowed=allowed)
    return kinds


def _tell_new(facts: pd.DataFrame, plan: Layout, *, where: str, notify: Notify) -> None:
    for dim, known in plan.domains.items():
        if dim in facts:
            words = {word.upper() for word in known}
            found = facts[dim].dropna().unique()
            new = sorted(word for word in found if word.upper() not in words)
            if new:
                notify(note("category_new", new, where=where, column=dim))


def _with_sites(facts: pd.DataFrame) -> pd.DataFrame:
    """Take code and address of an onderwijslocatie apart."""
    if "location" not in facts:
        return facts
    known = facts["location"].drop_duplicates()
    parts = known.str.extract(SITE_PATTERN).set_axis(known)
    return facts.assign(
        site_id=facts["location"].map(parts[0]).astype("str"),
        address=facts["location"].map(parts[1]).astype("str"),
    )


def _with_branches(facts: pd.DataFrame) -> pd.DataFrame:
    """Write a branch one way: older files have ``16AH00``, or a number beside the BRIN."""
    if "branch_id" not in facts or "institution_id" not in facts:
        return facts
    branch = facts["branch_id"]
    number = branch.str.fullmatch(r"\d{1,2}").fillna(False).astype(bool)
    whole = facts["institution_id"] + branch.str.zfill(2)
    return facts.assign(branch_id=branch.mask(number, whole))
