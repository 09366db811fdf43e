"""What holds for every attribution method, whichever is in the registry.

A method answers on any module, on each sample as if it were alone, for one class as for all; it leaves the module as
it was, whatever happens; it says in words what it cannot do. Methods that look at a layer may refuse a network whose
head leaves nothing to draw, and must answer on all others.
"""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import METHODS, Attribution, method
from pellucid.core.errors import InvalidInputError, NotApplicableError, SettingError
from pellucid.core.settings import decode, encode

QUICK = {
    "integrated_gradients": {"tolerance": 0.1},
    "kernel_shap": {"parts": 4, "samples": 64},
    "lead_grad_cam": {"allow_leak": True},
    "lime": {"parts": 4, "samples": 64},
    "occlusion": {"window": 6, "stride": 6},
    "smooth_grad": {"samples": 3},
}
HEADS = {"cam": {"mean"}}  # what a method needs; others that look at a layer need some axis in space or time
AT_RECTIFIERS = {"deconvolution", "guided_backprop", "guided_grad_cam"}
OF_ATTENTION = {"attention_lrp", "attention_rollout"}  # asked on the zoo's transformer only
EVERY = pytest.mark.parametrize("name", [name for name in METHODS.names if name not in OF_ATTENTION])


def asked(name):
    return method(name, **QUICK.get(name, {}))


def given(name, x):
    """Return what a method must be given at the call: which token an element went into."""
    tokens = torch.arange(12).repeat_interleave(2) if x.ndim == 3 else torch.arange(36).reshape(6, 6)
    spread = tokens if x.ndim == 3 else tokens.repeat_interleave(2, 0).repeat_interleave(2, 1)
    return {"parts": spread} if name == "attention_rollout" else {}


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


def portrait(module):
    """Return all that must be as it was."""
    return {
        "state": {name: value.clone() for name, value in module.state_dict().items()},
        "modes": [part.training for part in module.modules()],
        "hooks": [[len(vars(part)[key]) for key in vars(part) if "hooks" in key] for part in module.modules()],
        "attributes": [sorted(vars(part)) for part in module.modules()],
        "gradients": [
            (p.requires_grad, id(p), None if p.grad is None else p.grad.clone()) for p in module.parameters()
        ],
        "bytes": len(pickle.dumps(module)),
    }


def same(one, two):
    return all(
        torch.equal(one[key], two[key]) if isinstance(one[key], torch.Tensor) else one[key] == two[key] for key in one
    )


def assert_untouched(module, before):
    after = portrait(module)
    assert same(before["state"], after["state"])
    for key in ("modes", "hooks", "attributes", "bytes"):
        assert after[key] == before[key], key
    for old, new in zip(before["gradients"], after["gradients"], strict=True):
        assert old[:2] == new[:2]
        assert (old[2] is None) == (new[2] is None)
        assert old[2] is None or torch.equal(old[2], new[2])


@pytest.mark.parametrize(("name", "animal", "dim"), cages(answered=False))
def test_a_method_says_why_it_cannot_answer(name, animal, dim):
    with pytest.raises(NotApplicableError, match=NEEDS) as caught:
        asked(name)(zoo.network(animal, dim), zoo.inputs(dim, 2), target="all")
    assert "layer" in str(caught.value) or "`integrated_gradients`" in str(caught.value)


@pytest.mark.parametrize(("name", "animal", "dim"), cages(answered=True))
def test_a_method_answers_for_all_classes(name, animal, dim):
    module, x = zoo.network(animal, dim), zoo.inputs(dim, 2)
    before = portrait(module)
    answer = asked(name)(module, x, target="all", **given(name, x))
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
    ask, targets = asked(name), [2, 0, 1]
    more = given(name, x)
    together = ask(module, x, target=targets, **more).relevance
    in_pieces = ask(module, x, target=torch.tensor(targets), memory=1, **more).relevance
    every = ask(module, x, target="all", **more).relevance
    for number, target in enumerate(targets):
        alone = ask(module, x[number : number + 1], target=target, **more).relevance[0]
        assert torch.allclose(together[number], alone, atol=1e-10)
        assert torch.allclose(in_pieces[number], alone, atol=1e-10)
        assert torch.allclose(every[number, target], alone, atol=1e-10)


