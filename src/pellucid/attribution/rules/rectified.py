"""Guided backprop and deconvolution: the gradient, changed at rectifiers."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from pellucid.attribution.rules.derivatives import gradient
from pellucid.attribution.rules.engine import Rule, Step
from pellucid.attribution.tape.tape import Node, Tape
from pellucid.core.errors import NotApplicableError

_OTHERS = {
    *("leaky_relu", "_prelu_kernel", "elu", "celu", "selu", "silu", "gelu", "hardswish", "mish", "softplus", "tanh"),
}
_FLOORS = {"hardtanh": "min_val", "clamp": "min", "clamp_min": "min"}


def is_rectifier(node: Node) -> bool:
    """Return whether an operation cuts off what is below zero, however it is written."""
    if node.operator in _FLOORS:
        floor = node.arguments[_FLOORS[node.operator]]
        return isinstance(floor, int | float) and floor == 0
    if node.operator == "threshold":
        return float(node.arguments["threshold"]) == 0 == float(node.arguments["value"])
    if node.operator == "maximum":
        return any(isinstance(item, Tensor) and not bool(item.any()) for item in node.arguments.values())
    return node.operator == "relu"


def reserve(tape: Tape) -> str | None:
    """Return the warning for activations that are no rectifiers and so keep their plain gradient."""
    found = dict.fromkeys(
        f"{node.operator.strip('_').removesuffix('_kernel')} in {node.place or 'the module'}"
        for node in tape.nodes
        if node.operator in _OTHERS
    )
    if not found:
        return None
    return f"only rectifiers change the gradient; it is the plain one at {', '.join(found)}"


def guided(step: Step) -> None:
    """Let positive gradients pass where the rectifier did: f'(x) * max(c, 0)."""
    step.message.c = None if step.message.c is None else step.message.c.clamp(min=0)
    gradient(step)


def deconvolved(step: Step) -> None:
    """Let positive gradients pass, wherever the rectifier did: max(c, 0)."""
    c = step.message.c
    step.send(step.node.values()[0], c=None if c is None else c.clamp(min=0))


def at_rectifiers(tape: Tape, rule: Rule, name: str) -> Callable[[Node], Rule]:
    """Return the rule of every operation: `rule` at rectifiers, the gradient elsewhere.

    Raises
    ------
    NotApplicableError
        For a module without rectifiers.
    """
    rectifiers = {node.index for node in tape.nodes if is_rectifier(node)}
    if not rectifiers:
        raise NotApplicableError(
            f"{name} changes the gradient at rectifiers (ReLU), and this module has none between input and logit: it "
            "would give the plain gradient. `saliency` says what that is; `lrp` and `integrated_gradients` take any "
            "activation."
        )
    return lambda node: rule if node.index in rectifiers else gradient
