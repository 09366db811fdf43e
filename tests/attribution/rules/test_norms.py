from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import NotApplicableError
from pellucid.core.randomness import torch_generator


def shared(x, groups):
    """Return x less the mean of its group, and one over the deviation, both shaped (batch, group, element)."""
    rows = x.reshape(len(x), groups, -1)
    return rows - rows.mean(-1, keepdim=True), rows.var(-1, correction=0, keepdim=True)


NORMS = {
    "layer": (nn.LayerNorm((3, 4)), 1),
    "layer of the last axis": (nn.LayerNorm(4), 3),
    "layer without weights": (nn.LayerNorm(4, elementwise_affine=False), 3),
    "group": (nn.GroupNorm(3, 3), 3),
    "one group": (nn.GroupNorm(1, 3), 1),
    "group without weights": (nn.GroupNorm(1, 3, affine=False), 1),
    "instance": (nn.InstanceNorm1d(3, affine=True), 3),
    "instance without weights": (nn.InstanceNorm1d(3), 3),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("eps", [0.0, 0.3])
def test_the_deviation_is_held_constant(name, eps):
    norm, groups = NORMS[name]
    norm = zoo.seeded(norm.double())
    x = torch.randn(2, 3, 4, generator=torch_generator(1)).double()
    answer = method("lrp", eps=eps)(nn.Sequential(norm, nn.Flatten()), x, target="all")
    assert answer.gap.max() < 1e-12
    centred, variance = shared(x, groups)
    size = centred.shape[-1]
    plain = (centred / (variance + norm.eps).sqrt()).flatten(1)
    y = norm(x).flatten(1)
    at_zero = norm(torch.ones_like(x)).flatten(1)  # all the same: only the bias is left
    gain = torch.where(plain == 0, 0, (y - at_zero) / plain)
    kept = y.abs() / (y.abs() + eps)
    within = torch.block_diag(*[torch.eye(size).double() - 1 / size] * groups)
    scale = (variance + norm.eps).rsqrt().expand(-1, -1, size).reshape(2, -1)
    # z_k = g_k / sigma * sum over j of (1[j = k] - 1 / n) x_j + b_k
    expected = (kept * gain * scale)[:, :, None] * within * x.reshape(2, 1, -1)
    assert torch.allclose(answer.relevance.flatten(2), expected, rtol=1e-9, atol=1e-11)
    taken = {cause: rows for (_, cause), rows in answer.ledger.lines.items()}
    assert torch.allclose(taken["epsilon"], y * (1 - kept), atol=1e-11)
    if "without" not in name:
        assert torch.allclose(taken["bias"], at_zero * kept, atol=1e-11)


@pytest.mark.parametrize("eps", [None, 0.5])
def test_a_root_mean_square_norm_gives_each_element_its_own(eps):
    norm = zoo.seeded(nn.RMSNorm(4, eps=eps).double())
    x = torch.randn(2, 4, generator=torch_generator(1)).double()
    answer = method("lrp", eps=0.1)(norm, x, target="all")
    y = norm(x)
    expected = torch.diag_embed(y * y.abs() / (y.abs() + 0.1))
    assert torch.allclose(answer.relevance, expected, rtol=1e-10, atol=1e-12)
    assert answer.gap.max() < 1e-12


def test_relevance_that_came_as_r_is_divided_by_the_result_first():
    norm = zoo.seeded(nn.LayerNorm(4).double())
    x = torch.randn(2, 4, generator=torch_generator(1)).double()
    through = method("lrp", eps=0.0)(nn.Sequential(norm, nn.Softplus()), x, target="all")
    alone = method("lrp", eps=0.0)(norm, x, target="all")
    scale = (nn.functional.softplus(norm(x)) / norm(x))[:, :, None]
    assert torch.allclose(through.relevance, alone.relevance * scale, rtol=1e-9)


functional = nn.functional
MOVING = {
    "native_layer_norm": lambda x: functional.layer_norm(x, (4,), weight=x[0]),
    "native_group_norm": lambda x: functional.group_norm(x, 2, bias=x[0]),
    "rms_norm": lambda x: functional.rms_norm(x, (4,), weight=x[0]),
    "batch_norm": lambda x: functional.batch_norm(x, torch.zeros(4), x[0].square()),
}


@pytest.mark.parametrize("operator", MOVING)
def test_a_norm_by_numbers_that_depend_on_the_input_is_refused_with_its_place(operator):
    class Moving(nn.Module):
        def forward(self, x):
            return MOVING[operator](x)

    with pytest.raises(NotApplicableError, match=rf"those of operation \w*{operator} with .* in submodule '1' depend"):
        method("lrp")(nn.Sequential(nn.Linear(3, 4), Moving(), nn.Linear(4, 2)), torch.ones(1, 3), target=0)
