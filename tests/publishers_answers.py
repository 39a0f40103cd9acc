"""How the data portal of DUO and CBS answer: paging, limits, refusals, as documented."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Query = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """A status, a body (bytes, or a file that may be asked for in parts) and headers."""

    status: int = 200
    body: bytes | Path = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), headers=headers)


def page(title: str, links: Sequence[str] = (), status: int = 200) -> Answer:
    anchors = "".join(f'<p><a href="{link}">{link}</a></p>' for link in links)
    text = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{anchors}</body></html>"
    )
    return Answer(status, text.encode(), "text/html; charset=utf-8")


NOT_FOUND = page("404 Not Found", status=404)


# --- CKAN -------------------------------------------------------------------------------------


@dataclass
class Resource:
    """A resource of the data portal: a table in CSV with a comma."""

    id: str
    package: str
    package_id: str
    name: str
    text: Callable[[], str]
    datastore: bool = True
    inside: bool = False  # its address is that of a host inside the publisher's network

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def url(self) -> str:
        host = "beheer-ggm-ckan-prd.apps.prd.duo.rijksapps.nl" if self.inside else HOST_CKAN
        return f"https://{host}/dataset/{self.package_id}/resource/{self.id}/download/{self.file}"

    def rows(self) -> list[list[str]]:
        return [row for row in csv.reader(io.StringIO(self.text().lstrip("\ufeff"))) if row]


HOST_CKAN = "onderwijsdata.duo.nl"
MOST_ROWS = 32_000
_SEARCH = ("resource_id", "limit", "offset", "fields", "sort", "filters", "q", "include_total")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def ckan(resources: Mapping[str, Resource], path: str, query: Query) -> Answer:
    if found := re.fullmatch(r"/datastore/dump/([^/]+)", path):
        return _dump(resources.get(found[1]), query)
    if found := re.fullmatch(r"/dataset/[^/]+/resource/([^/]+)/download/[^/]+", path):
        resource = resources.get(found[1])
        return _csv(resource.text()) if resource and not resource.inside else NOT_FOUND
    actions = {"datastore_search": _search, "resource_show": _show, "package_show": _package}
    action = path.removeprefix("/api/3/action/")
    if action in actions:
        return actions[action](resources, query)
    return _ckan_error(f"Bad request - Action name not known: {action}", "Bad Request", 400)


def _show(resources: Mapping[str, Resource], query: Query) -> Answer:
    resource = resources.get(query.get("id", ""))
    return _enveloped(_told(resource)) if resource else _ckan_error("Not found", "Not Found")


def _package(resources: Mapping[str, Resource], query: Query) -> Answer:
    wanted = query.get("id")
    found = [r for r in resources.values() if wanted in (r.package, r.package_id)]
    if not found:
        return _ckan_error("Not found", "Not Found")
    about = {"name": found[0].package, "id": found[0].package_id, "license_id": "cc-by"}
    return _enveloped({**about, "resources": [_told(r) for r in found]})


def _told(resource: Resource) -> dict[str, object]:
    return {
        "id": resource.id,
        "name": resource.name,
        "url": resource.url,
        "format": "CSV",
        "datastore_active": resource.datastore,
    }


def _enveloped(result: object) -> Answer:
    return as_json({"help": "https://onderwijsdata.duo.nl/", "success": True, "result": result})


def _ckan_error(message: str, kind: str, status: int = 404) -> Answer:
    error = {"message": message, "__type": f"{kind} Error"}
    return as_json({"help": "-", "success": False, "error": error}, status)


def _csv(text: str) -> Answer:
    return Answer(body=text.encode(), kind="text/csv; charset=utf-8")


def _dump(resource: Resource | None, query: Query) -> Answer:
    if resource is None or not resource.datastore:
        return NOT_FOUND
    header, *rows = resource.rows()
    if query.get("format") == "json":
        fields = [{"id": name, "type": "text"} for name in ["_id", *header]]
        records = [[number, *row] for number, row in enumerate(rows, start=1)]
        return as_json({"fields": fields, "records": records})
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["_id", *header])
    writer.writerows([number, *row] for number, row in enumerate(rows, start=1))
    return _csv(out.getvalue())


def _search(resources: Mapping[str, Resource], query: Query) -> Answer:
    resource = resources.get(query.get("resource_id", ""))
    if resource is None or not resource.datastore:
        return _ckan_error("Not found: Resource was not found.", "Not Found")
    if unknown := {*query} - {*_SEARCH}:
        return _ckan_error(f"invalid value: {sorted(unknown)}", "Validation", 409)
    header, *rows = resource.rows()
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    kinds = [_kind(values) for values in columns]
    limit, offset = min(int(query.get("limit", 100)), MOST_ROWS), int(query.get("offset", 0))
    records = [
        {"_id": offset + k + 1}
        | {name: _typed(cell, kind) for name, cell, kind in zip(header, row, kinds, strict=True)}
        for k, row in enumerate(rows[offset : offset + limit])
    ]
    fields = [{"id": "_id", "type": "int"}]
    fields += [{"id": n, "type": kind} for n, kind in zip(header, kinds, strict=True)]
    result = {
        "resource_id": resource.id,
        "fields": fields,
        "records": records,
        "total": len(rows),
        "limit": limit,
        "total_was_estimated": False,
    }
    return _enveloped(result)


def _kind(values: Sequence[str]) -> str:
    given = [value for value in values if value]
    if given and all(_NUMBER.fullmatch(value) for value in given):
        return "numeric"
    return "timestamp" if given and all(_DATE.fullmatch(v) for v in given) else "text"


def _typed(cell: str, kind: str) -> object:
    if cell == "":
        return None if kind != "text" else ""
    if kind == "numeric":
        return float(cell) if "." in cell else int(cell)
    return f"{cell}T00:00:00" if kind == "timestamp" else cell


# --- CBS --------------------------------------------------------------------------------------


@dataclass
class CbsTable:
    """A table of StatLine: dimensions (name, kind, code to title), measures and rows of codes."""

    id: str
    title: str
    dimensions: Sequence[tuple[str, str, Mapping[str, str]]]
    measures: Sequence[tuple[str, str, str]]  # key (version 3), title, unit
    rows: Callable[[], Sequence[Sequence[Any]]]  # codes of the dimensions, then the numbers

    def codes(self, name: str) -> Mapping[str, str] | None:
        return next((codes for key, _, codes in self.dimensions if key == name), None)


_V3 = ("TableInfos", "UntypedDataSet", "TypedDataSet", "DataProperties", "CategoryGroups")


def odata3(tables: Mapping[str, CbsTable], path: str, query: Query, page_rows: int) -> Answer:
    found = re.fullmatch(r"/(ODataFeed|ODataApi)/[oO][dD]ata/([^/]+)/?([^/]*)(/\$count)?", path)
    table = tables.get(found[2]) if found else None
    if not found or table is None:
        return NOT_FOUND
    feed, name = found[1] == "ODataFeed", found[3]
    base = f"https://opendata.cbs.nl/{found[1]}/odata/{table.id}"
    if found[4]:
        return Answer(body=str(len(_v3_rows(table, query))).encode(), kind="text/plain")
    if query.get("$format") != "json":
        return Answer(body=b'<?xml version="1.0"?><feed/>', kind="application/atom+xml")
    if not name:
        names = [*_V3, *(key for key, _, _ in table.dimensions)]
        value: Sequence[Any] = [{"name": n, "url": f"{base}/{n}"} for n in names]
    elif name == "TableInfos":
        value = [{"ID": 0, "Title": table.title, "Identifier": table.id, "Language": "nl"}]
    elif name == "DataProperties":
        value = _properties(table)
    elif name == "TypedDataSet":
        value = _v3_rows(table, query)
    elif (codes := table.codes(name)) is not None:
        value = [{"Key": c, "Title": title, "Description": ""} for c, title in codes.items()]
    else:
        return NOT_FOUND
    skip = int(query.get("$skip", 0))
    if not feed and (skip or len(value) > 10_000):
        message = "The 'Skip' query option is not supported on the ODataApi."
        return as_json({"odata.error": {"code": "", "message": {"value": message}}}, 500)
    told: dict[str, object] = {
        "odata.metadata": f"{base}/$metadata#Cbs.OData.WebAPI.{name}",
        "value": value[skip : skip + page_rows],
    }
    if skip + page_rows < len(value):
        kept = "".join(f"&{k}={v}" for k, v in query.items() if k not in ("$skip", "$format"))
        link = f"{base}/{name}?$format=json{kept}&$skip={skip + page_rows}"
        told["odata.nextLink"] = link.replace(" ", "%20").replace("'", "%27")
    return as_json(told)


def odata4(tables: Mapping[str, CbsTable], path: str, query: Query, page_rows: int) -> Answer:
    found = re.fullmatch(r"/odata/v1/CBS/([^/]+)/?([^/]*)(/\$count)?", path)
    table = tables.get(found[1]) if found else None
    if not found or table is None:
        return as_json({"error": {"code": "404", "message": "Not found"}}, 404)
    name, base = found[2], f"https://datasets.cbs.nl/odata/v1/CBS/{table.id}"
    if found[3]:
        return Answer(body=str(len(_v4_rows(table, query))).encode(), kind="text/plain")
    if name == "Properties":
        return as_json({"Identifier": table.id, "Title": table.title, "Language": "nl"})
    if name == "Dimensions":
        value: Sequence[Any] = [{"Identifier": n, "Kind": k} for n, k, _ in table.dimensions]
    elif name == "MeasureCodes":
        value = [
            {"Identifier": f"M{k:06}", "Title": title, "Unit": unit}
            for k, (_, title, unit) in enumerate(table.measures, start=1)
        ]
    elif name == "Observations":
        value = _v4_rows(table, query)
    elif (codes := table.codes(name.removesuffix("Codes"))) is not None:
        value = [{"Identifier": code, "Title": title} for code, title in codes.items()]
    else:
        return as_json({"error": {"code": "404", "message": "Not found"}}, 404)
    skip = int(query.get("$skip", 0))
    told: dict[str, object] = {
        "@odata.context": f"{base}/$metadata#{name}",
        "value": value[skip : skip + page_rows],
    }
    if skip + page_rows < len(value):
        kept = "".join(f"{k}={v}&" for k, v in query.items() if k != "$skip")
        link = f"{base}/{name}?{kept}$skip={skip + page_rows}"
        told["@odata.nextLink"] = link.replace(" ", "%20").replace("'", "%27")
    return as_json(told)


def _properties(table: CbsTable) -> list[dict[str, object]]:
    keys = [(key, kind, key, "") for key, kind, _ in table.dimensions]
    keys += [(key, "Topic", title, unit) for key, title, unit in table.measures]
    return [
        {"odata.type": f"Cbs.OData.{kind}", "ID": k, "Position": k, "ParentID": None}
        | {"Type": kind, "Key": key, "Title": title, "Description": "", "Unit": unit}
        for k, (key, kind, title, unit) in enumerate(keys)
    ]


def _v3_rows(table: CbsTable, query: Query) -> list[dict[str, Any]]:
    names = [*(key for key, _, _ in table.dimensions), *(key for key, _, _ in table.measures)]
    rows = [{"ID": k, **dict(zip(names, row, strict=True))} for k, row in enumerate(table.rows())]
    return _selected(rows, query)


def _v4_rows(table: CbsTable, query: Query) -> list[dict[str, Any]]:
    names = [key for key, _, _ in table.dimensions]
    rows = []
    for row in table.rows():
        codes = dict(zip(names, row, strict=False))
        for k, value in enumerate(row[len(names) :], start=1):
            cell = {"Id": len(rows), "Measure": f"M{k:06}"}
            mark = "Impossible" if value is None else "None"
            rows.append({**cell, "ValueAttribute": mark, "Value": value, **codes})
    return _selected(rows, query)


def _selected(rows: list[dict[str, Any]], query: Query) -> list[dict[str, Any]]:
    for name, wanted in re.findall(r"(\w+) eq '([^']*)'", query.get("$filter", "")):
        rows = [row for row in rows if str(row.get(name, "")).strip() == wanted.strip()]
    if select := query.get("$select"):
        rows = [{name: row[name] for name in select.split(",")} for row in rows]
    return rows
