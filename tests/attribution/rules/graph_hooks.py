"""An oracle for guided backprop and deconvolution: hooks on the nodes of autograd's own graph.

It shares nothing with the tape. The rectifier's own mask is autograd's; deconvolution puts the gradient that arrived
in place of what the rectifier passed on. Rectifiers in place are not for it. Scripts run as they are written: torch's
own rewriting of them hides rectifiers inside one node.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pellucid.attribution.target import chosen

RECTIFIERS = ("ReluBackward0", "HardtanhBackward0", "ClampBackward1", "ClampMinBackward0", "ThresholdBackward0")


def _nodes(start: object) -> list:
    found, waiting = {start}, [start]
    while waiting:
        for node, _ in waiting.pop().next_functions:
            if node is not None and node not in found:
                found.add(node)
                waiting.append(node)
    return list(found)


def _is_rectifier(node: object) -> bool:
    floor = getattr(node, "_saved_min_val", getattr(node, "_saved_min", getattr(node, "_saved_threshold", 0)))
    return node.name() in RECTIFIERS and floor == 0


def changed_gradient(
    module: nn.Module, inputs: tuple[Tensor, ...], target: int, *, deconvolution: bool, output: str | int | None = None
) -> tuple[list[Tensor], int]:
    """Return what arrives at each input, and how many rectifiers there were."""
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    with torch.jit.optimized_execution(False):
        logits = chosen(module(*(leaf * 1 for leaf in leaves)), output)
    start = logits.reshape(len(leaves[0]), -1)[:, target].sum()
    rectifiers = [node for node in _nodes(start.grad_fn) if _is_rectifier(node)]
    for node in rectifiers:
        node.register_prehook(lambda grads: tuple(grad.clamp(min=0) for grad in grads))
        if deconvolution:
            node.register_hook(lambda passed, arrived: (arrived[0].clamp(min=0), *passed[1:]))
    return list(torch.autograd.grad(start, leaves)), len(rectifiers)
