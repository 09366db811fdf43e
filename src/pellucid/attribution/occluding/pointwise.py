"""Changes through operations on each element by itself, sums, and values side by side."""

from __future__ import annotations

import torch
from torch import Tensor

from pellucid.attribution.occluding.folding import gain_and_shift
from pellucid.attribution.occluding.plan import Change, Chunk, Plan, Rule
from pellucid.attribution.occluding.region import Region, hull
from pellucid.attribution.occluding.slabs import Gather, add, placed, zeros
from pellucid.attribution.operators import BATCH_NORMS
from pellucid.attribution.tape.tape import Node, Value

_CURVES = (
    "relu leaky_relu elu silu gelu mish sigmoid tanh softplus hardtanh hardswish hardsigmoid clamp clamp_min "
    "clamp_max abs exp expm1 sin cos threshold"
)
_SCALINGS = "neg mul div"


def curve(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a function f of each element: D' = f(A + D) - f(A). Where D is 0, so is D'."""
    source = _only(plan, node)
    if source is None or any(isinstance(item, Tensor) and item.ndim for item in node.arguments.values()):
        return None
    clean, over = Gather(plan.record.clean(source), plan.regions[source]), plan.disposable(source, node)
    f = torch.relu_ if node.operator == "relu" else lambda values: node.run({source: values})

    def compute(chunk: Chunk) -> Tensor:
        before, delta = clean(chunk.rows), chunk.slab(source)
        moved = f(delta.add_(before) if over else delta + before)
        return moved.sub_(f(before))

    return Change(plan.regions[source], compute)


def scaling(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a factor: D' = c D."""
    source, factor = _only(plan, node), node.arguments.get("other")
    if source is None or (isinstance(factor, Tensor) and factor.ndim) or isinstance(node.arguments["self"], Tensor):
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
    """Return the one value that an operation reads, where it is a layer's change and the result shaped like it."""
    values = node.values()
    if len(values) != 1 or plan.region(values[0]) is None:
        return None
    result, source = node.outs[0].data, values[0].data
    return values[0] if result.shape == source.shape and result.dtype == source.dtype else None


def total(plan: Plan, node: Node) -> Change | None:
    """Return the change behind a sum or difference, D' = D1 + a D2, over the hull of both: constants have none."""
    alpha = node.arguments["alpha"]
    factors = {"add": (1, alpha), "sub": (1, -alpha), "rsub": (-alpha, 1)}[node.operator]
    terms = [(node.arguments[name], factor) for name, factor in zip(("self", "other"), factors, strict=True)]
    terms = [(value, factor) for value, factor in terms if isinstance(value, Value) and value in plan.record.changing]
    result = node.outs[0].data
    for value, _ in terms:
        if plan.region(value) is None or value.data.shape != result.shape or value.data.dtype != result.dtype:
            return None
    regions = [plan.regions[value] for value, _ in terms]
    region = hull(regions)
    base = next((n for n, (v, f) in enumerate(terms) if f == 1 and regions[n].widths == region.widths), None)
    over = base is not None and plan.disposable(terms[base][0], node) and (regions[base].starts == region.starts).all()

    def compute(chunk: Chunk) -> Tensor:
        if over and base is not None:
            whole = chunk.slab(terms[base][0])
        else:
            like = chunk.states[terms[0][0]]
            whole = zeros(like, result.shape[1], region.widths)
        for number, (value, factor) in enumerate(terms):
            if not over or number != base:
                add(whole, region, chunk.slab(value), regions[number], chunk.rows, factor)
        return whole

    return Change(region, compute)


def concatenation(plan: Plan, node: Node) -> Change | None:
    """Return the change of values side by side along the channels, over the hull of all that change."""
    items = node.arguments["tensors"]
    moving = [item for item in items if isinstance(item, Value) and item in plan.record.changing]
    if node.arguments["dim"] not in (1, 1 - node.outs[0].data.ndim) or any(plan.region(v) is None for v in moving):
        return None
    region = hull([plan.regions[value] for value in moving])

    def compute(chunk: Chunk) -> Tensor:
        like = chunk.states[moving[0]]
        return torch.cat([_part(chunk, item, region, like) for item in items], 1)

    return Change(region, compute)


def _part(chunk: Chunk, item: Value | Tensor, region: Region, like: Tensor) -> Tensor:
    if isinstance(item, Value) and item in chunk.plan.record.changing:
        return placed(chunk.slab(item), chunk.plan.regions[item], region, chunk.rows)
    tensor = item.data if isinstance(item, Value) else item
    return zeros(like, tensor.shape[1], region.widths)


RULES: dict[str, Rule] = {
    **dict.fromkeys(_CURVES.split(), curve),
    **dict.fromkeys(_SCALINGS.split(), scaling),
    **dict.fromkeys(BATCH_NORMS, batch_norm),
    **dict.fromkeys(("add", "sub", "rsub"), total),
    "cat": concatenation,
}
