"""The first pass of every question: refuses chance and batch statistics, and measures what one row costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from pellucid.attribution.operators import Operator, operator, tensors_in
from pellucid.core.errors import NotApplicableError

_REMEDY = "Call module.eval() first; this library never changes a module's mode."


def refuse_training(module: nn.Module) -> None:
    """Refuse a module with a dropout or a batch norm that is active; other submodules' mode does not matter.

    Raises
    ------
    NotApplicableError
        Naming the submodule and the remedy.
    """
    for name, part in module.named_modules():
        kind = str(part.original_name if isinstance(part, torch.jit.ScriptModule) else type(part).__name__)
        if _mixes_samples(part, kind):
            raise NotApplicableError(
                f"{_where(name, kind)} keeps no running statistics: it takes those of the batch, so that no sample "
                "has an answer of its own. Train it with track_running_stats=True."
            )
        if getattr(part, "training", False) and _is_active(part, kind):  # not there in a frozen module
            raise NotApplicableError(
                f"{_where(name, kind)} must be in evaluation mode; it is in training mode, where every pass gives "
                f"another answer. {_REMEDY}"
            )


def _where(name: str, kind: str) -> str:
    return f"module {name!r} ({kind})" if name else f"the module ({kind})"


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
        known = operator(func)
        if known.doubtful:
            self._look(known, known.named(args, kwargs))
        out = func(*args, **(kwargs or {}))
        if known.fresh:
            for tensor in (out,) if isinstance(out, Tensor) else tensors_in(out):
                self.bytes += tensor.numel() * tensor.itemsize
        return out

    def _look(self, known: Operator, values: dict[str, Any]) -> None:
        if known.chance:
            _refuse_chance(known.name, values)
        elif values.get("training", values.get("train")):
            self._note_statistics(known.name, values["input"])

    def _note_statistics(self, name: str, values: Tensor) -> None:
        if len(values) > 1:
            raise NotApplicableError(
                f"the module normalises by the statistics of its batch ({name} in training mode), so that no sample "
                f"has an answer of its own. {_REMEDY}"
            )
        self.doubtful = True


def _refuse_chance(name: str, values: dict[str, Any]) -> None:
    chance = values.get("dropout_p", values.get("dropout", 1.0))
    if chance and values.get("training", values.get("train", True)) is not False:
        raise NotApplicableError(
            f"the module draws random numbers in its forward pass ({name}), such as a dropout that is always on. "
            f"{_REMEDY} In the module's own code: F.dropout(x, p, self.training)."
        )
