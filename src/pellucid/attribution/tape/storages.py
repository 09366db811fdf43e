"""Which value a tensor holds, by its place in memory: views are new objects, and a write goes to all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pellucid.attribution.operators import storage_of
from pellucid.attribution.tape.tape import Node, Value
from pellucid.core.errors import NotApplicableError

Place = tuple[Any, ...]
Record = Callable[[str, Callable[[dict[str, Any]], Any], dict[str, Any]], Value]


def place_of(tensor: Tensor) -> Place:
    """Return where in its storage a tensor lies, and how it is read."""
    return (
        int(tensor.storage_offset()),
        tuple(tensor.shape),
        tuple(tensor.stride()),
        tensor.dtype,
        tensor.is_conj(),
        tensor.is_neg(),
    )


@dataclass(slots=True, eq=False)
class _Storage:
    """What is known of one storage: its values by place, the one that covers the others, and who keeps its memory."""

    owner: Tensor
    values: dict[Place, Value] = field(default_factory=dict)
    whole: Value | None = None
    place: Place | None = None
    flat: Value | None = None
    shared: list[Value] = field(default_factory=list)


class Storages:
    """The values of all storages that hold any.

    Parameters
    ----------
    record
        Adds an operation to the tape and returns its result: for reading and writing parts of a storage.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._known: dict[int, _Storage] = {}
        self._constants: dict[int, list[Node]] = {}
        self._alive: list[Tensor] = []  # a freed storage's address would be given out again

    def forget(self) -> None:
        """Let go of all tensors, once the pass is over: the recorder and its storages hold each other."""
        self._known.clear()
        self._constants.clear()
        self._alive.clear()
        del self._record

    def knows(self, tensor: Tensor) -> bool:
        """Return whether a tensor shares its storage with a value."""
        return storage_of(tensor) in self._known

    def find(self, tensor: Tensor) -> Value | None:
        """Return the value that a tensor holds, None if it does not depend on an input."""
        known = self._known.get(storage_of(tensor))
        if known is None:
            return None
        place = place_of(tensor)
        if place not in known.values:
            known.values[place] = self._read(known, tensor, place)
        return known.values[place]

    def put(self, tensor: Tensor, value: Value) -> None:
        """Note that a fresh tensor, or a new view of a known one, holds a value."""
        name = storage_of(tensor)
        if name not in self._known:
            self._known[name] = _Storage(tensor, whole=value, place=place_of(tensor))
        known = self._known[name]
        known.values[place_of(tensor)] = value
        known.shared.append(value)

    def keep(self, tensor: Tensor, node: Node) -> None:
        """Note that an operation holds on to a constant."""
        self._constants.setdefault(storage_of(tensor), []).append(node)
        self._alive.append(tensor)

    def save(self, tensor: Tensor) -> Tensor:
        """Give all that was recorded of a tensor's storage memory of its own; return the storage as it is, flat."""
        name = storage_of(tensor)
        memory = _memory(tensor).clone()
        known = self._known.get(name)
        for value in known.shared if known is not None else ():
            value.data = seen(memory, value.data)
        if known is not None:
            known.shared = []
        self.part_from(tensor)
        return memory

    def part_from(self, tensor: Tensor) -> None:
        """Give the operations that hold on to a constant a copy of their own, before it is written over."""
        name = storage_of(tensor)
        for node in self._constants.pop(name, []):
            node.arguments = {key: _apart(item, name) for key, item in node.arguments.items()}

    def write(self, tensor: Tensor, value: Value | None, before: Tensor) -> None:
        """Note that a tensor was written over: with a value, or with a constant (None).

        Parameters
        ----------
        before
            What `save` returned.
        """
        known = self._known.setdefault(storage_of(tensor), _Storage(tensor))
        if known.owner.dtype != tensor.dtype:
            raise NotApplicableError(
                f"the module writes into {known.owner.dtype} numbers through a view as {tensor.dtype}, which cannot be "
                "followed. Write that step out of place."
            )
        place = place_of(tensor)
        if _is_dense(tensor) and tensor.numel() == before.numel():
            known.whole, known.place, known.flat = value, place, None
            if value is None:
                self._alive.append(self._known.pop(storage_of(tensor)).owner)
                return
        else:
            flat: Any = before if known.whole is None and known.flat is None else self._flat(known)
            part: Any = tensor.clone() if value is None else value
            known.flat = self._record("write", _write, {"self": flat, "part": part, "place": place[:3]})
            known.whole = None
        known.values = {} if value is None else {place: value}
        known.shared = [] if value is None else [value]

    def _read(self, known: _Storage, tensor: Tensor, place: Place) -> Value:
        return self._record("read", _read, {"self": self._flat(known), "place": place})

    def _flat(self, known: _Storage) -> Value:
        if known.flat is None:
            whole, place = known.whole, known.place
            if whole is None or place is None:
                raise RuntimeError("a storage must hold a value")
            memory = torch.zeros_like(_memory(known.owner))
            known.flat = self._record("write", _write, {"self": memory, "part": whole, "place": place[:3]})
        return known.flat


def _memory(tensor: Tensor) -> Tensor:
    size = tensor.untyped_storage().nbytes() // tensor.element_size()
    return tensor.detach().as_strided((size,), (1,), 0)


def seen(memory: Tensor, like: Tensor) -> Tensor:
    """Return a part of a flat memory as a tensor sees its own storage."""
    if memory.dtype != like.dtype:  # a view of another type: complex numbers as pairs, for one
        return like.clone()
    seen = memory.as_strided(like.size(), like.stride(), like.storage_offset())
    seen = seen.conj() if like.is_conj() else seen
    return seen._neg_view() if like.is_neg() else seen


def _apart(item: Any, name: int) -> Any:
    if isinstance(item, Tensor):
        return item.clone() if storage_of(item) == name else item
    if isinstance(item, list | tuple):
        return type(item)(_apart(part, name) for part in item)
    return item


def _is_dense(tensor: Tensor) -> bool:
    steps = sorted((stride, size) for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if size > 1)
    wanted = 1
    for stride, size in steps:
        if stride != wanted:
            return False
        wanted *= size
    return True


def _write(arguments: dict[str, Any]) -> Tensor:
    """Return a flat memory with a part of it replaced; torch's own as_strided_scatter has a wrong gradient."""
    memory: Tensor = arguments["self"]
    part, (offset, shape, stride) = arguments["part"], arguments["place"]
    index = torch.arange(memory.numel(), device=memory.device).as_strided(shape, stride, offset)
    return memory.index_put((index.reshape(-1),), part.expand(shape).reshape(-1).to(memory.dtype))


def _read(arguments: dict[str, Any]) -> Tensor:
    """Return a part of a flat memory."""
    memory: Tensor = arguments["self"]
    offset, shape, stride, dtype, conj, neg = arguments["place"]
    if memory.dtype != dtype:
        memory = memory.view(dtype)
    index = torch.arange(memory.numel(), device=memory.device).as_strided(shape, stride, offset)
    part = memory[index.reshape(-1)].reshape(shape)
    part = part.conj() if conj else part
    return -part if neg else part
