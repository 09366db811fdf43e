"""A layer of a module: its dotted name, and what it gives while the module runs."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook
from torch.utils.hooks import RemovableHandle

from pellucid.attribution.operators import tensors_in
from pellucid.core.errors import InvalidInputError, NotApplicableError, unknown_name


def address(module: nn.Module, layer: str | nn.Module) -> str:
    """Return the dotted name of a layer, given by name or as the submodule itself.

    Raises
    ------
    UnknownNameError
        With the layers that there are and the nearest one.
    InvalidInputError
        For a submodule of some other module, and for the module itself.
    """
    names: dict[str, nn.Module] = {name: part for name, part in module.named_modules() if name}
    if isinstance(layer, str) and layer in names:
        return layer
    if isinstance(layer, str):
        raise unknown_name("layer", layer, names, remedy="Or pass the submodule itself.")
    for name, part in names.items():
        if part is layer:
            return name
    raise InvalidInputError(
        f"layer must be a submodule of the module, or its dotted name; got {type(layer).__name__}, "
        f"which is {'the module itself' if layer is module else 'not part of it'}."
    )


class Capture:
    """Keeps what one layer gives while the module runs, without touching the module.

    The hook is torch's global one, filtered by thread and layer, so that the layer's own hooks stay as they are even
    in the middle. What flows on is a copy: an in-place operation after the layer does not change what was kept.
    """

    def __init__(self, module: nn.Module, layer: str | None) -> None:
        self.name = layer
        self.calls: list[Tensor] = []
        self._part = module.get_submodule(layer) if layer is not None else None
        self._thread = threading.get_ident()
        self._handle: RemovableHandle | None = None

    def __enter__(self) -> None:
        if self._part is not None:
            self._handle = register_module_forward_hook(self._keep)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._handle is not None:
            self._handle.remove()

    def _keep(self, part: nn.Module, inputs: Any, output: Any) -> Any:
        if part is not self._part or threading.get_ident() != self._thread:
            return None
        if isinstance(output, Tensor):
            self.calls.append(output)
            return output.clone()
        self.calls += tensors_in(output)[:1]
        return None

    def kept(self) -> Tensor:
        """Return what the layer gave at its last call.

        Raises
        ------
        NotApplicableError
            If it was never called, or gave no tensor.
        """
        if not self.calls:
            raise NotApplicableError(
                f"layer {self.name!r} gave no tensor in this pass: it was not called, or lies in a scripted module. "
                "Choose another layer=."
            )
        return self.calls[-1]
