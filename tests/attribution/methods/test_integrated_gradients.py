from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, SettingError


class Product(nn.Module):
    """x0 x1 + 2 x0^2 + 1."""

    def forward(self, x):
        return (x[:, 0] * x[:, 1] + 2 * x[:, 0] ** 2 + 1)[:, None]


@pytest.mark.parametrize("steps", [None, 1])
def test_a_polynomial_is_integrated_exactly(steps):
    x = torch.tensor([[3.0, 5.0]], dtype=torch.float64)
    answer = method("integrated_gradients", steps=steps)(Product(), x)
    assert answer.relevance[0].tolist() == pytest.approx([7.5 + 18, 7.5], abs=1e-12)
    assert float(answer.base) == 1
    assert float(answer.score) == 34
    assert float(answer.gap) < 1e-15


def test_from_another_baseline():
    x, start = torch.tensor([[3.0, 5.0]], dtype=torch.float64), torch.tensor([[1.0, 1.0]], dtype=torch.float64)
    answer = method("integrated_gradients", steps=2)(Product(), x, baseline=start)
    # integral over a of (3 - 1) (x1 + 4 x0) and of (5 - 1) x0, with x0 = 1 + 2a, x1 = 1 + 4a
    assert torch.allclose(answer.relevance, torch.tensor([[2 * (3 + 8), 4 * 2]], dtype=torch.float64))
    assert float(answer.base) == 4
    number = method("integrated_gradients", steps=2, baseline=1.0)(Product(), x)
    assert torch.equal(number.relevance, answer.relevance)


def test_a_smooth_network_adds_up_to_the_last_digit():
    module, x = zoo.network("dense", 1, dtype=torch.float64), zoo.inputs(1, dtype=torch.float64)
    answer = method("integrated_gradients", steps=30)(module, x, target="all")
    assert answer.gap.max() < 1e-9
    assert torch.allclose(answer.relevance.flatten(2).sum(-1) + answer.base, answer.score, atol=1e-9)


@pytest.mark.parametrize("baseline", ["zero", "mean", "median", "blurred"])
def test_every_baseline_adds_up_from_its_own_score(baseline):
    module, x = zoo.network("dense", 2, dtype=torch.float64), zoo.inputs(2, dtype=torch.float64)
    answer = method("integrated_gradients", steps=20, baseline=baseline)(module, x, target=1)
    assert answer.gap.max() < 1e-6
    assert (answer.relevance != 0).any()


def test_the_gap_is_relative_to_what_the_score_does_on_the_way():
    class Hill(nn.Module):
        """Rises to 1 half-way and falls back: both ends score 0."""

        def forward(self, x):
            return torch.sin(torch.pi * x.sum(1, keepdim=True)) ** 2

    answer = method("integrated_gradients", steps=11)(Hill(), torch.tensor([[0.7, 0.3]]))
    assert float(answer.gap) < 1e-4
    assert answer.warnings == ()


