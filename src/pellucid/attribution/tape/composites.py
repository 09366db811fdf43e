"""Operators made of others: which are kept whole, and which are spelled out in another way than torch's own."""

from __future__ import annotations

import math
import threading
from typing import Any

import torch
from torch import Tensor

CONVOLUTIONS = {"conv1d", "conv2d", "conv3d"}
SPELLED = {"lerp", "addcmul", "addcdiv", "var", "var_mean", "std_mean"}  # no composites of torch's own
_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation")
_KEPT = {"linear", "rms_norm"}
_lock = threading.RLock()


def spelled_out(name: str, values: dict[str, Any]) -> Any:
    """Return a composite's result by operations that have rules, None where torch's own are good."""
    if name == "scaled_dot_product_attention" and not values["dropout_p"]:
        return _attention(**{key: values[key] for key in ("query", "key", "value", "attn_mask", "is_causal", "scale")})
    if name == "instance_norm" and values["use_input_stats"]:
        channels = values["input"].shape[1]  # torch's own way is a batch norm in training mode
        return torch.group_norm(values["input"], channels, values["weight"], values["bias"], values["eps"])
    if name in ("lstm", "gru", "rnn_tanh", "rnn_relu"):
        return _cell_by_cell(name, values)
    if name == "rrelu" and not values["training"]:
        return torch.nn.functional.leaky_relu(values["self"], (values["lower"] + values["upper"]) / 2)
    return _written_out(name, values) if name in SPELLED else None


def kept(name: str, values: dict[str, Any]) -> bool:
    """Return whether a composite is one operation here."""
    if name == "batch_norm":
        return not values["training"] and values["running_mean"] is not None and values["running_var"] is not None
    return name in _KEPT


def as_convolution(values: dict[str, Any]) -> dict[str, Any] | None:
    """Return the arguments of `convolution` that a convolution of one, two or three axes comes to, None if of more."""
    source, weight, padding = values["input"], values["weight"], values["padding"]
    if source.ndim != weight.ndim or isinstance(padding, str) or source.is_complex() or weight.is_complex():
        return None
    added = {"transposed": False, "output_padding": [0] * (source.ndim - 2)}
    return {**{name: values[name] for name in _CONVOLUTION}, **added, "groups": values["groups"]}


def _written_out(name: str, values: dict[str, Any]) -> Any:
    source: Tensor = values["self"]
    if name == "lerp":
        return source + values["weight"] * (values["end"] - source)
    if name == "addcmul":
        return source + values["value"] * values["tensor1"] * values["tensor2"]
    if name == "addcdiv":
        return source + values["value"] * values["tensor1"] / values["tensor2"]
    if "correction" not in values or source.is_complex():  # of torch's own composites
        return None
    dims = list(values["dim"] or range(source.ndim))
    correction, keepdim = 1 if values["correction"] is None else values["correction"], values["keepdim"]
    if name == "var":
        return _variance(source, dims, correction, keepdim)
    spread = torch.var if name == "var_mean" else torch.std
    return spread(source, dims, correction=correction, keepdim=keepdim), source.mean(dims, keepdim=keepdim)


def _variance(source: Tensor, dims: list[int], correction: float, keepdim: bool) -> Tensor:
    squares = (source - source.mean(dims, keepdim=True)).square().sum(dims, keepdim=keepdim)
    return squares / max(0.0, math.prod(source.shape[axis] for axis in dims) - correction)


def _attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None, is_causal: bool, scale: float | None
) -> Tensor:
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    if query.ndim > 2 and key.shape[-3] != query.shape[-3]:  # fewer keys than queries, each shared by a group of heads
        repeats = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(repeats, -3), value.repeat_interleave(repeats, -3)
    scores = (query * factor) @ key.transpose(-2, -1)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    if attn_mask is None:
        return torch.softmax(scores, -1) @ value
    return torch._safe_softmax(scores, -1) @ value  # a query that may see nothing gets 0, not NaN


def _cell_by_cell(name: str, values: dict[str, Any]) -> Any:
    """Run a recurrent network without its fused kernels: their switches are put back at once."""
    run = getattr(torch.ops.aten, name)
    overload = run.input if "input" in values else run.data
    names = [argument.name for argument in overload._schema.arguments]
    with _lock:  # the switches are global
        fused, cudnn = _fused_cpu(False), torch.backends.cudnn.enabled
        torch.backends.cudnn.enabled = False
        try:
            return overload.decompose(*(values[key] for key in names))
        finally:
            _fused_cpu(fused)
            torch.backends.cudnn.enabled = cudnn


def _fused_cpu(enabled: bool) -> bool:
    """Switch oneDNN's kernels, and return whether they were on."""
    before: bool = torch.backends.mkldnn.set_flags(enabled)[0]  # type: ignore[no-untyped-call]  # torch's own is untyped
    return before
