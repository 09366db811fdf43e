"""What holds for every attribution method, whichever is in the registry.

A method answers on any module, on each sample as if it were alone, for one class as for all; it leaves the module as
it was, whatever happens; it says in words what it cannot do. Methods that look at a layer may refuse a network whose
head leaves nothing to draw, and must answer on all others.
"""

from __future__ import annotations

import json

import pytest
import torch
from asking import (
    CONTROLS,
    EVERY,
    OF_ATTENTION,
    PERTURBING,
    QUICK,
    ask,
    asked,
    assert_untouched,
    given,
    network,
    portrait,
)
from torch import nn

import zoo
from pellucid.attribution.method import METHODS, Attribution, method
from pellucid.core.errors import InvalidInputError, NotApplicableError, SettingError
from pellucid.core.settings import decode, encode

HEADS = {"cam": {"mean"}}  # what a method needs; others that look at a layer need some axis in space or time
AT_RECTIFIERS = {"deconvolution", "guided_backprop", "guided_grad_cam"}


def answers(name, animal):
    if name in OF_ATTENTION:
        return animal == "attention"
    if name in AT_RECTIFIERS and not zoo.ZOO[animal].rectified:
        return False
    heads = HEADS.get(name, {"mean", "space"}) if METHODS[name].recorded else {"mean", "space", "none"}
    return zoo.ZOO[animal].head in heads


def cages(answered, *, few=False):
    """Return (method, network, dimension) where the method answers, or where it refuses; `few`: 2-D only for some."""
    chosen = [(animal, dim) for animal, dim in zoo.CAGES if dim == 1 or not few or animal in ("plain", "attention")]
    return [
        pytest.param(name, animal, dim, id=f"{name}-{animal}-{dim}d")
        for name in METHODS.names
        for animal, dim in chosen
        if answers(name, animal) == answered
    ]


NEEDS = r"pooling|unfold|last or first state|space or time|rectifiers|no attention"


@pytest.mark.parametrize(("name", "animal", "dim"), cages(answered=False))
def test_a_method_says_why_it_cannot_answer(name, animal, dim):
    with pytest.raises(NotApplicableError, match=NEEDS) as caught:
        asked(name)(zoo.network(animal, dim), zoo.inputs(dim, 2), target="all")
    assert "layer" in str(caught.value) or "`integrated_gradients`" in str(caught.value)


@pytest.mark.parametrize(("name", "animal", "dim"), cages(answered=True))
def test_a_method_answers_for_all_classes(name, animal, dim):
    module, x = zoo.network(animal, dim), zoo.inputs(dim, 2)
    before = portrait(module)
    answer = ask(name, module, x, target="all")
    assert isinstance(answer, Attribution)
    relevance = answer.relevance
    assert relevance.shape[:2] == (2, zoo.CLASSES)
    assert relevance.shape[3:] == x.shape[2:]
    assert relevance.shape[2] in ((1, x.shape[1]) if answer.geometry is not None else (x.shape[1],))
    assert relevance.dtype == x.dtype
    assert relevance.device == x.device
    assert torch.isfinite(relevance).all()
    assert not relevance.requires_grad
    assert relevance.abs().sum() > 0 or "zero everywhere" in answer.warnings[-1]
    assert answer.kind == "signed" or bool((relevance >= 0).all())
    with torch.no_grad():
        assert torch.allclose(answer.score, module(x), atol=1e-6)
    assert_untouched(module, before)


@pytest.mark.parametrize(("name", "animal", "dim"), cages(answered=True, few=True))
def test_a_sample_is_explained_as_if_it_were_alone(name, animal, dim):
    module, x = zoo.network(animal, dim, dtype=torch.float64), zoo.inputs(dim, 3, dtype=torch.float64)
    targets = [2, 0, 1]
    together = ask(name, module, x, target=targets).relevance
    in_pieces = ask(name, module, x, target=torch.tensor(targets), memory=1).relevance
    every = ask(name, module, x, target="all").relevance
    for number, target in enumerate(targets):
        alone = ask(name, module, x[number : number + 1], target=target).relevance[0]
        assert torch.allclose(together[number], alone, atol=1e-10)
        assert torch.allclose(in_pieces[number], alone, atol=1e-10)
        assert torch.allclose(every[number, target], alone, atol=1e-10)


@pytest.mark.parametrize("name", sorted(set(METHODS.names) - OF_ATTENTION))  # attention is written in one way
@pytest.mark.parametrize("dim", [1, 2])
def test_four_ways_to_write_a_network_have_one_explanation(name, dim):
    x = zoo.inputs(dim, 2, dtype=torch.float64)
    found = [asked(name)(zoo.network(twin, dim, dtype=torch.float64), x, target=1).relevance for twin in zoo.TWINS]
    for other in found[1:]:
        assert torch.allclose(found[0], other, atol=1e-10)


@EVERY
def test_the_sum_is_what_the_method_promises(name):
    answer = ask(name, network(name, dtype=torch.float64), zoo.inputs(1, dtype=torch.float64), target="all")
    if answer.base is None:
        assert answer.gap is None
        return
    missed = (answer.relevance.flatten(2).sum(-1) + answer.base - answer.score).abs()
    assert (missed <= answer.gap * 100).all()
    assert answer.gap.max() < 0.1


