"""Write every result to one GeoPackage that QGIS opens drawn."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from geo_mbo.cache import dated, replacing
from geo_mbo.errors import FileError
from geo_mbo.export import indicators, links, lists, measures, places
from geo_mbo.export.layers import Layer, explained, in_file, label, ready, split
from geo_mbo.export.styles import qml
from geo_mbo.messages import Lang, text
from geo_mbo.notes import Note
from geo_mbo.provenance import About

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo_mbo.analysis.findings import Findings
    from geo_mbo.tables import Tables
    from geo_mbo.travel import TravelMatrix

_CONTENTS = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
VALUES ('layer_styles', 'attributes', 'layer_styles', ?, ?)"""
_STYLES = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
  styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time)
VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', ?)"""
_COLUMNS = """
INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description)
VALUES (?, ?, ?, ?, ?)"""
_EXTENSIONS = """
INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope)
VALUES (?, NULL, 'gpkg_schema', 'http://www.geopackage.org/spec/#extension_schema', 'read-write')"""


def write_geopackage(
    path: Path,
    tables: Tables,
    findings: Findings,
    about: About,
    notes: Sequence[Note],
    *,
    lang: Lang = "nl",
    isochrones: gpd.GeoDataFrame | None = None,
    matrix: TravelMatrix | None = None,
) -> Path:
    """Write every result as layers in RD New, with styles, labels and a data dictionary.

    Names of layers and columns are the same in every language; labels, descriptions and words
    follow `lang`. What was not reached is NULL. Counts of one to four people are the range 1-4.

    Parameters
    ----------
    path
        The file; what is there is replaced once the new one is whole.
    tables, findings
        What is written.
    about, notes
        Where it comes from, and what happened to the data on the way.
    lang
        Language of labels, descriptions and words.
    isochrones
        `site_id`, `mode`, `cutoff_min` (minutes) and geometry; without them the reach of a site is
        made of the postcode areas within the limit.
    matrix
        Travel times to write as a table; without it the three nearest institutions are written.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    FileError
        The file cannot be written, or the disk is full; no half file is left.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import date
    >>> from geo_mbo.analysis import find
    >>> from geo_mbo.sample import sample_town
    >>> town = sample_town()
    >>> found = find(town.tables, town.matrix, notify=lambda note: None)
    >>> path = write_geopackage(Path(tempfile.mkdtemp()) / "town.gpkg", town.tables, found,
    ...                         About("Town", created=date(2026, 10, 1)), [], lang="en")
    >>> import pyogrio
    >>> [str(name) for name, shape in pyogrio.list_layers(path) if shape][:3]
    ['gemeenten', 'postcodegebieden', 'onderwijslocaties']
    """
    layers = contents(
        tables, findings, about, notes, lang=lang, isochrones=isochrones, matrix=matrix
    )
    with replacing(path) as fresh, _told_as_file_error(path), dated(about.created):
        written = [ready(layer, lang) for layer in layers]
        for layer, frame in zip(layers, written, strict=True):
            _write_layer(fresh, layer, frame, about, lang)
        _write_styles(fresh, layers, written, about, lang)
    return path


def contents(
    tables: Tables,
    findings: Findings,
    about: About,
    notes: Sequence[Note],
    *,
    lang: Lang,
    isochrones: gpd.GeoDataFrame | None = None,
    matrix: TravelMatrix | None = None,
) -> list[Layer]:
    """Give all layers and tables of the file, in the order that QGIS should list them."""
    drawn = [
        places.municipalities(tables, findings, lang=lang),
        places.postcode_areas(tables, findings, lang=lang),
        places.sites(tables, findings, lang=lang),
        places.catchments(tables, findings),
        places.reach(tables, findings, isochrones=isochrones, lang=lang),
        links.lacunes(tables, findings),
        links.duplications(tables, findings),
        links.home_to_school(tables, findings),
        indicators.regions(tables, findings, lang=lang),
    ]
    parts = [split(layer) for layer in drawn]
    layers = [shown for shown, *_ in parts] + [rest for _, *more in parts for rest in more]
    layers += [
        lists.programmes(findings),
        lists.institutions(findings),
        indicators.table(findings),
        indicators.published(findings, lang),
        lists.students_within(findings),
        lists.inequality(findings),
        *measures.measures(tables, findings),
        lists.travel_times(findings, matrix=_of_sites(matrix, tables), lang=lang),
        lists.notes_table(notes, lang),
        lists.sources(about),
        lists.parameters(about, lang),
    ]
    return [*layers, lists.dictionary(layers, lang)]