@EVERY
@pytest.mark.parametrize("dim", [1, 2])
def test_four_ways_to_write_a_network_have_one_explanation(name, dim):
    x = zoo.inputs(dim, 2, dtype=torch.float64)
    found = [asked(name)(zoo.network(twin, dim, dtype=torch.float64), x, target=1).relevance for twin in zoo.TWINS]
    for other in found[1:]:
        assert torch.allclose(found[0], other, atol=1e-10)


@EVERY
def test_the_sum_is_what_the_method_promises(name):
    answer = asked(name)(zoo.network("plain", 1, dtype=torch.float64), zoo.inputs(1, dtype=torch.float64), target="all")
    if answer.base is None:
        assert answer.gap is None
        return
    missed = (answer.relevance.flatten(2).sum(-1) + answer.base - answer.score).abs()
    assert (missed <= answer.gap * 100).all()
    assert answer.gap.max() < 0.1


@EVERY
def test_the_same_question_has_the_same_answer(name):
    module, x = zoo.network("residual", 1), zoo.inputs(1)
    state = torch.random.get_rng_state()
    first, second = (asked(name)(module, x, target=0).relevance for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(state, torch.random.get_rng_state())


@EVERY
@pytest.mark.parametrize(
    "surroundings", ["no_grad", "inference_mode", "autocast", "frozen", "training mode without effect"]
)
def test_the_surroundings_do_not_matter(name, surroundings):
    module, x = zoo.network("concatenation", 2), zoo.inputs(2)
    expected = asked(name)(module, x, target=1).relevance
    if surroundings == "frozen":
        module.requires_grad_(False)
        found = asked(name)(module, x, target=1).relevance
        assert not any(parameter.requires_grad for parameter in module.parameters())
    elif surroundings == "training mode without effect":
        found = asked(name)(module.train(), x, target=1).relevance
        assert module.training
    else:
        block = {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode}.get(surroundings)
        with torch.autocast("cpu", dtype=torch.bfloat16) if block is None else block():
            found = asked(name)(module, x.clone(), target=1).relevance
            assert torch.is_inference_mode_enabled() == (surroundings == "inference_mode")
            assert torch.is_autocast_enabled("cpu") == (surroundings == "autocast")
    assert torch.allclose(expected, found, atol=1e-6)


class BoomError(Exception):
    pass


class Secretive(zoo.Plain):
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
        self.head[2].odd = features
        if self.fails == "forward":
            raise BoomError
        if self.fails == "backward" and features.requires_grad:
            features.register_hook(self._fail)
        return self.head(features)

    def _fail(self, gradient):
        raise BoomError


CALLS = []


def noted(part, *_):
    CALLS.append(type(part).__name__)


@EVERY
@pytest.mark.parametrize("fails", [None, "forward", "backward"])
def test_the_module_is_left_as_it_was(name, fails):
    module = zoo.seeded(Secretive(fails))
    module.features[2].register_forward_hook(noted)
    module.features.register_forward_pre_hook(noted)
    module.features[0].weight.grad = torch.ones_like(module.features[0].weight)
    module.features[0].bias.requires_grad_(False)
    before = portrait(module)
    CALLS.clear()
    try:
        asked(name)(module, zoo.inputs(1), target=0)
        assert fails != "forward"
    except BoomError:
        assert fails is not None
    assert CALLS[:2] == ["Sequential", "ReLU"]
    assert_untouched(module, before)
    assert module.calls == 0
    assert module.seen == []
    assert not hasattr(module, "kept")
    assert not hasattr(module.head[2], "odd")


@EVERY
def test_several_threads_may_ask_at_once(name):
    module, x = zoo.seeded(Secretive()), zoo.inputs(1)
    before = portrait(module)
    expected = [asked(name)(module, x, target=number % 3).relevance for number in range(3)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: asked(name)(module, x, target=number % 3).relevance, range(12)))
    for number, relevance in enumerate(found):
        assert torch.allclose(relevance, expected[number % 3], atol=1e-6)
    assert_untouched(module, before)


@EVERY
def test_the_input_is_left_as_it_was(name):
    x = zoo.inputs(1).requires_grad_()
    kept = x.detach().clone()
    asked(name)(nn.Sequential(nn.ReLU(inplace=True), zoo.network("plain", 1)).eval(), x, target=0)
    assert torch.equal(x, kept)
    assert x.grad is None
    assert x.requires_grad


@EVERY
def test_settings_survive_json(name):
    ask = asked(name)
    assert decode(type(ask), json.loads(json.dumps(encode(ask))), where=name) == ask
    settings = ask(zoo.network("plain", 1), zoo.inputs(1, 1), target=0).settings
    assert json.loads(json.dumps(settings)).keys() >= encode(ask).keys()


