from __future__ import annotations

import gc
import json

import pytest
import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, NotApplicableError, SettingError, UnknownNameError
from pellucid.core.settings import decode, encode


class Square(nn.Module):
    """The sum of squares: a gradient of 2 x, so that the mean over noisy copies shows the mean noise."""

    def forward(self, x):
        return (x**2).flatten(1).sum(1)


@pytest.fixture
def x():
    return zoo.inputs(1, dtype=torch.float64)


def test_a_linear_module_has_its_gradient_whatever_the_noise(x):
    module = nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), 2)).double()
    answer = method("smooth_grad", samples=3)(module, x, target=1)
    assert torch.allclose(answer.relevance.flatten(1), module[1].weight[1].expand(3, -1), atol=1e-12)
    assert answer.kind == "signed"


def test_the_noise_is_that_share_of_each_samples_own_range(x):
    x = x * torch.tensor([1.0, 10.0, 100.0], dtype=torch.float64)[:, None, None]
    spread = x.flatten(1).amax(1) - x.flatten(1).amin(1)
    found = method("smooth_grad", samples=1, noise=0.2)(Square(), x).relevance / 2 - x
    assert found.flatten(1).std(1) / spread == pytest.approx([0.2] * 3, rel=0.25)
    many = method("smooth_grad", samples=400, noise=0.2)(Square(), x).relevance / 2 - x
    assert many.flatten(1).std(1) / spread == pytest.approx([0.01] * 3, rel=0.25)  # 0.2 / sqrt(400)
    assert abs(float(found.mean())) < float(found.std()) / 5


def test_squares_are_the_squared_mean_and_the_variance_of_the_gradient(x):
    ask = method("smooth_grad", samples=2000, noise=0.1, squared=True)
    found = ask(Square(), x[:1]).relevance
    sigma = 0.1 * (x[0].max() - x[0].min())
    assert torch.allclose(found, 4 * (x[:1] ** 2 + sigma**2), rtol=0.15, atol=0.1)
    assert ask.kind == "positive"


def test_the_mean_is_that_of_the_inner_method_at_the_copies(x):
    module = zoo.network("norms", 1, dtype=torch.float64)
    points = []

    class Watched(nn.Module):
        def forward(self, rows):
            points.append(rows.detach())
            return module(rows)

    inner = {"name": "input_x_gradient"}
    found = method("smooth_grad", samples=5, of=inner)(Watched(), x[:1], target=2).relevance
    copies = torch.cat(points[-1:])
    assert len(copies) == 5
    theirs = method("input_x_gradient")(module, copies, target=2).relevance
    assert torch.allclose(found[0], theirs.mean(0), atol=1e-12)


@pytest.mark.parametrize("inner", ["saliency", "integrated_gradients", "grad_cam", "smooth_grad", "amplitude"])
def test_a_sample_alone_is_the_same_as_in_a_batch(x, inner):
    settings = {"integrated_gradients": {"steps": 2}, "smooth_grad": {"samples": 2}}.get(inner, {})
    ask = method("smooth_grad", samples=3, of={"name": inner, **settings})
    module = zoo.network("residual", 1, dtype=torch.float64)
    every = ask(module, x, target="all").relevance
    assert torch.allclose(every[1, 2], ask(module, x[1:2], target=2).relevance[0], atol=1e-12)
    assert torch.allclose(every, ask(module, x, target="all", memory=1).relevance, atol=1e-12)


def test_another_seed_is_another_noise_and_two_samples_have_their_own(x):
    one, two = (method("smooth_grad", samples=2, seed=seed)(Square(), x).relevance for seed in (0, 1))
    assert (one - two).abs().min() > 0
    twice = torch.cat([x[:1], x[:1] + 1e-3])
    found = method("smooth_grad", samples=2)(Square(), twice).relevance / 2 - twice
    assert (found[0] - found[1]).abs().min() > 0


