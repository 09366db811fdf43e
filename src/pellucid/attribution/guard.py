"""Leaves a module as it was: buffers, hooks, modes, attributes, `requires_grad`, `.grad`, pickle size.

A module's own forward pass may keep activations, count calls or fill buffers. What each submodule was like is
noted when the first call enters and put back when the last one leaves, so that several threads may ask about one
module at once, and an exception in the middle changes nothing.

Attributes are followed into dictionaries, lists, sets, queues, tensors and arrays, not into other objects. Weights are
not copied: a module that changes them is refused afterwards, and a write of a few numbers through `.data` may go
unseen.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from operator import is_
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from pellucid.core.errors import NotApplicableError

_CONTAINERS = frozenset((dict, OrderedDict, defaultdict, Counter, list, set, deque))
_PLAIN = frozenset((type(None), bool, int, float, str))
_SAMPLED = 16  # numbers of a weight that are compared, of one that does not lie in one piece along each axis


@contextmanager
def guarded(module: nn.Module, device_types: Iterable[str]) -> Iterator[None]:
    """Refuse a module that cannot be explained, then run the block in plain float arithmetic with gradients.

    Inside, `no_grad`, `inference_mode` and autocast of the caller do not hold; afterwards the module is as it was.

    Raises
    ------
    NotApplicableError
        For a module whose parameters are not there yet, cannot be differentiated, or changed during the block.
    """
    parts = dict(module.named_modules())
    _refuse_unready(parts)
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device_type in {"cpu", *device_types}:
            stack.enter_context(torch.autocast(device_type, enabled=False))
        stack.enter_context(_left_alone(parts))
        yield


def _refuse_unready(parts: dict[str, nn.Module]) -> None:
    for name, part in parts.items():
        for own, tensor in (*part._parameters.items(), *part._buffers.items()):
            if tensor is not None:
                _refuse_tensor(f"{name}.{own}".lstrip("."), tensor)


def _refuse_tensor(name: str, tensor: Tensor) -> None:
    if is_lazy(tensor):
        raise NotApplicableError(
            f"parameter {name!r} has no shape yet (a lazy module). Run the module once on an input first."
        )
    if tensor.is_meta:
        raise NotApplicableError(
            f"tensor {name!r} has a shape and no values (the meta device). Load the module's weights first."
        )
    if tensor.is_inference():
        raise NotApplicableError(
            f"tensor {name!r} was made inside torch.inference_mode and has no gradients. "
            "Build or load the module outside of it."
        )


class _Kept:
    """What one submodule was like, down to the contents of its containers and tensors."""

    def __init__(self, module: nn.Module, seen: set[int]) -> None:
        self.users = 0
        self._module = module
        self._attributes = dict(vars(module))
        self._contents: list[tuple[Any, Any]] = []
        self._tensors: list[tuple[Tensor, int, Tensor]] = []
        self._arrays: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []
        for value in self._attributes.values():
            if type(value) not in _PLAIN:
                self._note(value, seen)
        self._parameters = [_Weight(name, value) for name, value in module._parameters.items() if value is not None]

    def _note(self, value: Any, seen: set[int]) -> None:
        kind = type(value)
        if id(value) in seen:
            return
        if kind in _CONTAINERS and not value:  # most are empty dictionaries of hooks: no copy is needed to know that
            self._contents.append((value, ()))
            return
        seen.add(id(value))
        if kind in _CONTAINERS or kind is tuple:
            content = value if kind is tuple else value.copy()  # another thread may write into what two modules share
            if kind is not tuple:
                self._contents.append((value, content))
            for item in content.values() if isinstance(content, dict) else content:
                self._note(item, seen)
        elif isinstance(value, Tensor):
            if _is_plain(value) and not isinstance(value, nn.Parameter):
                self._tensors.append((value, value._version, value.detach().clone()))
        elif kind is np.ndarray and value.flags.writeable:
            self._arrays.append((value, value.copy()))

    def put_back(self) -> list[str]:
        """Restore everything that changed; return the names of parameters whose values did, which cannot be."""
        self._put_back_attributes()
        for tensor, version, before in self._tensors:
            if tensor._version != version or not torch.equal(tensor, before):  # a write through .data has no version
                with torch.no_grad():
                    tensor.detach().copy_(before)
        for array, content in self._arrays:
            if array.flags.writeable:
                array[...] = content
        return [weight.name for weight in self._parameters if weight.put_back()]

    def _put_back_attributes(self) -> None:
        now: dict[str, Any] = vars(self._module)
        same = now.keys() == self._attributes.keys()
        if not same or not all(map(is_, map(now.__getitem__, self._attributes), self._attributes.values())):
            for name in now.keys() - self._attributes.keys():
                del now[name]
            now.update(self._attributes)
        for container, content in self._contents:
            if content or container:
                _refill(container, content)


def _is_plain(value: Tensor) -> bool:
    return value.layout == torch.strided and not value.is_inference()


class _Weight:
    """What one parameter was like: its flags, its version and place, and a few of its numbers.

    A write through .data has no version, and comparing all numbers would take as long as reading them twice.
    """

    __slots__ = ("_before", "_gradient", "_place", "_required", "_some", "_version", "_weight", "name")

    def __init__(self, name: str, weight: nn.Parameter) -> None:
        self.name, self._weight = name, weight
        self._required, self._gradient, self._version = weight.requires_grad, weight.grad, weight._version
        plain = _is_plain(weight)
        self._place = weight.data_ptr() if plain else 0
        self._some = _some(weight.detach()) if plain else torch.empty(0)  # a view: it shows what is written later
        self._before = self._some.clone()

    def put_back(self) -> bool:
        """Restore the flags; return whether the values changed, which cannot be restored."""
        weight = self._weight
        if weight.requires_grad is not self._required:
            weight.requires_grad_(self._required)
        if weight.grad is not self._gradient:
            weight.grad = self._gradient
        if weight._version != self._version or (self._place and weight.data_ptr() != self._place):
            return True
        return not torch.equal(self._some, self._before) and not _same_bytes(self._some, self._before)


def _some(held: Tensor) -> Tensor:
    """Return a view of some numbers of a tensor, evenly from all over it."""
    count = held.numel()
    if not held.is_contiguous():
        return held[tuple(slice(None, None, max(1, size // _SAMPLED)) for size in held.shape)]
    return held.as_strided((min(count, _SAMPLED),), (max(1, count // _SAMPLED),))


def _same_bytes(one: Tensor, other: Tensor) -> bool:
    """Return whether two tensors are the same to the bit: NaN is equal to NaN."""
    return torch.equal(one.contiguous().view(torch.uint8), other.contiguous().view(torch.uint8))


def _refill(container: Any, content: Any) -> None:
    if isinstance(container, list | deque):
        if len(container) != len(content) or any(a is not b for a, b in zip(container, content, strict=True)):
            container.clear()
            container.extend(content)
    elif isinstance(container, set):
        if container != content:
            container.clear()
            container.update(content)
    elif list(container) != list(content) or any(container[key] is not content[key] for key in content):
        container.clear()
        container.update(content)


_open: dict[int, _Kept] = {}
_lock = threading.Lock()


def _put_all_back(parts: list[tuple[str, _Kept]]) -> list[str]:
    """Return the names of parameters that cannot be put back; Ctrl-C in the middle goes on when all the others are."""
    changed: list[str] = []
    late: KeyboardInterrupt | None = None
    for name, kept in parts:
        try:
            lost = kept.put_back()
        except KeyboardInterrupt as interrupt:
            late, lost = interrupt, kept.put_back()
        changed += [f"{name}.{own}".lstrip(".") for own in lost]
    if late is not None:
        raise late
    return changed


@contextmanager
def _left_alone(parts: dict[str, nn.Module]) -> Iterator[None]:
    seen: set[int] = set()  # what submodules share is noted once
    with _lock:
        for part in parts.values():
            if id(part) not in _open:
                _open[id(part)] = _Kept(part, seen)
            _open[id(part)].users += 1
    changed: list[str] = []
    try:
        yield
    finally:
        with _lock:
            last: list[tuple[str, _Kept]] = []
            for name, part in parts.items():
                _open[id(part)].users -= 1
                if not _open[id(part)].users:
                    last.append((name, _open.pop(id(part))))
            changed = _put_all_back(last)
    if changed:
        raise NotApplicableError(
            f"the module changes its own parameter {changed[0]!r} in its forward pass, so that no two passes are "
            "of the same function. Take the change out of forward."
        )
