"""Relevance as a plain tensor, in one call."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from pellucid.attribution.budget import DEFAULT
from pellucid.attribution.method import METHODS, Method
from pellucid.attribution.method import method as made
from pellucid.attribution.question import Inputs
from pellucid.attribution.target import Target
from pellucid.core.errors import PellucidWarning


def attribute(
    module: nn.Module,
    inputs: Inputs,
    method: str | Method,
    *,
    target: Target = None,
    layer: str | nn.Module | None = None,
    arguments: tuple[Any, ...] = (),
    output: str | int | None = None,
    memory: str | int = DEFAULT,
    **settings: Any,
) -> Tensor | tuple[Tensor, ...]:
    """Return the relevance of every part of the inputs for a logit of any torch module.

    Parameters
    ----------
    module, inputs, target, layer, arguments, output, memory
        As for every method; see `Method.__call__`.
    method
        In the registry (`available("methods")`), or a `Method`.
    settings
        Of the method; tensors it takes beside them (`baseline=`) too.

    Returns
    -------
    Tensor
        Shaped like the inputs, a tuple for a tuple of them; with `target="all"` (batch, class, *input). Maps of a layer
        are (batch, 1, *space), or (batch, lead, time) where the layer keeps the leads apart.

    Warns
    -----
    PellucidWarning
        For each reserve that the method has: an empty map, a sum that misses the score.

    Raises
    ------
    InvalidInputError, NotApplicableError, UnknownNameError, SettingError
        As `method` and `Method.__call__`.
    Interrupted
        At Ctrl-C after some of the samples; its `finished` holds their `Attribution`.

    Examples
    --------
    >>> import torch
    >>> attribute(torch.nn.Linear(3, 2), torch.ones(1, 3), "saliency", target=0).shape
    torch.Size([1, 3])
    """
    kind = _kind(method)
    options = {name: settings.pop(name) for name in [*settings] if _is_option(kind, name, settings[name])}
    asked = made(method, **settings)
    answer = asked(
        module, inputs, target=target, layer=layer, arguments=arguments, output=output, memory=memory, **options
    )
    for text in answer.warnings:
        warnings.warn(f"{answer.method}: {text}", PellucidWarning, stacklevel=2)
    return answer.relevance


def _kind(method: object) -> type[Method]:
    if isinstance(method, str):
        return METHODS[method]
    return type(method) if isinstance(method, Method) else Method  # others are refused by `method`


def _is_option(kind: type[Method], name: str, value: object) -> bool:
    """Return whether this is for the call; what the method itself does not know may be for the one inside it."""
    return not _is_setting(value) and (name in kind.options or name not in kind.__dataclass_fields__)


def _is_setting(value: object) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_setting, value))
    return isinstance(value, str | int | float | bool | Mapping) or value is None
