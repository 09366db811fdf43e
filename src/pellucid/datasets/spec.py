"""What a data set is asked for by: `NAME:PATH,key=value`, taken apart, checked, and told without where data lie."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, get_args

from pellucid.core.errors import SettingError, unknown_name

_SETTING = re.compile(r",(?P<key>[a-z_]+)=(?P<value>[^,=]*)$")
_PLACE = "place"
_WORDS = {bool: "true or false", int: "a whole number", float: "a number"}


def parted(spec: str) -> tuple[str, str, dict[str, Any]]:
    """Return name, place and settings of `NAME:PATH,key=value`; a value is JSON where it can be read as that.

    The place is empty where there is no colon.

    >>> parted("mitbih:/data/mitdb,by=beat,strict=false")
    ('mitbih', '/data/mitdb', {'by': 'beat', 'strict': False})
    """
    name, _, place = spec.partition(":")
    settings: dict[str, Any] = {}
    while found := _SETTING.search(place):
        place, value = place[: found.start()], found["value"]
        try:
            read = json.loads(value)
        except json.JSONDecodeError:
            read = value
        settings = {found["key"]: read, **settings}
    return name, place, settings


def without_folders(spec: str) -> str:
    """Return a spec with its settings, but of every path only the last name: where data lie is private.

    >>> without_folders("mitbih:/data/own/mitdb,by=beat,split=/data/own/split.csv")
    'mitbih:mitdb,by=beat,split=split.csv'
    """
    name, place, settings = parted(spec)
    told = (f",{key}={Path(one).name if isinstance(one, str) else json.dumps(one)}" for key, one in settings.items())
    return f"{name}:{Path(place).name}{''.join(told)}"


def check_settings(kind: Callable[..., Any], name: str, settings: Mapping[str, Any]) -> None:
    """Raise when a data set takes no such setting, or not such a value.

    Parameters
    ----------
    kind
        What makes the data set of a place and settings; what it says of their types counts.
    name
        Of the data set.
    settings
        As written.

    Raises
    ------
    SettingError
        Naming data set and key, what was wanted and what came.
    """
    try:
        takes = inspect.signature(kind, eval_str=True).parameters
    except NameError:  # named for a type checker alone
        takes = inspect.signature(kind).parameters
    known = [key for key in takes if key != _PLACE]
    free = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in takes.values())
    for key, value in settings.items():
        if key in known:
            _check_value(takes[key].annotation, value, f"data set {name}: {key}")
        elif not free:
            raise SettingError(str(unknown_name(f"data set {name}: setting", key, [*known, "split"])))


def _check_value(annotation: Any, value: Any, where: str) -> None:
    kinds = [one for one in get_args(annotation) or (annotation,) if one is not type(None)]
    wanted = kinds[0] if len(kinds) == 1 else None
    if value is None or wanted not in _WORDS:  # text and names are for the data set itself to judge
        return
    fitting = {bool: bool, int: Integral, float: Real}[wanted]
    if isinstance(value, fitting) and (wanted is bool or not isinstance(value, bool)):
        return
    raise SettingError(f"{where} must be {_WORDS[wanted]}; got {value!r}.")
