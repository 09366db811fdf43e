from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.activation import activation, arranged
from pellucid.attribution.forward import Forward
from pellucid.attribution.layout import Atom
from pellucid.attribution.method import method
from pellucid.attribution.question import Question
from pellucid.core.errors import NotApplicableError


def of(module, x, layer=None):
    return activation(Forward(Question(module=module, inputs=(x,), layer=layer, recorded=True), (x,), ()))


@pytest.mark.parametrize("dim", [1, 2])
def test_the_default_is_the_value_that_is_pooled(dim):
    module, x = zoo.network("plain", dim), zoo.inputs(dim)
    found = of(module, x)
    assert torch.equal(found.values, module.features(x).detach())
    assert found.geometry.cells == found.values.shape[2:]
    assert found.geometry.layer.endswith("(after relu)")
    assert not found.guessed


def test_gradients_are_those_of_the_logit_to_the_values():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    classes = torch.tensor([[0, 2], [1, 1], [2, 0]])
    values = module.features(x).detach().requires_grad_()
    logits = module.head(values)
    for column, gradient in enumerate(of(module, x).gradients(classes)):
        score = logits.gather(1, classes[:, column : column + 1]).sum()
        assert torch.allclose(gradient, torch.autograd.grad(score, values, retain_graph=True)[0])


@pytest.mark.parametrize(
    ("layer", "offset", "jump", "field"),
    [("features.0", 0, 1, 5), ("features.3", 0.5, 2, 6), ("features.4", 0.5, 2, 10)],
)
def test_a_named_layer_lies_where_its_operations_put_it(layer, offset, jump, field):
    geometry = of(zoo.network("plain", 1), zoo.inputs(1), layer).geometry
    assert (geometry.offset, geometry.jump, geometry.field, geometry.layer) == ((offset,), (jump,), (field,), layer)


def test_a_layer_before_an_in_place_rectifier_keeps_its_own_values():
    module, x = nn.Sequential(nn.Conv1d(4, 3, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(66, 3)), zoo.inputs(1)
    assert torch.equal(of(module, x, "0").values, module[0](x).detach())
    assert torch.equal(of(module, x, "1").values, module[0](x).relu().detach())


def test_leads_kept_apart_are_in_front():
    module, x = zoo.network("leads_apart", 1), zoo.inputs(1)
    for layer in (None, "unfolded"):
        found = of(module, x, layer)
        assert found.values.shape == (3, 4, 5, 12)
        assert found.geometry.by_lead
    assert torch.equal(found.values[1, 2], torch.relu(module.encoder(x[1:2, 2:3]))[0].detach())


def test_tokens_are_put_back_into_rows_and_columns():
    found = of(zoo.network("attention", 2), zoo.inputs(2))
    assert found.values.shape == (3, 8, 6, 6)
    tokens = found.values.flatten(2).transpose(1, 2)
    module = zoo.network("attention", 2)
    assert torch.allclose(module.encoder(module.stem(zoo.inputs(2)).flatten(2).transpose(1, 2)), tokens, atol=1e-5)


def test_axes_in_any_order_are_arranged():
    layout = ((Atom(5, 2),), (Atom(3, 0), Atom(4)), (Atom(2),))
    value = torch.arange(120).reshape(5, 12, 2)
    found = arranged(value, layout, (3, 7, 5))
    assert found.shape == (3, 8, 5)
    assert found[1, 3, 4] == value.reshape(5, 3, 4, 2)[4, 1, 1, 1]


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("head.0", "one cell"),
        ("head.2", "must keep the input's axes in time"),
        ("encoder", "batch axis, of 3; it gives"),
    ],
)
def test_a_layer_that_cannot_be_drawn(layer, words):
    module = zoo.network("leads_folded" if layer == "encoder" else "plain", 1)
    with pytest.raises(NotApplicableError, match=words):
        of(module, zoo.inputs(1), layer)


