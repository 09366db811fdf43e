"""Networks whose code is the difficulty: writing into buffers and views, own gradients, scripts, odd faces."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from zoo_parts import CLASSES, SHAPES, WIDTH, Animal, conv, norm, pooled


class Buffers(nn.Module):
    """Each channel's answer written into its row of an empty buffer, a part of it doubled in place."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.own = nn.ModuleList(conv(dim, 1, 2, 5) for _ in range(SHAPES[dim][0]))
        self.head = nn.Linear(2 * SHAPES[dim][0], CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        out = x.new_zeros(len(x), x.shape[1], 2, *x.shape[2:])
        for channel, layer in enumerate(self.own):
            out[:, channel] = torch.relu(layer(x[:, channel : channel + 1]))
        out[:, 1:, ..., 2:7] *= 2
        out[:, 0, 0].clamp_(max=1.0)
        return self.head(pooled(out.flatten(1, 2)))


class Views(nn.Module):
    """Halves added through slices, rectified through a turned view, one channel copied over another."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.one, self.two, self.norm = conv(dim, SHAPES[dim][0], WIDTH), conv(dim, WIDTH, WIDTH), norm(dim)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.one(x))
        x[:, :3].add_(x[:, 3:])
        turned = x.transpose(1, -1)
        turned[..., ::2].relu_()
        x = torch.relu_(self.two(x))
        held = x.clone()
        held[:, 0].copy_(x[:, 1]).mul_(0.5)
        held.view(len(x), -1)[:, 5:].sub_(0.1)
        return self.head(pooled(held))


class _Swish(torch.autograd.Function):
    """x sigmoid(x) with a gradient of its own."""

    @staticmethod
    def forward(ctx, x):
        gate = torch.sigmoid(x)
        ctx.save_for_backward(x, gate)
        return x * gate

    @staticmethod
    def backward(ctx, gradient):
        x, gate = ctx.saved_tensors
        return gradient * gate * (1 + x * (1 - gate))


class OwnFunction(nn.Module):
    """An autograd function of the author's."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.one, self.two = conv(dim, SHAPES[dim][0], WIDTH), conv(dim, WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(pooled(torch.relu(self.two(_Swish.apply(self.one(x))))))


class Checkpointed(nn.Module):
    """A part that is forgotten on the way forward and run again on the way back."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem = conv(dim, SHAPES[dim][0], WIDTH)
        self.part = nn.Sequential(norm(dim), nn.ReLU(inplace=True), conv(dim, WIDTH, WIDTH), nn.ReLU())
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(pooled(checkpoint(self.part, self.stem(x), use_reentrant=False)))


class Branching(nn.Module):
    """What is scripted: a loop, a condition on a setting, an addition in place."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem, self.norm = conv(dim, SHAPES[dim][0], WIDTH), norm(dim)
        self.layers = nn.ModuleList(conv(dim, WIDTH, WIDTH) for _ in range(2))
        self.head = nn.Linear(WIDTH, CLASSES)
        self.bounded = True

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.stem(x))
        for layer in self.layers:
            y = layer(functional.relu(x))
            if self.bounded:
                y = y.clamp(min=-1.0)
            y += x
            x = y
        return self.head(x.flatten(2).mean(-1))


def scripted(module: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(module)


def frozen(module: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.freeze(torch.jit.script(module))


class ScriptedPart(nn.Module):
    """A module in Python around a scripted one."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.part, self.head = Branching(dim), nn.Linear(CLASSES, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.part(x)))


def _with_scripted_part(module: ScriptedPart) -> nn.Module:
    module.part = scripted(module.part)
    return module


class SignalAndAge(nn.Module):
    """A signal, and an age that joins late."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net, self.age, self.head = net, nn.Linear(1, 4), nn.Linear(CLASSES + 4, CLASSES)

    def forward(self, x: Tensor, age: Tensor) -> Tensor:
        return self.head(torch.cat([self.net(x), torch.tanh(self.age(age))], 1))


class Answer(NamedTuple):
    """Fields by name and number."""

    features: Tensor
    logits: Tensor


class Dressed(nn.Module):
    """Logits inside of something else."""

    def __init__(self, net: nn.Module, dress: str) -> None:
        super().__init__()
        self.net, self.dress = net, dress

    def forward(self, x: Tensor) -> object:
        logits = self.net(x)
        return {
            "tuple": lambda: (x, logits),
            "dict": lambda: {"features": x, "logits": logits},
            "named": lambda: Answer(x, logits),
            "one": lambda: logits[:, :1],
            "flat": lambda: logits[:, 0],
        }[self.dress]()


WRITING = {
    "buffers": Animal(Buffers, "mean"),
    "views": Animal(Views, "mean"),
    "own_function": Animal(OwnFunction, "mean"),
    "checkpointed": Animal(Checkpointed, "mean"),
    "scripted": Animal(Branching, "mean", finish=scripted),
    "scripted_part": Animal(ScriptedPart, "space", finish=_with_scripted_part),
    "frozen": Animal(Branching, "mean", finish=frozen),
}
# Around a plain network: how, and what is known of the outcome.
ODD_BUILDS = {
    "signal_and_age": (SignalAndAge, {"several": True}),
    "tuple": (lambda net: Dressed(net, "tuple"), {"output": 1}),
    "dict": (lambda net: Dressed(net, "dict"), {"output": "logits"}),
    "named_tuple": (lambda net: Dressed(net, "named"), {"output": "logits"}),
    "one_logit": (lambda net: Dressed(net, "one"), {}),
    "one_logit_flat": (lambda net: Dressed(net, "flat"), {}),
}
