"""Where a module attends: the softmax weights that multiply other values, layer by layer."""

from __future__ import annotations

from pellucid.attribution.rules.kinds import PASSED, SOFTMAX
from pellucid.attribution.tape.tape import Node, Tape, Value
from pellucid.core.errors import NotApplicableError


def attentions(tape: Tape, batch: int) -> list[Value]:
    """Return the attention weights on the way to the logits, in order of execution.

    Each is a value of the shape (batch, head, query, key), or with batch and heads folded into one axis.

    Raises
    ------
    NotApplicableError
        For a module without attention.
    """
    found = [
        node.outs[0]
        for node in tape.nodes
        if node.operator in SOFTMAX
        and node.outs[0].data.ndim >= 3
        and len(node.outs[0].data) % batch == 0
        and _multiplies(node.outs[0])
    ]
    if not found:
        raise NotApplicableError(
            "the module has no attention between input and logit: no softmax that weighs other values in a matrix "
            "product. `lrp` and `integrated_gradients` take any module."
        )
    return found


def _multiplies(value: Value) -> bool:
    return any(
        node.operator in ("bmm", "mm") or (node.operator in PASSED and _multiplies(node.outs[0]))
        for node in value.users
        if _takes_alone(node)
    )


def _takes_alone(node: Node) -> bool:
    return node.operator in ("bmm", "mm") or len(node.values()) == 1
