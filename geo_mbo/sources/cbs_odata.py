"""Tables of StatLine (CBS), in every form that they come in, as one.

Four forms: the JSON that `geo_mbo.sources.protocols.odata` writes of OData 3 and OData 4; the csv
of ``TypedDataSet``, with codes; and the csv that StatLine exports, with titles. Region codes come
with blanks behind them. What CBS withholds or cannot know stands as a number far below zero
(-99997, -99995, -99998, -99997997 and kin).

Columns are numbered by their place in the table (``AfstandTotSchool_60``), and the places differ by
year: a column is known by its name without the number, and by the groups of titles it stands in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_mbo.errors import FileError, InputError
from geo_mbo.sources.text import check_file, read_text

if TYPE_CHECKING:
    import pandas as pd

GEO, TIME, OTHER = "GeoDimension", "TimeDimension", "Dimension"
TOTALS = "totals"
"""Stands for the codes of a dimension that are its totals."""

_DIMENSIONS = (GEO, TIME, OTHER)
_NUMBERED = re.compile(r"[_ ]\d+$")
_UNIT = re.compile(r"^(.*\S)\s*\(([^()]+)\)$")
_WITHHELD = r"-9999[5-9]\d*(?:\.0+)?"
_SAMPLE_LINES = 50
_ROWS = '"rows": ['
_REGION = re.compile(r"(?:NL|PV|GM|CR|LD|WK|BU|RP|AM|RM|ES)\d+", re.IGNORECASE)
_PERIOD = re.compile(r"\d{4}(?:JJ|SJ|KW|MM)\d\d")


@dataclass(frozen=True)
class StatTable:
    """One table of StatLine.

    Attributes
    ----------
    table
        Its number, such as ``"85353NED"``; "" where the file does not say it.
    title
        What CBS calls it; "" where the file does not say it.
    period
        The period that the whole table is of, as CBS writes it; "" where it is not said.
    measures
        ``key`` (column in `rows`), ``stem`` (the key without its number), ``title``, ``group``
        (titles of the groups around it, outermost first, joined by `` > ``), ``unit``.
    kinds
        Dimension to its kind: `GEO`, `TIME` or `OTHER`.
    titles
        Dimension to title by code; without entries where the cells are titles themselves.
    rows
        A column a dimension (text, without blanks around it) and one a measure (as published).
    """

    table: str
    title: str
    period: str
    measures: pd.DataFrame
    kinds: Mapping[str, str]
    titles: Mapping[str, Mapping[str, str]]
    rows: pd.DataFrame


def read_table(
    path: Path | str, *, keep: Mapping[str, str | Iterable[str]] | None = None
) -> StatTable:
    """Read a table of StatLine: OData 3 or 4 as JSON, ``TypedDataSet`` as csv, or its export.

    Parameters
    ----------
    path
        The file. JSON with a row a line is read line by line.
    keep
        Dimension to the codes that are wanted of it, or `TOTALS`; others are passed over while
        reading, so that a large table fits in memory. Rows that lack the dimension stay.

    Raises
    ------
    MissingFileError, FileError
        There is no such file, or it is empty or no JSON.
    InputError
        It holds no table of StatLine, or no rows.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "t.json"
    >>> _ = path.write_text('{"table": "1NED", "properties": [{"Key": "RegioS", "Type":'
    ...     ' "GeoDimension"}, {"Key": "Inwoners_1", "Type": "Topic", "Title": "Inwoners",'
    ...     ' "Unit": "aantal"}], "dimensions": {"RegioS": [{"Key": "GM0363  ", "Title": "A"}]},'
    ...     ' "rows": [{"RegioS": "GM0363  ", "Inwoners_1": 7}]}')
    >>> table = read_table(path)
    >>> table.measures["stem"].tolist(), table.rows.to_numpy().tolist()
    (['Inwoners'], [['GM0363', 7]])
    """
    path = Path(path)
    if path.suffix.lower() != ".json":
        table = _from_text(path)
        return _kept(table, _asked(keep, {n: dict.fromkeys(table.rows[n]) for n in table.kinds}))
    about, rows = _page(path)
    version_4 = isinstance(about.get("measures"), list)
    chosen = list(_chosen(rows, _asked(keep, _titles(about, "Identifier" if version_4 else "Key"))))
    if not chosen:
        raise InputError.of("no_rows", path=str(path))
    if version_4:
        return _version_4(about, chosen, path)
    if isinstance(about.get("properties"), list):
        return _version_3(about, chosen, path)
    raise InputError.of("no_statline_table", where=path.name)


def stem(key: str) -> str:
    """Give the name of a column without its number.

    Examples
    --------
    >>> stem("AfstandTotSchool_60"), stem("k_15Tot25Jaar_9"), stem("M0001234")
    ('AfstandTotSchool', 'k_15Tot25Jaar', 'M0001234')
    """
    return _NUMBERED.sub("", key)


def is_total(word: str, code: str = "") -> bool:
    """Say whether a title, or a code in the way of CBS, stands for all of a dimension.

    Examples
    --------
    >>> is_total("Totaal mannen en vrouwen"), is_total("Bol totaal"), is_total("", "T001038")
    (True, False, True)
    """
    return word.lower().startswith(("totaal", "total")) or bool(re.fullmatch(r"T00\d+", code))


def withheld(values: pd.Series) -> pd.Series:
    """Say which cells CBS withholds: blank, ``.``, or a sentinel far below zero.

    Examples
    --------
    >>> import pandas as pd
    >>> withheld(pd.Series([-99997, "-99995.0", ".", -3, "12"])).tolist()
    [True, True, True, False, False]
    """
    words = values.map(str, na_action="ignore").astype("str").str.strip()
    hidden: pd.Series = words.isna() | words.isin(["", "."]) | _matches(words, _WITHHELD)
    return hidden


def _matches(words: pd.Series, pattern: str) -> pd.Series:
    found: pd.Series = words.str.fullmatch(pattern).fillna(False).astype(bool)
    return found


def _page(path: Path) -> tuple[dict[str, Any], Iterator[Any]]:
    """Give what the file says of its table, and its rows."""
    check_file(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline()
        if first.rstrip().endswith(_ROWS):
            return json.loads(first.rstrip() + "]}"), _lines(path)
        page = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error)[:200]) from error
    except OSError as error:
        raise FileError.of("cannot_read", path=str(path), reason=str(error.strerror)) from error
    if not isinstance(page, dict) or not isinstance(page.get("rows"), list):
        raise InputError.of("no_statline_table", where=path.name)
    return page, iter(page["rows"])


def _lines(path: Path) -> Iterator[Any]:
    """Read a row a line: a table of a million rows never stands in memory as text."""
    number = 1
    try:
        with path.open(encoding="utf-8-sig") as file:
            next(file)
            for line in file:
                number += 1
                bare = line.strip().rstrip(",")
                if bare == "]}":
                    return
                if bare:
                    yield json.loads(bare)
    except (ValueError, RecursionError) as error:
        reason = f"{str(error)[:200]}, line {number}"
        raise FileError.of("cannot_read", path=str(path), reason=reason) from error
    raise FileError.of("cannot_read", path=str(path), reason="the end of the file is missing")


def _asked(
    keep: Mapping[str, str | Iterable[str]] | None, titles: Mapping[str, Mapping[str, str | None]]
) -> dict[str, set[str]]:
    """Spell out which codes of a dimension are wanted; all of them where it has no total."""
    wanted = {}
    for name, codes in (keep or {}).items():
        if codes == TOTALS:
            known = titles.get(name, {})
            wanted[name] = {code for code, title in known.items() if is_total(title or code, code)}
        else:
            wanted[name] = {code.strip() for code in codes}
    return {name: codes for name, codes in wanted.items() if codes}


def _chosen(rows: Iterator[Any], wanted: Mapping[str, set[str]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if not isinstance(row, dict):
            raise InputError.of("no_statline_row", value=str(row)[:80])
        if all(
            name not in row or str(row[name]).strip() in codes for name, codes in wanted.items()
        ):
            yield row


def _version_3(about: Mapping[str, Any], rows: list[dict[str, Any]], path: Path) -> StatTable:
    import pandas as pd

    properties = [row for row in about["properties"] if isinstance(row, dict)]
    kinds = {
        str(row["Key"]): str(row["Type"])
        for row in properties
        if row.get("Type") in _DIMENSIONS and row.get("Key")
    }
    groups = {str(row.get("ID")): row for row in properties if row.get("Type") == "TopicGroup"}
    measures = [
        (str(row["Key"]), str(row.get("Title") or ""), _group(row, groups), row.get("Unit"))
        for row in properties
        if row.get("Key") and str(row["Key"]) not in kinds and row.get("Type") != "TopicGroup"
    ]
    frame = pd.DataFrame(rows)
    known = [measure for measure in measures if measure[0] in frame.columns]
    return _table(about, kinds, _titles(about, "Key"), known, frame, path)


def _version_4(about: Mapping[str, Any], rows: list[dict[str, Any]], path: Path) -> StatTable:
    """Bring observations (a row a number) to a row a combination of dimensions."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    for needed in ("Measure", "Value"):
        if needed not in frame.columns:
            there = ", ".join(map(str, frame.columns))
            raise InputError.of("missing_column", where=path.name, column=needed, there=there[:200])
    titles = _titles(about, "Identifier")
    dims = [name for name in titles if name in frame.columns]
    kinds = {name: _kind(name, frame[name]) for name in dims}
    groups = {str(g.get("Id")): g for g in about.get("measure_groups", []) if isinstance(g, dict)}
    measures = [
        (str(m["Identifier"]), str(m.get("Title") or ""), _group_4(m, groups), m.get("Unit"))
        for m in about["measures"]
        if isinstance(m, dict) and m.get("Identifier")
    ]
    texts = frame.assign(**{name: frame[name].map(_bare) for name in (*dims, "Measure")})
    if texts.duplicated([*dims, "Measure"]).any():
        raise InputError.of("statline_twice", where=path.name)
    wide = texts.set_index([*dims, "Measure"])["Value"].unstack("Measure").reset_index()
    wide.columns.name = None
    known = [measure for measure in measures if measure[0] in wide.columns]
    return _table(about, kinds, titles, known, wide, path)


