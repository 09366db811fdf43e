"""The first pass of every question: refuses chance and batch statistics, and measures what one row costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from pellucid.core.errors import NotApplicableError

_LISTS = (list, tuple)
_HOLDERS = (Tensor, list, tuple)
_REMEDY = "Call module.eval() first; this library never changes a module's mode."
_BATCH_STATISTICS = {"native_batch_norm", "_native_batch_norm_legit", "cudnn_batch_norm", "miopen_batch_norm"}


def refuse_training(module: nn.Module) -> None:
    """Refuse a module with a dropout or a batch norm that is active; other submodules' mode does not matter.

    Raises
    ------
    NotApplicableError
        Naming the submodule and the remedy.
    """
    for name, part in module.named_modules():
        kind = str(getattr(part, "original_name", type(part).__name__))
        where = f"module {name!r} ({kind})" if name else f"the module ({kind})"
        if _mixes_samples(part, kind):
            raise NotApplicableError(
                f"{where} keeps no running statistics: it takes those of the batch, so that no sample has an answer "
                "of its own. Train it with track_running_stats=True."
            )
        if getattr(part, "training", False) and _is_active(part, kind):
            raise NotApplicableError(
                f"{where} must be in evaluation mode; it is in training mode, where every pass gives another "
                f"answer. {_REMEDY}"
            )


def _mixes_samples(part: nn.Module, kind: str) -> bool:
    return kind.startswith(("BatchNorm", "SyncBatchNorm")) and getattr(part, "running_mean", 0) is None


def _is_active(part: nn.Module, kind: str) -> bool:
    if "Dropout" in kind:
        return float(getattr(part, "p", 1.0)) > 0
    if kind.startswith(("BatchNorm", "SyncBatchNorm", "RReLU")):
        return True
    if kind.startswith("InstanceNorm"):
        return getattr(part, "running_mean", None) is not None
    if isinstance(part, nn.RNNBase | nn.MultiheadAttention):
        return float(part.dropout) > 0
    return False


@dataclass(frozen=True, slots=True)
class _Traits:
    """What an operator is, whatever its arguments: random, one of batch statistics, and whether its results are new."""

    chance: bool
    statistics: bool
    fresh: bool

    @property
    def doubtful(self) -> bool:
        """Whether its arguments must be looked at."""
        return self.chance or self.statistics


@cache
def _traits(func: Any) -> _Traits:
    return _Traits(
        chance=torch.Tag.nondeterministic_seeded in getattr(func, "tags", ()),
        statistics=operator_name(func) in _BATCH_STATISTICS,
        fresh=all(result.alias_info is None for result in func._schema.returns),
    )


class FirstLook(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's mode is untyped
    """Watches one forward pass, operator by operator.

    Attributes
    ----------
    bytes
        Size of everything that the pass wrote, an upper bound of what it holds for the way back.
    doubtful
        Statistics were taken of a batch of one: an instance norm, or a batch norm that would mix a larger batch.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as above
        self.bytes = 0
        self.doubtful = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Say no: torch would import its compiler to skip it, and double the time to the first answer."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        keywords = kwargs or {}
        traits = _traits(func)
        if traits.doubtful:
            self._look(func, traits, named_arguments(func, args, keywords))
        out = func(*args, **keywords)
        if traits.fresh:
            for tensor in tensors_in(out):
                self.bytes += tensor.numel() * tensor.element_size()
        return out

    def _look(self, func: Any, traits: _Traits, values: dict[str, Any]) -> None:
        if traits.chance:
            _refuse_chance(operator_name(func), values)
        elif values.get("training", values.get("train")):
            self._note_statistics(operator_name(func), values["input"])

    def _note_statistics(self, name: str, values: Tensor) -> None:
        if len(values) > 1:
            raise NotApplicableError(
                f"the module normalises by the statistics of its batch ({name} in training mode), so that no sample "
                f"has an answer of its own. {_REMEDY}"
            )
        self.doubtful = True


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors in an operator's arguments or results, lists included, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, _LISTS):
        return [tensor for item in value if isinstance(item, _HOLDERS) for tensor in tensors_in(item)]
    return []


def storage_of(tensor: Tensor) -> int:
    """Return what tells a tensor's storage from any other that is alive."""
    return int(tensor.untyped_storage()._cdata) if tensor.layout == torch.strided else id(tensor)


def named_arguments(func: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
    """Return an operator's arguments by the names in its schema, defaults included."""
    names, defaults = _schema(func)
    return {**defaults, **dict(zip(names, args, strict=False)), **keywords}


@cache
def _schema(func: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    arguments = func._schema.arguments
    defaults = {argument.name: argument.default_value for argument in arguments if argument.has_default_value()}
    return tuple(argument.name for argument in arguments), defaults


@cache
def written_arguments(func: Any) -> tuple[str, ...]:
    """Return the names of the arguments that an operator writes into."""
    return tuple(a.name for a in func._schema.arguments if a.alias_info is not None and a.alias_info.is_write)


@cache
def operator_name(func: Any) -> str:
    """Return an operator's plain name, `convolution` for `aten::convolution.default`."""
    name: str = func._schema.name
    return name.removeprefix("aten::")


def _refuse_chance(name: str, values: dict[str, Any]) -> None:
    chance = values.get("dropout_p", values.get("dropout", 1.0))
    if chance and values.get("training", values.get("train", True)) is not False:
        raise NotApplicableError(
            f"the module draws random numbers in its forward pass ({name}), such as a dropout that is always on. "
            f"{_REMEDY} In the module's own code: F.dropout(x, p, self.training)."
        )
