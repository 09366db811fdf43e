"""Every method is a guest in a module: it changes nothing, nothing around changes it, and it refuses what moves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from asking import EVERY, OF_ATTENTION, ask, assert_untouched, network, portrait
from torch import nn

import zoo
from pellucid.core.errors import NotApplicableError


@EVERY
@pytest.mark.parametrize(
    "surroundings", ["no_grad", "inference_mode", "autocast", "frozen", "training mode without effect"]
)
def test_the_surroundings_do_not_matter(name, surroundings):
    module, x = network(name, "concatenation", 2), zoo.inputs(2)
    expected = ask(name, module, x, target=1).relevance
    if surroundings == "frozen":
        module.requires_grad_(False)
        found = ask(name, module, x, target=1).relevance
        assert not any(parameter.requires_grad for parameter in module.parameters())
    elif surroundings == "training mode without effect":
        found = ask(name, module.train(), x, target=1).relevance
        assert module.training
    else:
        block = {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode}.get(surroundings)
        with torch.autocast("cpu", dtype=torch.bfloat16) if block is None else block():
            found = ask(name, module, x.clone(), target=1).relevance
            assert torch.is_inference_mode_enabled() == (surroundings == "inference_mode")
            assert torch.is_autocast_enabled("cpu") == (surroundings == "autocast")
    assert torch.allclose(expected, found, atol=1e-6)


class BoomError(Exception):
    pass


class Secrets:
    """Keeps what it sees, counts calls, fills a buffer; fails where it is told to."""

    def __init__(self, fails=None):
        super().__init__(1)
        self.fails = fails
        self.calls, self.seen = 0, []
        self.register_buffer("last", torch.zeros(3))

    def forward(self, x):
        self.calls += 1
        self.seen.append(x)
        self.kept = features = self.features(x)
        self.last[:] = features.detach().flatten()[:3]
        self.innermost().odd = features
        if self.fails == "forward":
            raise BoomError
        if self.fails == "backward" and features.requires_grad:
            features.register_hook(self._fail)
        return self.head(features)

    def innermost(self):
        return list(self.modules())[-1]

    def _fail(self, gradient):
        raise BoomError


class Secretive(Secrets, zoo.Plain):
    pass


class SecretiveAttention(Secrets, zoo.Attention):
    pass


def secretive(name, fails=None):
    return zoo.seeded((SecretiveAttention if name in OF_ATTENTION else Secretive)(fails))


CALLS = []


def noted(part, *_):
    CALLS.append(type(part).__name__)


@EVERY
@pytest.mark.parametrize("fails", [None, "forward", "backward"])
def test_the_module_is_left_as_it_was(name, fails):
    module = secretive(name, fails)
    _, first, second, *_ = module.modules()
    first.register_forward_pre_hook(noted)
    second.register_forward_hook(noted)
    weight, bias, *_ = module.parameters()
    weight.grad = torch.ones_like(weight)
    bias.requires_grad_(False)
    before = portrait(module)
    CALLS.clear()
    try:
        ask(name, module, zoo.inputs(1), target=0)
        assert fails != "forward"
    except BoomError:
        assert fails is not None
    assert CALLS[:2] == [type(first).__name__, type(second).__name__]
    assert_untouched(module, before)
    assert module.calls == 0
    assert module.seen == []
    assert not hasattr(module, "kept")
    assert not hasattr(module.innermost(), "odd")


@EVERY
def test_several_threads_may_ask_at_once(name):
    module, x = secretive(name), zoo.inputs(1)
    before = portrait(module)
    expected = [ask(name, module, x, target=number % 3).relevance for number in range(3)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: ask(name, module, x, target=number % 3).relevance, range(12)))
    for number, relevance in enumerate(found):
        assert torch.allclose(relevance, expected[number % 3], atol=1e-6)
    assert_untouched(module, before)


@EVERY
def test_the_input_is_left_as_it_was(name):
    x = zoo.inputs(1).requires_grad_()
    kept = x.detach().clone()
    ask(name, nn.Sequential(nn.ReLU(inplace=True), network(name)).eval(), x, target=0)
    assert torch.equal(x, kept)
    assert x.grad is None
    assert x.requires_grad


@EVERY
@pytest.mark.parametrize("part", [nn.Dropout(0.5), nn.BatchNorm1d(4), nn.Dropout1d(0.2)])
def test_a_module_in_training_mode_is_refused_and_not_changed(name, part):
    module = nn.Sequential(part, network(name)).train()
    with pytest.raises(NotApplicableError, match=r"module '0' .* training mode.*module\.eval\(\)"):
        ask(name, module, zoo.inputs(1), target=0)
    assert module[0].training


@EVERY
def test_chance_in_the_forward_pass_is_refused(name):
    class Careless(nn.Module):
        def forward(self, x):
            return nn.functional.dropout(x, 0.5)

    with pytest.raises(NotApplicableError, match="random numbers"):
        ask(name, nn.Sequential(Careless(), network(name)).eval(), zoo.inputs(1), target=0)
