"""LeadNet: a network whose logit is, exactly, a sum over leads and moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pellucid.core.errors import InvalidInputError

POOLS = ("mean", "max", "attention", "std")
_STD_FLOOR = 1e-3
_CLIP_MV = 5.0
_SCALE_MV = 0.2


@dataclass(frozen=True, slots=True)
class AdditiveMap:
    """The exact shares of a logit: `maps.sum((2, 3)) + bias` is the logit.

    Parameters
    ----------
    maps
        (batch, class, lead, cell): what each cell of each lead adds to each logit.
    bias
        (class,): what the logit is without any input.
    offset, jump
        Cell i is centred at `offset + i * jump`, in input samples.
    """

    maps: Float[Tensor, "batch class lead cell"]
    bias: Float[Tensor, " class"]
    offset: float
    jump: float


class LeadNet(nn.Module):
    """A lead-faithful network: one encoder for all leads, pooling over time, one linear layer.

    Input (batch, lead, sample) in mV, any length; output logits (batch, class). Every value before the
    linear layer depends on one lead only, so `additive_map` splits a logit over (lead, time) without
    any remainder. Several encoders side by side (`join`) are still one such network.

    Parameters
    ----------
    classes
        Number of logits.
    leads
        Number of leads.
    pools
        For each encoder, its poolings over time out of `mean`, `max`, `attention`, `std`.
    widths, kernels, strides, dilations
        Of the first convolution and of each residual block after it.
    dropout
        Share of pooled features dropped in training.
    lead_dropout
        Share of leads whose features are dropped as a whole in training; the rest is scaled up.

    Attributes
    ----------
    layer
        For class activation: the last activations, (batch, lead, feature, cell).
    reads
        What it wants of an ECG; rate and length are the data's.

    Notes
    -----
    Receptive field of the defaults 411 samples (4.1 s at 100 Hz), cells 16 samples (160 ms) apart. The share of a cell:
    h/T for the mean; a h for attention (a the softmax over time); (h - mean)^2 / (T sqrt(q + 1e-3)) for
    std, q the variance; all of it at the arg-max for max. Attention and std shares are exact shares but
    depend on the whole lead; a max share stands at one cell.
    """

    layer: ClassVar[str] = "features"
    reads: ClassVar[Mapping[str, Any]] = {"padding": "none", "shortest": 3.0}

    def __init__(
        self,
        classes: int,
        leads: int = 12,
        pools: Sequence[Sequence[str]] = (("mean", "attention", "std"),),
        widths: Sequence[int] = (24, 32, 48, 64, 64),
        kernels: Sequence[int] = (15, 7, 7, 5, 5),
        strides: Sequence[int] = (2, 2, 2, 2, 1),
        dilations: Sequence[int] = (1, 1, 1, 1, 2),
        dropout: float = 0.3,
        lead_dropout: float = 0.15,
    ) -> None:
        super().__init__()
        _check(pools, widths, kernels, strides, dilations)
        self.leads = leads
        self.shape = (leads, tuple(widths), tuple(kernels), tuple(strides), tuple(dilations))
        self.pools = tuple(tuple(names) for names in pools)
        self.jump = int(torch.tensor(strides).prod())
        self.lead_dropout = lead_dropout
        self.encoders = nn.ModuleList(_encoder(widths, kernels, strides, dilations) for _ in pools)
        self.features = nn.Identity()  # where the activations stand, unfolded: (batch, lead, feature, cell)
        self.poolings = nn.ModuleList(_Pooling(names, widths[-1]) for names in pools)
        per_lead = widths[-1] * sum(len(names) for names in pools)
        self.norm = nn.BatchNorm1d(leads * per_lead)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(leads * per_lead, classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form

    def forward(self, x: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch class"]:
        """Return logits of signals in mV."""
        encoded = self._encoded(x)
        # Pooling and head stay in float32 under autocast: a logit is a sum of thousands of shares.
        with torch.autocast(x.device.type, enabled=False):
            pooled = self._pooled(encoded).flatten(1)
            logits: Tensor = self.head(self.dropout(self._drop_leads(self.norm(pooled))))
        return logits

    @torch.no_grad()
    def additive_map(self, x: Float[Tensor, "batch lead sample"]) -> AdditiveMap:
        """Return the exact shares of every logit over leads and cells. Cost: one forward pass.

        Raises
        ------
        InvalidInputError
            In training mode, where batch statistics and dropout break the sum.
        """
        if self.training:
            raise InvalidInputError("LeadNet must be in eval mode for its exact map. Call .eval() first.")
        gain = self.norm.weight / torch.sqrt(cast(Tensor, self.norm.running_var) + self.norm.eps)
        weight = self.head.weight * gain
        bias = self.head.bias + self.head.weight @ (self.norm.bias - cast(Tensor, self.norm.running_mean) * gain)
        weights = weight.view(len(weight), self.leads, -1)
        encoded = self._encoded(x)
        maps = encoded.new_zeros(len(x), len(weight), self.leads, encoded.shape[-1])
        first = 0
        for pooling, part in zip(self.poolings, self._split(encoded), strict=True):
            for shares in cast(_Pooling, pooling).shares(part):
                features = shares.shape[2]
                maps += torch.einsum("blft,clf->bclt", shares, weights[:, :, first : first + features])
                first += features
        return AdditiveMap(maps, bias, offset=0.0, jump=float(self.jump))

    def keep(self, classes: Sequence[int]) -> None:
        """Keep only these outputs, in this order: how auxiliary ones are dropped after training."""
        head = nn.Linear(self.head.in_features, len(classes)).to(self.head.weight)
        with torch.no_grad():
            head.weight.copy_(self.head.weight[list(classes)])
            head.bias.copy_(self.head.bias[list(classes)])
        self.head = head

    def _encoded(self, x: Float[Tensor, "batch lead sample"]) -> Float[Tensor, "batch lead feature cell"]:
        x = (x.clamp(-_CLIP_MV, _CLIP_MV) / _SCALE_MV).unsqueeze(1)
        # Leads are rows of a picture one pixel high each: (1, k) kernels never see two of them.
        x = x.contiguous(memory_format=torch.channels_last)
        encoded = torch.cat([encoder(x) for encoder in self.encoders], dim=1)
        encoded = encoded.float() if encoded.dtype == torch.bfloat16 else encoded
        features: Tensor = self.features(encoded.transpose(1, 2))
        return features

    def _split(self, encoded: Tensor) -> tuple[Tensor, ...]:
        return encoded.chunk(len(self.encoders), dim=2)

    def _pooled(self, encoded: Tensor) -> Tensor:
        parts = zip(self.poolings, self._split(encoded), strict=True)
        return torch.cat([pooling(part) for pooling, part in parts], dim=2)

    def _drop_leads(self, pooled: Tensor) -> Tensor:
        if not self.training or self.lead_dropout == 0:
            return pooled
        kept = torch.rand(len(pooled), self.leads, 1, device=pooled.device) >= self.lead_dropout
        return (pooled.view(len(pooled), self.leads, -1) * kept / (1 - self.lead_dropout)).flatten(1)


def join(networks: Sequence[LeadNet], pools: Sequence[Sequence[str]], **settings: object) -> LeadNet:
    """Return one LeadNet whose logits are the mean of those of `networks`: their encoders side by side.

    Parameters
    ----------
    networks
        Of one encoder each, alike but for their pooling.
    pools
        The poolings of each, in order.
    settings
        The other settings they share.

    Raises
    ------
    InvalidInputError
        When one is of several encoders or of another shape.
    """
    first = networks[0]
    if any(len(network.encoders) != 1 or network.shape != first.shape for network in networks):
        raise InvalidInputError("LeadNets to join must have one encoder each, alike but for their pooling.")
    joined = LeadNet(first.head.out_features, first.leads, pools, **settings)  # type: ignore[arg-type]  # as given
    with torch.no_grad():
        for index, network in enumerate(networks):
            joined.encoders[index].load_state_dict(network.encoders[0].state_dict())
            joined.poolings[index].load_state_dict(network.poolings[0].state_dict())

        def side_by_side(parts: list[Tensor]) -> Tensor:
            return torch.cat([part.view(*part.shape[:-1], first.leads, -1) for part in parts], dim=-1).flatten(-2)

        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(joined.norm, name).copy_(side_by_side([getattr(network.norm, name) for network in networks]))
        joined.head.weight.copy_(side_by_side([network.head.weight for network in networks]) / len(networks))
        joined.head.bias.copy_(torch.stack([network.head.bias for network in networks]).mean(0))
    return joined.eval()


class _Block(nn.Module):
    """Two convolutions with batch norm and a 1x1 shortcut, along time only."""

    def __init__(self, width_in: int, width: int, kernel: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.first = _convolution(width_in, width, kernel, stride, dilation)
        self.second = _convolution(width, width, kernel, 1, 1)
        self.shortcut = _convolution(width_in, width, 1, 1, 1)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        # Every n-th sample first: a 1x1 convolution with a stride crashes in its CPU backward pass for some widths.
        shortcut = self.shortcut(x[..., :: self.stride])
        return torch.relu(self.second(torch.relu(self.first(x))) + shortcut)


def _convolution(width_in: int, width: int, kernel: int, stride: int, dilation: int) -> nn.Sequential:
    padding = dilation * (kernel - 1) // 2
    convolution = nn.Conv2d(width_in, width, (1, kernel), (1, stride), (0, padding), dilation=(1, dilation), bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm2d(width))


def _encoder(
    widths: Sequence[int], kernels: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> nn.Sequential:
    stem = nn.Sequential(*_convolution(1, widths[0], kernels[0], strides[0], dilations[0]), nn.ReLU())
    blocks = (_Block(widths[i - 1], widths[i], kernels[i], strides[i], dilations[i]) for i in range(1, len(widths)))
    return nn.Sequential(stem, *blocks)


class _Pooling(nn.Module):
    """Features over time to one number each, and the share of each moment in it."""

    def __init__(self, names: Sequence[str], width: int) -> None:
        super().__init__()
        self.names = tuple(names)
        if "attention" in self.names:
            self.score = nn.Conv2d(width, width, 1)

    def forward(self, h: Tensor) -> Tensor:
        return torch.cat([self._pool(name, h) for name in self.names], dim=2)

    def shares(self, h: Tensor) -> list[Tensor]:
        """Return for each pooling (batch, lead, feature, cell), which sums over the cells to the pooled value."""
        return [self._shares(name, h) for name in self.names]

    def _pool(self, name: str, h: Tensor) -> Tensor:
        if name == "mean":
            return h.mean(-1)
        if name == "max":
            return h.amax(-1)
        if name == "attention":
            return (self._attention(h) * h).sum(-1)
        variance = (h - h.mean(-1, keepdim=True)).square().mean(-1)  # three times as fast as var() on a CPU
        return variance / torch.sqrt(variance + _STD_FLOOR)

    def _shares(self, name: str, h: Tensor) -> Tensor:
        if name == "mean":
            return h / h.shape[-1]
        if name == "max":
            peak = h.argmax(-1, keepdim=True)
            return torch.zeros_like(h).scatter(-1, peak, h.gather(-1, peak))
        if name == "attention":
            return self._attention(h) * h
        deviation = (h - h.mean(-1, keepdim=True)).square()
        variance = deviation.mean(-1, keepdim=True)
        return deviation / (h.shape[-1] * torch.sqrt(variance + _STD_FLOOR))

    def _attention(self, h: Tensor) -> Tensor:
        scores: Tensor = self.score(h.transpose(1, 2))
        return scores.transpose(1, 2).softmax(-1)


def _check(pools: Sequence[Sequence[str]], *shapes: Sequence[int]) -> None:
    unknown = sorted({name for names in pools for name in names} - set(POOLS))
    if unknown or not pools or not all(pools):
        raise InvalidInputError(f"pools of LeadNet must be lists out of {', '.join(POOLS)}; got {pools!r}.")
    if len({len(shape) for shape in shapes}) != 1:
        raise InvalidInputError(
            "widths, kernels, strides and dilations of LeadNet must be of one length (first convolution and blocks); "
            f"got lengths {', '.join(str(len(shape)) for shape in shapes)}."
        )
