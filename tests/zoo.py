"""Small networks that are hard to explain, in 1-D and 2-D: what every method must answer on, or refuse in words.

Inputs are (batch, 4, 24) in 1-D and (batch, 2, 12, 12) in 2-D; there are three classes. Weights follow from a seed.
`ZOO` are those that every method is tried on; `HARD` has them and all others that hold one input and three logits;
`ODD` have several inputs, one logit, or outputs that are no tensor.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pellucid.core.randomness import torch_generator
from zoo_layers import LAYERS
from zoo_parts import CLASSES, SHAPES, WIDTH, Animal, conv, in_dtype, norm, pooled, seeded
from zoo_sequences import SEQUENCES
from zoo_writing import ODD_BUILDS, WRITING

__all__ = [
    "CAGES", "CLASSES", "HARD", "HARD_CAGES", "ODD", "ODD_CAGES", "SHAPES", "TWINS", "WIDTH", "ZOO", "Animal", "conv",
    "everything", "inputs", "network", "norm", "pooled", "seeded",
]  # fmt: skip


class Plain(nn.Module):
    """Convolutions, batch norm, max pooling, mean pooling, one linear layer, everything a module."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        pool = nn.MaxPool1d(2) if dim == 1 else nn.MaxPool2d(2)
        mean = nn.AdaptiveAvgPool1d(1) if dim == 1 else nn.AdaptiveAvgPool2d(1)
        self.features = nn.Sequential(
            conv(dim, SHAPES[dim][0], WIDTH, 5), norm(dim), nn.ReLU(), pool, conv(dim, WIDTH, WIDTH), nn.ReLU()
        )
        self.head = nn.Sequential(mean, nn.Flatten(), nn.Linear(WIDTH, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


class Functional(Plain):
    """The same, with functions in place of modules."""

    def forward(self, x: Tensor) -> Tensor:
        first, bn, _, _, second, _ = self.features
        pool = functional.max_pool1d if x.ndim == 3 else functional.max_pool2d
        x = pool(functional.relu(bn(first(x))), 2)
        return functional.linear(functional.relu(second(x)).flatten(2).mean(-1), self.head[2].weight, self.head[2].bias)


class Reused(Plain):
    """The same, with one rectifier for all places."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        first, bn, _, pool, second, _ = self.features
        return self.head(self.relu(second(pool(self.relu(bn(first(x)))))))


class InPlace(Plain):
    """The same, with rectifiers that write over what they read, through a view as well."""

    def forward(self, x: Tensor) -> Tensor:
        first, bn, _, pool, second, _ = self.features
        x = bn(first(x))
        x.flatten(1).relu_()
        x = second(pool(x))
        x[:, :, 1:].add_(0.0)
        return self.head(functional.relu_(x))


class Residual(nn.Module):
    """Branches that are added, with `+`, `+=` or torch.add, and batch norm before, after and between."""

    def __init__(self, dim: int, addition: str = "+") -> None:
        super().__init__()
        self.addition = addition
        self.stem = conv(dim, SHAPES[dim][0], WIDTH, stride=2)
        self.one, self.two = conv(dim, WIDTH, WIDTH), conv(dim, WIDTH, WIDTH)
        self.before, self.after, self.last = norm(dim), norm(dim), norm(dim)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.before(self.stem(x)))
        branch = self.two(functional.relu(self.one(x)))
        if self.addition == "+=":
            branch += x
        elif self.addition == "add":
            branch = torch.add(branch, x)
        else:
            branch = branch + x
        return self.head(pooled(self.last(functional.relu(self.after(branch)))))


class Concatenation(nn.Module):
    """Branches side by side."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.near, self.far = conv(dim, SHAPES[dim][0], 3, 3), conv(dim, SHAPES[dim][0], 3, 7)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(pooled(functional.relu(torch.cat([self.near(x), self.far(x)], 1))))


class Norms(nn.Module):
    """Group, instance and layer norm, leaky and smooth activations."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.one, self.two = conv(dim, SHAPES[dim][0], WIDTH), conv(dim, WIDTH, WIDTH, groups=2)
        self.group = nn.GroupNorm(2, WIDTH)
        self.instance = nn.InstanceNorm1d(WIDTH) if dim == 1 else nn.InstanceNorm2d(WIDTH)
        self.layer = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.silu(self.group(self.one(x)))
        x = functional.leaky_relu(self.instance(self.two(x)), 0.1) + functional.gelu(x)
        return self.head(self.layer(pooled(x)))


class Gate(nn.Module):
    """Squeeze and excitation: each channel weighed by all of space."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem = conv(dim, SHAPES[dim][0], WIDTH)
        self.squeeze, self.excite = nn.Linear(WIDTH, 3), nn.Linear(3, WIDTH)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.stem(x))
        gate = torch.sigmoid(self.excite(functional.relu(self.squeeze(pooled(x)))))
        return self.head(pooled(x * gate.reshape(*gate.shape, *(1,) * (x.ndim - 2))))


class Attention(nn.Module):
    """A transformer layer over all positions."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem = conv(dim, SHAPES[dim][0], 8, stride=2)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.head = nn.Linear(8, CLASSES)

    def features(self, x: Tensor) -> Tensor:
        return self.encoder(self.stem(x).flatten(2).transpose(1, 2)).mean(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


class FlatHead(nn.Module):
    """No pooling: every position has weights of its own."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem = conv(dim, SHAPES[dim][0], 4, stride=4)
        self.head = nn.Linear(4 * (6 if dim == 1 else 9), CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.stem(x)).flatten(1))


