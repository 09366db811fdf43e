"""The value that class activation looks at by default: the last with space or time before they are pooled away."""

from __future__ import annotations

from torch import Tensor

from pellucid.attribution.layout import Layout, has_batch, spatial
from pellucid.attribution.recorder import Recorder, Use, Value
from pellucid.core.errors import NotApplicableError

CHOOSE = "Choose a layer with layer=, by its dotted name."
_SINGLE = (
    "of the last value with space or time only single positions go on to the logits (a last or first state), or the "
    f"way on could not be followed; a map of it would mislead. {CHOOSE}"
)
_POOLING = {
    *("mean", "sum", "amax", "amin", "max", "min", "logsumexp", "linalg_vector_norm", "median", "var", "std"),
    *("_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_max_pool2d", "adaptive_max_pool3d"),
    *("avg_pool2d", "avg_pool3d", "max_pool2d_with_indices", "max_pool3d_with_indices", "var_mean", "std_mean"),
    *("convolution", "mm", "addmm", "bmm", "baddbmm", "linear"),
}
_COPIES = {"clone", "_to_copy", "native_dropout"}


def last_with_space(recorder: Recorder, logits: Tensor, axes: range) -> tuple[Tensor, Layout, Value]:
    """Return the value that everything passes through last before the pooling, by the view that shows it unfolded."""
    path = recorder.between(logits)
    if not path:
        raise NotApplicableError(
            "the input does not reach the logit: the module does not use it, or leaves torch on the way (numpy)."
        )
    live = {value.index: value for value in path}
    extended = [value for value in cuts(path) if spatial(value.layout, axes) and value.index > 0]
    if not extended:
        raise NotApplicableError(
            f"no value on the way to the logits still has the input's axes in space or time, or none that could be "
            f"followed. {CHOOSE}"
        )
    value = extended[-1]
    if value is path[-1]:
        raise NotApplicableError(_SINGLE)
    for after in path:
        read = [use for use in after.uses if use.value >= value.index]
        if after.index > value.index and read and not spatial(after.layout, axes):
            _refuse_removal(recorder, after, read, axes)
    if not recorder.is_last(value):
        raise NotApplicableError(f"the value before the pooling is written over later. {CHOOSE}")
    uses = [use for index in value.readers if index in live for use in live[index].uses if use.value == value.index]
    views = [(use.view, use.layout) for use in uses if use.view.numel() == value.base.numel()]
    views += [(value.base, value.layout)] if value.shape == tuple(value.base.shape) else []
    batch = recorder.values[0].shape[0]
    for view, layout in views:
        if spatial(layout, axes) and has_batch(layout, tuple(view.shape), batch):
            return view, layout, value
    name = f"the value after {origin(recorder, value)}"
    raise NotApplicableError(folded(name, value.shape, recorder.values[0].shape))


def cuts(path: list[Value]) -> list[Value]:
    """Return the values through which every way from the input to the logits passes."""
    live = {value.index for value in path}
    found, reach = [], -1
    for value in path:
        if reach <= value.index:
            found.append(value)
        reach = max(reach, *(index for index in [*value.readers, -1] if index in live or index == -1))
    return found


def _refuse_removal(recorder: Recorder, value: Value, read: list[Use], axes: range) -> None:
    """Refuse a last step of which no map can be drawn: single positions picked, or an operation that scatters them."""
    before = [use for use in read if spatial(recorder.values[use.value].layout, axes)]
    if any(not spatial(use.layout, axes) for use in before):
        raise NotApplicableError(_SINGLE)
    if before and value.operator not in _POOLING and not value.operator.startswith("_scaled_dot_product"):
        raise NotApplicableError(
            f"the input's axes in space or time end in {value.operator} with the result {value.shape}, which is no "
            f"pooling. {CHOOSE}"
        )


def origin(recorder: Recorder, value: Value) -> str:
    """Return the operator that made a value, copies left out."""
    while value.operator in _COPIES and value.uses:
        value = recorder.values[value.uses[0].value]
    return value.operator.rstrip("_")


def folded(name: str, sizes: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Return the words for a value whose first axis is not the input's batch."""
    return (
        f"{name} must have the input's batch axis, of {shape[0]}; it gives {sizes}, other axes folded into the "
        "batch. Let the module unfold them, (batch, lead, feature, time), and choose that value, or another layer."
    )
