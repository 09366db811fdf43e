from __future__ import annotations

import pytest
import torch
from torch import nn

from pellucid.attribution.method import method


class Game(nn.Module):
    """x0 x1 + 2 x2 x3 x4 + x5 - 3."""

    def forward(self, x):
        return x[:, 0] * x[:, 1] + 2 * x[:, 2] * x[:, 3] * x[:, 4] + x[:, 5] - 3


def test_a_game_known_by_symmetry():
    answer = method("kernel_shap")(Game(), torch.ones(1, 6, dtype=torch.float64))
    expected = torch.tensor([[1 / 2, 1 / 2, 2 / 3, 2 / 3, 2 / 3, 1]], dtype=torch.float64)
    assert torch.allclose(answer.relevance, expected, atol=1e-12)
    assert float(answer.base) == -3
    assert float(answer.gap) < 1e-12
    assert answer.warnings == ()


def test_from_another_baseline():
    x, start = torch.ones(1, 6, dtype=torch.float64), torch.zeros(6, dtype=torch.float64)
    start[[0, 2]] = 1
    answer = method("kernel_shap")(Game(), x, baseline=start)
    assert torch.allclose(answer.relevance, torch.tensor([[0, 1, 0, 1, 1, 1]], dtype=torch.float64), atol=1e-12)


@pytest.mark.parametrize("count", [8, 30, 192])
def test_a_linear_module_gives_its_weights(count):
    module = nn.Linear(count, 2).double().requires_grad_(False)
    module.weight.copy_(torch.linspace(0.001, 0.03, 2 * count).reshape(2, count))
    x = torch.linspace(-1, 3, count, dtype=torch.float64)[None]
    answer = method("kernel_shap")(module, x, target="all")
    assert torch.allclose(answer.relevance, module.weight * x, atol=1e-12)
    assert torch.allclose(answer.base, module.bias, atol=1e-12)


@pytest.mark.parametrize("samples", [40, 500, 2048])
def test_sampled_shares_add_up_exactly(samples):
    module = nn.Sequential(nn.Linear(20, 8), nn.ReLU(), nn.Linear(8, 3)).double()
    x = torch.linspace(-1, 2, 40, dtype=torch.float64).reshape(2, 20)
    answer = method("kernel_shap", samples=samples)(module, x, target="all")
    assert answer.gap.max() < 1e-12
    assert torch.allclose(answer.relevance.sum(-1) + answer.base, answer.score, atol=1e-12)


def test_samples_that_leave_shares_open_are_said():
    module, x = nn.Linear(30, 1).double(), torch.ones(1, 30, dtype=torch.float64)
    answer = method("kernel_shap", samples=20)(module, x)
    assert "20 samples do not decide the shares of 30 parts" in answer.warnings[0]
    assert float(answer.gap) < 1e-10


class Limb(nn.Module):
    """I x II + III^2, of leads I, II and III = II - I."""

    def forward(self, x):
        one, two, three = x[:, :, 0].unbind(1)
        return one * two + three**2


def einthoven(rows):
    rows[:, 2] = rows[:, 1] - rows[:, 0]
    return rows


def test_dependent_leads_are_built_anew_and_the_sum_holds():
    a, b = 2.0, 5.0
    x = torch.tensor([[[a], [b], [b - a]]], dtype=torch.float64)
    labels = torch.tensor([[0], [1], [-1]])
    answer = method("kernel_shap")(Limb(), x, parts=labels, rebuild=einthoven)
    whole = a * b + (b - a) ** 2
    first, second = (a**2 + whole - b**2) / 2, (b**2 + whole - a**2) / 2
    assert answer.relevance.flatten().tolist() == pytest.approx([first, second, 0], abs=1e-12)
    assert float(answer.base) == 0
    assert float(answer.gap) < 1e-14
    stale = method("kernel_shap")(Limb(), x, parts=labels)
    assert stale.relevance.flatten().tolist() == pytest.approx([a * b / 2, a * b / 2, 0], abs=1e-12)
    assert float(stale.base) == (b - a) ** 2


def test_a_rebuild_that_changes_the_input_itself_is_seen_in_the_gap():
    x = torch.tensor([[[2.0], [5.0], [0.0]]], dtype=torch.float64)
    answer = method("kernel_shap")(Limb(), x, parts=torch.tensor([[0], [1], [-1]]), rebuild=einthoven)
    assert float(answer.gap) == pytest.approx(9 / 25, abs=1e-6)  # over a worth that runs from 0 to 25
    assert "misses the score" in answer.warnings[0]
