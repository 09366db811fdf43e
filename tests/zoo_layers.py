"""Networks of one hard layer each: norms, convolutions, activations, poolings."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from zoo_parts import CLASSES, SHAPES, WIDTH, Animal, channels_last, conv, norm, pooled


class BatchNorms(nn.Module):
    """Batch norm first of all, after ReLU, after an addition, and on features."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.first_norm = norm(dim, SHAPES[dim][0])
        self.one, self.two = conv(dim, SHAPES[dim][0], WIDTH), conv(dim, WIDTH, WIDTH, bias=False)
        self.after_relu_norm, self.after_sum_norm = norm(dim), norm(dim)
        self.last_norm = nn.BatchNorm1d(WIDTH, affine=False)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.after_relu_norm(functional.relu(self.one(self.first_norm(x))))
        x = self.after_sum_norm(torch.add(self.two(x), x, alpha=0.5))
        return self.head(self.last_norm(pooled(functional.relu(x))))


class OtherNorms(nn.Module):
    """Layer norm over the channels of each place, RMS norm, instance norm with weights, group norm last."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem, self.depthwise = conv(dim, SHAPES[dim][0], WIDTH), conv(dim, WIDTH, WIDTH, 5, groups=WIDTH)
        self.layer_norm, self.square_norm = nn.LayerNorm(WIDTH), nn.RMSNorm(WIDTH)
        kind = nn.InstanceNorm1d if dim == 1 else nn.InstanceNorm2d
        self.instance_norm, self.group_norm = kind(WIDTH, affine=True), nn.GroupNorm(3, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.scale = nn.Parameter(torch.ones(WIDTH))
        self.head = nn.Linear(WIDTH, CLASSES)

    def _mixed(self, x: Tensor) -> Tensor:
        return self.scale * self.narrow(functional.gelu(self.wide(self.layer_norm(x))))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.instance_norm(x + channels_last(self._mixed, self.depthwise(x)))
        return self.head(pooled(self.group_norm(channels_last(self.square_norm, x)) * x.abs()))


class Convolutions(nn.Module):
    """Grouped, dilated, strided and even kernels; down and up again with transposed convolutions, and a way across."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        up = nn.ConvTranspose1d if dim == 1 else nn.ConvTranspose2d
        self.one = conv(dim, SHAPES[dim][0], WIDTH, 4, padding=2, stride=3)
        self.two = conv(dim, WIDTH, WIDTH, 3, padding=2, dilation=2, groups=3)
        self.up = up(WIDTH, 4, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.across, self.head = conv(dim, 4, 4, 3, padding=0), nn.Linear(8 + WIDTH, CLASSES)
        self.mode = "linear" if dim == 1 else "bilinear"

    def forward(self, x: Tensor) -> Tensor:
        low = functional.leaky_relu(self.two(torch.relu(self.one(x))), 0.2)
        up = torch.relu(self.up(low))
        wide = functional.interpolate(up, scale_factor=2, mode=self.mode)
        near = functional.interpolate(self.across(up), size=up.shape[2:], mode="nearest")
        return self.head(torch.cat([pooled(wide), pooled(torch.relu(near)), pooled(low)], 1))


class Padded(nn.Module):
    """Circular padding inside a convolution, reflected and repeated borders before one."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.round = conv(dim, SHAPES[dim][0], WIDTH, 5, padding_mode="circular")
        self.mirrored = conv(dim, WIDTH, WIDTH, padding_mode="reflect")
        self.plain, self.head = conv(dim, WIDTH, WIDTH, padding=0), nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.mirrored(torch.relu(self.round(x))))
        return self.head(pooled(torch.relu(self.plain(functional.pad(x, [2, 1] * (x.ndim - 2), mode="replicate")))))


class Activations(nn.Module):
    """One smooth or leaky activation after the other, as modules, functions and by hand."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(conv(dim, WIDTH if n else SHAPES[dim][0], WIDTH) for n in range(4))
        self.ways = nn.ModuleList(
            [nn.SiLU(inplace=True), nn.GELU(approximate="tanh"), nn.PReLU(WIDTH), nn.Hardswish(), nn.ELU(), nn.Mish()]
        )
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        for number, layer in enumerate(self.convs):
            x = self.ways[number](layer(x))
        x = self.ways[4](x) + self.ways[5](x) * 0.5 - functional.relu6(x) + functional.hardtanh(x)
        return self.head(pooled(x * torch.sigmoid(x) + functional.softplus(x)))


class HardGate(nn.Module):
    """An inverted bottleneck: expanded, depthwise, squeezed and excited through a hard sigmoid, added in place."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem, self.expand = conv(dim, SHAPES[dim][0], 4), conv(dim, 4, 8, 1, bias=False)
        self.depthwise = conv(dim, 8, 8, groups=8, bias=False)
        self.norms = nn.ModuleList(norm(dim, 8) for _ in range(2))
        self.mean = nn.AdaptiveAvgPool1d(1) if dim == 1 else nn.AdaptiveAvgPool2d(1)
        self.squeeze, self.excite, self.project = conv(dim, 8, 2, 1), conv(dim, 2, 8, 1), conv(dim, 8, 4, 1)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.hardswish(self.stem(x))
        wide = functional.hardswish(self.norms[0](self.expand(x)))
        wide = functional.hardswish(self.norms[1](self.depthwise(wide)))
        wide *= functional.hardsigmoid(self.excite(functional.relu(self.squeeze(self.mean(wide)))))
        narrow = self.project(wide)
        narrow += x
        return self.head(pooled(narrow))


class WeightNorm(nn.Module):
    """Weights that are computed from a direction and a length at each call."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.one, self.two = weight_norm(conv(dim, SHAPES[dim][0], WIDTH)), conv(dim, WIDTH, WIDTH)
        self.head = weight_norm(nn.Linear(WIDTH, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(pooled(torch.relu(self.two(torch.relu(self.one(x))))))


class Einsum(nn.Module):
    """Channels mixed by einsum with weights, then with each other: every pair of channels, over all places."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem = conv(dim, SHAPES[dim][0], WIDTH)
        self.mix, self.head = nn.Parameter(torch.zeros(5, WIDTH)), nn.Linear(25, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        mixed = torch.einsum("bcl,oc->bol", torch.relu(self.stem(x)).flatten(2), self.mix)
        pairs = torch.einsum("bil,bjl->bij", torch.tanh(mixed), mixed) / mixed.shape[-1]
        return self.head(pairs.flatten(1))


def _over_cells(x: Tensor) -> list[int]:
    return list(range(2, x.ndim))


def _own(name: str, *settings: object, **more: object):
    return lambda x: getattr(functional, f"{name}{x.ndim - 2}d")(x, *settings, **more)


def _by_attention(x: Tensor) -> Tensor:
    flat = x.flatten(2)
    return (torch.softmax(flat.mean(1, keepdim=True), -1) * flat).sum(-1)


def _spread(x: Tensor) -> Tensor:
    variance = x.flatten(2).var(-1, correction=0)
    return variance / torch.sqrt(variance + 1e-3)


POOLINGS = {
    "max": _own("max_pool", 3, 2, 1),
    "max_dilated": _own("max_pool", 2, 2, 0, 2, ceil_mode=True),
    "avg": _own("avg_pool", 3, 2, 1, ceil_mode=True, count_include_pad=False),
    "adaptive_max": _own("adaptive_max_pool", 5),
    "adaptive_avg": _own("adaptive_avg_pool", 5),
    "lp": _own("lp_pool", 3.0, 2),
    "mean": lambda x: x.mean(_over_cells(x)),
    "sum": lambda x: x.sum(_over_cells(x)) / 24,
    "amax": lambda x: x.amax(_over_cells(x)),
    "max_values": lambda x: x.flatten(2).max(-1).values,
    "topk": lambda x: x.flatten(2).topk(4).values.mean(-1),
    "logsumexp": lambda x: x.logsumexp(_over_cells(x)),
    "attention": _by_attention,
    "spread": _spread,
}


class Pooling(nn.Module):
    """A convolution and one pooling, then weights for all that is left."""

    def __init__(self, dim: int, kind: str) -> None:
        super().__init__()
        self.kind, self.stem = kind, conv(dim, SHAPES[dim][0], WIDTH)
        self.head = nn.Linear(POOLINGS[kind](torch.ones(1, WIDTH, *SHAPES[dim][1:])).numel(), CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        # the root in Lp pooling has no derivative at zero
        x = functional.softplus(x) if self.kind == "lp" else functional.relu(x) if self.kind != "logsumexp" else x
        return self.head(POOLINGS[self.kind](x).flatten(1))


LAYERS = {
    "batch_norms": Animal(BatchNorms, "mean"),
    "other_norms": Animal(OtherNorms, "space"),
    "convolutions": Animal(Convolutions, "space"),
    "padded": Animal(Padded, "mean"),
    "activations": Animal(Activations, "space"),
    "hard_gate": Animal(HardGate, "mean"),
    "weight_norm": Animal(WeightNorm, "mean"),
    "einsum": Animal(Einsum, "space"),
    **{f"pool_{kind}": Animal(lambda dim, kind=kind: Pooling(dim, kind), "space") for kind in POOLINGS},
}