def _table(
    about: Mapping[str, Any],
    kinds: Mapping[str, str],
    titles: Mapping[str, Mapping[str, str]],
    measures: list[tuple[str, str, str, Any]],
    frame: pd.DataFrame,
    path: Path,
) -> StatTable:
    import pandas as pd

    dims = [name for name in kinds if name in frame.columns]
    if not dims or not measures:
        raise InputError.of("no_statline_table", where=path.name)
    info = about.get("info") if isinstance(about.get("info"), dict) else {}
    listed = pd.DataFrame(measures, columns=["key", "title", "group", "unit"])
    listed.insert(1, "stem", listed["key"].map(stem))
    texts = {name: frame[name].map(_bare).astype("str") for name in dims}
    keys = listed["key"].tolist()
    return StatTable(
        table=str(about.get("table") or ""),
        title=str((info or {}).get("Title") or ""),
        period=str((info or {}).get("Period") or (info or {}).get("TemporalCoverage") or ""),
        measures=listed.fillna({"unit": ""}).astype("str"),
        kinds={name: kinds[name] for name in dims},
        titles={name: titles.get(name, {}) for name in dims},
        rows=pd.concat([pd.DataFrame(texts), frame[keys]], axis="columns"),
    )


def _from_text(path: Path) -> StatTable:
    """Read a csv: numbered names are keys, a unit in parentheses makes a title a measure."""
    import pandas as pd

    raw = read_text(path).reset_index(drop=True)
    original = dict(zip(raw.columns, _headers(path, len(raw.columns)), strict=True))
    names = {column: original[column] or column for column in raw.columns if column != "ID"}
    measures, kinds = [], {}
    for column, name in names.items():
        united = _UNIT.match(name)
        dimension = _kind(name, raw[column])
        if (_NUMBERED.search(name) or united) and dimension == OTHER:
            title, unit = (united[1], united[2]) if united else (stem(name), "")
            groups, _, last = title.replace("|", "/").rpartition("/")
            measures.append((name, last.strip(), groups.replace("/", " > "), unit))
        else:
            kinds[name] = dimension
    frame = pd.DataFrame({name: raw[column] for column, name in names.items()})
    number = re.search(r"\d{5}(?:NED|ned|ENG|eng)", path.name)
    return _table({"table": number[0] if number else ""}, kinds, {}, measures, frame, path)


