"""Layer-wise relevance propagation over a tape: the rule of each kind of operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from pellucid.attribution.operators import BATCH_NORMS
from pellucid.attribution.rules.composites import Composite
from pellucid.attribution.rules.derivatives import batch_norm_line, pulled_back
from pellucid.attribution.rules.engine import Message, Step, dots, propagate
from pellucid.attribution.rules.kinds import GATES, SOFTMAX, is_gate, kind_of, limit_at_zero
from pellucid.attribution.rules.ledger import BIAS, CONSTANTS, EPSILON, NOT_CONSERVED, Book
from pellucid.attribution.rules.norms import centred, source_of
from pellucid.attribution.rules.weighted import Weighted, folded_norm, weighted
from pellucid.attribution.rules.weighted_rules import WEIGHTED_RULES, RuleSettings
from pellucid.attribution.tape.tape import Node, Tape, Value, values_in
from pellucid.core.errors import NotApplicableError

AttentionRule = Literal["cp", "attnlrp"]
_MEETS_CONSTANTS = {
    *("where", "masked_fill", "cat", "stack", "constant_pad_nd", "index_put", "index_copy", "copy", "write"),
    *("maximum", "minimum", "fmax", "fmin", "scatter", "select_scatter", "slice_scatter"),
}

_ADDED = {"convolution": "bias", "linear": "bias", "addmm": "self", "baddbmm": "self"}

_ONE_SIDED = {"zplus", "alpha2beta1"}  # give nothing on where nothing pulls to one side


class RelevancePropagation:
    """Relevance over one tape, for one class after the other.

    Parameters
    ----------
    composite
        Which rule each convolution and dense layer has.
    settings
        Of the rules.
    attention
        "cp": attention weights are constants, all goes to the values (conserves). "attnlrp": half of each product to
        each factor, and on through the softmax; that does not conserve, and the ledger says how much is missing.
    """

    def __init__(self, tape: Tape, composite: Composite, settings: RuleSettings, attention: AttentionRule) -> None:
        self._tape = tape
        self._composite = composite
        self._settings = settings
        self._stabiliser = settings.stabiliser
        self._through_softmax = attention == "attnlrp"
        self._gates = GATES - SOFTMAX if self._through_softmax else GATES
        self._first = first_weighted(tape)
        self._weighted: dict[int, Weighted | None] = {}
        self._book = Book(self._stabiliser.batch)

    def relevance(self, start: Tensor) -> tuple[list[Tensor | None], Book]:
        """Return the relevance of each input, and what was taken on the way.

        Parameters
        ----------
        start
            What the logits start with, as c: one-hot, so that relevance starts as the logit.
        """
        self._book = Book(self._stabiliser.batch)
        messages = propagate(self._tape, start, lambda node: self._step)
        inputs = self._tape.inputs
        found = [None if m is None else m.total(value.data) for m, value in zip(messages, inputs, strict=True)]
        return found, self._book

    def _step(self, step: Step) -> None:
        at = self._as_weighted(step.node)
        if at is not None:
            self._at_weights(step, at)
        elif step.node.operator in BATCH_NORMS:
            self._batch_norm(step)
        else:
            cause = _RULES[kind_of(step.node)](self, step)
            if cause is not None:
                self._took(step, cause, self._missing(step))

    def _as_weighted(self, node: Node) -> Weighted | None:
        if node.index not in self._weighted:
            inner = folded_norm(node)
            self._weighted[node.index] = weighted(node) if inner is None else weighted(inner, node)
        return self._weighted[node.index]

    def _at_weights(self, step: Step, at: Weighted) -> None:
        """Apply the composite's rule; what goes missing beside biases and epsilon, it did not conserve."""
        inner = folded_norm(step.node) or step.node
        name = self._composite.rule(inner.operator, convolution=at.convolution, first=inner.index in self._first)
        share = WEIGHTED_RULES[name](at, step.message, self._settings)
        step.send(at.source, share.message.c, share.message.r)
        if share.bias is not None:
            self._took(step, BIAS, share.bias)
        self._took(step, EPSILON, share.epsilon)
        if name != "epsilon":  # that one conserves by its form
            rest = self._missing(step) - self._by_sample(share.epsilon)
            rest = rest if share.bias is None else rest - self._by_sample(share.bias)
            self._took(step, NOT_CONSERVED if name in _ONE_SIDED else EPSILON, rest)

    def _batch_norm(self, step: Step) -> None:
        """Treat a batch norm that cannot be folded as an affine layer under epsilon: y = g x + b."""
        source = source_of(step.node)
        c, taken = self._stabiliser.factor_and_taken(step.message, step.out)
        gain, shift = (part.to(c.dtype) for part in batch_norm_line(step.node))
        step.send(source, c=c * gain.reshape(-1, *(1,) * (c.ndim - 2)))
        self._took(step, BIAS, c.reshape(*c.shape[:2], -1).sum(-1) @ shift)
        self._took(step, EPSILON, taken)

    def _as_factor(self, message: Message, z: Tensor) -> Tensor:
        """Return a message as c alone, R divided by d(z), lessened by epsilon."""
        found = None if message.c is None else message.c if z.is_complex() else self._stabiliser.lessened(message.c, z)
        if message.r is not None:
            quotient = self._stabiliser.divided(message.r, z)
            found = quotient if found is None else found + quotient
        return torch.zeros_like(z) if found is None else found

    def _divided(self, step: Step) -> Tensor:
        """Return a message as c alone, R divided by d(z)."""
        message = step.message
        if message.r is None:
            return torch.zeros_like(step.out) if message.c is None else message.c
        quotient = self._stabiliser.divided(message.r, step.out)
        return quotient if message.c is None else message.c + quotient

    def _move(self, step: Step) -> str | None:
        for part in ("c", "r"):
            arrived = [None if message is None else getattr(message, part) for message in step.arrived]
            if any(tensor is not None for tensor in arrived):
                for value, found in pulled_back(step.node, arrived).items():
                    step.send(value, **{part: found})
        return CONSTANTS if _meets_constants(step) else None

    def _linear(self, step: Step) -> str | None:
        exact = step.message.r is None
        for value, found in pulled_back(step.node, [self._divided(step)]).items():
            step.send(value, c=found)
        return None if exact else EPSILON

    def _sum(self, step: Step) -> str | None:
        taken = self._linear(step)
        return CONSTANTS if len(step.node.values()) == 1 else taken

    def _activation(self, step: Step) -> str | None:
        node, message = step.node, step.message
        source = node.values()[0]
        if message.c is not None and node.operator == "relu":
            step.send(source, torch.ops.aten.threshold_backward(message.c, step.out, 0), message.r)
        else:
            ratio = torch.where(source.data == 0, limit_at_zero(node), step.out / source.data).conj()
            r = message.r
            if r is not None and source.data.is_complex() and not r.is_complex():
                r = in_parts(r, source.data)
            step.send(source, None if message.c is None else message.c * ratio, r)
        return None

    def _through(self, step: Step) -> str | None:
        value, total = step.node.values()[0], step.message.total(step.out)
        step.send(value, r=None if total is None else total.sum_to_size(value.data.shape))
        return None

    def _scale(self, step: Step) -> str | None:
        """Multiply with a constant: one goes to one, or to the many that it was spread from."""
        (value,) = dict.fromkeys(step.node.values())
        message = step.message
        if message.c is not None:
            step.send(value, c=pulled_back(step.node, [message.c])[value])
        if message.r is not None:
            step.send(value, r=message.r.sum_to_size(value.data.shape))
        return None

    def _product(self, step: Step) -> str | None:
        values = list(dict.fromkeys(step.node.values()))
        elementwise = step.node.operator == "mul"
        if len(values) == 1 and len(step.node.values()) == 1 and elementwise:
            return self._scale(step)
        added = values_in(step.node.arguments.get(_ADDED.get(step.node.operator, "")))  # a bias is no factor
        factors = [value for value in values if value not in added]
        gates = [value for value in factors if is_gate(value, self._gates)]
        takers = [value for value in factors if value not in gates] if len(gates) < len(factors) else factors
        count = len(takers) if len(factors) > 1 else len(step.node.values()) - len(added)
        share = 1 / max(1, count)
        c = step.message.c if elementwise else self._divided(step)
        found = {} if c is None else pulled_back(step.node, [c])
        for value in (*takers, *added):
            part = 1.0 if value in added else share
            step.send(value, c=found[value] * part if value in found else None)
            if elementwise and step.message.r is not None:
                whole = share * len([v for v in step.node.values() if v is value])
                step.send(value, r=step.message.r.sum_to_size(value.data.shape) * whole)
        if elementwise:
            return None
        return BIAS if step.node.operator in _ADDED and not added else EPSILON

    def _quotient(self, step: Step) -> str | None:
        """Hold the denominator constant, as the norms do; where only that depends on the input, all goes to it."""
        above = values_in(step.node.arguments["self"])
        if not above:
            return self._through(step)
        message, (value,) = step.message, above
        if message.c is not None and message.c.is_complex():  # the derivative has the conjugates in their places
            step.send(value, c=pulled_back(step.node, [message.c])[value])
        elif message.c is not None:
            below = step.node.tensor("other") if isinstance(step.node.arguments["other"], Value | Tensor) else None
            divisor = step.node.arguments["other"] if below is None else below
            step.send(value, c=(message.c / divisor).sum_to_size(value.data.shape))
        if message.r is not None:
            step.send(value, r=message.r.sum_to_size(value.data.shape))
        return None

    def _norm(self, step: Step) -> str | None:
        """Hold 1 / sigma constant: c_x = (g c - mean(g c)) / sigma."""
        factor = self._as_factor(step.message, step.out)
        source, c, bias = centred(step.node, factor)
        step.send(source, c=c)
        lost = None if bias is None else self._dot(factor, bias.expand_as(step.out))
        if lost is not None:
            self._took(step, BIAS, lost)
        self._took(step, EPSILON, self._missing(step) - (0 if lost is None else lost))
        return None

    def _glu(self, step: Step) -> str | None:
        """Give all to the half that is let through, nothing to the gate."""
        value = step.node.values()[0]
        dim = step.node.arguments["dim"]
        gate = value.data.chunk(2, dim)[1].sigmoid()
        zero = torch.zeros_like(gate)
        message = step.message
        step.send(
            value,
            None if message.c is None else torch.cat([message.c * gate, zero], dim),
            None if message.r is None else torch.cat([message.r, zero], dim),
        )
        return None

    def _logsumexp(self, step: Step) -> str | None:
        """Share by the softmax, which is the derivative."""
        total = step.message.total(step.out)
        for value, found in pulled_back(step.node, [total]).items():
            step.send(value, r=found)
        return None

    def _softmax(self, step: Step) -> str | None:
        """R_x = x (R - s * sum of R). Achtibat et al. 2024, arXiv 2402.05602, proposition 3.1."""
        if not self._through_softmax:
            raise NotApplicableError(
                f"{step.node} is no attention weight but on the way of relevance: explain logits, not probabilities."
            )
        value, dim = step.node.values()[0], step.node.arguments["dim"]
        total = step.message.total(step.out)
        if total is not None:
            share = total - step.out * total.sum(dim, keepdim=True)
            step.send(value, r=torch.where(value.data.isfinite(), value.data, 0) * share)
        return NOT_CONSERVED

    def _missing(self, step: Step) -> Tensor:
        """Return what arrived at an operation and did not go on, shape (batch,)."""
        outs = zip(step.node.outs, step.arrived, strict=True)
        arrived = [self._amount(out.data, message) for out, message in outs if message is not None]
        sent = [self._amount(value.data, message) for value, message in step.sent.items()]
        return torch.stack([*arrived, *(-amount for amount in sent)]).sum(0)

    def _by_sample(self, rows: Tensor) -> Tensor:
        return rows.reshape(self._stabiliser.batch, -1).sum(1)

    def _amount(self, data: Tensor, message: Message) -> Tensor:
        found = torch.zeros(self._stabiliser.batch, dtype=data.real.dtype, device=data.device)
        if message.c is not None:
            found = found + self._dot(message.c, data)
        if message.r is None:
            return found
        parts = torch.view_as_real(message.r.resolve_conj()) if message.r.is_complex() else message.r
        return found + parts.reshape(len(found), -1).sum(1)

    def _dot(self, c: Tensor, data: Tensor) -> Tensor:
        batch = self._stabiliser.batch
        found = dots(c.reshape(batch, -1), data.reshape(batch, -1))
        return found.real if found.is_complex() else found

    def _took(self, step: Step, cause: str, taken: Tensor) -> None:
        place = f"{step.node.place} " if step.node.place else ""
        self._book.take(f"{place}({step.node.operator})", cause, taken)


