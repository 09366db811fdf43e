"""A parameter set is a frozen dataclass: Python signature, TOML keys, flags and JSON at once.

`decode` alone turns text into settings, strictly: unknown keys, wrong types and values out of
range are refused with the key, what was wanted and what came. `encode` is its inverse.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args, get_type_hints

from pellucid.core.errors import SettingError, UnreadableFileError, unknown_name

Value = TypeVar("Value")

_PLAIN = {"int", "float", "bool", "str"}
_UNKNOWN_KEY = ("unexpected_keyword_argument", "extra_forbidden")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Base of every parameter set: frozen, by keyword, unknown keys and NaN or infinity refused at any depth."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}


def decode(kind: type[Value], values: Mapping[str, Any], *, where: str) -> Value:
    """Return `values` as a `kind`.

    Parameters
    ----------
    kind
        A dataclass, best a `Settings`.
    values
        What TOML or JSON gave.
    where
        Named in errors: a file, or `method 'lrp'`.

    Raises
    ------
    SettingError
        With the first key that is wrong, what was wanted and what came.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        # The JSON door, because there a list may be a tuple while everything else stays strict.
        return TypeAdapter(kind).validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        errors = error.errors()
        # A misspelt key first: it is the cause of the one that is missing.
        first = next((one for one in errors if one["type"] in _UNKNOWN_KEY), errors[0])
        key = ".".join(str(part) for part in first["loc"] if not _is_type(part))
        if first["type"] in _UNKNOWN_KEY:
            known = _known_keys(kind, [str(part) for part in first["loc"][:-1]])
            raise SettingError(str(unknown_name(f"{where}: key", first["loc"][-1], known))) from None
        inner = first.get("ctx", {}).get("error")
        message = str(inner) if inner is not None else f"{first['msg']}; got {first['input']!r}"
        raise SettingError(": ".join(part for part in (where, key, message) if part)) from error


def _is_type(part: str | int) -> bool:
    """Return whether a step of pydantic's way to an error names the member of a union, which is no key."""
    return isinstance(part, str) and (part in _PLAIN or "[" in part)


def _known_keys(kind: Any, path: list[str]) -> list[str]:
    for step in path:
        for one in _dataclasses(kind):
            if step == one.__name__:
                kind = one
            elif step in (field.name for field in fields(one)):
                kind = get_type_hints(one)[step]
    return [field.name for one in list(_dataclasses(kind))[:1] for field in fields(one)]


def _dataclasses(kind: Any) -> Iterator[Any]:
    """Yield the parameter set that a type is, or those in its list or union."""
    if is_dataclass(kind):
        yield kind
    for inner in get_args(kind):
        yield from _dataclasses(inner)


def encode(value: Any) -> dict[str, Any]:
    """Return settings as what JSON can hold; `decode` turns it back."""
    from pydantic import TypeAdapter

    encoded: dict[str, Any] = TypeAdapter(type(value)).dump_python(value, mode="json")
    return encoded


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    UnreadableFileError
        With the file and the line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"configuration {path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UnreadableFileError(f"configuration {path} is not TOML: {error}.") from error
