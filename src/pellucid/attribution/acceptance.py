"""Says in words which input a module did not take, and at which operation it stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from pellucid.attribution.operators import tensors_in
from pellucid.attribution.question import Question
from pellucid.core.errors import InvalidInputError, NotApplicableError, PellucidError

REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, AssertionError)
_CALLED_WRONGLY = ("positional argument", "keyword argument")


@contextmanager
def accepted(question: Question, rows: tuple[Tensor, ...], arguments: tuple[Any, ...]) -> Iterator[None]:
    """Run the block, the module's pass over some rows; where it fails, try the bare module and say why.

    What fails in the block alone, and what is no refusal (memory, an interruption), passes as it is.

    Raises
    ------
    InvalidInputError
        For a module that fails by itself on these inputs.
    NotApplicableError
        For one that fails on these rows, and runs on the whole batch.
    """
    try:
        yield
    except PellucidError:
        raise
    except REFUSALS as error:
        refused = None if is_of_memory(error) else _refusal(question.module, rows, arguments)
        if refused is None:
            raise
        if _takes_the_batch(question, rows, refused):
            raise NotApplicableError(
                f"the module must run on any number of samples; it runs on {question.batch}, not on {len(rows[0])}: "
                f"{refused.where} refuses it. Take the batch's size from the input, as in x.flatten(1). In its words: "
                f"{refused.words}"
            ) from error
        raise InvalidInputError(_sentence(question, refused)) from error


class _Refusal:
    """Where a module stopped and why, having written so many bytes.

    `reached`: the numbers of the inputs that came so far; `of_one_type`: what met there had one type and device.
    """

    def __init__(self, module: nn.Module, error: Exception, watch: _Watch) -> None:
        self.bytes = watch.bytes
        operation, self.reached, self.of_one_type = watch.last if watch.error is error else ("", set(), False)
        place = _place(module, error)
        self.where = f"{operation} in {place}" if operation else place
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        self.words = lines[-1 if "TorchScript interpreter" in lines[0] else 0].strip()
        self.signature = isinstance(error, TypeError) and any(words in self.words for words in _CALLED_WRONGLY)


def _refusal(module: nn.Module, rows: tuple[Tensor, ...], arguments: tuple[Any, ...]) -> _Refusal | None:
    """Return why a module does not run on these rows, None if it does."""
    rows = tuple(row.detach().clone() for row in rows)  # a module may write into what it is given
    watch = _Watch(rows)
    try:
        with torch.no_grad(), watch:
            module(*rows, *arguments)
    except REFUSALS as error:
        if is_of_memory(error):
            raise
        return _Refusal(module, error, watch)
    return None


def is_of_memory(error: Exception) -> bool:
    """Return whether an allocation failed; on a CPU torch has no error of its own for that."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


def _takes_the_batch(question: Question, rows: tuple[Tensor, ...], refused: _Refusal) -> bool:
    """Return whether a module that refuses these rows runs on the whole batch; not tried where that is too large."""
    if len(rows[0]) == question.batch or refused.bytes // len(rows[0]) * question.batch > question.memory:
        return False
    inputs = tuple(tensor.detach().clone() for tensor in question.inputs)
    try:
        with torch.no_grad():
            question.module(*inputs, *question.arguments)
    except REFUSALS:
        return False
    return True


class _Watch(TorchFunctionMode):
    """Notes the last operation that failed, which inputs had come to it, and how much was written until then."""

    def __init__(self, rows: tuple[Tensor, ...]) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.bytes = 0
        self.last: tuple[str, set[int], bool] = ("", set(), False)
        self._sources = {id(row): {number} for number, row in enumerate(rows)}
        self._alive = list(rows)  # the name of a freed tensor would be given out again

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = tensors_in([*args, *(kwargs or {}).values()])
        sources: set[int] = set().union(*(self._sources.get(id(tensor), set()) for tensor in given))
        try:
            out = func(*args, **(kwargs or {}))
        except Exception as error:
            shapes = ", ".join(str(tuple(tensor.shape)) for tensor in given)
            self.error = error
            of_one_type = len({(tensor.dtype, tensor.device) for tensor in given}) == 1
            self.last = f"operation {getattr(func, '__name__', func).strip('_')} on {shapes}", sources, of_one_type
            raise
        for tensor in tensors_in(out) if sources else ():
            self.bytes += tensor.numel() * tensor.element_size()
            self._sources[id(tensor)] = sources
            self._alive.append(tensor)
        return out


def _place(module: nn.Module, error: Exception) -> str:
    """Return the innermost submodule that the error came through."""
    parts = {id(part): (name, part) for name, part in module.named_modules()}
    found, trace = ("", module), error.__traceback__
    while trace is not None:
        found = parts.get(id(trace.tb_frame.f_locals.get("self")), found)
        trace = trace.tb_next
    name, part = found
    kind = getattr(part, "original_name", type(part).__name__)
    return f"submodule {name!r} ({kind})" if name else f"the module itself ({kind})"


def _sentence(question: Question, refused: _Refusal) -> str:
    own = next((p for p in question.module.parameters() if p.is_floating_point()), question.inputs[0])
    numbers = sorted(refused.reached) or range(len(question.inputs))
    strangers = [n for n in numbers if (question.inputs[n].dtype, question.inputs[n].device) != (own.dtype, own.device)]
    strangers = [] if refused.of_one_type else strangers
    if strangers:
        want, numbers = f"of the module's type and on its device, {own.dtype} on {own.device}", strangers
        remedy = "Convert with .to(...)."
    else:
        want = "what the module was built for in axes, leads or channels and length"
        remedy = "Bring it to the shape that module(inputs) takes."
    if refused.signature:
        remedy = "Several inputs are a tuple; what is passed on unexplained is arguments=(...)."
    many = len(question.inputs) > 1
    names = " and ".join(f"input {n}" for n in numbers) if many else "inputs"
    got = " and ".join(_described(question.inputs[n], strange=n in strangers) for n in numbers)
    return f"{names} must be {want}; got {got}. {remedy} Refused by {refused.where}, in its words: {refused.words}"


def _described(tensor: Tensor, *, strange: bool) -> str:
    kind = f"{tensor.dtype} on {tensor.device}, " if strange else ""
    return f"{kind}shape {tuple(tensor.shape)}"
