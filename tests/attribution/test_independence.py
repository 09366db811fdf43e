from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.independence import beside_another, refuse_mixing
from pellucid.attribution.method import METHODS, method
from pellucid.attribution.question import Question
from pellucid.core.errors import NotApplicableError


class TimeFirst(nn.Module):
    """A transformer layer whose author forgot batch_first=True: samples attend to each other."""

    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.TransformerEncoderLayer(24, 2, 16, dropout=0.0), nn.Linear(24, 3)

    def forward(self, x):
        return self.head(self.layer(x).mean(1))


class Loudest(nn.Module):
    """Divides by the largest value of all rows, read out as a constant."""

    def __init__(self):
        super().__init__()
        self.net = zoo.Plain(1)

    def forward(self, x):
        return self.net(x / x.detach().abs().amax().item())


class Weighing(nn.Module):
    """Takes one weight a class, as many as there may be samples."""

    def __init__(self):
        super().__init__()
        self.net = zoo.Plain(1)

    def forward(self, x, weights):
        return self.net(x) * weights


@pytest.mark.parametrize("name", ["saliency", "lrp", "integrated_gradients", "occlusion"])
def test_a_module_that_mixes_its_samples_is_refused(name):
    with pytest.raises(NotApplicableError, match=r"depends on what else is in its batch.*batch_first=True"):
        method(name)(zoo.seeded(TimeFirst()), zoo.inputs(1), target=0)


@pytest.mark.parametrize("name", [name for name in METHODS.names if METHODS[name].perturbs])
def test_rows_of_one_question_may_not_mix_either(name):
    assert method("saliency")(zoo.seeded(Loudest()), zoo.inputs(1, 1), target=0).relevance.abs().sum() > 0
    with pytest.raises(NotApplicableError, match="depends on what else is in its batch"):
        method(name)(zoo.seeded(Loudest()), zoo.inputs(1, 1), target=0)


def test_an_argument_of_as_many_entries_as_the_batch_is_one_a_sample():
    weights = torch.tensor([0.5, 1.0, 2.0])
    with pytest.raises(NotApplicableError, match="arguments="):
        method("saliency")(zoo.seeded(Weighing()), zoo.inputs(1, 3), target=0, arguments=(weights,))
    assert method("saliency")(zoo.seeded(Weighing()), zoo.inputs(1, 2), target=0, arguments=(weights,)).score.shape == (
        2,
    )


class Widened(zoo.Plain):
    """Computes in single precision and answers in double."""

    def forward(self, x):
        return super().forward(x).double()


@pytest.mark.parametrize("name", ["saliency", "lrp", "occlusion"])
def test_rounding_is_that_of_what_the_module_computes_in(name):
    module, x = zoo.seeded(Widened(1)), zoo.inputs(1)
    found, plain = (method(name)(net, x, target=1).relevance for net in (module, zoo.network("plain", 1)))
    assert torch.allclose(found, plain, rtol=1e-4, atol=1e-6)


def test_rounding_is_not_mixing():
    one = torch.tensor([[1.0, -2.0]])
    question = Question(module=zoo.network("plain", 1), inputs=(zoo.inputs(1),))
    refuse_mixing(question, one, one * (1 + 1e-5))
    with pytest.raises(NotApplicableError, match=r"logit 1 is -2 alone, -2\.02 in company"):
        refuse_mixing(question, one, one * 1.01)


class Narrow(nn.Module):
    """Gives no numbers outside of what it can take."""

    def forward(self, x):
        return torch.acos(x)


def test_company_that_the_module_cannot_take_says_nothing():
    question = Question(module=Narrow(), inputs=(torch.full((1, 3), 0.9),))
    assert beside_another(question) is None


@pytest.mark.parametrize("draw", [np.random.normal, random.random])
@pytest.mark.parametrize("name", ["saliency", "lrp", "occlusion"])
def test_chance_outside_of_torch_is_refused_for_one_sample_too(name, draw):
    class Noisy(nn.Module):
        def forward(self, x):
            return x.sum(1) + draw()

    np.random.seed(0)  # noqa: NPY002  # two draws may fall together, once in some thousand
    random.seed(0)
    with pytest.raises(NotApplicableError, match="random numbers of Python or numpy"):
        method(name)(Noisy(), torch.ones(1, 3))


def test_random_numbers_that_decide_nothing_are_let_be():
    class Wasteful(nn.Module):
        def forward(self, x):
            random.random()
            return (x**2).sum(1)

    found = method("saliency")(Wasteful(), torch.ones(1, 3)).relevance
    assert found.tolist() == [[2.0] * 3]


def test_a_logit_that_is_all_rounding_is_no_chance():
    class Unlike(nn.Module):
        """Takes another way each time, to the same but for rounding."""

        def __init__(self):
            super().__init__()
            self.passes = 0

        def forward(self, x):
            random.random()
            self.passes += 1
            return torch.cat([x.sum(1, keepdim=True), x[:, :1] * 0 + 1e-6 * (self.passes % 2)], 1)

    assert method("saliency")(Unlike(), torch.full((1, 3), 4.0), target=0).relevance.tolist() == [[1.0] * 3]


def test_a_module_of_one_sample_only_cannot_be_perturbed():
    class Alone(nn.Module):
        def forward(self, x):
            return x.view(1, -1) @ torch.ones(6, 2)

    assert method("saliency")(Alone(), torch.ones(1, 2, 3), target=0).relevance.sum() == 6
    with pytest.raises(NotApplicableError, match=r"any number of samples; it runs on 1, not on 2: .*matmul"):
        method("occlusion")(Alone(), torch.ones(1, 2, 3), target=0)


def test_a_module_that_refuses_louder_inputs_has_an_equal_beside_it():
    class Narrow(nn.Module):
        def forward(self, x):
            if bool((x.abs() > 1).any()):
                raise ValueError("must lie in -1 to 1")
            return x.flatten(1)

    found = method("occlusion", window=1, stride=1)(Narrow(), torch.full((1, 1, 2), 0.9), target=0).relevance
    assert found[0, 0].tolist() == pytest.approx([0.9, 0])
