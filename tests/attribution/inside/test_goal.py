from __future__ import annotations

import numpy as np
import pytest
import torch

import zoo
from pellucid.attribution.inside.goal import Goal
from pellucid.core.errors import InvalidInputError, NotApplicableError


def goal(module, target, dim=1):
    return Goal(module, target, zoo.inputs(dim, 1), (), None)


@pytest.fixture
def module():
    return zoo.network("plain", 1)


@pytest.fixture(autouse=True)
def plain_numbers():
    with torch.no_grad():
        yield


def test_a_class_is_its_logit(module):
    x = zoo.inputs(1, 1)
    found = goal(module, 2)
    assert float(found(x[0])) == pytest.approx(float(module(x)[0, 2]))
    assert found.words == "class 2"


def test_a_channel_is_its_mean_and_a_unit_its_cell(module):
    x = zoo.inputs(1, 1)
    values = module.features(x)[0, 3]
    assert float(goal(module, ("features", 3))(x[0])) == pytest.approx(float(values.mean()))
    assert float(goal(module, ("features", 3, 2))(x[0])) == pytest.approx(float(values[2]))
    centre = goal(module, (module.features, 3, "centre"))
    assert float(centre(x[0])) == pytest.approx(float(values[6]))
    assert centre.words == "channel 3 of layer features, unit 6"


def test_numpys_numbers_are_numbers(module):
    assert goal(module, np.int64(2)).words == "class 2"
    assert goal(module, ("features", np.int64(3), np.int64(2))).words == "channel 3 of layer features, unit 2"
    assert goal(module, ("features", 3, np.array([2]))).words == "channel 3 of layer features, unit 2"


def test_an_argument_that_inference_mode_made_takes_part(module):
    with torch.inference_mode():
        factor = torch.tensor(2.0)

    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = module

        def forward(self, x, factor):
            return self.inner(x) * factor

    x = zoo.inputs(1, 1)
    with torch.enable_grad():
        value, gradient = Goal(Scaled().eval(), 1, x, (factor,), None).climbed(x[0])
        assert torch.allclose(gradient, 2 * goal(module, 1).climbed(x[0])[1])
    assert value == pytest.approx(2 * float(module(x)[0, 1]))


def test_in_two_dimensions_a_unit_has_two_indices():
    module, x = zoo.network("plain", 2), zoo.inputs(2, 1)
    found = goal(module, ("features.0", 1, (4, 7)), 2)
    assert float(found(x[0])) == pytest.approx(float(module.features[0](x)[0, 1, 4, 7]))


def test_where_leads_are_apart_a_channel_runs_over_all_of_them():
    module, x = zoo.network("leads_apart", 1), zoo.inputs(1, 1)
    values = torch.relu(module.encoder(x.flatten(0, 1)[:, None]))  # (lead, feature, time)
    assert float(goal(module, ("unfolded", 2))(x[0])) == pytest.approx(float(values[:, 2].mean()))
    assert float(goal(module, ("unfolded", 2, (1, 5)))(x[0])) == pytest.approx(float(values[1, 2, 5]))


def test_a_dense_layer_has_a_unit_a_channel():
    module, x = zoo.network("dense", 1), zoo.inputs(1, 1)
    assert float(goal(module, ("one", 4))(x[0])) == pytest.approx(float(module.one(x.flatten(1))[0, 4]))


def test_the_gradient_is_autograds(module):
    x = zoo.inputs(1, 1)
    with torch.enable_grad():
        leaf = x.clone().requires_grad_()
        (expected,) = torch.autograd.grad(module(leaf)[0, 1], leaf)
        value, gradient = goal(module, 1).climbed(x[0])
    assert value == pytest.approx(float(module(x)[0, 1]))
    assert torch.allclose(gradient, expected[0])


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        (3, InvalidInputError, "0 to 2"),
        ("all", InvalidInputError, "must be one class, .* got 'all'. Climb once"),
        ([0, 1], InvalidInputError, "must hold one class"),
        ([[0, 1]], InvalidInputError, "must be one class"),
        (("features",), InvalidInputError, "target must be whole numbers"),
        (("features", True), InvalidInputError, "got True"),
        (("features", 0, True), InvalidInputError, "got True"),
        (("features", 0, 1.5), InvalidInputError, "got 1.5"),
        (("features", 6), InvalidInputError, "channel must lie in 0 to 5"),
        (("features", 0, 12), InvalidInputError, "unit must lie in 0 to 11"),
        (("features", 0, (1, 2)), InvalidInputError, "must have 1 indices"),
        (("features", 0, "middle"), InvalidInputError, "or 'centre'; got 'middle'"),
        (("head.0", 0), NotApplicableError, "before the pooling"),
    ],
)
def test_wrong_targets_are_errors_in_words(module, target, error, words):
    with pytest.raises(error, match=words):
        goal(module, target)