def _headers(path: Path, width: int) -> list[str]:
    """Give the headers as they are written: reading brings them to capitals."""
    import csv

    with path.open("rb") as raw:
        mark = raw.read(2)
    encoding = "utf-16" if mark in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with path.open(encoding=encoding, errors="replace") as file:
        start = [file.readline() for _ in range(_SAMPLE_LINES)]
    for line in start:
        for delimiter in ";,\t|":
            cells = next(csv.reader([line.strip()], delimiter=delimiter), [])
            if len(cells) == width:
                return [cell.strip(" _\t") for cell in cells]
    return [""] * width


def _kept(table: StatTable, wanted: Mapping[str, set[str]]) -> StatTable:
    from dataclasses import replace

    rows = table.rows
    for name, codes in wanted.items():
        if name in table.kinds:
            rows = rows[rows[name].isin(codes)]
    return replace(table, rows=rows.reset_index(drop=True))


def _titles(about: Mapping[str, Any], code: str) -> dict[str, dict[str, str]]:
    dimensions = about.get("dimensions")
    if not isinstance(dimensions, dict):
        return {}
    return {
        str(name): {
            _bare(row.get(code)): _bare(row.get("Title")) for row in rows if isinstance(row, dict)
        }
        for name, rows in dimensions.items()
        if isinstance(rows, list)
    }


def _group(row: Mapping[str, Any], groups: Mapping[str, Mapping[str, Any]]) -> str:
    titles: list[str] = []
    parent = str(row.get("ParentID"))
    while parent in groups and len(titles) < len(groups):
        titles.insert(0, _bare(groups[parent].get("Title")))
        parent = str(groups[parent].get("ParentID"))
    return " > ".join(titles)


def _group_4(row: Mapping[str, Any], groups: Mapping[str, Mapping[str, Any]]) -> str:
    group = groups.get(str(row.get("MeasureGroupId") or row.get("MeasureGroupID")), {})
    return _bare(group.get("Title"))


def _kind(name: str, values: pd.Series) -> str:
    """Tell what a dimension is by its name, or by the codes in it."""
    some = [_bare(value) for value in values.dropna().head(20)]
    if name.lower().startswith(("regio", "wijkenenbuurten", "wijken en buurten", "woonregio")):
        return GEO
    if name.lower().startswith("period") or (some and all(map(_PERIOD.fullmatch, some))):
        return TIME
    return GEO if some and all(map(_REGION.fullmatch, some)) else OTHER


def _bare(value: object) -> str:
    return "" if value is None else str(value).strip()
