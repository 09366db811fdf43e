"""The recorder: runs a module once, unmodified, and writes down every operation that depends on its inputs.

Below Python's modules there is no difference between a function, a module used five times, an operation in place and
a scripted block: that is why nothing needs to be registered, renamed or hooked. `detach` is a constant here as for
autograd; `torch.no_grad` in the module's own code is not seen, and what it computes is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from pellucid.attribution.first_look import (
    FirstLook,
    named_arguments,
    operator_name,
    storage_of,
    tensors_in,
    written_arguments,
)
from pellucid.attribution.question import Question
from pellucid.attribution.tape.composites import KEPT, SPELLED, spelled_out
from pellucid.attribution.tape.storages import Storages, seen
from pellucid.attribution.tape.surroundings import Places, recordable
from pellucid.attribution.tape.tape import Node, Value, plain, traced, values_in
from pellucid.attribution.target import chosen, logits_of
from pellucid.core.errors import NotApplicableError

_LEAVING = {Tensor.numpy: "numpy()", Tensor.tolist: "tolist()", Tensor.__array__: "numpy()"}
_SHAPE_ONLY = {"empty_like", "zeros_like", "ones_like", "full_like", "new_empty", "new_zeros", "new_ones", "new_full"}
_UNWRITTEN = {"empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided"}
_OVERWRITING = {"copy", "fill", "zero"}


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
    """

    def __init__(self, question: Question, rows: tuple[Tensor, ...], arguments: tuple[Any, ...]) -> None:
        places = Places(question.module)
        entrances = tuple(row.detach().clone() for row in rows)  # a module may write into what it is given
        with recordable(), places.followed():
            recorder = _Recorder(entrances, places)
            with _Leaving(recorder.storages), recorder:
                output = question.module(*entrances, *arguments)
        self.logits = logits_of(output, question.output, len(rows[0]))
        last = recorder.storages.find(chosen(output, question.output))
        self.tape = traced(
            recorder.inputs, recorder.nodes, last or Value(self.logits, None), branches=recorder.branches
        )
        recorder.storages.forget()
        self.bytes_a_row = recorder.bytes // len(rows[0])
        self.doubtful = recorder.doubtful and len(rows[0]) == 1
        self._nodes = recorder.nodes

    def forget(self) -> None:
        """Let go of what was recorded: operations and values hold each other, and would wait for the collector."""
        for node in self._nodes:
            node.forget()


class _Leaving(TorchFunctionMode):
    """Refuses what takes a value out of torch."""

    def __init__(self, storages: Storages) -> None:
        super().__init__()
        self._storages = storages

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in _LEAVING and args[0].is_floating_point() and self._storages.find(args[0]) is not None:
            raise _left(_LEAVING[func])
        return func(*args, **(kwargs or {}))


class _Recorder(FirstLook):  # type: ignore[no-untyped-call]  # torch's mode is untyped
    def __init__(self, entrances: tuple[Tensor, ...], places: Places) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self.branches = False
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
        keywords = kwargs or {}
        name, values = operator_name(func), named_arguments(func, args, keywords)
        written, composite = written_arguments(func), name not in KEPT and _is_composite(func)
        if composite or (name.rstrip("_") in SPELLED and written in ((), ("self",))):
            with self:
                found = spelled_out(name.rstrip("_"), values)
                if found is not None:
                    return values["self"].copy_(found) if written else found
                if composite:
                    return func.decompose(*args, **keywords)
        if written:
            return self._in_place(func, values, written, args, keywords)
        read = {key: self._values(item) for key, item in values.items()}
        depends = name not in _SHAPE_ONLY and bool(values_in(list(read.values())))
        if depends and name == "_local_scalar_dense":
            self._asked(values["self"])
        out = super().__torch_dispatch__(func, types, args, keywords)
        if name in _UNWRITTEN:
            return out.zero_()  # nobody may read it before it is written, but what is noted of it must be a number
        if not depends or name == "_local_scalar_dense":
            return out
        if name == "detach":
            return self._apart(out)
        results = tensors_in(out)
        for tensor, value in zip(results, self._note(name, _caller(func), read, out), strict=True):
            self.storages.put(tensor, value)
        return out

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
        self, name: str, function: Callable[[dict[str, Any]], Any], read: dict[str, Any], out: Any
    ) -> list[Value]:
        """Add an operation and return the values that it gave."""
        node = Node(len(self.nodes), name, read, self._places.here, function)
        node.outs = tuple(Value(tensor, node, number) for number, tensor in enumerate(tensors_in(out)))
        self.nodes.append(node)
        for value in dict.fromkeys(node.values()):
            value.users.append(node)
        for tensor in tensors_in(list(read.values())):
            self.storages.keep(tensor, node)
        return list(node.outs)

    def _part(self, name: str, function: Callable[[dict[str, Any]], Tensor], read: dict[str, Any]) -> Value:
        """Record that a part of a storage is read or written."""
        return self._note(name, function, read, function({key: plain(item) for key, item in read.items()}))[0]

    def _in_place(
        self,
        func: Any,
        values: dict[str, Any],
        written: tuple[str, ...],
        args: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Any:
        """Run an operation that writes into an argument; what is recorded is its twin out of place."""
        name = operator_name(func).rstrip("_")
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
            return func(*args, **keywords)
        if len(written) > 1 or not isinstance(target, Tensor):
            raise NotApplicableError(f"operation {name} writes into several tensors at once, which cannot be followed.")
        if _gives_another(func):
            raise NotApplicableError(
                f"operation {name} writes into {written[0]!r} beside its result, which cannot be followed."
            )
        before = self.storages.save(target)
        # what is overwritten is read as it was; of what is not read at all only the shape counts
        read = {key: seen(before, target) if item is target else item for key, item in read.items()}
        super().__torch_dispatch__(func, (), args, keywords)
        value = self._note(name, _twin(func, written[0]), read, target)[0] if depends else None
        self.storages.write(target, value, before)
        for source, apart in self._watched.get(storage_of(target), ()):
            self.storages.part_from(apart)
            apart.copy_(source)
        return target


@cache
def _is_composite(func: Any) -> bool:
    return bool(func._can_decompose())


@cache
def _gives_another(func: Any) -> bool:
    """Return whether an operator that writes into an argument returns something else."""
    return any(result.alias_info is None for result in func._schema.returns)


@cache
def _caller(func: Any) -> Callable[[dict[str, Any]], Any]:
    """Return the operator as a function of its arguments by name."""
    positional = [argument.name for argument in func._schema.arguments if not argument.kwarg_only]
    named = [argument.name for argument in func._schema.arguments if argument.kwarg_only]
    return lambda values: func(*(values[name] for name in positional), **{name: values[name] for name in named})


@cache
def _twin(func: Any, written: str) -> Callable[[dict[str, Any]], Tensor]:
    """Return an operator that writes into an argument as a function that writes into a copy and returns that."""
    call = _caller(func)

    def twin(values: dict[str, Any]) -> Tensor:
        copy: Tensor = values[written].clone()
        call({**values, written: copy})
        return copy

    return twin


def _left(way: str) -> NotApplicableError:
    return NotApplicableError(
        f"the module takes a value that depends on the input out of torch ({way}), where it cannot be followed. "
        "Write that step with tensors; methods of the plain gradient and `occlusion` need no record."
    )
