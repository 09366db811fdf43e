from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

import zoo
from pellucid.attribution.inside.ascent_settings import AscentSettings
from pellucid.attribution.inside.gradient_ascent import gradient_ascent
from pellucid.attribution.inside.regularisers import blurred, decayed, without_small_contributions, without_small_norms
from pellucid.core.errors import Interrupted, InvalidInputError, NotApplicableError, UnknownNameError


class Filters(nn.Module):
    """One layer of filters, and a logit for each: the mean of its rectified answer."""

    def __init__(self, dim):
        super().__init__()
        self.conv = zoo.conv(dim, 2, 3, 5)

    def forward(self, x):
        return functional.relu(self.conv(x)).flatten(2).mean(2)


def cosine(one, two):
    return float(functional.cosine_similarity(one.flatten(), two.flatten(), dim=0))


@pytest.mark.parametrize(("dim", "shape"), [(1, (2, 21)), (2, (2, 13, 13))])
def test_what_excites_a_unit_is_its_filter(dim, shape):
    module = zoo.seeded(Filters(dim))
    settings = AscentSettings(steps=60, learning_rate=0.2)
    found = gradient_ascent(module, shape, target=("conv", 1, "centre"), settings=settings)
    centre = tuple(slice(size // 2 - 2, size // 2 + 3) for size in shape[1:])
    assert cosine(found.input[(slice(None), *centre)], module.conv.weight[1].detach()) > 0.98
    outside = found.input.clone()
    outside[(slice(None), *centre)] = 0
    assert outside.norm() < 0.1 * found.input.norm()
    with torch.no_grad():
        cells = module.conv(found.input[None])[0, 1]
    assert found.activation == pytest.approx(float(cells[tuple(size // 2 for size in shape[1:])]))


@pytest.mark.parametrize("target", [1, ("features.4", 2), ("features.0", 3, 5)])
def test_it_rises_and_the_best_is_kept(target):
    module = zoo.network("plain", 1)
    found = gradient_ascent(module, zoo.SHAPES[1], target=target, settings=AscentSettings(steps=40))
    assert len(found.log) == 40
    assert found.log[-1] > found.log[0] + 0.1
    assert found.activation >= max(found.log) - 1e-5
    assert found.input.shape == zoo.SHAPES[1]
    assert not found.input.requires_grad


def test_a_rate_that_overshoots_still_returns_the_best():
    class Hill(nn.Module):
        def forward(self, x):
            return -((x - 1) ** 2).flatten(1).sum(1)

    found = gradient_ascent(
        Hill(), (1, 3), target=0, settings=AscentSettings(steps=9, rate="constant", learning_rate=3)
    )
    assert found.log[-1] < found.log[0]
    assert found.activation == pytest.approx(max(found.log))


def test_the_steps_and_their_order_are_the_papers():
    module, start = zoo.network("norms", 1, dtype=torch.float64), zoo.inputs(1, 1, dtype=torch.float64)[0]
    settings = AscentSettings(
        steps=3, rate="constant", learning_rate=2.0, decay=0.1, blur=0.8, blur_every=2, norm_percentile=20,
        contribution_percentile=30, low=-1.0, high=1.5,
    )  # fmt: skip
    x, seen = start, []
    for step in range(3):
        x = x.clamp(-1, 1.5).requires_grad_()
        value = module(x[None])[0, 2]
        (gradient,) = torch.autograd.grad(value, x)
        seen.append((float(value.detach()), x.detach()))
        x = x.detach() + 2.0 * gradient
        if step < 2:
            x = decayed(x, 0.1)
            x = blurred(x, 0.8) if step == 0 else x
            x = without_small_contributions(without_small_norms(x, 20), gradient, 30)
    x = x.clamp(-1, 1.5)
    seen.append((float(module(x[None])[0, 2].detach()), x))
    found = gradient_ascent(module, start=start, target=2, settings=settings)
    assert found.log == pytest.approx([value for value, _ in seen[:3]])
    value, best = max(seen, key=lambda pair: pair[0])
    assert torch.allclose(found.input, best)
    assert found.activation == pytest.approx(value)


def test_by_progress_a_linear_value_rises_by_as_much():
    module = nn.Sequential(nn.Flatten(), nn.Linear(8, 2)).double()
    settings = AscentSettings(steps=5, rate="progress", learning_rate=1e6, progress=2.0)
    found = gradient_ascent(module, (2, 4), target=1, settings=settings)
    assert torch.tensor(found.log).diff().tolist() == pytest.approx([2.0] * 4)
    slow = AscentSettings(steps=2, rate="progress", learning_rate=1e-3, progress=2.0)
    gained = torch.tensor(gradient_ascent(module, (2, 4), target=1, settings=slow).log).diff()
    assert gained.tolist() == pytest.approx([1e-3 * float(module[1].weight[1].square().sum().detach())], rel=1e-3)


def test_jitter_moves_input_and_gradient_and_back():
    class Place(nn.Module):
        """Only the third sample counts."""

        def forward(self, x):
            return x[:, 0, 2:3]

    settings = AscentSettings(steps=200, jitter=2, rate="constant", learning_rate=0.1)
    found = gradient_ascent(Place(), start=torch.zeros(1, 6), target=0, settings=settings)
    # rolled by -2 to 2, the third is one of the first five
    assert (found.input[0, :5] > 2).all()
    assert found.input[0, 5] == 0
    assert found.activation == pytest.approx(float(found.input[0, 2]))
    again = gradient_ascent(Place(), start=torch.zeros(1, 6), target=0, settings=settings)
    assert torch.equal(found.input, again.input)


def test_a_projection_holds_at_the_end():
    module = zoo.network("plain", 1)

    def derived(x):
        return torch.cat([x[:3], x[:1] - x[1:2]])

    found = gradient_ascent(module, zoo.SHAPES[1], target=0, settings=AscentSettings(steps=10), project=derived)
    assert torch.equal(found.input[3], found.input[0] - found.input[1])
    assert found.activation > found.log[0]
    double = gradient_ascent(
        module, zoo.SHAPES[1], target=0, settings=AscentSettings(steps=10), project=lambda x: derived(x).double()
    )
    assert torch.equal(double.input, found.input)
    for wrong, words in [(lambda x: x[:2], r"got \(2, 24\)"), (lambda x: x / 0, "got NaN")]:
        with pytest.raises(InvalidInputError, match=f"project must return .* {words}"):
            gradient_ascent(module, zoo.SHAPES[1], target=0, project=wrong)


class Shy(nn.Module):
    """Answers only to a start whose sum is above a limit."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def forward(self, x):
        return functional.relu(x.flatten(1).sum(1) - self.limit)


def test_a_start_without_a_gradient_is_drawn_again_at_most_five_times():
    settings = AscentSettings(steps=2, spread=1.0, seed=3)
    assert gradient_ascent(Shy(-100.0), (1, 4), target=0, settings=settings).redrawn == 0
    redrawn = [
        gradient_ascent(Shy(1.0), (1, 4), target=0, settings=AscentSettings(steps=2, spread=1.0, seed=seed)).redrawn
        for seed in (0, 4, 5, 6)
    ]
    assert max(redrawn) > 0
    with pytest.raises(NotApplicableError, match="zero at 6 random starts"):
        gradient_ascent(Shy(1e6), (1, 4), target=0, settings=settings)
    with pytest.raises(NotApplicableError, match="zero at the start"):
        gradient_ascent(Shy(1.0), start=torch.zeros(1, 4), target=0)


def test_the_seed_repeats_and_torch_s_own_generator_is_left_alone():
    module, state = zoo.network("plain", 2), torch.random.get_rng_state()
    one, two, other = (
        gradient_ascent(module, zoo.SHAPES[2], target=0, settings=AscentSettings(steps=3, jitter=1, seed=seed)).input
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_module_is_left_as_it_was_and_not_called_in_training_mode():
    module = zoo.network("plain", 1)
    kept = {name: value.clone() for name, value in module.state_dict().items()}
    gradient_ascent(module, zoo.SHAPES[1], target=("features.0", 0), settings=AscentSettings(steps=3))
    assert all(torch.equal(kept[name], value) for name, value in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
    with pytest.raises(NotApplicableError, match="training mode"):
        gradient_ascent(module.train(), zoo.SHAPES[1], target=0)


def test_wrong_starts_are_errors_in_words():
    module = zoo.network("plain", 1)
    for wrong, words in [
        ({}, "a shape or a start"), ({"shape": (4, 24), "start": torch.zeros(4, 24)}, "not both"),
        ({"shape": (24,)}, "channel, "), ({"start": torch.zeros(24)}, "without the batch axis"),
        ({"start": torch.full((4, 24), float("nan"))}, "NaN"),
    ]:  # fmt: skip
        with pytest.raises(InvalidInputError, match=words):
            gradient_ascent(module, target=0, **wrong)
    with pytest.raises(UnknownNameError, match="published_1"):
        gradient_ascent(module, (4, 24), target=0, settings="published_5")


class Interrupting(nn.Module):
    """Raises what Ctrl-C does at its k-th pass, which it counts outside of itself."""

    def __init__(self, inner, stop):
        super().__init__()
        self.inner, self.stop = inner, stop
        self.register_buffer("seen", torch.zeros(1))
        self.eval()

    def forward(self, x):
        self.seen += 1
        self.stop[0] -= 1
        if self.stop[0] == 0:
            raise KeyboardInterrupt
        return self.inner(x)


@pytest.mark.parametrize("rate", [0.2, 30.0])
def test_an_interrupt_keeps_the_best_so_far(rate):
    inner, settings = zoo.network("plain", 1), AscentSettings(steps=20, learning_rate=rate)
    whole = gradient_ascent(inner, zoo.SHAPES[1], target=1, settings=settings)
    module = Interrupting(inner, [12])
    with pytest.raises(Interrupted, match=r"after \d+ of 20 steps; .* holds the Ascent so far") as caught:
        gradient_ascent(module, zoo.SHAPES[1], target=1, settings=settings)
    found = caught.value.finished
    assert 8 <= len(found.log) <= 11
    assert found.log == whole.log[: len(found.log)]
    assert found.activation == pytest.approx(max(found.log))
    with torch.no_grad():
        assert found.activation == pytest.approx(float(inner(found.input[None])[0, 1]))
    assert module.seen == 0


def test_an_interrupt_before_the_first_step_is_the_plain_one():
    with pytest.raises(KeyboardInterrupt) as caught:
        gradient_ascent(Interrupting(zoo.network("plain", 1), [1]), zoo.SHAPES[1], target=1)
    assert type(caught.value) is KeyboardInterrupt
