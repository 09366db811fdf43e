"""`pellucid methods`."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from inspect import getdoc
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from pellucid.cli import output

if TYPE_CHECKING:
    from dataclasses import Field

    from pellucid.attribution.method import Method

FACTS = ("axioms", "cost", "source")


def methods(*, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """List the attribution methods: what each shows, its settings, whether its relevance adds up to the score.

    Parameters
    ----------
    json
        Print what a program would read, with the axioms in full, cost and source.

    Examples
    --------
    pellucid methods
    pellucid methods --json
    """
    from pellucid.attribution.method import METHODS

    facts = [described(name, METHODS[name]) for name in METHODS]
    if json:
        output.result_json(facts)
        return output.DONE
    rows = [
        {
            "method": fact["name"],
            "what it shows": fact["summary"],
            "settings": _flat(fact["settings"]),
            "relevance": fact["kind"],
            "adds up": "yes" if str(fact["axioms"]).startswith("completeness") else "no",
        }
        for fact in facts
    ]
    output.table(rows)
    return output.DONE


def described(name: str, kind: type[Method]) -> dict[str, object]:
    """Return what a method's class and docstring say about it, as JSON can hold it."""
    text = getdoc(kind) or ""
    settings = {field.name: _default(field) for field in fields(kind)}
    return {
        "name": name,
        "summary": " ".join(text.partition("\n\n")[0].split()),
        "kind": kind().kind,
        "settings": settings,
        **{fact: _paragraph(text, fact.capitalize()) for fact in FACTS},
    }


def _flat(settings: object) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()] if isinstance(settings, dict) else []


def _paragraph(text: str, word: str) -> str:
    found = re.search(rf"^ *{word}: (.+?)(?=^ *[A-Z]\w*: |^ *$|\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def _default(field: Field[object]) -> object:
    value = field.default if field.default_factory is MISSING else field.default_factory()
    return value if isinstance(value, bool | int | float | str | None) else str(value)
