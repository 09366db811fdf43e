"""Guided backprop and deconvolution: the gradient, changed at rectifiers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from pellucid.attribution.rules.derivatives import gradient
from pellucid.attribution.rules.engine import Rule, Step
from pellucid.attribution.tape.tape import Node, Tape, Value
from pellucid.core.errors import NotApplicableError

_OTHERS = {
    *("leaky_relu", "_prelu_kernel", "elu", "celu", "selu", "silu", "gelu", "hardswish", "mish", "softplus", "tanh"),
}
_ZEROS: dict[str, tuple[str, ...]] = {  # operators that rectify `self` where these arguments are zero
    "relu": (),
    "clamp": ("min",),
    "clamp_min": ("min",),
    "hardtanh": ("min_val",),
    "threshold": ("threshold", "value"),
}


def rectified(node: Node) -> Value | None:
    """Return the value of which an operation cuts off what is below zero, None for any other operation.

    Known are ReLU and ReLU6, threshold, hardtanh and clamp from zero on, the larger of x and zero (maximum, fmax),
    x * (x > 0) and where(x > 0, x, 0).
    """
    given = node.arguments
    one, other = given.get("self"), given.get("other")
    sides, found = ((one, other), (other, one)), None
    if node.operator in _ZEROS:
        found = one if all(_is_zero(given[name]) for name in _ZEROS[node.operator]) else None
    elif node.operator in ("maximum", "fmax"):
        found = next((x for x, floor in sides if _is_zero(floor)), None)
    elif node.operator == "mul":
        found = next((x for x, mask in sides if _is_sign(mask, x)), None)
    elif node.operator == "where" and _is_zero(other):
        found = one if _is_sign(given["condition"], one) else None
    return found if isinstance(found, Value) else None


def _is_zero(item: Any) -> bool:
    return not bool(item.any()) if isinstance(item, Tensor) else isinstance(item, int | float) and item == 0


def _is_sign(mask: Any, x: Any) -> bool:
    """Return whether a mask tells where x is above zero, as truth or as numbers."""
    node = mask.node if isinstance(mask, Value) else None
    while node is not None and node.operator == "_to_copy":
        node = node.values()[0].node
    return (
        node is not None
        and node.operator in ("gt", "ge")
        and node.arguments["self"] is x
        and _is_zero(node.arguments["other"])
    )


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
    c, x = step.message.c, rectified(step.node)
    if x is not None:
        step.send(x, c=None if c is None else c.clamp(min=0))


def at_rectifiers(tape: Tape, rule: Rule, name: str) -> Callable[[Node], Rule]:
    """Return the rule of every operation: `rule` at rectifiers, the gradient elsewhere.

    Raises
    ------
    NotApplicableError
        For a module without rectifiers.
    """
    rectifiers = {node.index for node in tape.nodes if rectified(node) is not None}
    if not rectifiers:
        raise NotApplicableError(
            f"{name} changes the gradient at rectifiers (ReLU), and this module has none between input and logit: it "
            "would give the plain gradient. `saliency` says what that is; `lrp` and `integrated_gradients` take any "
            "activation."
        )
    return lambda node: rule if node.index in rectifiers else gradient