def _meets_constants(step: Step) -> bool:
    if step.node.operator == "constant_pad_nd" and not step.node.arguments["value"]:
        return any(message is not None and message.r is not None for message in step.arrived)  # c of a zero is nothing
    return step.node.operator in _MEETS_CONSTANTS


def in_parts(relevance: Tensor, z: Tensor) -> Tensor:
    """Return the relevance of a complex value as a complex number: of its two parts, shared by their squares."""
    share = torch.where(z == 0, 1.0, z.real.square() / z.abs().square())
    return torch.complex(relevance * share, relevance * (1 - share))


def first_weighted(tape: Tape) -> set[int]:
    """Return the operations with weights that no other comes before, on any way from an input."""
    behind: set[Value] = set()
    first: set[int] = set()
    for node in tape.nodes:
        after = any(value in behind for value in node.values())
        has_weights = weighted(node) is not None
        if has_weights and not after:
            first.add(node.index)
        if has_weights or after:
            behind.update(node.outs)
    return first


# Functions, not bound methods: an object that holds its own methods keeps its tape until the collector comes.
_RULES: dict[str, Callable[[RelevancePropagation, Step], str | None]] = {
    "move": RelevancePropagation._move,
    "linear": RelevancePropagation._linear,
    "activation": RelevancePropagation._activation,
    "through": RelevancePropagation._through,
    "sum": RelevancePropagation._sum,
    "product": RelevancePropagation._product,
    "norm": RelevancePropagation._norm,
    "scale": RelevancePropagation._scale,
    "quotient": RelevancePropagation._quotient,
    "glu": RelevancePropagation._glu,
    "logsumexp": RelevancePropagation._logsumexp,
    "softmax": RelevancePropagation._softmax,
}
