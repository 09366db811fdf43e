"""A light record of one forward pass: which value came from which, and where its cells lie on the input.

Values are told apart by their storage, for views are new objects every time; a view adds a layout, not a value.
An in-place operation makes a new value of the same storage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from pellucid.attribution.first_look import FirstLook
from pellucid.attribution.layout import Layout, blank, keeps_channels, mixed, of_input
from pellucid.attribution.layout_rules import after
from pellucid.attribution.operators import Operator, operator, storage_of, tensors_in

View = tuple[int, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Use:
    """A value as an operator read it: through which argument and which view."""

    value: int
    argument: str
    view: Tensor
    layout: Layout
    storage: int


@dataclass(slots=True)
class Value:
    """What one operator wrote into one storage.

    `base` is the tensor that owns the storage; its `grad_fn` is that of the last value written there.
    """

    index: int
    operator: str
    layout: Layout
    shape: tuple[int, ...]
    base: Tensor
    uses: tuple[Use, ...] = ()
    readers: list[int] = field(default_factory=list)


class Recorder(FirstLook):  # type: ignore[no-untyped-call]  # torch's mode is untyped
    """Records everything that depends on one input while a module runs.

    Parameters
    ----------
    entrance
        The tensor that the module is given.
    """

    def __init__(self, entrance: Tensor) -> None:
        super().__init__()
        self.values: list[Value] = []
        self._layouts: dict[int, dict[View, Layout]] = {}  # by storage
        self._latest: dict[int, int] = {}
        self._alive: list[Tensor] = [entrance]  # a freed storage's address would be given out again
        self._add("input", entrance, storage_of(entrance), of_input(entrance.shape), ())

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        known = operator(func)
        values = known.named(args, kwargs)
        uses = tuple(self._uses(values))
        out = super().__torch_dispatch__(func, types, args, kwargs)
        if uses:
            self._write(known, values, uses, out)
        return out

    def layout(self, tensor: Any) -> Layout | None:
        """Return the layout of a tensor that depends on the input, blank where it could not be followed."""
        if not isinstance(tensor, Tensor) or storage_of(tensor) not in self._latest:
            return None
        return self._seen(storage_of(tensor), tensor)

    def find(self, tensor: Tensor) -> Value | None:
        """Return the last value in a tensor's storage, None if it does not depend on the input."""
        index = self._latest.get(storage_of(tensor))
        return None if index is None else self.values[index]

    def is_last(self, value: Value) -> bool:
        """Return whether nothing was written over a value later."""
        return self._latest[storage_of(value.base)] == value.index

    def between(self, logits: Tensor) -> list[Value]:
        """Return the values on the way from the input to the logits, in order of execution."""
        last = self.find(logits)
        if last is None:
            return []
        needed = {last.index}
        for value in reversed(self.values[: last.index + 1]):
            if value.index in needed:
                needed.update(use.value for use in value.uses)
        return [self.values[index] for index in sorted(needed)]

    def _seen(self, storage: int, tensor: Tensor) -> Layout:
        return self._layouts[storage].get(_view(tensor)) or blank(tensor.shape)

    def _uses(self, values: dict[str, Any]) -> Iterator[Use]:
        for name, value in values.items():
            for tensor in tensors_in(value):
                storage = storage_of(tensor)
                known = self._latest.get(storage)
                if known is not None:
                    yield Use(known, name, tensor, self._seen(storage, tensor), storage)

    def _write(self, known: Operator, values: dict[str, Any], uses: tuple[Use, ...], out: Any) -> None:
        outs = [tensor for tensor in tensors_in(out) if tensor.numel()]
        if not outs:
            return
        name = known.name
        layouts = after(name, values, {id(use.view): use.layout for use in uses}, outs)
        read = {use.storage for use in uses}
        written = {storage_of(t) for name in known.written for t in tensors_in(values[name])}
        for tensor, layout in zip(outs, layouts, strict=True):
            self._alive.append(tensor)
            storage = storage_of(tensor)
            if storage in read and storage not in written:
                self._layouts[storage].setdefault(_view(tensor), layout)
            else:
                self._add(name, tensor, storage, layout, uses)

    def _add(self, name: str, tensor: Tensor, storage: int, layout: Layout, uses: tuple[Use, ...]) -> None:
        known = self._latest.get(storage)
        base = self.values[known].base if known is not None else _owner(tensor)
        value = Value(len(self.values), name, layout, tuple(tensor.shape), base, uses)
        for use in uses:
            self.values[use.value].readers.append(value.index)
        if known is not None and not keeps_channels(layout):  # written into a part: the whole is mixed from now on
            self._layouts[storage] = {view: mixed(old) for view, old in self._layouts[storage].items()}
        self.values.append(value)
        self._latest[storage] = value.index
        self._layouts.setdefault(storage, {})[_view(tensor)] = layout


def _view(tensor: Tensor) -> View:
    return int(tensor.storage_offset()), tensor.shape, tensor.stride()


def _owner(tensor: Tensor) -> Tensor:
    return tensor._base if tensor._is_view() and tensor._base is not None else tensor
