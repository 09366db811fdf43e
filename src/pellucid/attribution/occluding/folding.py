"""What can be done in one go with a convolution: the batch norm behind it, an addition, an activation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pellucid.attribution.occluding.kernel import AFTER, AFTER_SUM, Kernel
from pellucid.attribution.occluding.region import Pair, Sweep
from pellucid.attribution.operators import BATCH_NORMS
from pellucid.attribution.rules.derivatives import batch_norm_line
from pellucid.attribution.tape.tape import Node, Value


@dataclass(slots=True, eq=False)
class Folded:
    """A convolution and the operations done with it.

    Attributes
    ----------
    nodes
        All of them, in order.
    source
        What the convolution reads.
    other
        What is added behind it.
    after
        The activation last of all.
    """

    nodes: list[Node]
    kernel: Kernel
    source: Value
    other: Value | None = None
    after: str | None = None

    @property
    def out(self) -> Value:
        """The result of the last operation."""
        return self.nodes[-1].outs[0]


def folded(node: Node) -> Folded | None:
    """Return a convolution with the batch norm behind it; None for another operation, or one without constants."""
    kernel = _kernel(node)
    if kernel is None:
        return None
    found = Folded([node], kernel, node.arguments["input"])
    follower = _only_user(found.out)
    affine = None if follower is None else gain_and_shift(follower)
    if follower is None or affine is None:
        return found
    return Folded([node, follower], kernel.scaled(*affine), found.source)


def extended(folded: Folded, taken: set[Node]) -> Folded:
    """Return a convolution with an addition and an activation behind it as well: on whole values.

    Parameters
    ----------
    taken
        Operations that are done with another one already.
    """
    found = Folded(list(folded.nodes), folded.kernel, folded.source)
    follower = _only_user(found.out)
    if follower is not None and follower not in taken and follower.operator == "add":
        _with_addition(found, follower)
    follower = _only_user(found.out)
    if follower is not None and follower.operator in (AFTER if found.other is None else AFTER_SUM):
        found.nodes.append(follower)
        found.after = follower.operator
    return found


def _with_addition(found: Folded, addition: Node) -> None:
    others = [value for value in addition.values() if value is not found.out]
    result = found.out.data
    if len(others) != 1 or addition.arguments["alpha"] != 1:
        return
    if others[0].data.shape == result.shape and others[0].data.dtype == result.dtype:
        found.nodes.append(addition)
        found.other = others[0]


def _only_user(value: Value) -> Node | None:
    """Return the one operation that reads a value, where nothing else does."""
    return value.users[0] if len(value.users) == 1 and value.users[0].values().count(value) == 1 else None


def _kernel(node: Node) -> Kernel | None:
    found = node.arguments
    if node.operator != "convolution" or found["transposed"] or not isinstance(found["input"], Value):
        return None
    if found["input"].data.ndim not in (3, 4) or not node.constant("weight") or not node.constant("bias"):
        return None
    bias = None if found["bias"] is None else found["bias"].detach()
    weight = found["weight"].detach()
    weight = weight[:, :, None] if weight.ndim == 3 else weight
    height, width = weight.shape[2:]
    stride, padding, dilation = (
        over_axes(found[name], found["input"].data.ndim - 2, default)
        for name, default in (("stride", 1), ("padding", 0), ("dilation", 1))
    )
    return Kernel(weight, bias, Sweep((height, width), stride, padding, dilation), found["groups"])


def over_axes(setting: Sequence[int], axes: int, default: int) -> Pair:
    """Return a kernel's setting for height and width, given for each of one or two axes, once for all, or not."""
    given = list(setting) or [default]
    height, width = [default] * (2 - axes) + (given * axes if len(given) == 1 else given)
    return height, width


def gain_and_shift(node: Node) -> tuple[Tensor, Tensor] | None:
    """Return what a batch norm multiplies each channel with and adds to it, in double precision.

    None for another operation, and where they are no constants.
    """
    if node.operator not in BATCH_NORMS or node.values() != (node.arguments["input"],):
        return None
    gain, shift = batch_norm_line(node, torch.float64)
    return gain.detach(), shift.detach()
