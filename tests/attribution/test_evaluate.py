from __future__ import annotations

import gc
from dataclasses import dataclass

import pytest
import torch

import zoo
from pellucid.attribution.evaluate import reserves
from pellucid.attribution.method import Method, method
from pellucid.attribution.tape.tape import Value
from pellucid.core.errors import InvalidInputError, NotApplicableError
from pellucid.core.progress import shown_by


@dataclass(frozen=True, slots=True, kw_only=True)
class InputXGradient(Method):
    """The example of the documentation: one line."""

    def relevance(self, run):
        run.declare(base=torch.zeros(len(run.samples), run.classes.shape[1]))
        return run.inputs * run.gradient()


def test_a_methods_author_writes_one_line():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    answer = InputXGradient()(module, x, target="all")
    leaf = x.clone().requires_grad_()
    for number in range(3):
        gradient = torch.autograd.grad(module(leaf)[:, number].sum(), leaf)[0]
        assert torch.allclose(answer.relevance[:, number], x * gradient, atol=1e-6)
    assert answer.method == "input_x_gradient"
    assert torch.equal(answer.classes, torch.tensor([[0, 1, 2]] * 3))


def test_the_gap_is_relative_to_the_difference_of_the_scores():
    answer = InputXGradient()(zoo.network("plain", 1), zoo.inputs(1), target=0)
    expected = (answer.relevance.flatten(1).sum(1) - answer.score).abs() / answer.score.abs()
    assert torch.allclose(answer.gap, expected.double(), rtol=1e-4)
    assert "misses the score" in answer.warnings[0]
    assert answer.remarks == ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken(Method):
    """Returns what it is told to."""

    shape: tuple[int, ...] = (1,)
    value: float = 0.0

    def relevance(self, run):
        return torch.full(self.shape, self.value)


def test_relevance_of_another_shape_or_no_number_is_an_error():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    with pytest.raises(InvalidInputError, match=r"the shape \(3, 1, 4, 24\); got \(3, 4, 24\)"):
        Broken(shape=(3, 4, 24))(module, x, target=0)
    with pytest.raises(NotApplicableError, match="'broken' gave NaN"):
        Broken(shape=(3, 1, 1, 24), value=float("nan"))(module, x, target=0)


def test_an_axis_of_one_is_spread_and_an_empty_map_is_said():
    answer = Broken(shape=(1, 1, 1, 24))(zoo.network("plain", 1), zoo.inputs(1, 1), target="all")
    assert answer.relevance.shape == (1, 3, 4, 24)
    assert answer.empty.all()
    assert answer.warnings == ("the relevance is zero everywhere: broken has nothing to show",)


def test_some_empty_maps_are_counted():
    texts = reserves(method("grad_cam"), None, empty=True, of=" for 2 of 9 maps")
    assert texts == ("the relevance is zero everywhere for 2 of 9 maps: grad_cam has nothing to show",)
    assert reserves(method("integrated_gradients"), 0.001, empty=False) == ()


def test_a_long_batch_shows_its_progress():
    ticks = []

    def display(title, total):
        ticks.append((title, total))
        return ticks.append

    with shown_by(display):
        method("saliency")(zoo.network("plain", 1), zoo.inputs(1, 5), target=0, memory=1)
    assert ticks == [("saliency", 5), 1, 2, 3, 4, 5]


def test_batch_norm_by_batch_statistics_is_found_by_a_second_row():
    class Mixing(zoo.Plain):
        def forward(self, x):
            return super().forward(torch.nn.functional.batch_norm(x, None, None, training=True))

    with pytest.raises(NotApplicableError, match="statistics of its batch"):
        method("saliency")(zoo.seeded(Mixing(1)), zoo.inputs(1, 1), target=0)


def test_tensors_of_the_call_are_recorded_by_hash_and_fields_by_name():
    answer = method("integrated_gradients", steps=2)(
        zoo.network("plain", 1), zoo.inputs(1), target=0, baseline=torch.zeros(4, 24)
    )
    assert len(answer.settings["baseline"]["sha256"]) == 64
    assert answer.settings["steps"] == 2


def test_a_tape_is_let_go_of_before_the_next_is_made():
    """Values and operations hold each other: without care the memory of all batches would wait for the collector."""
    module, x = zoo.network("residual", 1), zoo.inputs(1, 4)
    gc.collect()
    gc.disable()
    try:
        method("lrp")(module, x, target=0, memory=1)
        left = sum(type(thing) is Value for thing in gc.get_objects())
    finally:
        gc.enable()
    assert left == 0
