"""The page: one HTML file that holds all it shows and may ask for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pellucid.core.provenance import versions

PREDICTIONS = 8  # classes shown before "all classes"
# In this order each part finds what it needs above it.
_SCRIPTS = (
    "viewer/packing.js",
    "viewer/rows.js",
    "viewer/controls.js",
    "viewer/drawing.js",
    "viewer/gestures.js",
    "viewer/slice.js",
    "viewer/viewer.js",
    "templates/page.js",
)
_STYLES = ("viewer/viewer.css", "templates/page.css", "templates/narrow_and_print.css")
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./[a-z_]+\.js";\n', re.MULTILINE)


def page(records: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """Return the report on these records (as `describe` gives them) as HTML.

    Every text is escaped. The content security policy allows the page's own script by its hash, its style and
    embedded pictures, and no request at all.
    """
    code = script()
    # Only our own files are taken as they are; all else goes through the template's escaping.
    html: str = _template("report.html").render(
        title=title,
        subtitle=title.removeprefix("pellucid").lstrip(" :"),  # the name stands before it already
        records=records,
        known=any(record["known"] for record in records),
        shown=PREDICTIONS,
        script=Markup(code),
        css=Markup("".join(map(_text, _STYLES))),
        policy=policy(code),
        version=versions()["pellucid"],
    )
    return html


def plain_page(template: str, **texts: Any) -> str:
    """Return a page without a script as HTML: the texts, escaped, in one of the `templates`, under the same policy."""
    styles = ("viewer/viewer.css", "templates/page.css", "templates/audit.css", "templates/narrow_and_print.css")
    html: str = _template(template).render(
        **texts, css=Markup("".join(map(_text, styles))), policy=policy(), version=versions()["pellucid"]
    )
    return html


def island(data: Mapping[str, Any]) -> Markup:
    """Return data for a `<script type="application/json">`, from which no name can break out."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def policy(code: str = "") -> str:
    """Return the content security policy of a page with this script, or with none."""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    scripts = f"script-src 'sha256-{digest}'; " if code else ""
    return f"default-src 'none'; {scripts}style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def script() -> str:
    """Return the viewer and the page's own code as one module: the files in order, their imports left out."""
    return "\n" + "\n".join(_IMPORT.sub("", _text(name)).replace("\nexport ", "\n") for name in _SCRIPTS)


@cache
def _template(name: str) -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(_text(f"templates/{name}"))


def _text(name: str) -> str:
    return files("pellucid.reports").joinpath(name).read_text(encoding="utf-8")
