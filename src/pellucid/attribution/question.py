"""What is asked of which module: the arguments of a call, checked once for every method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from pellucid.attribution.budget import DEFAULT, parsed
from pellucid.attribution.finite import all_finite
from pellucid.core.errors import InvalidInputError

Inputs = Tensor | Sequence[Tensor]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """A module and the inputs whose logits are to be explained.

    Attributes
    ----------
    inputs
        One or several tensors, each (batch, *input).
    arguments
        Passed on to the module after the inputs; not explained.
    output
        Which field of the module's tuple or dict holds the logits.
    layer
        Dotted name of a layer, where a method looks at one.
    options
        Tensors and callables that a method takes at the call (a baseline).
    memory
        In bytes.
    recorded
        Whether the method looks at values inside the module.
    """

    module: nn.Module
    inputs: tuple[Tensor, ...]
    arguments: tuple[Any, ...] = ()
    output: str | int | None = None
    layer: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    memory: int = parsed(DEFAULT)
    recorded: bool = False

    @property
    def batch(self) -> int:
        """Number of samples."""
        return len(self.inputs[0])

    @property
    def device_types(self) -> set[str]:
        """Kinds of device that the inputs lie on."""
        return {tensor.device.type for tensor in self.inputs}

    def arguments_for(self, rows: Tensor) -> tuple[Any, ...]:
        """Return the arguments for these samples (indices; a sample may come more than once).

        A tensor with an entry for each sample is cut to the samples asked for; anything else is passed on as it is.
        """
        return tuple(self._argument(value, rows) for value in self.arguments)

    def _argument(self, value: Any, rows: Tensor) -> Any:
        if not isinstance(value, Tensor):
            return value
        if value.ndim and len(value) == self.batch:
            return value[rows.to(value.device)]
        return value.clone() if value.is_inference() else value  # autograd keeps none that inference_mode made


def checked_module(module: object) -> nn.Module:
    """Return the module, or say what it should have been.

    Raises
    ------
    InvalidInputError
        For anything but a torch module.
    """
    if isinstance(module, nn.Module):
        return module
    remedy = (
        "Pass network.module." if hasattr(module, "module") else "Wrap a function in a module with a forward method."
    )
    raise InvalidInputError(f"module must be a torch.nn.Module; got {type(module).__name__}. {remedy}")


def checked_inputs(inputs: Inputs) -> tuple[tuple[Tensor, ...], bool]:
    """Return the inputs as a tuple, and whether they came as one.

    Raises
    ------
    InvalidInputError
        For anything but finite floating-point tensors, (batch, *input), of one batch.
    """
    several = isinstance(inputs, tuple | list)
    tensors = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    if not tensors:
        raise InvalidInputError("inputs must be a tensor or a tuple of tensors; got an empty tuple.")
    for number, tensor in enumerate(tensors):
        _refuse_input(tensor, f"input {number}" if several else "inputs")
    batches = [len(tensor) for tensor in tensors]
    if len(set(batches)) > 1:
        raise InvalidInputError(f"inputs must have one batch size; got {', '.join(map(str, batches))}.")
    return tensors, several


def checked_answer(name: str, found: object, given: Tensor) -> Tensor:
    """Return what a caller's function made of a tensor, in the type of that and on its device.

    Raises
    ------
    InvalidInputError
        For anything but a finite tensor of the same shape.
    """
    if not isinstance(found, Tensor):
        got = type(found).__name__
    elif found.shape != given.shape:
        got = str(tuple(found.shape))
    elif not all_finite(found):
        got = "NaN or infinite values"
    else:
        return found.detach().to(given)
    raise InvalidInputError(
        f"{name} must return a finite tensor of the shape that it is given, {tuple(given.shape)}; got {got}."
    )


def _refuse_input(tensor: object, name: str) -> None:
    if not isinstance(tensor, Tensor):
        raise InvalidInputError(
            f"{name} must be a tensor, (batch, *input); got {type(tensor).__name__}. "
            "From numpy: torch.from_numpy(array)[None]."
        )
    if not tensor.is_floating_point():
        raise InvalidInputError(
            f"{name} must be floating-point numbers, for relevance is a derivative or difference; got {tensor.dtype}. "
            "Convert with .float(), or pass it on unexplained with arguments=(...)."
        )
    if tensor.ndim < 2 or tensor.numel() == 0:
        raise InvalidInputError(
            f"{name} must have the shape (batch, *input), neither empty; got {tuple(tensor.shape)}. "
            "One sample is inputs[None]."
        )
    if tensor.is_meta:
        raise InvalidInputError(f"{name} must have values; got a tensor on the meta device, which has only a shape.")
    if not all_finite(tensor):
        raise InvalidInputError(
            f"{name} must be finite; got NaN or infinite values. Fill or cut out what was not recorded."
        )
