"""From data to one HTML file that opens without a network.

folium composes the map; the page around it, its script and Leaflet itself are put into the file
here, where folium would link to ten files on four hosts. A content security policy by digest lets
only these very scripts run.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from geo_mbo.maps.classes import SEQUENTIAL
from geo_mbo.messages import Lang, catalogue

_RESOURCES = files("geo_mbo") / "resources" / "maps"
_SCRIPTS = (
    "core.js", "topo.js", "marks.js", "layers.js", "parts.js", "app.js",
    "view_catchment.js", "view_travel.js", "view_coverage.js", "view_indicators.js", "start.js",
)  # fmt: skip
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; "
    "img-src data: https://service.pdok.nl; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Page:
    """What one page says and shows.

    Attributes
    ----------
    view
        Its name, which is that of its file.
    lang
        Language of the page.
    title, heading, finding
        Title of the study, of the page, and what the map shows in a sentence or two.
    data
        What the script draws, as plain values.
    credits
        The credit line of every source.
    notes
        Findings about the data, as sentences.
    parameters
        Parameters of the study, name and value as text.
    about_text
        How to read the map.
    made_up
        The data are made up.
    picture
        PNG of the map, for where scripts may not run.
    """

    view: str
    lang: Lang
    title: str
    heading: str
    finding: str
    data: Mapping[str, Any]
    credits: Sequence[str] = ()
    notes: Sequence[str] = ()
    parameters: Sequence[tuple[str, str]] = field(default=())
    about_text: str = ""
    made_up: bool = False
    picture: bytes = b""


def page_html(page: Page) -> str:
    r"""Write the page: no link to any script, style or font outside it.

    Examples
    --------
    >>> html = page_html(Page("reistijd", "nl", "<b>", "Reistijd", "", {"name": "</script>"}))
    >>> "&lt;b&gt;" in html, '"\\u003c/script>"' in html, "cdn" in html
    (True, True, False)
    """
    from jinja2 import Environment, StrictUndefined

    words = _words(page.lang)
    map_html, map_script = _composed(page)
    scripts = [_leaflet("leaflet.js"), _script() + map_script]
    styles = [_leaflet_style(), _own("page.css")]
    names = {"index": "index.html", **{v: f"{v}.html" for v in VIEWS}}
    data = {
        **page.data,
        "view": page.view,
        "lang": page.lang,
        "credits": list(page.credits),
        "palette": list(SEQUENTIAL),
        "text": words,
    }
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        _own("page.html.j2")
    )
    return template.render(
        lang=page.lang,
        csp=_POLICY.format(scripts=_digests(scripts), styles=_digests(styles)),
        title=page.title,
        heading=page.heading,
        finding=page.finding,
        t=words.__getitem__,
        pages=[(file, words[f"page.{name}"]) for name, file in names.items()],
        here=names[page.view],
        styles=styles,
        scripts=scripts,
        map_html=map_html,
        made_up=page.made_up,
        credits=page.credits,
        notes=page.notes,
        parameters=page.parameters,
        about_text=page.about_text,
        data=json_in_script(data),
    )


VIEWS = ("verzorgingsgebieden", "reistijd", "dekking", "kenmerken")
"""The four maps, by the names of their files."""


def json_in_script(data: Mapping[str, Any]) -> str:
    r"""Write JSON that no name in it can break out of.

    Examples
    --------
    >>> json_in_script({"naam": "</script><script>"})
    '{"naam":"\\u003c/script>\\u003cscript>"}'
    """
    written = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign, safe in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        written = written.replace(sign, safe)
    return written


def _composed(page: Page) -> tuple[str, str]:
    """Let folium make the map element and the script that makes the map."""
    import folium
    from branca.element import MacroElement
    from folium.template import Template

    class Start(MacroElement):
        """Hands the map to the page's script."""

        _template = Template("{% macro script(this, kwargs) %}start({{ this.of }});{% endmacro %}")

        def __init__(self, of: str) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self._name, self._id, self.of = "Start", "map", of

    drawn = folium.Map(
        location=[52.2, 5.3], zoom_start=8, tiles=None, prefer_canvas=True, min_zoom=6, max_zoom=16
    )
    drawn._id = page.view  # noqa: SLF001 - folium's random name would make every run another file
    drawn.options |= {"zoom_snap": 0.25, "zoom_delta": 0.5}
    drawn.add_child(Start(drawn.get_name()))
    # Neither folium nor branca says what its roots are.
    figure: Any = drawn.get_root()
    drawn.render()  # type: ignore[no-untyped-call]
    label = _attribute(_words(page.lang)["map_label"])
    html = re.sub(
        r'(<div class="folium-map" id="[^"]+")\s*>',
        lambda found: f'{found[1]} role="application" aria-label="{label}">{_picture(page)}',
        figure.html.render(),
        count=1,
    )
    return html, f"\n(function () {{\n{figure.script.render()}\n}})();\n}})();\n"


def _picture(page: Page) -> str:
    if not page.picture:
        return ""
    alt = _attribute(f"{page.heading}. {page.finding}")
    encoded = base64.b64encode(page.picture).decode("ascii")
    return f'<img id="gm-picture" alt="{alt}" src="data:image/png;base64,{encoded}">'


def _attribute(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))


def _words(lang: Lang) -> dict[str, str]:
    """Give the sentences of the maps, without the name of their page."""
    found = catalogue(lang)
    words = {k.removeprefix("map."): v for k, v in found.items() if k.startswith("map.")}
    return words | {k: v for k, v in found.items() if k.startswith("mode.")}


def _digests(parts: Sequence[str]) -> str:
    """Give the digests of scripts or styles as a policy names them."""
    return " ".join(
        f"'sha256-{base64.b64encode(sha256(part.encode()).digest()).decode()}'" for part in parts
    )


@cache
def _own(name: str) -> str:
    return (_RESOURCES / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """Give the page's own script, open at its end for the map that folium makes."""
    parts = "\n".join(_own(f"js/{name}") for name in _SCRIPTS)
    return f"(function () {{\n'use strict';\n{parts}"


@cache
def _leaflet(name: str) -> str:
    """Read a file of Leaflet as its package has it, without the link to a map of its source."""
    path = files("js_lib_leaflet") / "static" / "js_lib_leaflet" / name
    text = path.read_text(encoding="utf-8")
    return re.sub(r"//# sourceMappingURL=\S+\s*$", "", text).replace("</script", "<\\/script")


@cache
def _leaflet_style() -> str:
    """Give Leaflet's style with its images inside it."""
    folder = files("js_lib_leaflet") / "static" / "js_lib_leaflet"

    def inside(found: re.Match[str]) -> str:
        image = (folder / found[1]).read_bytes()
        return f"url(data:image/png;base64,{base64.b64encode(image).decode('ascii')})"

    return re.sub(r"url\((images/[\w.-]+\.png)\)", inside, _leaflet("leaflet.css"))