def test_a_layers_map_keeps_its_cells_and_place(x):
    module = zoo.network("plain", 1, dtype=torch.float64)
    ask = method("smooth_grad", samples=4, of={"name": "grad_cam", "relu": False})
    answer = ask(module, x, target="all", layer="features.0")
    assert answer.geometry.layer == "features.0"
    assert answer.cells.shape == (3, 3, 1, 24)
    assert answer.relevance.shape == (3, 3, 1, 24)
    assert torch.allclose(answer.cells, answer.relevance, atol=1e-12)  # stride 1: the cells are the samples
    assert answer.settings["of"]["layer"] == "features.0"


def test_inner_methods_that_add_up_do_not_on_average(x):
    ask = method("smooth_grad", samples=2, of={"name": "integrated_gradients", "steps": 3, "tolerance": 1e-9})
    answer = ask(zoo.network("plain", 1, dtype=torch.float64), x, target=0, baseline=torch.ones_like(x[0]))
    assert answer.base is None
    assert answer.gap is None
    other = ask(zoo.network("plain", 1, dtype=torch.float64), x, target=0)
    assert (answer.relevance - other.relevance).abs().max() > 1e-3


def test_warnings_of_the_inner_method_are_passed_on():
    class Saw(nn.Module):
        def forward(self, x):
            return (1000 * x).floor() + x

    ask = method("smooth_grad", samples=1, of={"name": "integrated_gradients"})
    assert "gradients were not enough" in ask(Saw(), torch.ones(1, 1, dtype=torch.float64)).warnings[0]


def test_several_inputs_are_moved_together_each_by_its_own_range():
    class Both(nn.Module):
        def forward(self, x, y):
            return (x**2).sum(1) + (y**2).sum(1)

    x, y = torch.tensor([[1.0, 2.0, 5.0]]), torch.tensor([[3.0]])
    answer = method("smooth_grad", samples=2)(Both(), (x, y))
    assert answer.relevance[1].tolist() == [[6.0]]  # one value has no range, and no noise
    assert (answer.relevance[0] != 2 * x).all()
    with pytest.raises(InvalidInputError, match="'cam' explains one input"):
        method("smooth_grad", of={"name": "smooth_grad", "of": {"name": "cam"}})(Both(), (x, y))


def test_what_the_inner_method_refuses_is_refused():
    with pytest.raises(NotApplicableError, match="mean pooling and one linear layer"):
        method("smooth_grad", of={"name": "cam"})(zoo.network("norms", 1), zoo.inputs(1), target=0)


def test_the_inner_method_survives_json():
    ask = method("smooth_grad", of={"name": "grad_cam", "relu": False})
    assert decode(type(ask), json.loads(json.dumps(encode(ask))), where="method") == ask
    assert ask.looks_inside
    assert not method("smooth_grad").looks_inside


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"samples": 0}, SettingError, "samples must be 1"),
        ({"noise": 0.0}, SettingError, "noise must lie above 0"),
        ({"seed": -1}, SettingError, "seed must be 0"),
        ({"of": {}}, SettingError, "of must be"),
        ({"of": {"name": "salience"}}, (SettingError, UnknownNameError), "salience"),
        ({"of": {"name": "saliency", "colour": 1}}, SettingError, "'colour' is not known"),
    ],
)
def test_settings_out_of_range(settings, error, words):
    with pytest.raises(error, match=words):
        method("smooth_grad", **settings)


@pytest.mark.parametrize("inner", ["saliency", "lrp"])
def test_no_pass_is_kept_while_others_are_made(x, inner):
    kept, alive, sizes = [], [], []

    class Watched(nn.Module):
        def forward(self, rows):
            alive.append(sum(not reference.expired() for reference in kept))
            sizes.append(len(rows))
            hidden = torch.tanh(rows)
            kept.append(StorageWeakRef(hidden.untyped_storage()))
            return hidden.flatten(1).sum(1)

    gc.disable()
    try:
        method("smooth_grad", samples=4, of={"name": inner})(Watched(), x, memory="6KB")
    finally:
        gc.enable()
    written = x[0].numel() * x.element_size() * (2 if inner == "lrp" else 1)
    assert max(sizes) * written <= 6_000
    assert len(sizes) > 4
    assert max(alive[3:]) == 0
