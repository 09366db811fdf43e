"""How each operator moves the axes of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

import torch
from torch import Tensor

from pellucid.attribution.channels import mixes_channels
from pellucid.attribution.layout import (
    Atom,
    Axis,
    Known,
    Layout,
    blank,
    is_blank,
    mixed,
    regrouped,
    union,
)
from pellucid.attribution.operators import BATCH_NORMS, tensors_in


@dataclass(frozen=True, slots=True)
class Step:
    """One operation as a rule sees it: its arguments by name, their layouts, its results."""

    values: dict[str, Any]
    known: Known
    outs: Sequence[Tensor]

    def lookup(self, tensor: Any) -> Layout | None:
        """Return the layout of a tensor among the arguments, None for a constant."""
        return self.known.get(id(tensor))

    def layout(self, name: str) -> Layout | None:
        """Return the layout of an argument, None for a constant."""
        return self.known.get(id(self.values[name]))


Rule = Callable[[Step], list[Layout] | None]
_STAYING = {  # what leaves every position where it is, beside the operators that torch itself calls pointwise
    *BATCH_NORMS,
    *("native_group_norm", "native_layer_norm", "_fused_rms_norm", "_softmax", "_log_softmax", "_safe_softmax"),
    *("_prelu_kernel", "rrelu_with_noise", "hardswish", "log_sigmoid_forward", "native_dropout", "complex", "polar"),
    *(f"{kind}_cachemask" for kind in ("fake_quantize_per_tensor_affine", "fake_quantize_per_channel_affine")),
    *("_fake_quantize_per_tensor_affine_cachemask_tensor_qparams", "_fused_moving_avg_obs_fq_helper"),
    *("_to_copy", "alias", "detach", "_conj", "expand", "repeat", "fill", "zero", "tril", "triu"),
    *("empty_like", "zeros_like", "ones_like", "full_like", "new_empty", "new_zeros", "new_ones", "new_full"),
}


def after(name: str, values: dict[str, Any], known: Known, outs: Sequence[Tensor]) -> list[Layout]:
    """Return the layouts of an operator's results.

    Parameters
    ----------
    name
        Of the operator, `convolution`.
    values
        Its arguments by name.
    known
        The layouts of those arguments that are no constants.
    outs
        Its results.
    """
    rule = _rule_for(name, "keepdim" in values)
    found = _unchanged(known, outs) if rule is _pointwise else None
    if found is None:
        found = rule(Step(values, known, outs))
    if found is not None and mixes_channels(name, values, known):
        found = [mixed(layout) for layout in found]
    if found is None or any(not _fits(layout, out) for layout, out in zip(found, outs, strict=True)):
        return [blank(out.shape) for out in outs]
    return found


def _fits(layout: Layout, out: Tensor) -> bool:
    return len(layout) == out.ndim and all(map(_has_size, layout, out.shape))


def _has_size(axis: Axis, size: int) -> bool:
    return (axis[0].size if len(axis) == 1 else prod(atom.size for atom in axis)) == size


def _unchanged(known: Known, outs: Sequence[Tensor]) -> list[Layout] | None:
    """Return the one layout there is, where all results have its shape: what most operations come to."""
    if len(known) != 1:
        return None
    (layout,) = known.values()
    return [layout] * len(outs) if all(_fits(layout, out) for out in outs) else None


@cache
def _rule_for(name: str, reduces: bool) -> Rule:
    """Return an operator's rule; where it is in no table and not pointwise by torch's word, nothing is known."""
    plain = name.removesuffix("_")
    if plain in _RULES:
        return _RULES[plain]
    if plain.startswith("_scaled_dot_product"):
        return _attention
    if plain.startswith("upsample"):
        return _upsample
    if plain.startswith(("reflection_pad", "replication_pad")):
        return _pad
    if reduces:
        return _reduction
    overloads = getattr(torch.ops.aten, plain, None)
    tags = (getattr(overloads, kind).tags for kind in overloads.overloads()) if overloads is not None else ()
    return _pointwise if plain in _STAYING or any(torch.Tag.pointwise in some for some in tags) else _lost


def _lost(step: Step) -> list[Layout]:
    return [blank(out.shape) for out in step.outs]


def _pointwise(step: Step) -> list[Layout]:
    sources = [(t.shape, step.lookup(t)) for t in tensors_in(list(step.values.values()))]
    known = [(shape, layout) for shape, layout in sources if layout is not None]
    return [_broadcast(known, out) for out in step.outs]


def _broadcast(sources: Sequence[tuple[torch.Size, Layout]], out: Tensor) -> Layout:
    axes: list[Axis] = [(Atom(size),) for size in out.shape]
    for shape, layout in sources:
        if len(shape) > out.ndim or any(
            a not in (1, b) for a, b in zip(reversed(shape), reversed(out.shape), strict=False)
        ):
            return blank(out.shape)
        for back in range(1, len(shape) + 1):
            if shape[-back] == out.shape[-back]:
                axes[-back] = union(axes[-back], layout[-back])
    return tuple(axes)


def _copied(step: Step) -> list[Layout]:
    layout = step.layout("src")
    return [_broadcast([(step.values["src"].shape, layout)] if layout else [], out) for out in step.outs]


def _written_into(step: Step) -> list[Layout] | None:
    """Positions stay where they are if what is written there comes from none."""
    written = (step.values.get(key) for key in ("values", "value", "src", "source"))
    layout = step.layout("self")
    return None if layout is None or any(step.lookup(item) is not None for item in written) else [layout]


def _reshape(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    return None if layout is None else [regrouped(layout, out.shape) for out in step.outs]


def _unsqueeze(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    if layout is None:
        return None
    at = step.values["dim"] % (len(layout) + 1)
    return [(*layout[:at], (Atom(1),), *layout[at:])]


def _squeeze(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    if layout is None:
        return None
    gone = _dims(step.values.get("dim"), len(layout))
    return [tuple(a for i, a in enumerate(layout) if i not in gone or step.values["self"].shape[i] != 1)]


def _permute(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    if layout is None:
        return None
    order = list(range(len(layout)))
    if "dims" in step.values:
        order = [dim % len(layout) for dim in step.values["dims"]]
    elif len(layout) > 1:
        one, two = step.values.get("dim0", 0), step.values.get("dim1", 1)
        order[one], order[two] = order[two], order[one]
    return [tuple(layout[i] for i in order)]


def _select(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    if layout is None:
        return None
    gone = step.values.get("dim", 0) % len(layout)
    return [tuple(a for i, a in enumerate(layout) if i != gone) for _ in step.outs]


def _slice(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    if layout is None:
        return None
    at, size = step.values["dim"] % len(layout), step.values["self"].shape[step.values["dim"]]
    first = step.values["start"] or 0
    first = max(0, first + size if first < 0 else first)
    return [_moved(layout, at, step.outs[0].shape[at], first, step.values["step"])]


def _parts(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    if layout is None:
        return None
    at, first, layouts = step.values.get("dim", 0) % len(layout), 0, []
    for out in step.outs:
        layouts.append(_moved(layout, at, out.shape[at], first))
        first += out.shape[at]
    return layouts


def _moved(layout: Layout, at: int, size: int, by: int, step: int = 1) -> Layout:
    axis = layout[at]
    moved = (axis[0].shifted(size, by, step),) if len(axis) == 1 else (Atom(size),)
    return (*layout[:at], moved, *layout[at + 1 :])


def _cat(step: Step) -> list[Layout]:
    out, at = step.outs[0], step.values.get("dim", 0) % step.outs[0].ndim
    axes: list[Axis] = [(Atom(size),) for size in out.shape]
    for tensor in step.values["tensors"]:
        layout = step.lookup(tensor)
        if layout is not None and len(layout) == out.ndim:
            axes = [union(a, b) if i != at else a for i, (a, b) in enumerate(zip(axes, layout, strict=True))]
    return [tuple(axes)]


def _stack(step: Step) -> list[Layout]:
    at = step.values.get("dim", 0) % step.outs[0].ndim
    sources = [(t.shape, layout) for t in step.values["tensors"] if (layout := step.lookup(t)) is not None]
    inner = list(_broadcast(sources, step.values["tensors"][0]))
    return [(*inner[:at], (Atom(step.outs[0].shape[at]),), *inner[at:])]


def _convolution(step: Step) -> list[Layout] | None:
    layout, weight, out = step.layout("input"), step.values["weight"], step.outs[0]
    if layout is None or len(layout) != weight.ndim:
        return None
    depthwise = step.values["groups"] == step.values["input"].shape[1] == out.shape[1]
    axes: list[Axis] = [layout[0], layout[1] if depthwise else (Atom(out.shape[1]),)]
    for i, axis in enumerate(layout[2:]):
        stride, pad, gap = (_each(step.values[key], i) for key in ("stride", "padding", "dilation"))
        move = _transposed if step.values["transposed"] else _windowed
        axes.append(move(axis, out.shape[2 + i], weight.shape[2 + i], stride, pad, gap))
    return [tuple(axes)]


def _windowed(axis: Axis, size: int, window: int, stride: int, padding: int, dilation: int) -> Axis:
    if len(axis) != 1:
        return (Atom(size),)
    return (axis[0].windowed(size, window, stride, padding, dilation),)


def _transposed(axis: Axis, size: int, window: int, stride: int, padding: int, dilation: int) -> Axis:
    if len(axis) != 1:
        return (Atom(size),)
    atom, jump = axis[0], axis[0].jump / stride
    start = atom.start + (padding - (window - 1) * dilation) * jump
    return (Atom(size, atom.axis, start, atom.end + padding * jump, jump),)


def _pool(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    if layout is None:
        return None
    window = step.values["kernel_size"]
    free = len(layout) - len(window)
    axes = [
        _windowed(
            axis,
            size,
            window[i],
            _each(step.values["stride"] or window, i),
            _each(step.values["padding"], i),
            _each(step.values.get("dilation", 1), i),
        )
        for i, (axis, size) in enumerate(zip(layout[free:], step.outs[0].shape[free:], strict=True))
    ]
    return [(*layout[:free], *axes)] * len(step.outs)


def _adaptive_pool(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    if layout is None:
        return None
    sizes = zip(layout, step.values["self"].shape, step.outs[0].shape, strict=True)
    axes = [axis if old == new else _resized(axis, old, new, window=True) for axis, old, new in sizes]
    return [tuple(axes)] * len(step.outs)


def _upsample(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    if layout is None or step.values.get("align_corners"):
        return None
    sizes = zip(layout, step.values["self"].shape, step.outs[0].shape, strict=True)
    return [tuple(axis if old == new else _resized(axis, old, new) for axis, old, new in sizes)]


def _resized(axis: Axis, old: int, new: int, *, window: bool = False) -> Axis:
    if len(axis) != 1 or is_blank(axis):
        return (Atom(new),)
    atom, ratio = axis[0], old / new
    centre, half = (atom.start + atom.end + (ratio - 1) * atom.jump) / 2, (atom.end - atom.start) / 2
    half += (ratio - 1) * atom.jump / 2 if window else 0.0
    return (Atom(new, atom.axis, centre - half, centre + half, atom.jump * ratio),)


def _pad(step: Step) -> list[Layout] | None:
    layout = step.layout("self")
    pads = step.values.get("pad", step.values.get("padding"))
    if layout is None or pads is None:
        return None
    axes = list(layout)
    for back in range(len(pads) // 2):
        at = len(axes) - 1 - back
        axes[at] = _moved(layout, at, step.outs[0].shape[at], -pads[2 * back])[at]
    return [tuple(axes)]


def _reduction(step: Step) -> list[Layout] | None:
    layout = step.lookup(step.values.get("self", step.values.get("input")))
    if layout is None:
        return None
    gone = _dims(step.values.get("dim"), len(layout))
    if step.values["keepdim"]:
        return [tuple((Atom(1),) if i in gone else a for i, a in enumerate(layout))] * len(step.outs)
    return [tuple(a for i, a in enumerate(layout) if i not in gone)] * len(step.outs)


def _product(step: Step) -> list[Layout]:
    left = next(step.values[key] for key in ("mat1", "batch1", "self") if key in step.values)
    right = next(step.values[key] for key in ("mat2", "batch2") if key in step.values)
    one, two = step.lookup(left) or blank(left.shape), step.lookup(right) or blank(right.shape)
    leading = tuple(union(a, b) for a, b in zip(one[:-2], two[:-2], strict=True))
    return [(*leading, one[-2], two[-1])]


def _linear(step: Step) -> list[Layout] | None:
    layout = step.layout("input")
    return None if layout is None else [(*layout[:-1], (Atom(step.outs[0].shape[-1]),))]


def _attention(step: Step) -> list[Layout]:
    query = step.layout("query") or blank(step.values["query"].shape)
    content = step.layout("value") or blank(step.values["value"].shape)
    return [(*query[:-1], content[-1]), *(blank(out.shape) for out in step.outs[1:])]


def _recurrent(step: Step) -> list[Layout] | None:
    layout = step.layout("input")
    if layout is None:
        return None
    first = (*layout[:2], (Atom(step.outs[0].shape[-1]),))
    return [first, *(blank(out.shape) for out in step.outs[1:])]


def _each(value: int | Sequence[int], i: int) -> int:
    if isinstance(value, int):
        return value
    return value[i] if len(value) > 1 else value[0]


def _dims(dim: int | Sequence[int] | None, ndim: int) -> set[int]:
    if dim is None or (not isinstance(dim, int) and len(dim) == 0):
        return set(range(ndim))
    return {i % ndim for i in ([dim] if isinstance(dim, int) else dim)}


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias"), _reshape),
    **dict.fromkeys(("transpose", "t", "permute"), _permute),
    **dict.fromkeys(("select", "unbind"), _select),
    **dict.fromkeys(("split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes", "chunk"), _parts),
    **dict.fromkeys(
        ("max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool2d"),
        _pool,
    ),
    **dict.fromkeys(
        ("_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_max_pool2d", "adaptive_max_pool3d"), _adaptive_pool
    ),
    **dict.fromkeys(("index_put", "index_fill", "index_copy", "scatter", "masked_scatter"), _written_into),
    **dict.fromkeys(("mm", "addmm", "bmm", "baddbmm"), _product),
    **dict.fromkeys(("mkldnn_rnn_layer", "_cudnn_rnn"), _recurrent),
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
    "slice": _slice,
    "cat": _cat,
    "stack": _stack,
    "copy": _copied,
    "convolution": _convolution,
    "constant_pad_nd": _pad,
    "linear": _linear,
}
