"""The recorder: runs a module once, unmodified, and writes down every operation that depends on its inputs.

Below Python's modules there is no difference between a function, a module used five times, an operation in place and
a scripted block: that is why nothing needs to be registered, renamed or hooked. `detach` is a constant here as for
autograd; what `torch.no_grad` in the module's own code computes is followed, and noted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from pellucid.attribution.first_look import FirstLook
from pellucid.attribution.operators import HOLDERS, Operator, operator, storage_of, tensors_in
from pellucid.attribution.question import Question
from pellucid.attribution.tape.composites import CONVOLUTIONS, SPELLED, as_convolution, kept, spelled_out
from pellucid.attribution.tape.storages import Storages, seen
from pellucid.attribution.tape.surroundings import Places, recordable
from pellucid.attribution.tape.tape import Node, Value, plain, traced, values_in
from pellucid.attribution.target import chosen, logits_of
from pellucid.core.errors import NotApplicableError

_CONVOLUTION = torch.ops.aten.convolution.default
_LEAVING = {Tensor.numpy: "numpy()", Tensor.tolist: "tolist()", Tensor.__array__: "numpy()"}
_SHAPE_ONLY = {"empty_like", "zeros_like", "ones_like", "full_like", "new_empty", "new_zeros", "new_ones", "new_full"}
_UNWRITTEN = {"empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided"}
_OVERWRITING = {"copy", "fill", "zero"}
_OWN_FUNCTION = torch.autograd.Function.apply.__func__.__code__  # type: ignore[attr-defined]  # a class method


class Recorded:
    """One recorded pass of a module over some rows.

    Parameters
    ----------
    rows
        The inputs of these rows, (row, *input) each.
    arguments
        Of the same rows.

    Attributes
    ----------
    tape
        What happened.
    logits
        Shape (row, logit).
    bytes_a_row, doubtful
        As for `Forward`.
    ungraded
        Whether a step ran while gradients were off: under `torch.no_grad`, or in an autograd function that brings a
        backward of its own. The gradient may then be another than the slope of what was computed.
    """

    def __init__(self, question: Question, rows: tuple[Tensor, ...], arguments: tuple[Any, ...]) -> None:
        places = Places(question.module)
        entrances = tuple(row.detach().clone() for row in rows)  # a module may write into what it is given
        recorder = _Recorder(entrances, places)
        self._nodes = recorder.nodes
        try:
            with recordable(), places.followed(), _Leaving(recorder), recorder:
                output = question.module(*entrances, *arguments)
            self.logits = logits_of(output, question.output, len(rows[0]))
            last = recorder.storages.find(chosen(output, question.output))
            self.tape = traced(
                recorder.inputs, recorder.nodes, last or Value(self.logits, None), branches=recorder.branches
            )
        except BaseException:
            self.forget()
            raise
        finally:
            recorder.storages.forget()
        self.bytes_a_row = recorder.bytes // len(rows[0])
        self.doubtful = recorder.doubtful and len(rows[0]) == 1
        self.ungraded = recorder.ungraded

    def forget(self) -> None:
        """Let go of what was recorded: operations and values hold each other, and would wait for the collector."""
        for node in self._nodes:
            node.forget()


_PASS = Recorded.__init__.__code__


class _Leaving(TorchFunctionMode):
    """Refuses what takes a value out of torch; notes where the module turns gradients off."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        number = func in _LEAVING and (args[0].is_floating_point() or args[0].is_complex())
        if number and self._recorder.storages.find(args[0]) is not None:
            raise _left(_LEAVING[func])
        if func is torch._C._set_grad_enabled and not args[0]:
            self._recorder.ungraded = True
        return func(*args, **(kwargs or {}))