class Cliff(nn.Module):
    """A score that rises within one part in a hundred of the way."""

    def forward(self, x):
        return torch.sigmoid(200 * (x.sum(1) - 0.5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("x", [(0.6, 0.4), (0.7, 0.6), (0.61, 0.2)])
def test_a_cliff_is_met_and_its_gap_kept(x, dtype):
    answer = method("integrated_gradients")(Cliff(), torch.tensor([x], dtype=dtype))
    assert float(answer.relevance.sum()) == pytest.approx(1, abs=0.01)
    assert float(answer.gap) <= 0.01
    assert float(answer.details["panel_gap"]) <= 0.01
    assert 24 < int(answer.details["gradients"]) < 100
    assert answer.warnings == ()


@pytest.mark.parametrize("animal", ["plain", "residual", "attention", "gate"])
def test_by_default_the_gap_holds_and_finer_panels_come_to_the_same(animal):
    module, x = zoo.network(animal, 1), zoo.inputs(1)
    answer = method("integrated_gradients")(module, x, target="all")
    assert (answer.gap <= answer.details["panel_gap"] + 1e-6).all()
    assert answer.gap.max() <= 0.01
    assert answer.details["panel_gap"].max() <= 0.01
    assert answer.warnings == ()
    double = method("integrated_gradients", steps=500)(module.double(), x.double(), target="all").relevance
    assert (answer.relevance - double).abs().max() < 0.02 * double.abs().max()


def test_a_smaller_tolerance_takes_more_gradients():
    module, x = zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, 1, dtype=torch.float64)
    coarse, fine = (method("integrated_gradients", tolerance=t)(module, x, target=1) for t in (0.1, 0.001))
    assert coarse.details["panel_gap"] < 0.1
    assert fine.details["panel_gap"] < 0.001
    assert fine.details["gradients"] > 2 * coarse.details["gradients"]


def test_the_sum_alone_is_guaranteed_with_fewer_gradients_and_says_how_far_the_panels_are():
    module, x = zoo.network("residual", 1), zoo.inputs(1, 1)
    cheap, usual = (method("integrated_gradients", guarantee=g)(module, x, target=1) for g in ("sum", "panels"))
    assert cheap.gap <= 0.01
    assert cheap.details["gradients"] < usual.details["gradients"]
    assert cheap.details["panel_gap"] > usual.details["panel_gap"]


def test_an_unknown_guarantee_names_the_nearest():
    with pytest.raises(SettingError, match="guarantee: Input should be 'panels' or 'sum'; got 'panel'"):
        method("integrated_gradients", guarantee="panel")


def test_where_the_budget_ends_first_it_says_so_and_by_how_much():
    class Saw(nn.Module):
        """Rises in a thousand sudden steps."""

        def forward(self, x):
            return (1000 * x).floor() + x

    answer = method("integrated_gradients")(Saw(), torch.ones(1, 1, dtype=torch.float64))
    assert "2000 gradients were not enough" in answer.remarks[0]
    assert float(answer.gap) == pytest.approx(1000 / 1001, abs=1e-6)
    assert int(answer.details["gradients"]) <= 2000
    assert float(answer.details["panel_gap"]) > 0.9


def test_where_the_score_jumps_it_says_so():
    class Step(nn.Module):
        def forward(self, x):
            return (x > 0.3).to(x) + 0 * x

    answer = method("integrated_gradients")(Step(), torch.ones(1, 1))
    assert "little more than its rounding, or jumps" in answer.remarks[0]
    assert float(answer.gap) == 1


def test_relevance_from_the_input_itself_is_zero_without_a_warning_of_the_sum():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    answer = method("integrated_gradients")(module, x, target=0, baseline=x)
    assert (answer.relevance == 0).all()
    assert answer.gap.max() == 0
    assert answer.empty.all()


def test_the_warning_follows_the_tolerance():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    strict = method("integrated_gradients", steps=3, tolerance=1e-6)(module, x, target=0)
    assert "more than the tolerance of 0.0%; more steps than 3" in strict.warnings[0]
    assert method("integrated_gradients", steps=3, tolerance=1.0)(module, x, target=0).warnings == ()


def test_chunks_do_not_change_the_sum():
    module, x = zoo.network("residual", 2, dtype=torch.float64), zoo.inputs(2, dtype=torch.float64)
    ask = method("integrated_gradients", steps=9)
    assert torch.allclose(ask(module, x, target=0).relevance, ask(module, x, target=0, memory=1).relevance, atol=1e-12)


def test_several_inputs_go_the_way_together():
    class Both(nn.Module):
        def forward(self, x, y):
            return x * y

    x, y = torch.tensor([[2.0]]), torch.tensor([[3.0]])
    answer = method("integrated_gradients", steps=2)(Both(), (x, y))
    assert [part.item() for part in answer.relevance] == pytest.approx([3, 3])
    started = method("integrated_gradients", steps=2)(Both(), (x, y), baseline=(x, torch.zeros(1, 1)))
    assert [part.item() for part in started.relevance] == pytest.approx([0, 6])
    with pytest.raises(InvalidInputError, match="a tensor for each of the 2 inputs; got 1"):
        method("integrated_gradients")(Both(), (x, y), baseline=x)


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"steps": 0}, "steps must be 1"), ({"tolerance": 0.0}, "tolerance"), ({"baseline": "nought"}, "zero, mean")],
)
def test_settings_out_of_range(settings, words):
    with pytest.raises(SettingError, match=words):
        method("integrated_gradients", **settings)
