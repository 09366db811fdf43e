"""Changes through operations on each element by itself, sums, and values side by side."""

from __future__ import annotations

import torch
from torch import Tensor

from pellucid.attribution.occluding.folding import gain_and_shift
from pellucid.attribution.occluding.plan import Chunk, Plan
from pellucid.attribution.occluding.region import Region, hull
from pellucid.attribution.occluding.slabs import placed, zeros
from pellucid.attribution.occluding.sweeping import Change, Rule
from pellucid.attribution.tape.tape import Node, Value, values_in

_CURVES = (
    "relu leaky_relu elu silu gelu mish sigmoid tanh softplus hardtanh hardswish hardsigmoid clamp clamp_min "
    "clamp_max abs exp expm1 sin cos square threshold"
)
_SCALINGS = "neg mul div"


def curve(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a function f of each element: D' = f(A + D) - f(A). Where D is 0, so is D'."""
    source = _only(plan, node)
    if source is None or values_in(list(node.arguments.values())) != [source]:
        return None
    if any(isinstance(item, Tensor) and item.ndim for item in node.arguments.values()):
        return None
    region = plan.regions[source]
    clean = plan.gather(source, region)
    f = torch.relu_ if node.operator == "relu" else lambda values: node.run({source: values})

    def compute(chunk: Chunk) -> Tensor:
        before = clean(chunk.rows)
        moved = f(before + chunk.slab(source))
        return moved.sub_(f(before))

    return Change(region, compute)


def scaling(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a factor: D' = c D."""
    source = _only(plan, node)
    factor = node.arguments.get("other")
    if source is None or node.values() != [source] or (isinstance(factor, Tensor) and factor.ndim):
        return None
    if node.arguments["self"] is not source and node.operator == "div":
        return None
    return Change(plan.regions[source], lambda chunk: node.run({source: chunk.slab(source)}))


def batch_norm(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a batch norm: D' = g D, channel by channel."""
    source, affine = _only(plan, node), gain_and_shift(node)
    if source is None or affine is None:
        return None
    gain = affine[0].to(source.data.dtype)[:, None, None]
    return Change(plan.regions[source], lambda chunk: chunk.slab(source) * gain)


def _only(plan: Plan, node: Node) -> Value | None:
    """Return the one layer whose change an operation reads, where its result is shaped like that."""
    changing = [value for value in dict.fromkeys(node.values()) if value in plan.changing]
    if len(changing) != 1 or plan.region(changing[0]) is None:
        return None
    result = node.outs[0].data
    same = result.shape == changing[0].data.shape and result.dtype == changing[0].data.dtype
    return changing[0] if same else None


def total(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a sum or difference: D' = D1 + alpha D2, over the hull of both."""
    sign = -1 if node.operator == "sub" else 1
    terms = {"self": 1, "other": sign * node.arguments.get("alpha", 1)}
    parts = [(node.arguments[name], factor) for name, factor in terms.items() if node.arguments[name] in plan.changing]
    if any(plan.region(value) is None or value.data.shape != node.outs[0].data.shape for value, _ in parts):
        return None
    region = hull([plan.regions[value] for value, _ in parts])

    def compute(chunk: Chunk) -> Tensor:
        slabs = [placed(chunk.slab(value), plan.regions[value], region, chunk.rows) for value, _ in parts]
        if len(slabs) == 1:
            return slabs[0] * parts[0][1]
        first = slabs[0] if parts[0][1] == 1 else slabs[0] * parts[0][1]
        return torch.add(first, slabs[1], alpha=parts[1][1])

    return Change(region, compute)


def concatenation(plan: Plan, node: Node) -> Change | None:
    """Return the change of values side by side along the channels, over the hull of all that change."""
    items = node.arguments["tensors"]
    moving = [item for item in items if isinstance(item, Value) and item in plan.changing]
    if node.arguments["dim"] not in (1, 1 - node.outs[0].data.ndim) or any(plan.region(v) is None for v in moving):
        return None
    region = hull([plan.regions[value] for value in moving])

    def compute(chunk: Chunk) -> Tensor:
        like = chunk.states[moving[0]]
        return torch.cat([_part(chunk, item, region, like) for item in items], 1)

    return Change(region, compute)


def _part(chunk: Chunk, item: Value | Tensor, region: Region, like: Tensor) -> Tensor:
    if isinstance(item, Value) and item in chunk.plan.changing:
        return placed(chunk.slab(item), chunk.plan.regions[item], region, chunk.rows)
    tensor = item.data if isinstance(item, Value) else item
    return zeros(like, tensor.shape[1], region.widths)


RULES: dict[str, Rule] = {
    **dict.fromkeys(_CURVES.split(), curve),
    **dict.fromkeys(_SCALINGS.split(), scaling),
    **dict.fromkeys(("native_batch_norm", "_native_batch_norm_legit_no_training"), batch_norm),
    **dict.fromkeys(("cudnn_batch_norm", "miopen_batch_norm"), batch_norm),
    **dict.fromkeys(("add", "sub"), total),
    "cat": concatenation,
}