def _of_sites(matrix: TravelMatrix | None, tables: Tables) -> TravelMatrix | None:
    """Leave out what only a scenario opens: it is in no other layer."""
    if matrix is None:
        return None
    return matrix.select(sites=matrix.sites[matrix.sites.isin(tables.sites["site_id"])])


def _write_layer(path: Path, layer: Layer, frame: pd.DataFrame, about: About, lang: Lang) -> None:
    import pyogrio

    options = {"IDENTIFIER": _title(layer, lang), "FID": "fid"}
    if layer.shape:
        options["GEOMETRY_NAME"] = "geom"
    options["DESCRIPTION"] = _description(layer, about, lang)
    pyogrio.write_dataframe(
        frame,
        path,
        layer=layer.name,
        driver="GPKG",
        geometry_type=layer.shape or None,
        promote_to_multi=layer.shape == "MultiPolygon",
        layer_options=options,
        # Newer versions of the format open with a warning in the QGIS of Debian 12.
        dataset_options={} if path.exists() else {"VERSION": "1.3"},
    )


def _description(layer: Layer, about: About, lang: Lang) -> str:
    told = [
        text("report.made_up.title", lang) if about.made_up else "",
        text(f"layer_about.{_base(layer)}", lang),
        layer.about,
        text("layer.rest_about", lang) if _base(layer) != layer.name else "",
        text("layer.from", lang, title=about.title, sources="; ".join(about.attributions)),
    ]
    return " ".join(part for part in told if part)


def _title(layer: Layer, lang: Lang) -> str:
    title = text(f"layer.{_base(layer)}", lang)
    return title if _base(layer) == layer.name else f"{title} ({text('layer.rest', lang)})"


def _base(layer: Layer) -> str:
    return layer.name.removesuffix("_rest")


def _write_styles(
    path: Path, layers: Sequence[Layer], written: Sequence[pd.DataFrame], about: About, lang: Lang
) -> None:
    """Add the styles and the labels of columns; values go in as parameters only."""
    made = about.created or date(1970, 1, 1)
    script = (files("geo_mbo") / "resources" / "styles" / "tables.sql").read_text("utf-8")
    with closing(sqlite3.connect(path)) as base, base:
        base.executescript(script)
        moment = f"{made.isoformat()}T00:00:00.000Z"
        base.execute(_CONTENTS, (text("layer_about.layer_styles", lang), moment))
        base.executemany(
            _STYLES,
            [
                (
                    layer.name,
                    text(f"layer.{_base(layer)}", lang)[:30],
                    qml(layer, frame, lang),
                    about.title,
                    moment,
                )
                for layer, frame in zip(layers, written, strict=True)
                if layer.shape
            ],
        )
        base.executemany(
            _COLUMNS,
            [
                (
                    layer.name,
                    in_file(name),
                    in_file(name),
                    label(name, layer, lang),
                    explained(name, lang),
                )
                for layer in layers
                for name in layer.frame.columns
                if name != "geometry"
            ],
        )
        base.executemany(_EXTENSIONS, [("gpkg_data_columns",), ("gpkg_data_column_constraints",)])


@contextmanager
def _told_as_file_error(path: Path) -> Iterator[None]:
    """Tell what the library says of a full disk or a lost folder as our own error."""
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

    try:
        yield
    except (DataLayerError, DataSourceError, FeatureError, sqlite3.Error) as error:
        raise FileError.of("cannot_write", path=str(path), reason=str(error)) from error
