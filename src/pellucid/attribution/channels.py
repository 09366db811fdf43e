"""Whether an operator lets the channels of the input (the leads of an ECG) meet, or keeps them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid.attribution.layout import Axis, Known, Layout, keeps_channels
from pellucid.attribution.operators import tensors_in

_ALONG_AN_AXIS = {
    "_softmax",
    "_log_softmax",
    "softmax",
    "cumsum",
    "cumprod",
    "logcumsumexp",
    "cummax",
    "cummin",
    "renorm",
}


def mixes_channels(name: str, values: dict[str, Any], known: Known) -> bool:
    """Return whether an operator lets the input's channels meet along an axis that it keeps, or in another operand.

    Parameters
    ----------
    name
        Of the operator.
    values
        Its arguments by name.
    known
        The layouts of those arguments that are no constants.
    """
    if not any(map(keeps_channels, known.values())):  # they have met before
        return False
    layouts = [known[id(tensor)] for tensor in tensors_in(list(values.values())) if id(tensor) in known]
    if not all(map(keeps_channels, layouts)):
        return True
    if name == "native_group_norm":
        return bool(values["group"] != values["input"].shape[1])
    return any(keeps_channels((axis,)) for axis in _met(name, values, layouts))


def _met(name: str, values: dict[str, Any], layouts: Sequence[Layout]) -> list[Axis]:
    """Return the axes whose positions see each other."""
    if name.startswith("_scaled_dot_product"):
        return [axis for layout in layouts for axis in layout[-2:]]
    if name in ("bmm", "baddbmm") and len(layouts) > 1:
        return [layout[-2] for layout in layouts] + [layout[-1] for layout in layouts]
    if name in ("mkldnn_rnn_layer", "_cudnn_rnn"):
        return [layout[0] for layout in layouts[:1]]
    if name == "native_layer_norm":
        return list(layouts[0][-len(values["normalized_shape"]) :])
    if isinstance(values.get("dim"), int) and name in _ALONG_AN_AXIS:
        return [layouts[0][values["dim"]]]
    return []
