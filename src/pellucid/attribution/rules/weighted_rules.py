"""LRP at convolutions and dense layers: one small function a rule.

Each takes the operation, what arrived, the settings, and returns what goes on to x and what was taken on the way.
d(z) = z + eps * sgn(z), with sgn(0) = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pellucid.attribution.rules.engine import Message, dots
from pellucid.attribution.rules.weighted import Weighted
from pellucid.core.errors import NotApplicableError


@dataclass(frozen=True, slots=True)
class Stabiliser:
    """The epsilon of all divisions: a number, or a share of the root mean square of z for each sample."""

    eps: float
    relative: bool
    batch: int

    def size(self, z: Tensor) -> Tensor | float:
        """Return epsilon for z; the samples of a batch may be folded with another axis, outermost."""
        if not self.relative:
            return self.eps
        square = z.reshape(self.batch, -1).square().mean(1).sqrt() * self.eps
        return square.repeat_interleave(len(z) // self.batch).reshape(-1, *(1,) * (z.ndim - 1))

    def divided(self, relevance: Tensor, z: Tensor) -> Tensor:
        """Return R / d(z); 0 where the divisor is 0, and nothing could be told apart.

        A complex z has the relevance of its two parts in the parts of R.
        """
        if relevance.is_complex():
            return torch.complex(self.divided(relevance.real, z.real), self.divided(relevance.imag, z.imag))
        divisor = self._signed(z).add_(z)
        if self.relative or self.eps == 0:
            return torch.where(divisor == 0, 0, relevance / divisor)
        return torch.div(relevance, divisor, out=divisor)  # new memory would cost as much as the arithmetic

    def divided_and_taken(self, relevance: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return R / d(z), 0 where z is, for nothing can be shared there, and what epsilon took of each row, (row,)."""
        signed = self._signed(z)
        divisor = signed + z
        s = torch.div(relevance, divisor, out=divisor).masked_fill_(z == 0, 0)
        return s, dots(s, signed)

    def _signed(self, z: Tensor) -> Tensor:
        """Return eps * sgn(z), with sgn(0) = 1."""
        size = self.size(z)
        size = size if isinstance(size, Tensor) else z.new_full((), size)
        return torch.where(z < 0, -size, size)

    def lessened(self, c: Tensor, z: Tensor) -> Tensor:
        """Return c * z / d(z) = c * |z| / (|z| + eps) without a division by what may be 0."""
        if self.eps == 0:
            return c
        return self.lessened_and_taken(c, z)[0]

    def lessened_and_taken(self, c: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return c * |z| / (|z| + eps), and what epsilon took of c * z, shape (row,)."""
        size = self.size(z)
        divisor = z.abs().add_(size)
        if not isinstance(size, Tensor):
            part = torch.div(c, divisor, out=divisor)  # in place, as above
            taken = dots(part, z) * size
            return torch.sub(c, part, alpha=size, out=part), taken
        divisor.clamp_(min=torch.finfo(z.dtype).tiny)  # rows that are all zero
        part = torch.div(c, divisor, out=divisor).mul_(size)
        taken = dots(part, z)
        return torch.sub(c, part, out=part), taken

    def factor_and_taken(self, message: Message, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return a message as c alone, R / d(z), and what epsilon took of each row; without a division where it can."""
        if message.r is None and message.c is not None and self.eps:
            return self.lessened_and_taken(message.c, z)
        s = torch.zeros_like(z) if message.c is None else self.lessened(message.c, z)
        if message.r is not None:
            s = s + self.divided(message.r, z)
        return s, self.taken(s, z)

    def taken(self, s: Tensor, z: Tensor) -> Tensor:
        """Return what epsilon took of each row, shape (row,): s d(z) - s z = eps * s * sgn(z)."""
        size = self.size(z)
        if not self.relative and self.eps == 0:
            return s.new_zeros(len(s))
        signed = torch.where(z < 0, -s, s)
        return (signed * size if isinstance(size, Tensor) else signed).reshape(len(s), -1).sum(1) * (
            1.0 if isinstance(size, Tensor) else size
        )


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What the rules beside epsilon need: gamma, and the bounds of the input for z-box."""

    stabiliser: Stabiliser
    gamma: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """What goes on to x, and what the biases and epsilon took of each row."""

    message: Message
    bias: Tensor | None
    epsilon: Tensor


WeightedRule = Callable[[Weighted, Message, RuleSettings], Share]


def epsilon(at: Weighted, message: Message, settings: RuleSettings) -> Share:
    """R_x = x * W^T (R / d(z)). Bach et al. 2015, equation 58."""
    s, taken = settings.stabiliser.factor_and_taken(message, at.z)
    bias = _taken(at, at.whole_bias(), s)
    if at.gain is None:
        return Share(Message(c=at.transposed(s, at.weight)), bias, taken)
    if at.weight.numel() < s.numel():
        return Share(Message(c=at.transposed(s, at.whole_weight())), bias, taken)
    return Share(Message(c=at.transposed(s * at.spread(at.gain), at.weight)), bias, taken)


def alpha_beta(alpha: float, beta: float) -> WeightedRule:
    """Return the rule that weighs positive shares alpha and negative ones beta. Bach et al. 2015, equation 60."""

    def rule(at: Weighted, message: Message, settings: RuleSettings) -> Share:
        relevance = _total(at, message)
        weight, bias = at.whole_weight(), at.whole_bias()
        above, below = _halves(at.x)
        over, under = weight.clamp(min=0), weight.clamp(max=0) if beta or below is not None else weight

        def half(
            first: Tensor, second: Tensor, biases: Tensor | None, share: float
        ) -> tuple[Tensor, Tensor | None, Tensor]:
            z = at.apply(above, first, biases)
            z = z if below is None else z.add_(at.apply(below, second, None))
            # where nothing pulls this way there is nothing to share: the rule does not conserve, and says so
            s, taken = settings.stabiliser.divided_and_taken(relevance if share == 1 else relevance * share, z)
            r = at.transposed(s, first).mul_(above)
            r = r if below is None else r.addcmul_(below, at.transposed(s, second))
            return r, _taken(at, biases, s), taken

        found, lost, taken = half(over, under, None if bias is None else bias.clamp(min=0), alpha)
        if beta:
            negative, also, more = half(under, over, None if bias is None else bias.clamp(max=0), -beta)
            found, taken = found + negative, taken + more
            lost = None if lost is None or also is None else lost + also
        return Share(Message(r=found), lost, taken)

    return rule


def gamma(at: Weighted, message: Message, settings: RuleSettings) -> Share:
    """Favour what pulls z where it is: W + gamma W+ on x+ and W + gamma W- on x- where z > 0, swapped where z < 0.

    Montavon et al. 2019, "Layer-wise relevance propagation: an overview"; for signed inputs Andeol et al. 2021.
    """
    relevance = _total(at, message)
    weight, bias, factor = at.whole_weight(), at.whole_bias(), settings.gamma
    more, less = weight + factor * weight.clamp(min=0), weight + factor * weight.clamp(max=0)
    above, below = _halves(at.x)
    zero = torch.zeros((), dtype=relevance.dtype, device=relevance.device)
    biases = [None if bias is None else bias + factor * push(bias) for push in (_positive, _negative)]
    up, down = at.apply(above, more, biases[0]), at.apply(above, less, biases[1])
    if below is not None:
        up, down = up + at.apply(below, less, None), down + at.apply(below, more, None)
    pulled_up = at.z >= 0
    pull = torch.where(pulled_up, up, down)
    share = settings.stabiliser.divided(relevance, pull)
    found, lost = torch.zeros_like(at.x), None
    for first, second, where, own in ((more, less, pulled_up, biases[0]), (less, more, ~pulled_up, biases[1])):
        s = torch.where(where, share, zero)
        found += above * at.transposed(s, first)
        if below is not None:
            found += below * at.transposed(s, second)
        taken = _taken(at, own, s)
        lost = taken if lost is None else lost if taken is None else lost + taken
    return Share(Message(r=found), lost, settings.stabiliser.taken(share, pull))


def flat(at: Weighted, message: Message, settings: RuleSettings) -> Share:
    """Give every connection the same share, whatever its weight and input. Lapuschkin et al. 2019."""
    return _without_input(at, message, settings, torch.ones_like(at.weight))


def w_square(at: Weighted, message: Message, settings: RuleSettings) -> Share:
    """Share by the square of the weight, whatever the input. Montavon et al. 2017, equation 12."""
    return _without_input(at, message, settings, at.whole_weight().square())


def zbox(at: Weighted, message: Message, settings: RuleSettings) -> Share:
    """Share by the distance from the bounds of the input: x W - l W+ - h W-. Montavon et al. 2017, equation 16."""
    if settings.low is None or settings.high is None:
        raise NotApplicableError("rule zbox needs the bounds of the input as the network sees it: low= and high=.")
    x, relevance, weight = at.x, _total(at, message), at.whole_weight()
    bounds = torch.full_like(x, settings.low), torch.full_like(x, settings.high)
    if bool((x < settings.low).any() or (x > settings.high).any()):
        raise NotApplicableError(
            f"rule zbox needs an input between low={settings.low} and high={settings.high}; it has "
            f"{float(x.min()):.3g} to {float(x.max()):.3g}."
        )
    parts = ((x, weight), (-bounds[0], weight.clamp(min=0)), (-bounds[1], weight.clamp(max=0)))
    z = torch.stack([at.apply(values, weights, None) for values, weights in parts]).sum(0)
    s = settings.stabiliser.divided(relevance, z)
    found = torch.stack([values * at.transposed(s, weights) for values, weights in parts]).sum(0)
    return Share(Message(r=found), None, settings.stabiliser.taken(s, z))


WEIGHTED_RULES: dict[str, WeightedRule] = {
    "epsilon": epsilon,
    "gamma": gamma,
    "zplus": alpha_beta(1, 0),
    "alpha2beta1": alpha_beta(2, 1),
    "flat": flat,
    "w_square": w_square,
    "zbox": zbox,
}


def _total(at: Weighted, message: Message) -> Tensor:
    found = message.total(at.z)
    return torch.zeros_like(at.z) if found is None else found


def _without_input(at: Weighted, message: Message, settings: RuleSettings, weight: Tensor) -> Share:
    z = at.apply(torch.ones_like(at.x), weight, None)
    s = settings.stabiliser.divided(_total(at, message), z)
    return Share(Message(r=at.transposed(s, weight)), None, settings.stabiliser.taken(s, z))


def _halves(x: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the positive and the negative part; None where there is no negative one, which saves half the work."""
    return (x, None) if not x.numel() or bool(x.min() >= 0) else (x.clamp(min=0), x.clamp(max=0))


def _positive(tensor: Tensor) -> Tensor:
    return tensor.clamp(min=0)


def _negative(tensor: Tensor) -> Tensor:
    return tensor.clamp(max=0)


def _taken(at: Weighted, bias: Tensor | None, s: Tensor) -> Tensor | None:
    """Return what the bias takes of each row, shape (row,)."""
    if bias is None:
        return None
    if at.convolution:
        return s.flatten(2).sum(-1) @ bias
    return (s @ bias).reshape(len(s), -1).sum(-1)