class LeadsApart(nn.Module):
    """One encoder for every lead, activations unfolded as (batch, lead, feature, time)."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        leads = SHAPES[1][0]
        self.encoder = conv(1, 1, 5, 5, stride=2)
        self.unfolded = nn.Identity()
        self.head = nn.Linear(leads * 5, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        folded = functional.relu(self.encoder(x.flatten(0, 1)[:, None]))
        return self.head(self.unfolded(folded.unflatten(0, x.shape[:2])).mean(-1).flatten(1))


class LeadsFolded(LeadsApart):
    """The same, pooled while the leads are still folded into the batch."""

    def forward(self, x: Tensor) -> Tensor:
        folded = functional.relu(self.encoder(x.flatten(0, 1)[:, None]))
        return self.head(folded.mean(-1).reshape(len(x), -1))


class Recurrent(nn.Module):
    """A recurrent layer of which only the last state goes on."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.gru = nn.GRU(SHAPES[1][0], 5, batch_first=True)
        self.head = nn.Linear(5, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.gru(x.transpose(1, 2))[0][:, -1])


class Dense(nn.Module):
    """No convolution at all."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        size = int(torch.tensor(SHAPES[dim]).prod())
        self.one, self.two = nn.Linear(size, 7), nn.Linear(7, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.two(functional.softplus(self.one(x.flatten(1))))


ZOO = {
    "plain": Animal(Plain, "mean"),
    "functional": Animal(Functional, "mean"),
    "reused": Animal(Reused, "mean"),
    "in_place": Animal(InPlace, "mean"),
    "residual": Animal(Residual, "mean"),
    "residual_in_place": Animal(lambda dim: Residual(dim, "+="), "mean"),
    "residual_add": Animal(lambda dim: Residual(dim, "add"), "mean", (1,)),
    "concatenation": Animal(Concatenation, "mean"),
    "norms": Animal(Norms, "space", rectified=False),
    "gate": Animal(Gate, "mean"),
    "attention": Animal(Attention, "mean"),
    "flat_head": Animal(FlatHead, "space", rectified=False),
    "leads_apart": Animal(LeadsApart, "mean", (1,)),
    "leads_folded": Animal(LeadsFolded, "none", (1,)),
    "recurrent": Animal(Recurrent, "none", (1,), rectified=False),
    "dense": Animal(Dense, "none", rectified=False),
}
TWINS = ("plain", "functional", "reused", "in_place")
CAGES = [(name, dim) for name, animal in ZOO.items() for dim in animal.dims]
HARD = {**ZOO, **LAYERS, **SEQUENCES, **WRITING}
HARD_CAGES = [(name, dim) for name, animal in HARD.items() for dim in animal.dims]
ODD = {
    name: Animal(lambda dim, build=build: build(Plain(dim)), "mean", **more)
    for name, (build, more) in ODD_BUILDS.items()
}
ODD_CAGES = [(name, dim) for name, animal in ODD.items() for dim in animal.dims]


def network(name: str, dim: int, *, dtype: torch.dtype = torch.float32) -> nn.Module:
    """Return a network of the zoo, the twins with equal weights."""
    animal = {**HARD, **ODD}[name]
    return animal.finish(in_dtype(seeded(animal.build(dim)), dtype))


def inputs(dim: int, batch: int = 3, *, dtype: torch.dtype = torch.float32, seed: int = 1) -> Tensor:
    """Return inputs for a network of the zoo."""
    return torch.randn(batch, *SHAPES[dim], generator=torch_generator(seed), dtype=torch.float64).to(dtype)


def everything(name: str, dim: int, batch: int = 3, *, dtype: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
    """Return all inputs of a network of the zoo: (signal,), or (signal, age)."""
    signal = inputs(dim, batch, dtype=dtype)
    return (signal, signal.flatten(1)[:, :1].abs()) if {**HARD, **ODD}[name].several else (signal,)
