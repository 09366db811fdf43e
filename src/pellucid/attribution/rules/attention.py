"""Where a module attends: the softmax weights that multiply other values, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from pellucid.attribution.rules.kinds import KINDS, PASSED, SOFTMAX
from pellucid.attribution.tape.tape import Node, Tape, Value
from pellucid.core.errors import NotApplicableError

_PRODUCTS = ("bmm", "mm")
_BY_MEMORY = ("read", "write", "as_strided", "_reshape_alias", "cat", "stack", "constant_pad_nd")  # or beside others
_ELEMENTWISE = ("add", "sub", "mul", "div")


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
        and _weighed(node.outs[0]) is not None
    ]
    if not found:
        raise NotApplicableError(
            "the module has no attention between input and logit: no softmax that weighs other values in a matrix "
            "product. `lrp` and `integrated_gradients` take any module."
        )
    return found


def refuse_windows(weights: Value, batch: int) -> None:
    """Refuse weights that are not (batch, head, query, key), or of windows, rows or leads folded into batch or heads.

    All heads weigh the same tokens: the values of one token under each head must come from one token of the layer
    before, and samples from tokens of their own. Whatever cannot be followed is refused as well.

    Raises
    ------
    NotApplicableError
        Naming the softmax, its shape and where it stands.
    """
    data, softmax = weights.data, weights.node
    if softmax is not None and softmax.arguments["dim"] not in (-1, data.ndim - 1):
        raise NotApplicableError(
            f"attention rollout needs weights of the shape (batch, head, query, key); in {softmax} another axis than "
            "the last is that of the keys. `attention_lrp` and `integrated_gradients` take any."
        )
    if data[..., 0, 0].numel() == batch:
        return  # one head, no windows
    product, way = _weighed(weights) or (None, [])
    if product is not None and all(value.node is not None and _keeps_places(value.node) for value in way):
        numbers = _moved(_numbered(data, -1, -2), way).flatten(0, -3).amax((-2, -1))  # masked ones are 0
        sample = numbers // (data[..., 0, 0].numel() // batch)
        if any(_of_heads(tokens, sample, batch) for tokens in _tokens(product, way[0] if way else weights)):
            return
    raise NotApplicableError(
        f"attention rollout needs layers in which every head weighs all tokens of a sample; in {softmax} tokens attend "
        "within windows (or rows, or leads) that are folded into the batch or the heads, or the heads cannot be told "
        "from such. `attention_lrp` and `integrated_gradients` take any."
    )


def _weighed(value: Value) -> tuple[Node, list[Value]] | None:
    """Return the matrix product of attention weights with other values, and what it reads them as, the last first."""
    for node in value.users:
        if node.operator in _PRODUCTS:
            return node, []
        if node.operator in PASSED and len(node.values()) == 1:
            found = _weighed(node.outs[0])
            if found is not None:
                return found[0], [*found[1], node.outs[0]]
    return None


def _tokens(product: Node, weights: Value) -> Iterator[Tensor]:
    """Yield which token of the layer before each weighed token may be, (group, token).

    The values are followed back through whatever only moves them, or changes each by itself, to where they were made.
    One axis there holds a token's features, and the place along the others is its number: each axis is tried.
    """
    left, right = product.arguments["self"], product.arguments["mat2"]
    values, turned = (right, False) if left is weights else (left, True)
    if not isinstance(values, Value):
        return
    source, path = values, []
    while source.node is not None and _keeps_places(source.node):
        path.append(source)
        source = source.node.values()[0]
    for axis in range(source.data.ndim):
        if source.data.shape[axis] > 1:
            found = _moved(_numbered(source.data, axis), path).flatten(0, -3)
            found = found.mT if turned else found
            if bool((found == found[..., :1]).all()):
                yield found[..., 0]


def _numbered(data: Tensor, *axes: int) -> Tensor:
    """Return numbers shaped like a tensor, each place's own, and along some axes one for all."""
    kept = list(data.shape)
    for axis in axes:
        kept[axis] = 1
    return torch.arange(math.prod(kept), dtype=torch.float64, device=data.device).reshape(kept).expand(data.shape)


def _keeps_places(node: Node) -> bool:
    """Return whether an operation moves what it reads, or hands it on in its shape, element by element if two."""
    if node.operator in _ELEMENTWISE and all(value.data.shape == node.outs[0].data.shape for value in node.values()):
        return True
    if len(node.values()) != 1 or node.operator in _BY_MEMORY:
        return False
    kind = KINDS.get(node.operator)
    return kind == "move" or (kind != "product" and node.values()[0].data.shape == node.outs[0].data.shape)


def _moved(places: Tensor, path: list[Value]) -> Tensor:
    for value in reversed(path):
        node = value.node
        if node is None or KINDS.get(node.operator) != "move":
            continue
        if node.operator in ("view", "_unsafe_view"):  # which ask for strides that the places do not have
            places = places.reshape(value.data.shape)
        else:
            out = node.run({node.values()[0]: places})
            places = out if isinstance(out, Tensor) else out[value.number]
    return places


def _of_heads(tokens: Tensor, sample: Tensor, batch: int) -> bool:
    """Return whether groups of tokens, (group, token), are the heads of the samples that each group belongs to."""
    rows = [tuple(row) for row in tokens.tolist()]
    return len(set(rows)) == batch == len(set(zip(sample.tolist(), rows, strict=True)))