class _Recorder(FirstLook):  # type: ignore[no-untyped-call]  # torch's mode is untyped
    def __init__(self, entrances: tuple[Tensor, ...], places: Places) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self.branches = self.ungraded = False
        self.storages = Storages(self._part)
        self._places = places
        self._detached: dict[int, Tensor] = {}
        self._watched: dict[int, list[tuple[Tensor, Tensor]]] = {}
        self.inputs = tuple(Value(entrance, None) for entrance in entrances)
        for entrance, value in zip(entrances, self.inputs, strict=True):
            self.storages.put(entrance, value)

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        known = operator(func)
        values = known.named(args, kwargs)
        if known.name in CONVOLUTIONS:
            core = as_convolution(values)
            if core is not None:  # as torch would, but without being called for each operator on the way there
                return self._out_of_place(_CONVOLUTION, core, tuple(core.values()), None)
        composite = known.composite and not kept(known.name, values)
        if composite or known.out_of_place in SPELLED:
            found = self._spelled_out(known, values)
            if found is not None:
                return found
            if composite:
                with self:
                    return func.decompose(*args, **(kwargs or {}))
        if known.written:
            return self._in_place(func, values, args, kwargs)
        return self._out_of_place(func, values, args, kwargs)

    def _out_of_place(
        self, func: Any, values: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any] | None
    ) -> Any:
        """Run an operation, and record it where it depends on an input."""
        known = operator(func)
        name = known.name
        read = {key: self._values(item) if isinstance(item, HOLDERS) else item for key, item in values.items()}
        depends = name not in _SHAPE_ONLY and bool(values_in(list(read.values())))
        if depends and name == "_local_scalar_dense":
            self._asked(values["self"])
        out = super().__torch_dispatch__(func, (), args, kwargs)
        if name in _UNWRITTEN:
            return out.zero_()  # nobody may read it before it is written, but what is noted of it must be a number
        if not depends or name == "_local_scalar_dense":
            return out
        if name == "detach":
            return self._apart(out)
        results = tensors_in(out)
        for tensor, value in zip(results, self._note(name, known.call, read, results), strict=True):
            self.storages.put(tensor, value)
        return out

    def _spelled_out(self, known: Operator, values: dict[str, Any]) -> Any:
        """Run an operator by others that have rules; None where it has no such form."""
        if known.written not in ((), ("self",)):
            return None
        with self:
            found = spelled_out(known.out_of_place, values)
            return values["self"].copy_(found) if found is not None and known.written else found

    def _apart(self, source: Tensor) -> Tensor:
        """Return a detached value as a constant with a place of its own; it follows what is written into the value."""
        apart = source.clone()
        self._detached[storage_of(apart)] = apart
        self._watched.setdefault(storage_of(source), []).append((source, apart))
        return apart

    def _asked(self, value: Tensor) -> None:
        """Note that the module asked for one number: the truth of a comparison is a branch, anything else is lost."""
        if value.is_floating_point() or value.is_complex():
            raise _left("item()")
        self.branches = True

    def _values(self, item: Any) -> Any:
        """Return an argument with the values that its tensors hold in their place."""
        if isinstance(item, Tensor):
            return self.storages.find(item) or item
        if isinstance(item, list | tuple):
            return type(item)(self._values(part) for part in item)
        return item

    def _note(
        self, name: str, function: Callable[[dict[str, Any]], Any], read: dict[str, Any], outs: list[Tensor]
    ) -> list[Value]:
        """Add an operation and return the values that it gave."""
        self.ungraded = self.ungraded or _in_own_function()
        node = Node(len(self.nodes), name, read, self._places.here, function)
        found = [Value(tensor, node, number) for number, tensor in enumerate(outs)]
        node.outs = tuple(found)
        self.nodes.append(node)
        for value in dict.fromkeys(node.values()):
            value.users.append(node)
        for tensor in tensors_in(list(read.values())):
            self.storages.keep(tensor, node)
        return found

    def _part(self, name: str, function: Callable[[dict[str, Any]], Tensor], read: dict[str, Any]) -> Value:
        """Record that a part of a storage is read or written."""
        return self._note(name, function, read, [function({key: plain(item) for key, item in read.items()})])[0]

    def _in_place(self, func: Any, values: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
        """Run an operation that writes into an argument; what is recorded is its twin out of place."""
        known = operator(func)
        name, written = known.out_of_place, known.written
        target = values[written[0]]
        if isinstance(target, Tensor) and storage_of(target) in self._detached:
            raise NotApplicableError(
                f"the module writes into a value behind the back of its gradient ({name}_ on what detach() or .data "
                "gave), which cannot be followed. Write that step out of place, x = x * 2."
            )
        read = {key: self._values(item) for key, item in values.items()}
        if name in _OVERWRITING or written[0] != "self":
            read[written[0]] = target
        depends = bool(values_in(list(read.values())))
        if not depends and not any(self.storages.knows(tensor) for tensor in tensors_in([values[w] for w in written])):
            for tensor in tensors_in([values[argument] for argument in written]):
                self.storages.part_from(tensor)
            return func(*args, **(kwargs or {}))
        if len(written) > 1 or not isinstance(target, Tensor):
            raise NotApplicableError(f"operation {name} writes into several tensors at once, which cannot be followed.")
        if known.gives_another:
            raise NotApplicableError(
                f"operation {name} writes into {written[0]!r} beside its result, which cannot be followed."
            )
        before = self.storages.save(target)
        # what is overwritten is read as it was; of what is not read at all only the shape counts
        read = {key: seen(before, target) if item is target else item for key, item in read.items()}
        super().__torch_dispatch__(func, (), args, kwargs)
        value = self._note(name, _twin(known, written[0]), read, [target])[0] if depends else None
        self.storages.write(target, value, before)
        for source, apart in self._watched.get(storage_of(target), ()):
            self.storages.part_from(apart)
            apart.copy_(source)
        return target


def _twin(known: Operator, written: str) -> Callable[[dict[str, Any]], Tensor]:
    """Return an operator that writes into an argument as a function that writes into a copy and returns that."""

    def twin(values: dict[str, Any]) -> Tensor:
        copy: Tensor = values[written].clone()
        known.call({**values, written: copy})
        return copy

    return twin


def _in_own_function() -> bool:
    """Return whether the pass is inside an autograd function that is written in Python."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code is not _PASS:
        if frame.f_code is _OWN_FUNCTION:
            return True
        frame = frame.f_back
    return False


def _left(way: str) -> NotApplicableError:
    return NotApplicableError(
        f"the module takes a value that depends on the input out of torch ({way}), where it cannot be followed. "
        "Write that step with tensors; methods of the plain gradient and `occlusion` need no record."
    )
