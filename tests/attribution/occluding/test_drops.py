from __future__ import annotations

import pytest
import torch
from occluded import run_of, windows_of
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.occluding import drops as place
from pellucid.attribution.occluding.engine import Engine
from pellucid.attribution.occluding.windows import grid


@pytest.fixture(autouse=True)
def small_is_worth_it(monkeypatch):
    monkeypatch.setattr(place, "_WORTH", 1)


@pytest.fixture
def engines(monkeypatch):
    made = []

    class Counted(Engine):
        def __init__(self, *given):
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr(place, "Engine", Counted)
    return made


def drops_of(module, x, **more):
    run, done = run_of(module, (x,)), []
    windows = windows_of(x, 3, 2, **more)
    with torch.no_grad():
        found = place.drops(run, 1, windows, torch.zeros_like(x[1]).__getitem__, done.append)
    return found, run, sum(done), len(windows)


def test_the_engine_is_taken_where_it_can_be_and_agrees(engines):
    module, x = zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, dtype=torch.float64)
    found, run, done, count = drops_of(module, x)
    plain = place._plain(run, 1, windows_of(x, 3, 2), torch.zeros_like(x[1]).__getitem__, lambda count: None)
    assert len(engines) == 1
    assert torch.allclose(found, plain[:, :1], atol=1e-12)
    assert found.shape == (count, 1)
    assert done == count
    assert run.declared.warnings == []


@pytest.mark.parametrize(("name", "dtype"), [("recurrent", torch.float64), ("plain", torch.bfloat16)])
def test_the_plain_way_is_taken_where_the_engine_cannot_follow_and_it_says_why(engines, name, dtype):
    module, x = zoo.network(name, 1, dtype=dtype), zoo.inputs(1, dtype=dtype)
    found, run, done, count = drops_of(module, x)
    assert len(engines) == (name == "recurrent")
    assert torch.isfinite(found).all()
    assert done == count
    assert [text.partition(": operation transpose")[0] for text in run.declared.warnings] == [
        "every window was run through the whole module, which takes longer"
    ] * len(engines)


def test_an_infinite_value_on_the_way(engines):
    class Hidden(zoo.Plain):
        def forward(self, x):
            return super().forward(x) + torch.clamp(x - torch.inf, max=0).exp().sum((1, 2))[:, None]

    found, run, _, _ = drops_of(zoo.seeded(Hidden(1)).double(), zoo.inputs(1, dtype=torch.float64))
    assert len(engines) == 1
    assert torch.isfinite(found).all()
    assert found.abs().max() > 0
    (warning,) = run.declared.warnings
    assert "every window was run through the whole module" in warning
    assert "infinite" in warning


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_engine_that_is_wrong_is_noticed_and_said(monkeypatch, dtype):
    class Wrong(Engine):
        def logits(self, most):
            for numbers, logits in super().logits(most):
                yield numbers, logits + 0.01 * (self.clean - self.plain)

    module, x = zoo.network("residual", 2, dtype=dtype), zoo.inputs(2, dtype=dtype)
    expected = drops_of(module, x)[0]
    monkeypatch.setattr(place, "Engine", Wrong)
    found, run, _, _ = drops_of(module, x)
    assert torch.allclose(found, expected, atol=1e-5)
    assert "every window was run through the whole module" in run.declared.warnings[0]
    answer = method("occlusion", window=3)(module, x, target=1)
    assert len(answer.warnings) == 1


def test_the_check_is_made_by_a_window_that_tells():
    x = torch.zeros(2, 40)
    x[1, 21] = 5
    windows = grid((2, 40), 2, 2, each=True, centred=False).windows
    assert windows[place._telling(x, windows, torch.zeros_like(x).__getitem__)] == (slice(1, 2), slice(20, 22))


def test_too_little_memory_or_work_takes_the_plain_way(engines, monkeypatch):
    module, x = zoo.network("plain", 1), zoo.inputs(1, 1)
    ask = method("occlusion", window=3)
    quick = ask(module, x, target=0).relevance
    assert len(engines) == 1
    assert torch.allclose(ask(module, x, target=0, memory=1).relevance, quick, atol=1e-6)
    monkeypatch.setattr(place, "_WORTH", 2**20)
    assert torch.allclose(ask(module, x, target=0).relevance, quick, atol=1e-6)
    assert len(engines) == 1


@pytest.mark.parametrize("baseline", ["mean", "interpolation", "noise"])
@pytest.mark.parametrize("channels", ["together", "each"])
def test_every_baseline_goes_the_quick_way(engines, baseline, channels):
    module, x = zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)
    ask = method("occlusion", window=5, stride=2, baseline=baseline, channels=channels, spread="centre")
    quick = ask(module, x, target="all").relevance
    assert len(engines) == 2
    assert torch.allclose(quick, ask(module, x, target="all", memory=1).relevance, atol=1e-12)


def test_a_module_that_raises_is_heard(engines):
    class Fussy(nn.Module):
        def forward(self, x):
            if len(x) > 1:
                raise RuntimeError("one at a time")
            return x.sum(-1)

    with pytest.raises(RuntimeError, match="one at a time"):
        drops_of(Fussy(), zoo.inputs(1))


def test_logits_of_less_precision_than_the_input_take_the_plain_way(engines):
    class Coarse(zoo.Plain):
        def forward(self, x):
            return super().forward(x).bfloat16()

    found, run, done, count = drops_of(zoo.seeded(Coarse(1)), zoo.inputs(1))
    assert found.abs().max() > 0
    assert done == count
    assert "too coarse to be checked" in run.declared.warnings[0]


def test_logits_of_more_precision_than_the_input_are_checked_by_that_of_the_input(engines):
    class Fine(zoo.Plain):
        def forward(self, x):
            return super().forward(x).double()

    found, run, _, _ = drops_of(zoo.seeded(Fine(1)), zoo.inputs(1))
    assert len(engines) == 1
    assert found.abs().max() > 0
    assert run.declared.warnings == []
