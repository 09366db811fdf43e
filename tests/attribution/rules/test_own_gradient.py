from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method

WORDS = "the module's gradient is not the slope of what it computes"


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


class Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


def scaled(x):
    with torch.no_grad():
        spread = x.std(-1, keepdim=True)
    return x / spread


def counted(x):
    with torch.no_grad():
        places = x.argmax(-1, keepdim=True)
    return x + places


class Before(nn.Module):
    def __init__(self, step):
        super().__init__()
        self.step, self.net = step, zoo.Plain(1)

    def forward(self, x):
        return self.net(self.step(x))


class Failing(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        raise ValueError("no way back")


def test_a_way_back_that_fails_is_not_needed():
    module = zoo.seeded(Before(Failing.apply))
    found = method("lrp")(module, zoo.inputs(1), target=0)
    assert float(found.gap.max()) < 1e-5


@pytest.mark.parametrize("name", ["smooth_grad", "guided_grad_cam"])
def test_a_method_inside_another_tells_it_too(name):
    settings = {"of": {"name": "guided_backprop"}, "samples": 2} if name == "smooth_grad" else {}
    found = method(name, **settings)(zoo.seeded(Before(Reversed.apply)), zoo.inputs(1), target=0)
    assert any(WORDS in text for text in found.warnings)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("step", [Reversed.apply, Rounded.apply, scaled])
def test_a_gradient_that_is_no_slope_is_told(step, batch):
    module, x = zoo.seeded(Before(step)), 3 * zoo.inputs(1, batch)
    assert any(WORDS in text for text in method("guided_backprop")(module, x, target=0).warnings)
    assert not any(WORDS in text for text in method("saliency")(module, x, target=0).warnings)


@pytest.mark.parametrize("step", [Doubled.apply, counted, torch.tanh])
def test_a_true_one_needs_no_word(step):
    module = zoo.seeded(Before(step))
    warnings = method("guided_backprop")(module, zoo.inputs(1), target=0).warnings
    assert not any(WORDS in text for text in warnings)
