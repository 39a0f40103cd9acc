"""The contract of every table, and the guard of coordinate systems.

A table is a frame that passed its contract: the columns of the contract in its order, no others,
with their types, keys unique, values in range; geometry in RD New (EPSG:28992). All breaches of a
table come in one error. Identifiers are text, leading zeros kept; units are in the names.

Columns marked optional may hold missing values; the column itself is always there, so that the
columns of a table never depend on what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from geo_mbo.errors import Breach, ContractError, CrsError

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd
    import pandera.pandas as pa


Frame = TypeVar("Frame", bound="pd.DataFrame")

RD = 28992
"""EPSG code of RD New (Amersfoort), in metres: the coordinate system of every table."""

RD_BOUNDS_M = (7_000.0, 289_000.0, 300_000.0, 629_000.0)
"""Where RD New is valid: least x, least y, greatest x, greatest y."""


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    Attributes
    ----------
    kind
        Text, number, whole number or truth value.
    optional
        May hold missing values.
    low, high
        Least and greatest value.
    among
        The only values allowed.
    pattern
        Regular expression that the whole text matches.
    """

    kind: Literal["text", "number", "whole", "truth"] = "text"
    optional: bool = False
    low: float | None = None
    high: float | None = None
    among: tuple[object, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Contract:
    """What a table must hold: its name, key, columns and kinds of geometry."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    geometry: tuple[str, ...] = field(default=())


_ID = Column()
_TEXT = Column(optional=True)
_COUNT = Column("number", low=0)
_YEAR = Column("whole", low=1990, high=2100)
_POINT = ("Point",)
_AREA = ("Polygon", "MultiPolygon")
_GEMEENTE = Column(optional=True, pattern=r"GM\d{4}")

SITE_STATUS = ("existing", "candidate", "closed", "competitor")
LOCATED_BY = ("given", "rio", "address", "postcode4", "none")
QUALITY = ("exact", "approximate", "none")
TRACKS = ("BOL", "BBL", "OTHER")
"""BOL (mostly at school) and BBL (mostly at work); all else (extraneous, vavo) is OTHER."""
AREA_LEVELS = (
    "country",
    "province",
    "labour_market",
    "corop",
    "rmc",
    "municipality",
    "district",
    "neighbourhood",
    "pc4",
)
KEY_KINDS = (*AREA_LEVELS, "site", "institution", "programme", "sector")
"""What a number can be a number of; a country has its code of two letters, such as NL."""
ORIGIN_KINDS = ("municipality", "elsewhere", "abroad", "unknown")
"""Where students live: a municipality of the study, elsewhere in the country, abroad, unknown."""
STUDENT_KINDS = ("history", "forecast")
TRAVEL_STATUS = ("ok", "unreachable", "origin_too_far", "site_too_far", "over_limit")
"""Why a pair has no time: the position in this tuple is the code in a travel matrix."""

SITES = Contract(
    "sites",
    ("site_id",),
    {
        "site_id": _ID,
        "name": _ID,
        "institution_id": _TEXT,
        "institution": _TEXT,
        "street": _TEXT,
        "number": _TEXT,
        "postcode": Column(optional=True, pattern=r"[1-9]\d{3}([A-Z]{2})?"),
        "place": _TEXT,
        "municipality_id": _GEMEENTE,
        "status": Column(among=SITE_STATUS),
        "capacity": Column("number", optional=True, low=0),
        "located_by": Column(among=LOCATED_BY),
        "located_quality": Column(among=QUALITY),
    },
    _POINT,
)
OFFERS = Contract(
    "offers",
    ("site_id", "programme_id", "track"),
    {
        "site_id": _ID,
        "programme_id": _ID,
        "programme": _ID,
        "dossier": _TEXT,
        "domain": _TEXT,
        "sector": _TEXT,
        "level": Column("number", optional=True, low=1, high=4),
        "track": Column(among=TRACKS),
    },
)
STUDENTS = Contract(
    "students",
    (
        "origin_id",
        "home_id",
        "site_id",
        "institution_id",
        "programme_id",
        "level",
        "track",
        "age",
        "year",
    ),
    {
        "origin_id": _TEXT,
        "origin_kind": Column(among=ORIGIN_KINDS),
        "home_id": _TEXT,  # PC4 within the municipality, where a source tells it
        "site_id": _TEXT,
        "institution_id": _TEXT,
        "programme_id": _TEXT,
        "level": Column("number", optional=True, low=1, high=4),
        "track": Column(optional=True, among=TRACKS),
        "age": _TEXT,
        "year": _YEAR,
        "kind": Column(among=STUDENT_KINDS),
        "students": _COUNT,
        "students_low": _COUNT,
        "students_high": _COUNT,
    },
)
AREAS = Contract(
    "areas",
    ("area_id",),
    {
        "area_id": _ID,
        "level": Column(among=AREA_LEVELS),
        "name": _ID,
        "parent_id": _TEXT,
        "valid_from": _TEXT,
        "valid_to": _TEXT,
    },
    _AREA,
)
ORIGINS = Contract(
    "origins",
    ("origin_id",),
    {"origin_id": _ID, "area_id": _ID, "weight": _COUNT},
    _POINT,
)
INDICATORS = Contract(
    "indicators",
    ("key_kind", "key", "indicator", "year"),
    {
        "key_kind": Column(among=KEY_KINDS),
        "key": _ID,
        "indicator": _ID,
        "year": _YEAR,
        "value": Column("number", optional=True),
        "value_low": Column("number", optional=True),
        "value_high": Column("number", optional=True),
        "label": _TEXT,
        "unit": _ID,
        "source": _ID,
    },
)
TRAVEL = Contract(
    "travel",
    ("origin_id", "site_id", "mode"),
    {
        "origin_id": _ID,
        "site_id": _ID,
        "mode": _ID,
        "minutes": Column("number", low=0),
        "meters": Column("number", low=0),
        "status": Column(among=TRAVEL_STATUS),
    },
)
CONTRACTS = {c.name: c for c in (SITES, OFFERS, STUDENTS, AREAS, ORIGINS, INDICATORS, TRAVEL)}

_DTYPES = {"text": "str", "number": "float64", "whole": "int64", "truth": "bool"}


def checked(frame: Frame, contract: Contract, *, source: str = "") -> Frame:
    """Give the table that `frame` is under `contract`, or all that is wrong with it.

    Parameters
    ----------
    frame
        Any frame; columns beyond the contract are left out, types are made as the contract says.
    contract
        One of this module's contracts.
    source
        What to call the frame in a message, such as a file name.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        A new frame with a fresh index; `frame` is unchanged.

    Raises
    ------
    ContractError
        Columns are missing, a key is missing or twice there, or values are out of range.
    CrsError
        The geometry is not in RD New.

    Examples
    --------
    >>> import pandas as pd
    >>> offers = pd.DataFrame({"site_id": ["901X001"], "programme_id": ["98001"]})
    >>> checked(offers, OFFERS, source="offers.csv")
    Traceback (most recent call last):
    geo_mbo.errors.ContractError: offers.csv: column 'programme' is missing. ...
    """
    source = source or contract.name
    wanted = [*contract.columns, *(["geometry"] if contract.geometry else [])]
    absent = [name for name in wanted if name not in frame.columns]
    if absent:
        there = ", ".join(map(str, frame.columns))
        raise ContractError(
            [
                Breach("missing_column", {"where": source, "column": n, "there": there})
                for n in absent
            ]
        )
    if contract.geometry:
        rd_guard(cast("gpd.GeoDataFrame", frame), source=source)
    table = frame.loc[:, wanted].reset_index(drop=True)
    typed, wrong_types = _typed(table, contract, source)
    breaches = [*wrong_types, *_failures(typed, contract, source)]
    if breaches:
        raise ContractError(breaches)
    return typed


def empty(contract: Contract) -> pd.DataFrame:
    """Give the table without rows: all columns with their types, and a geometry where it has one.

    Examples
    --------
    >>> list(empty(ORIGINS).columns)
    ['origin_id', 'area_id', 'weight', 'geometry']
    """
    import geopandas as gpd
    import pandas as pd

    columns = {n: pd.Series(dtype=_DTYPES[c.kind]) for n, c in contract.columns.items()}
    if not contract.geometry:
        return pd.DataFrame(columns)
    table: pd.DataFrame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=RD), crs=RD)
    return table


def rd_guard(frame: gpd.GeoDataFrame | gpd.GeoSeries, *, source: str) -> None:
    """Refuse geometry that is not in RD New, each mistake with its own message.

    Raises
    ------
    CrsError
        No coordinate system; a geographic one; another one; or coordinates outside the Netherlands'
        range, as when axes were swapped or degrees were called metres.
    """
    if frame.crs is None:
        raise CrsError.of("crs_missing", where=source)
    if frame.crs.is_geographic:
        raise CrsError.of("crs_geographic", where=source, crs=frame.crs.name)
    if frame.crs.to_epsg() != RD:
        raise CrsError.of("crs_other", where=source, crs=frame.crs.name)
    bounds = frame.geometry.bounds.dropna()
    least_x, least_y, greatest_x, greatest_y = RD_BOUNDS_M
    outside = (
        (bounds["minx"] < least_x)
        | (bounds["miny"] < least_y)
        | (bounds["maxx"] > greatest_x)
        | (bounds["maxy"] > greatest_y)
    )
    if not outside.any():
        return
    first = bounds[outside].iloc[0]
    swapped = least_x <= first["miny"] <= greatest_x and least_y <= first["minx"] <= greatest_y
    degrees = abs(first["minx"]) <= 180 and abs(first["miny"]) <= 90
    raise CrsError.of(
        "axes_swapped" if swapped else "degrees_as_metres" if degrees else "outside_rd",
        where=source,
        count=int(outside.sum()),
        x=f"{first['minx']:.1f}",
        y=f"{first['miny']:.1f}",
    )


def _typed(table: Frame, contract: Contract, source: str) -> tuple[Frame, list[Breach]]:
    """Give the columns their types; what is no number is a breach, never a silent NaN."""
    import pandas as pd

    breaches: list[Breach] = []
    for name, column in contract.columns.items():
        values = table[name]
        if column.kind == "text":
            table[name] = values.map(str, na_action="ignore").astype("str")
            continue
        if column.kind == "truth":
            table[name] = values.astype(bool)
            continue
        numbers = pd.to_numeric(values, errors="coerce")
        wrong = numbers.isna() & values.notna()
        if wrong.any():
            breaches.append(_breach("not_a_number", source, name, values, wrong))
        if column.kind == "whole" and numbers.notna().all():
            numbers = numbers.astype("int64")
        table[name] = numbers
    return table, breaches


def _failures(table: pd.DataFrame, contract: Contract, source: str) -> list[Breach]:
    """All that pandera finds, one breach a column and check."""
    from pandera.errors import SchemaErrors

    breaches = []
    keys = list(contract.key)
    twice = table.duplicated(keys, keep=False)
    if twice.any():
        labels = table[keys].map(str).agg(", ".join, axis=1)
        breaches.append(_breach("duplicate_key", source, ", ".join(keys), labels, twice))
    try:
        _pandera(contract).validate(table, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        for (name, check), rows in cases.groupby(["column", "check"], sort=False):
            wrong = table.index.isin(rows["index"].dropna())
            if check == "not_nullable":
                breaches.append(
                    Breach(
                        "missing_value",
                        {
                            "where": source,
                            "column": name,
                            "count": int(wrong.sum()),
                            "row": int(wrong.argmax()) + 1,
                        },
                    )
                )
            else:
                breaches.append(
                    _breach(
                        "wrong_value",
                        source,
                        name,
                        table[name],
                        wrong,
                        allowed=_allowed(contract, name),
                    )
                )
    if contract.geometry:
        breaches += _geometry_failures(cast("gpd.GeoDataFrame", table), contract, source)
    return breaches


def _geometry_failures(table: gpd.GeoDataFrame, contract: Contract, source: str) -> list[Breach]:
    kinds = table.geometry.geom_type.astype("object")
    # A site that nobody could locate yet has an empty point; it is told by its own note.
    wrong = table.geometry.isna() | ~kinds.isin(contract.geometry)
    if not wrong.any():
        return []
    return [
        _breach(
            "wrong_value", source, "geometry", kinds, wrong, allowed=", ".join(contract.geometry)
        )
    ]


def _pandera(contract: Contract) -> pa.DataFrameSchema:
    import pandera.pandas as pa

    def checks(column: Column) -> list[pa.Check]:
        found = []
        if column.low is not None:
            found.append(pa.Check.ge(column.low))
        if column.high is not None:
            found.append(pa.Check.le(column.high))
        if column.among:
            found.append(pa.Check.isin(column.among))
        if column.pattern:
            found.append(pa.Check.str_matches(f"^(?:{column.pattern})$"))
        return found

    return pa.DataFrameSchema(
        {n: pa.Column(nullable=c.optional, checks=checks(c)) for n, c in contract.columns.items()}
    )


def _allowed(contract: Contract, name: str) -> str:
    column = contract.columns[name]
    if column.among:
        return ", ".join(map(str, column.among))
    if column.pattern:
        return column.pattern
    sides = [
        f">= {column.low:g}" if column.low is not None else "",
        f"<= {column.high:g}" if column.high is not None else "",
    ]
    return " and ".join(side for side in sides if side)


def _breach(
    code: str,
    source: str,
    name: str,
    values: pd.Series,
    wrong: npt.ArrayLike,
    **more: object,
) -> Breach:
    """Name the first offender and count them all."""
    import numpy as np

    at = np.flatnonzero(np.asarray(wrong))
    first = {"value": str(values.iloc[at[0]]), "row": int(at[0]) + 1}
    return Breach(code, {"where": source, "column": name, "count": len(at), **first, **more})
