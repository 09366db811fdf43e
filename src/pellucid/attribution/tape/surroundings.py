"""How a module must run so that every operation can be seen: no fused path, no compiler, no autograd."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook


class _Unfused:
    """Keeps transformers off their fused path, a switch that all threads share: the last one to leave puts it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = True

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._before = torch.backends.mha.get_fastpath_enabled()
                torch.backends.mha.set_fastpath_enabled(False)
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                torch.backends.mha.set_fastpath_enabled(self._before)


_unfused = _Unfused()


@contextmanager
def recordable() -> Iterator[None]:
    """Run the block without gradients, fused attention or compiled code, and below autograd where torch offers it.

    Below autograd a linear layer arrives whole; without that (private) switch its bias may come as an addition of its
    own, which has a rule as well.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_unfused)
        if "torch._dynamo" in sys.modules:  # only then can there be compiled modules, and the import is slow
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        below = getattr(torch._C, "_AutoDispatchBelowAutograd", None)
        if below is not None:
            stack.enter_context(below())
        yield


class Places:
    """Knows in which submodule the pass is, by torch's global hooks, so that the module itself stays as it is."""

    def __init__(self, module: nn.Module) -> None:
        self._names = {id(part): name for name, part in module.named_modules()}
        self._stack: list[str] = []
        self._thread = threading.get_ident()

    @property
    def here(self) -> str:
        """Dotted name of the innermost submodule that is running."""
        return self._stack[-1] if self._stack else ""

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Follow the calls of submodules inside the block."""
        handles = (
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),  # also out of one that fails
        )
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, part: nn.Module, inputs: object) -> None:
        if id(part) in self._names and threading.get_ident() == self._thread:
            self._stack.append(self._names[id(part)])

    def _leave(self, part: nn.Module, inputs: object, output: object) -> None:
        if id(part) in self._names and threading.get_ident() == self._thread and self._stack:
            self._stack.pop()