@EVERY
def test_an_unknown_setting_is_named_with_those_that_are_known(name):
    with pytest.raises(SettingError, match="'colour' is not known; known:"):
        method(name, colour="blue")
    with pytest.raises(SettingError, match=r"takes no 'colour' at the call"):
        asked(name)(zoo.network("plain", 1), zoo.inputs(1), target=0, colour="blue")


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
        asked(name)(zoo.network("plain", 1), zoo.inputs(1), target=target)


@EVERY
def test_wrong_inputs_are_errors_in_words(name):
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    broken = x.clone()
    broken[0, 0, 0] = float("nan")
    for wrong, words in [(broken, "NaN"), (x.int(), "floating-point"), (x[0, 0], "batch"), (x.numpy(), "from_numpy")]:
        with pytest.raises(InvalidInputError, match=words):
            asked(name)(module, wrong, target=0)


@EVERY
def test_inputs_of_another_type_and_loose_arguments_are_errors_in_words(name):
    with pytest.raises(InvalidInputError, match=r"torch\.float64 on cpu; got torch\.float32.*\.to\(\.\.\.\)"):
        asked(name)(zoo.network("plain", 1, dtype=torch.float64), zoo.inputs(1), target=0)
    with pytest.raises(InvalidInputError, match=r"arguments=\(value,\)"):
        asked(name)(zoo.network("plain", 1), zoo.inputs(1), target=0, arguments=3)


@EVERY
@pytest.mark.parametrize("part", [nn.Dropout(0.5), nn.BatchNorm1d(4), nn.Dropout1d(0.2)])
def test_a_module_in_training_mode_is_refused_and_not_changed(name, part):
    module = nn.Sequential(part, zoo.network("plain", 1)).train()
    with pytest.raises(NotApplicableError, match=r"module '0' .* training mode.*module\.eval\(\)"):
        asked(name)(module, zoo.inputs(1), target=0)
    assert module[0].training


@EVERY
def test_chance_in_the_forward_pass_is_refused(name):
    class Careless(zoo.Plain):
        def forward(self, x):
            return super().forward(nn.functional.dropout(x, 0.5))

    with pytest.raises(NotApplicableError, match="random numbers"):
        asked(name)(zoo.seeded(Careless(1)), zoo.inputs(1), target=0)


class Late(nn.Module):
    """A signal, and an age that joins late; two outputs."""

    def __init__(self):
        super().__init__()
        self.net, self.age = zoo.Plain(1), nn.Linear(1, zoo.CLASSES)

    def forward(self, x, age):
        return {"features": x, "logits": self.net(x) + torch.tanh(self.age(age))}


@EVERY
def test_a_module_of_several_inputs_takes_a_tuple_and_gives_one(name):
    module, x, age = zoo.seeded(Late()), zoo.inputs(1), torch.tensor([[0.3], [0.5], [0.8]])
    if not METHODS[name].several_inputs:
        with pytest.raises(InvalidInputError, match=r"arguments=\(\.\.\.\)"):
            asked(name)(module, (x, age), target=1, output="logits")
    else:
        answer = asked(name)(module, (x, age), target=1, output="logits")
        assert [part.shape for part in answer.relevance] == [x.shape, age.shape]
        alone = asked(name)(module, (x[1:2], age[1:2]), target=1, output="logits")
        assert torch.allclose(answer.relevance[1][1], alone.relevance[1][0], atol=1e-6)
    unexplained = asked(name)(module, x, target=1, output="logits", arguments=(age,))
    one = asked(name)(module, x[2:], target=1, output="logits", arguments=(age[2:],))
    assert torch.allclose(unexplained.relevance[2], one.relevance[0], atol=1e-6)
    with pytest.raises(NotApplicableError, match="'features', 'logits'"):
        asked(name)(module, x, target=1, arguments=(age,))


@EVERY
@pytest.mark.parametrize("flat", [False, True])
def test_one_logit_a_sample_needs_no_target(name, flat):
    class One(zoo.Plain):
        def forward(self, x):
            logits = super().forward(x)[:, :1]
            return logits[:, 0] if flat else logits

    answer = asked(name)(zoo.seeded(One(1)), zoo.inputs(1))
    assert len(answer.relevance) == 3
    assert answer.score.shape == (3,)
    assert answer.target is None
