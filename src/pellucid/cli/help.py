"""A command's help: its docstring, read from the source, so that listing the commands imports none of them."""

from __future__ import annotations

import ast
import re
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts.help import HelpPanel
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
_KEPT = re.compile(r"^(\s|[-*] )", re.MULTILINE)


def documentation(module: str, function: str) -> tuple[str, str]:
    """Return a command's description and its examples, both as plain text; empty where it has none."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return "", ""
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    nodes = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    node = next(nodes, None)
    docstring = cleandoc((ast.get_docstring(node) if node else None) or "")
    parts = _SECTION.split(docstring)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    examples = sections.get("Examples", "").strip()
    return reflowed(parts[0]), f"Examples:\n\n{examples}" if examples else ""


def reflowed(text: str) -> str:
    """Return paragraphs as one line each, for the terminal to wrap; indented ones and lists stay as they are."""
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(one if _KEPT.search(one) else " ".join(one.split()) for one in paragraphs)


class Drawn:
    """Draws help as cyclopts does, with the texts of parameters wrapped at the terminal's width."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Draw a panel of parameters or commands."""
        from cyclopts.help import DefaultFormatter
        from rich.text import Text

        for entry in panel.entries:
            written = getattr(entry.description, "primary_renderable", None)
            if isinstance(written, Text):
                entry.description.primary_renderable = Text(" ".join(written.plain.split()), end=written.end)
        DefaultFormatter()(console, options, panel)

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Text | str) -> None:
        """Draw the line that says how to call the command."""
        from cyclopts.help import DefaultFormatter

        DefaultFormatter().render_usage(console, options, usage)