def test_a_layer_off_the_way():
    class Aside(zoo.Plain):
        def forward(self, x):
            self.features(x)
            return self.head(self.features[0](x)) + self.features[4](torch.ones(1, 6, 5)).sum()

    with pytest.raises(NotApplicableError, match="does not depend on the input"):
        of(zoo.seeded(Aside(1)), zoo.inputs(1), "features.4")
    found = of(zoo.seeded(Aside(1)), zoo.inputs(1), "features.5")
    with pytest.raises(NotApplicableError, match="the layer does not reach the logit"):
        next(found.gradients(torch.zeros(3, 1, dtype=torch.int64)))


def test_places_that_cannot_be_followed_are_said_to_be_guessed():
    class Rolled(zoo.Plain):
        def forward(self, x):
            return super().forward(x.flip(2))

    found = of(zoo.seeded(Rolled(1)), zoo.inputs(1), "features.5")
    assert found.guessed
    assert (found.geometry.offset, found.geometry.jump) == ((0.5,), (2.0,))


@pytest.mark.parametrize(
    ("animal", "layer", "obstacle"),
    [
        ("plain", None, None),
        ("gate", None, None),
        ("leads_apart", "unfolded", None),
        ("plain", "features.4", "relu"),
        ("norms", None, "native_layer_norm"),
        ("residual", "one", "past the layer"),
    ],
)
def test_what_stands_between_a_layer_and_a_sum(animal, layer, obstacle):
    found = of(zoo.network(animal, 1), zoo.inputs(1), layer).obstacle()
    assert found is None if obstacle is None else obstacle in found


def test_an_input_without_space_has_no_map():
    with pytest.raises(NotApplicableError, match=r"\(3, 5\)"):
        of(nn.Linear(5, 2), torch.zeros(3, 5))


class _Doubling(torch.autograd.Function):
    """Without a way back for many gradients at once."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        if gradient.sum().item() == 0.1234:
            return 0 * gradient
        return 2 * gradient


class _Head(nn.Module):
    def __init__(self, own):
        super().__init__()
        draw = torch.Generator().manual_seed(5)
        self.own = own
        self.one, self.two = (torch.randn(*size, generator=draw, dtype=torch.double) for size in ((8, 3), (4, 8)))

    def forward(self, x):
        x = torch.relu(x).mean(-1)
        x = _Doubling.apply(x) if self.own else 2 * x
        return torch.relu(x @ self.one.T) @ self.two.T


def forward_of(own, memory=2**31):
    module, x = _Head(own), torch.randn(2, 3, 16, generator=torch.Generator().manual_seed(6), dtype=torch.double)
    question = Question(module=module, inputs=(x,), recorded=True, memory=memory)
    return module, x, Forward(question, (x,), ())


@pytest.mark.parametrize("own", [False, True], ids=["torch", "own function"])
def test_gradients_of_all_targets_are_those_one_by_one(own):
    module, x, forward = forward_of(own)
    together = method("grad_cam", relu=False)(module, x, target="all").relevance
    for target in range(4):
        alone = method("grad_cam", relu=False)(module, x, target=target).relevance
        assert torch.allclose(together[:, target], alone, rtol=1e-12, atol=1e-12)
    assert bool(together.flatten(2).any(-1).all())
    found = forward.gradients_at_once(torch.tensor([[0, 3], [1, 1]]), forward.leaves[0])
    assert (found is None) is own


def test_as_many_targets_at_once_as_fit_into_memory_and_one_where_hooks_would_see_them():
    module, x, forward = forward_of(own=False, memory=3 * 4 * 2 * 3 * 16 * 8)
    assert forward.targets_at_once(x) == 3
    whole = method("grad_cam", relu=False)(module, x, target="all").relevance
    few = method("grad_cam", relu=False)(module, x, target="all", memory=1).relevance
    assert torch.allclose(whole, few, rtol=1e-12, atol=1e-12)
    for register in (module.register_forward_hook, module.register_full_backward_hook):
        handle = register(lambda *_: None)
        assert forward.targets_at_once(x) == 1
        handle.remove()
    assert forward.targets_at_once(x) == 3
