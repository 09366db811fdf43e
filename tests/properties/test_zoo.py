"""The zoo itself: every network has the gradient that small steps show, and answers each sample alone."""

from __future__ import annotations

import pytest
import torch

import zoo
from pellucid.attribution.target import logits_of

STEP = 1e-6
EVERY = pytest.mark.parametrize(("name", "dim"), [*zoo.HARD_CAGES, *zoo.ODD_CAGES])


def scores(name, module, tensors):
    return logits_of(module(*tensors), {**zoo.HARD, **zoo.ODD}[name].output, len(tensors[0]))


def slopes(name, module, tensors, number):
    """Return the change of the first logit by small steps of each entry of one input, shaped like that input."""
    moved = tensors[number]
    steps = STEP * torch.eye(moved.numel(), dtype=moved.dtype).reshape(-1, *moved.shape[1:])
    rows = [tensor.expand(2 * len(steps), *tensor.shape[1:]).clone() for tensor in tensors]
    rows[number] += torch.cat([steps, -steps])
    up, down = scores(name, module, rows)[:, 0].reshape(2, -1)
    return ((up - down) / (2 * STEP)).reshape(moved.shape)


@EVERY
def test_its_gradient_is_the_slope(name, dim):
    module = zoo.network(name, dim, dtype=torch.float64)
    tensors = [t.requires_grad_() for t in zoo.everything(name, dim, 1, dtype=torch.float64)]
    gradients = torch.autograd.grad(scores(name, module, [t.clone() for t in tensors])[0, 0], tensors)
    with torch.no_grad():
        for number, gradient in enumerate(gradients):
            found = slopes(name, module, [t.detach() for t in tensors], number)
            assert torch.allclose(gradient, found, rtol=1e-6, atol=1e-6 * float(gradient.abs().max()))
            assert gradient.abs().max() > 1e-4


@EVERY
def test_a_sample_has_its_logits_alone_and_each_time(name, dim):
    module, tensors = zoo.network(name, dim, dtype=torch.float64), zoo.everything(name, dim, dtype=torch.float64)
    with torch.no_grad():
        together = scores(name, module, [t.clone() for t in tensors])
        assert torch.equal(together, scores(name, module, [t.clone() for t in tensors]))
        alone = scores(name, module, [t[1:2].clone() for t in tensors])
    assert torch.allclose(together[1:2], alone, rtol=1e-10, atol=1e-12)
    assert together.shape[1] == (1 if name.startswith("one_logit") else zoo.CLASSES)
