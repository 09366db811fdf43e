"""What can be done in one go with a convolution: the batch norm behind it, an addition, an activation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pellucid.attribution.occluding.kernel import AFTER, AFTER_SUM, Kernel
from pellucid.attribution.occluding.region import Pair, Sweep
from pellucid.attribution.tape.tape import Node, Value

_BATCH_NORMS = ("native_batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm", "miopen_batch_norm")


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


def folded(node: Node, taken: set[Node], *, linear: bool) -> Folded | None:
    """Return a convolution with what can be done in one go with it.

    Parameters
    ----------
    taken
        Operations that are done with another one already.
    linear
        Only the batch norm: for changes, which are added and activated in their own way.
    """
    kernel = _kernel(node)
    if kernel is None:
        return None
    found = Folded([node], kernel, node.arguments["input"])
    follower = _only_user(found.out)
    affine = gain_and_shift(follower) if follower is not None else None
    if follower is not None and affine is not None:
        found.nodes.append(follower)
        found.kernel = kernel.scaled(*affine)
    if not linear:
        _with_addition(found, taken)
        _with_activation(found)
    return found


def _only_user(value: Value) -> Node | None:
    """Return the one operation that reads a value, where nothing else does."""
    return value.users[0] if len(value.users) == 1 and value.users[0].values().count(value) == 1 else None


def _with_addition(found: Folded, taken: set[Node]) -> None:
    follower = _only_user(found.out)
    if follower is None or follower in taken or follower.operator != "add" or follower.arguments["alpha"] != 1:
        return
    others = [value for value in follower.values() if value is not found.out]
    if len(others) == 1 and others[0].data.shape == found.out.data.shape and others[0].data.dtype == found.out.data.dtype:
        found.nodes.append(follower)
        found.other = others[0]


def _with_activation(found: Folded) -> None:
    follower = _only_user(found.out)
    known = AFTER if found.other is None else AFTER_SUM
    if follower is not None and follower.operator in known:
        found.nodes.append(follower)
        found.after = follower.operator


def _kernel(node: Node) -> Kernel | None:
    """Return the convolution that an operation is; None for one that is transposed, or whose weight is no constant."""
    found = node.arguments
    if node.operator != "convolution" or found["transposed"] or not isinstance(found["input"], Value):
        return None
    if found["input"].data.ndim not in (3, 4) or not node.constant("weight") or not node.constant("bias"):
        return None
    bias = None if found["bias"] is None else found["bias"].detach()
    weight = found["weight"].detach()
    weight = weight[:, :, None] if weight.ndim == 3 else weight
    height, width = weight.shape[2:]
    axes = found["input"].data.ndim - 2
    sweep = Sweep(
        (height, width),
        over_axes(found["stride"], axes, 1),
        over_axes(found["padding"], axes, 0),
        over_axes(found["dilation"], axes, 1),
    )
    return Kernel(weight, bias, sweep, found["groups"])


def over_axes(setting: list[int], axes: int, default: int) -> Pair:
    """Return a kernel's setting for height and width, given for each of one or two axes, once for all, or not."""
    given = list(setting) or [default]
    height, width = [default] * (2 - axes) + (given * axes if len(given) == 1 else given)
    return height, width


def gain_and_shift(node: Node) -> tuple[Tensor, Tensor] | None:
    """Return what a batch norm multiplies each channel with and adds to it, in double precision.

    g = gamma / sqrt(variance + eps),  t = beta - g mean. None for another operation, and where they are no constants.
    """
    found = node.arguments
    if node.operator not in _BATCH_NORMS or node.values() != [found["input"]]:
        return None
    gain = torch.rsqrt(found["running_var"].detach().double() + found.get("eps", found.get("epsilon")))
    gain = gain if found["weight"] is None else gain * found["weight"].detach().double()
    shift = -gain * found["running_mean"].detach().double()
    return gain, shift if found["bias"] is None else shift + found["bias"].detach().double()
