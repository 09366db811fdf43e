"""A layer's values and their gradients, in one order of axes, with the true places of their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from pellucid.attribution.default_layer import CHOOSE, cuts, folded, last_with_space, origin
from pellucid.attribution.forward import Forward
from pellucid.attribution.layout import Layout, has_batch, lead_axis, spatial
from pellucid.attribution.maps import Geometry, even
from pellucid.attribution.operators import BATCH_NORMS
from pellucid.attribution.recorder import Value
from pellucid.core.errors import NotApplicableError

_AFFINE = {
    *("mean", "sum", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "avg_pool2d", "avg_pool3d", "add", "add_", "sub"),
    *("sub_", "neg", "clone", "cat", "stack", "_unsafe_view", "_to_copy", "constant_pad_nd", "native_dropout"),
    *BATCH_NORMS,
}
_PLAIN = {  # steps whose way back torch can take for many gradients at once
    *("mean", "sum", "_adaptive_avg_pool2d", "relu", "relu_", "addmm", "mm", "linear", "add", "mul", "sub", "div"),
    *("neg", "clone", "gather", "_unsafe_view", "silu", "gelu", "tanh", "sigmoid", "native_dropout", "_to_copy"),
}
_AFFINE_IN_ONE = {"mul", "mul_", "mm", "addmm", "bmm", "baddbmm", "convolution", "linear"}


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """What one layer gave.

    Attributes
    ----------
    values
        Shape (batch, feature, *cells), or (batch, lead, feature, *cells) where the input's channels are kept apart.
    geometry
        Where the cells lie.
    guessed
        Whether the cells' places could not be followed through the module and are taken to be even.
    """

    values: Tensor
    geometry: Geometry
    guessed: bool
    _forward: Forward
    _source: Tensor
    _arrange: Callable[[Tensor], Tensor]
    _value: Value | None

    @property
    def space(self) -> tuple[int, ...]:
        """The axes of `values` that run along space or time, from the end."""
        return tuple(range(-len(self.geometry.cells), 0))

    def gradients(self, classes: Tensor) -> Iterator[Tensor]:
        """Yield the gradient of the logits to the values, shaped like them, for each column of `classes`."""
        several = self._forward.targets_at_once(self._source) if self._ends_in_plain_steps() else 1
        for first in range(0, classes.shape[1], several):
            some = classes[:, first : first + several]
            found = self._forward.gradients_at_once(some, self._source) if some.shape[1] > 1 else None
            yield from map(self._arrange, self._one_by_one(classes, first, some.shape[1]) if found is None else found)

    def _one_by_one(self, classes: Tensor, first: int, count: int) -> Iterator[Tensor]:
        for column in range(first, first + count):
            keep = column + 1 < classes.shape[1]
            yield self._forward.gradients(classes[:, column], (self._source,), keep=keep)[0]

    def _ends_in_plain_steps(self) -> bool:
        """Return whether between layer and logits are only steps whose way back torch can take for many at once."""
        recorder = self._forward.recorder
        if recorder is None or self._value is None:
            return False
        after = [value for value in recorder.between(self._forward.logits) if value.index > self._value.index]
        return all(value.operator in _PLAIN for value in after)

    def obstacle(self) -> str | None:
        """Return what makes the logits other than affine in these values, None if nothing does."""
        recorder = self._forward.recorder
        if recorder is None or self._value is None:
            return "the layer could not be followed to the logits"
        path = recorder.between(self._forward.logits)
        if self._value not in cuts(path):
            return "the logits are also reached past the layer"
        for value in path:
            if value.index > self._value.index and not _is_affine(value):
                return f"{value.operator} with the result {value.shape} stands between the layer and the logits"
        return None


def activation(forward: Forward) -> Activation:
    """Return the values of the layer asked for, or of the last value with space or time before they are removed.

    Raises
    ------
    NotApplicableError
        Where there is none, or its batch axis is not the input's.
    """
    recorder, asked = forward.recorder, forward.capture.name
    if recorder is None:
        raise RuntimeError("a method that looks at a layer must say so: recorded = True")
    shape = tuple(forward.leaves[0].shape)
    if len(shape) < 3:
        raise NotApplicableError(
            f"a class activation map needs an input with an axis in space or time, (batch, channel, time); "
            f"it has the shape {shape}. `saliency` and `integrated_gradients` need none."
        )
    if asked is None:
        view, seen, value = last_with_space(recorder, forward.logits, range(2, len(shape)))
        name = f"the last value with {'time' if len(shape) == 3 else 'space'} (after {origin(recorder, value)})"

        def arrange(tensor: Tensor) -> Tensor:
            return arranged(_through(view, value.base, tensor), seen, shape)

        return _activation(forward, value.base, seen, name, arrange, value)
    kept = forward.capture.kept()
    layout = recorder.layout(kept)
    if layout is None:
        raise NotApplicableError(f"layer {asked!r} does not depend on the input. {CHOOSE}")
    found = recorder.find(kept)
    if spatial(layout, range(2, len(shape))):
        _refuse_folded(asked, layout, tuple(kept.shape), shape)
        return _activation(forward, kept, layout, asked, lambda tensor: arranged(tensor, layout, shape), found)
    return _by_shape(forward, kept, asked, shape, found)


def _activation(
    forward: Forward,
    source: Tensor,
    layout: Layout,
    name: str,
    arrange: Callable[[Tensor], Tensor],
    value: Value | None,
) -> Activation:
    shape = tuple(forward.leaves[0].shape)
    atoms = {atom.axis: atom for axis in layout for atom in axis}
    space = [atoms[axis] for axis in range(2, len(shape))]
    geometry = Geometry(
        layer=name,
        cells=tuple(atom.size for atom in space),
        offset=tuple((atom.start + atom.end) / 2 for atom in space),
        jump=tuple(atom.jump for atom in space),
        field=tuple(atom.end - atom.start + 1 for atom in space),
        by_lead=lead_axis(layout, shape) is not None,
    )
    return Activation(arrange(source.detach()), geometry, False, forward, source, arrange, value)


def _by_shape(forward: Forward, kept: Tensor, name: str, shape: tuple[int, ...], value: Value | None) -> Activation:
    """Take a layer by its shape alone, where its axes could not be followed."""
    sizes = tuple(kept.shape)
    by_lead = len(sizes) == len(shape) + 1 and sizes[1] == shape[1]
    cells = sizes[3:] if by_lead else sizes[2:]
    if sizes[0] != shape[0]:
        raise NotApplicableError(folded(f"layer {name!r}", sizes, shape))
    if (len(sizes) != len(shape) and not by_lead) or prod(cells) == 1:
        wanted = "time, (batch, feature, time)" if len(shape) == 3 else "space, (batch, feature, row, column)"
        raise NotApplicableError(
            f"layer {name!r} must keep the input's axes in {wanted}, with more than one cell; it gives {sizes}. "
            "Choose a layer before the pooling."
        )
    return Activation(
        kept.detach(), even(name, cells, shape[2:], by_lead=by_lead), True, forward, kept, lambda tensor: tensor, value
    )


def _is_affine(value: Value) -> bool:
    if value.operator in _AFFINE_IN_ONE:
        return len({use.argument for use in value.uses}) == 1
    if value.operator in ("div", "div_"):
        return {use.argument for use in value.uses} == {"self"}
    return value.operator in _AFFINE


def _through(view: Tensor, base: Tensor, tensor: Tensor) -> Tensor:
    """Return a tensor shaped like `base` as `view` shows base."""
    same = torch.empty_strided(base.size(), base.stride(), dtype=tensor.dtype, device=tensor.device)
    same.copy_(tensor)
    return same.as_strided(view.size(), view.stride(), int(view.storage_offset() - base.storage_offset()))


def arranged(tensor: Tensor, layout: Layout, shape: tuple[int, ...]) -> Tensor:
    """Return a value as (batch, [lead,] feature, *cells), whatever the order of its axes was.

    Parameters
    ----------
    shape
        Of the input, (batch, channel, *size).
    """
    atoms = [atom for axis in layout for atom in axis]
    lead = lead_axis(layout, shape)
    first = [i for i, atom in enumerate(atoms) if atom.axis == 0]
    space = [next(i for i, atom in enumerate(atoms) if atom.axis == axis) for axis in range(2, len(shape))]
    leads = [i for i, atom in enumerate(atoms) if atom is lead]
    rest = [i for i in range(len(atoms)) if i not in (*first, *space, *leads)]
    loose = tensor.reshape([atom.size for atom in atoms]).permute(*first, *leads, *rest, *space)
    cells = [atoms[i].size for i in space]
    return loose.reshape(shape[0], *[atoms[i].size for i in leads], -1, *cells)


def _refuse_folded(name: str, layout: Layout, sizes: tuple[int, ...], shape: tuple[int, ...]) -> None:
    if not has_batch(layout, sizes, shape[0]):
        raise NotApplicableError(folded(f"layer {name!r}", sizes, shape))
