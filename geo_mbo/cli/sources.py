"""Commands on data sets: what there is, what one holds, and whether a file is open data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from geo_mbo.cli.console import show_table
from geo_mbo.messages import Lang, text

if TYPE_CHECKING:
    from geo_mbo.sources.catalogue import DataSet

app = App(
    name="sources", help="The data sets that are known: what, whose, when fetched, how tested."
)
JUDGEMENTS = ("inspection",)
"""Data sets of words in the place of numbers."""

COLUMNS = {
    "institution": ("institution_id", "BRIN"),
    "site": ("site_id", "Locatiecode"),
    "municipality": ("municipality", "Gemeente"),
    "province": ("province", "Provincie"),
    "labour_market": ("labour_market", "Arbeidsmarktregio"),
    "country": ("country", "Land"),
    "programme": ("programme_id", "Crebo"),
}
"""Kind of key to our name of the column that tells it, and a header that a file may have."""

Store = Annotated[Path | None, Parameter(env_var="GEO_MBO_STORE")]


@app.default
def listed(*, store: Store = None, lang: Lang = "nl") -> None:
    """List every data set that is known.

    Parameters
    ----------
    store
        Folder of fetched files; otherwise the user's own.
    lang
        Language of the list: nl or en.
    """
    from geo_mbo.sources.catalogue import data_sets

    columns = ("name", "publisher", "what", "years", "keys", "fetched", "status")

    def line(one: DataSet) -> tuple[str, ...]:
        return (
            one.key,
            one.publisher,
            one.about[lang],
            one.years or "-",
            ", ".join(text(f"key.{name}", lang) for name in one.joins) or "-",
            _fetched(one, store),
            text(f"status.{one.status}", lang),
        )

    headings = [text(f"cli.column.{name}", lang) for name in columns]
    show_table(headings, map(line, data_sets().values()))


@app.command
def show(name: str, *, store: Store = None, lang: Lang = "nl") -> None:
    """Show one data set: its columns with meaning and unit, and how to use it.

    Parameters
    ----------
    name
        Name of the data set, as ``geo-mbo sources`` lists it.
    store
        Folder of fetched files; otherwise the user's own.
    lang
        Language of the answer: nl or en.
    """
    from geo_mbo.analysis.naming import unit_name
    from geo_mbo.sources.catalogue import data_set, meaning_of

    one = data_set(name)
    facts = {
        "what": one.name,
        "about": one.about[lang],
        "publisher": one.publisher,
        "licence": one.licence,
        "address": one.url or "-",
        "format": one.format,
        "years": one.years or "-",
        "keys": ", ".join(text(f"key.{key}", lang) for key in one.joins) or "-",
        "becomes": ", ".join(text(f"table.{table}", lang) for table in one.becomes),
        "fetched": _fetched(one, store),
        "status": f"{text(f'status.{one.status}', lang)} ({one.tested.partition(' (')[0]})",
    }
    show_table([text("cli.column.fact", lang), one.key], _named(facts, lang))
    if one.columns:
        print()  # noqa: T201
        rows = []
        for column in one.columns:
            meant = meaning_of(column)
            unit = unit_name(meant.unit, lang) if meant and meant.unit else "-"
            said = (getattr(meant, lang), unit) if meant else ("-", "-")
            rows.append((column, *said))
        headings = [text(f"cli.column.{heading}", lang) for heading in ("column", "means", "unit")]
        show_table(headings, rows)
    print(f"\n{text('cli.use', lang)}\n{example_of(one)}")  # noqa: T201


@app.command
def check(file: Path, *, of: str = "", lang: Lang = "nl") -> None:
    """Hold a file against the eight marks of open data; exit code 1 where one is not met.

    Parameters
    ----------
    file
        The file: CSV, XLSX, GeoPackage or GeoJSON. What a file beside it (.json or .toml of the
        same name) says of licence, publisher and date counts too.
    of
        Name of the data set that it is, where it is one that is known.
    lang
        Language of the answer: nl or en.
    """
    from geo_mbo.sources.catalogue import data_set
    from geo_mbo.sources.marks import check_marks, marks_text

    marks = check_marks(file, data_set=data_set(of) if of else None)
    print(marks_text(marks, lang))  # noqa: T201
    if any(mark.answer == "no" for mark in marks):
        sys.exit(1)


def example_of(one: DataSet) -> str:
    """Give the lines of a study file that use a data set; the command that gets it otherwise."""
    from geo_mbo.schema import KEY_KINDS
    from geo_mbo.study.model import Inputs

    fetched = bool(one.fetch) and one.fetch.get("by") != "page"
    where = f'source = "{one.key}"' if fetched else f'path = "{one.key}.csv"'
    if one.key in Inputs.model_fields:
        return f"[inputs]\n{one.key} = {{ {where} }}"
    by = next((key for key in one.joins if key in KEY_KINDS), "")
    if "indicators" not in one.becomes or not by:
        return f"geo-mbo fetch {one.key}" if fetched else f"geo-mbo check {one.key}.csv"
    mapped = "" if fetched else f'\nsource = "{one.key}"'
    columns = "" if one.table else f"\n{_columns_of(one, by)}"
    return f'[[indicator]]\nname = "{one.name}"\n{where}{mapped}\nby = "{by}"{columns}'


def _columns_of(one: DataSet, by: str) -> str:
    """Give the line that names the columns of a table nobody has seen: ours to the file's."""
    told = "label" if one.key in JUDGEMENTS else "value"
    column = {"label": "Oordeel", "value": "Waarde"}[told]
    ours, theirs = COLUMNS[by]
    return f'columns = {{ {ours} = "{theirs}", {told} = "{column}", year = "Jaar" }}'


def _named(facts: dict[str, str], lang: Lang) -> list[tuple[str, str]]:
    return [(text(f"cli.column.{name}", lang), value) for name, value in facts.items()]


def _fetched(one: DataSet, store: Path | None) -> str:
    """Say when a data set was last fetched."""
    from geo_mbo.sources.fetching import Wanted
    from geo_mbo.study.fetched import own_store

    kept = Wanted(one, one.fetch).shelf(store or own_store()).kept()
    return kept.fetched.at[:10] if kept else "-"
