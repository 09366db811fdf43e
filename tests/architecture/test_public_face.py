"""The names that pellucid promises."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from pathlib import Path

import pytest

import pellucid

ROOT = Path(__file__).parents[2]
FACE = [
    "Attribution", "Dataset", "EcgRecord", "Explanation", "MriSlice", "Network", "PellucidError", "Prediction",
    "attribute", "available", "dataset", "explain", "load", "method", "read", "simulate",
]  # fmt: skip


def test_the_promised_names_are_these_and_sorted():
    assert pellucid.__all__ == FACE == sorted(FACE)


@pytest.mark.parametrize("name", FACE)
def test_every_promised_name_is_there_and_documented(name):
    value = getattr(pellucid, name)
    assert value.__name__ == name
    assert inspect.getdoc(value)


def test_dir_shows_the_promised_names():
    assert set(FACE) <= set(dir(pellucid))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'assay'"):
        pellucid.assay  # noqa: B018 -- the look-up itself is what is tested


def test_type_checkers_see_the_same_names_at_the_same_homes():
    stub = ast.parse((ROOT / "src" / "pellucid" / "__init__.pyi").read_text(encoding="utf-8"))
    homes = {alias.name: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert homes == {name: pellucid._HOMES[name] for name in FACE}


def test_there_is_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert project["dynamic"] == ["version"]
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [pellucid.__version__]
    assert f"## {pellucid.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