@EVERY
def test_the_same_question_has_the_same_answer(name):
    module, x = network(name, "residual"), zoo.inputs(1)
    state = torch.random.get_rng_state()
    first, second = (ask(name, module, x, target=0).relevance for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(state, torch.random.get_rng_state())


@EVERY
def test_settings_survive_json(name):
    wanted = asked(name)
    assert decode(type(wanted), json.loads(json.dumps(encode(wanted))), where=name) == wanted
    settings = ask(name, network(name), zoo.inputs(1, 1), target=0).settings
    assert json.loads(json.dumps(settings)).keys() >= encode(wanted).keys()


@EVERY
def test_an_unknown_setting_is_named_with_those_that_are_known(name):
    with pytest.raises(SettingError, match="'colour' is not known; known:"):
        method(name, colour="blue")
    with pytest.raises(SettingError, match=r"takes no 'colour' at the call"):
        ask(name, network(name), zoo.inputs(1), target=0, colour="blue")


@EVERY
@pytest.mark.parametrize(
    ("target", "words"),
    [
        (3, "0 to 2"),
        (-1, "0 to 2"),
        (None, "one of the module's 3 logits"),
        ([0, 1], "one class a sample, 3"),
        ([0, 1, 7], "got 7"),
        (1.5, "index of a logit"),
        (True, "index of a logit"),
        ("AFIB", "Class names are known to a Network"),
        (torch.tensor([0.0, 1.0, 2.0]), "whole numbers"),
    ],
)
def test_a_wrong_target_is_an_error_in_words(name, target, words):
    with pytest.raises(InvalidInputError, match=words):
        ask(name, network(name), zoo.inputs(1), target=target)


@EVERY
def test_wrong_inputs_are_errors_in_words(name):
    module, x = network(name), zoo.inputs(1)
    broken = x.clone()
    broken[0, 0, 0] = float("nan")
    for wrong, words in [(broken, "NaN"), (x.int(), "floating-point"), (x[0, 0], "batch"), (x.numpy(), "from_numpy")]:
        with pytest.raises(InvalidInputError, match=words):
            asked(name)(module, wrong, target=0, **given(name, x))


@EVERY
def test_inputs_of_another_type_and_loose_arguments_are_errors_in_words(name):
    with pytest.raises(InvalidInputError, match=r"torch\.float64 on cpu; got torch\.float32.*\.to\(\.\.\.\)"):
        ask(name, network(name, dtype=torch.float64), zoo.inputs(1), target=0)
    with pytest.raises(InvalidInputError, match=r"arguments=\(value,\)"):
        ask(name, network(name), zoo.inputs(1), target=0, arguments=3)


class Late(nn.Module):
    """A signal, and an age that joins late; two outputs."""

    def __init__(self, net):
        super().__init__()
        self.net, self.age = net, nn.Linear(1, zoo.CLASSES)

    def forward(self, x, age):
        return {"features": x, "logits": self.net(x) + torch.tanh(self.age(age))}


@EVERY
def test_a_module_of_several_inputs_takes_a_tuple_and_gives_one(name):
    module, x, age = zoo.seeded(Late(network(name))), zoo.inputs(1), torch.tensor([[0.3], [0.5], [0.8]])
    if not METHODS[name].several_inputs:
        with pytest.raises(InvalidInputError, match=r"arguments=\(\.\.\.\)"):
            ask(name, module, (x, age), target=1, output="logits")
    else:
        answer = ask(name, module, (x, age), target=1, output="logits")
        assert [part.shape for part in answer.relevance] == [x.shape, age.shape]
        alone = ask(name, module, (x[1:2], age[1:2]), target=1, output="logits")
        assert torch.allclose(answer.relevance[1][1], alone.relevance[1][0], atol=1e-6)
    unexplained = ask(name, module, x, target=1, output="logits", arguments=(age,))
    one = ask(name, module, x[2:], target=1, output="logits", arguments=(age[2:],))
    assert torch.allclose(unexplained.relevance[2], one.relevance[0], atol=1e-6)
    with pytest.raises(NotApplicableError, match="'features', 'logits'"):
        ask(name, module, x, target=1, arguments=(age,))


class One(nn.Module):
    """The first logit alone."""

    def __init__(self, net, flat):
        super().__init__()
        self.net, self.flat = net, flat

    def forward(self, x):
        logits = self.net(x)[:, :1]
        return logits[:, 0] if self.flat else logits


@EVERY
@pytest.mark.parametrize("flat", [False, True])
def test_one_logit_a_sample_needs_no_target(name, flat):
    answer = ask(name, One(network(name), flat), zoo.inputs(1))
    assert len(answer.relevance) == 3
    assert answer.score.shape == (3,)
    assert answer.target is None


class Ignores(nn.Module):
    """Logits that are its own, whatever the input."""

    def __init__(self):
        super().__init__()
        self.logits = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return self.logits.expand(len(x), 3) + 0


@pytest.mark.parametrize("name", sorted(set(METHODS.names) - CONTROLS))
def test_an_input_that_the_module_ignores_is_not_explained_in_silence(name):
    if name not in ("kernel_shap", "lime", "occlusion"):
        with pytest.raises(NotApplicableError, match="the input does not reach the logit"):
            ask(name, Ignores(), zoo.inputs(1), target=0)
        return
    answer = ask(name, Ignores(), zoo.inputs(1), target=0)
    assert answer.relevance.abs().max() == 0
    assert "zero everywhere" in answer.warnings[-1]


def passes(name, target, **settings):
    """Return how many rows each call of the module had."""
    module, x, rows = network(name), zoo.inputs(1, 1), []
    module.register_forward_pre_hook(lambda _, given: rows.append(len(given[0])))
    method(name, **QUICK.get(name, {}) | settings)(module, x, target=target, **given(name, x))
    return rows


@EVERY
def test_all_classes_take_the_forward_passes_of_one(name):
    settings = {"steps": 6} if name == "integrated_gradients" else {}  # else each class asks for nodes of its own
    once = passes(name, 0, **settings)
    assert passes(name, "all", **settings) == once
    if name not in PERTURBING:
        assert once == [1] * (2 if name == "guided_grad_cam" else 1)  # of which it is the product
