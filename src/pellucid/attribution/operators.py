"""What torch's operators are, read once from their schemas, and the tensors in what they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

_LISTS = (list, tuple)
HOLDERS = (Tensor, list, tuple)  # what tensors may be found in
BATCH_NORMS = frozenset(
    ("batch_norm", "native_batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm", "miopen_batch_norm")
)
_BATCH_STATISTICS = {"native_batch_norm", "_native_batch_norm_legit", "cudnn_batch_norm", "miopen_batch_norm"}


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """What an operator is, whatever its arguments.

    Attributes
    ----------
    name, out_of_place
        Plain, `convolution` for `aten::convolution.default`; and without the underscore of the form in place.
    arguments
        Their names in the order of the schema.
    call
        The operator as a function of its arguments by name.
    written
        Names of the arguments that it writes into.
    chance, doubtful
        Whether it may draw random numbers, and whether it may do so or take the statistics of a batch.
    fresh
        Whether all its results are new memory.
    gives_another
        Whether some result is new memory.
    composite
        Whether torch makes it of other operators.
    """

    name: str
    out_of_place: str
    arguments: tuple[str, ...]
    call: Callable[[dict[str, Any]], Any]
    written: tuple[str, ...]
    chance: bool
    doubtful: bool
    fresh: bool
    gives_another: bool
    composite: bool
    _defaults: tuple[dict[str, Any], ...]  # of the arguments from the n-th on

    def named(self, args: tuple[Any, ...], keywords: dict[str, Any] | None) -> dict[str, Any]:
        """Return arguments by name, defaults included."""
        found = dict(zip(self.arguments, args, strict=False))
        found.update(self._defaults[len(args)])
        if keywords:
            found.update(keywords)
        return found


@cache
def operator(func: Any) -> Operator:
    """Return what an operator is, from torch's overload of it."""
    schema = func._schema
    name, arguments = schema.name.removeprefix("aten::"), schema.arguments
    names = tuple(argument.name for argument in arguments)
    chance = torch.Tag.nondeterministic_seeded in getattr(func, "tags", ())
    return Operator(
        name=name,
        out_of_place=name.rstrip("_"),
        arguments=names,
        call=_caller(func),
        written=tuple(a.name for a in arguments if a.alias_info is not None and a.alias_info.is_write),
        chance=chance,
        doubtful=chance or name in _BATCH_STATISTICS,
        fresh=all(result.alias_info is None for result in schema.returns),
        gives_another=any(result.alias_info is None for result in schema.returns),
        composite=bool(func._can_decompose()),
        _defaults=tuple(
            {argument.name: argument.default_value for argument in arguments[n:] if argument.has_default_value()}
            for n in range(len(names) + 1)
        ),
    )


def _caller(func: Any) -> Callable[[dict[str, Any]], Any]:
    positional = [argument.name for argument in func._schema.arguments if not argument.kwarg_only]
    named = [argument.name for argument in func._schema.arguments if argument.kwarg_only]
    return lambda values: func(*(values[name] for name in positional), **{name: values[name] for name in named})


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors in an operator's arguments or results, lists included, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, _LISTS):
        return [tensor for item in value if isinstance(item, HOLDERS) for tensor in tensors_in(item)]
    return []


def storage_of(tensor: Tensor) -> int:
    """Return what tells a tensor's storage from any other that is alive."""
    return int(tensor.untyped_storage()._cdata) if tensor.layout == torch.strided else id(tensor)
