from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import NotApplicableError


class Two(nn.Module):
    """Two features at every second sample; logits 3 mean(A0) - 1 mean(A1), and its opposite."""

    def __init__(self):
        super().__init__()
        self.features = nn.Conv1d(1, 2, 1, stride=2, bias=False)
        self.features.weight.data = torch.tensor([[[1.0]], [[-2.0]]])
        self.head = nn.Linear(2, 2, bias=False)
        self.head.weight.data = torch.tensor([[3.0, -1.0], [-3.0, 1.0]])

    def forward(self, x):
        return self.head(self.features(x).mean(2))


X = torch.tensor([[[1.0, 9.0, 2.0, 9.0, -1.0, 9.0]]])


def test_a_map_worked_out_by_hand():
    answer = method("grad_cam", relu=False)(Two(), X, target=0)
    # A0 = 1, 2, -1; A1 = -2, -4, 2; weights (3, -1) / 3 cells
    assert torch.allclose(answer.cells, torch.tensor([[[5 / 3, 10 / 3, -5 / 3]]]))
    # cells at samples 0, 2, 4: linear between, flat after
    assert torch.allclose(answer.relevance, torch.tensor([[[5 / 3, 7.5 / 3, 10 / 3, 2.5 / 3, -5 / 3, -5 / 3]]]))
    assert answer.kind == "signed"


def test_the_rectifier_cuts_the_cells():
    answer = method("grad_cam")(Two(), X, target=0)
    assert torch.allclose(answer.relevance, torch.tensor([[[5 / 3, 7.5 / 3, 10 / 3, 5 / 3, 0, 0]]]))


def test_an_empty_map_is_zeros_and_says_so():
    answer = method("grad_cam")(Two(), X.abs(), target=1)
    assert answer.relevance.abs().sum() == 0
    assert bool(answer.empty[0])
    assert "zero everywhere" in answer.warnings[0]
    half = method("grad_cam")(Two(), X.abs(), target="all")
    assert half.empty.tolist() == [[False, True]]
    assert "for 1 of 2 maps" in half.warnings[0]


def test_weights_are_a_mean_over_rows_times_columns():
    module, x = zoo.network("plain", 2), zoo.inputs(2)
    values = module.features(x).detach().requires_grad_()
    gradient = torch.autograd.grad(module.head(values)[:, 1].sum(), values)[0]
    weights = gradient.sum((2, 3)) / (values.shape[2] * values.shape[3])
    cells = (weights[..., None, None] * values).sum(1).clamp(min=0)
    assert torch.allclose(method("grad_cam")(module, x, target=1).cells[:, 0], cells, atol=1e-6)


def test_leads_kept_apart_have_weights_and_maps_of_their_own():
    module, x = zoo.network("leads_apart", 1), zoo.inputs(1)
    answer = method("grad_cam", relu=False)(module, x, target=2)
    assert answer.relevance.shape == x.shape
    for lead in range(4):
        alone = torch.relu(module.encoder(x[:, lead : lead + 1]))
        weights = module.head.weight[2].reshape(4, 5)[lead] / alone.shape[2]
        assert torch.allclose(answer.cells[:, lead], torch.einsum("bft,f->bt", alone, weights), atol=1e-6)


def test_a_layer_called_twice_shows_its_last_call_and_says_so():
    answer = method("grad_cam", layer="relu")(zoo.network("reused", 1), zoo.inputs(1), target=0)
    assert "called 2 times" in answer.remarks[0]
    usual = method("grad_cam")(zoo.network("reused", 1), zoo.inputs(1), target=0)
    assert torch.allclose(answer.cells, usual.cells)


def test_guessed_places_are_said():
    class Rolled(zoo.Plain):
        def forward(self, x):
            return super().forward(x.flip(2))

    answer = method("grad_cam", layer="features.5")(zoo.seeded(Rolled(1)), zoo.inputs(1), target=0)
    assert "could not be followed" in answer.remarks[0]


def test_a_mirrored_picture_is_not_taken_for_an_upright_one():
    class Mirrored(zoo.Plain):
        def forward(self, x):
            rows, columns = torch.meshgrid(torch.linspace(-1, 1, 12), torch.linspace(1, -1, 12), indexing="ij")
            grid = torch.stack([columns, rows], 2).expand(len(x), -1, -1, -1)
            return super().forward(nn.functional.grid_sample(x, grid, align_corners=True))

    module, x = zoo.seeded(Mirrored(2)), zoo.inputs(2)
    with pytest.raises(NotApplicableError, match="none that could be followed"):
        method("grad_cam")(module, x, target=0)
    answer = method("grad_cam", layer="features.5")(module, x, target=0)
    assert "could not be followed" in answer.remarks[0]


@pytest.mark.parametrize("batch", [1, 2])
def test_leads_folded_into_the_batch_are_refused_whatever_the_batch(batch):
    class Folded(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.relu, self.head = nn.Conv1d(1, 1, 3), nn.ReLU(), nn.Linear(4, 3)

        def forward(self, x):
            inner = self.relu(self.one(x.flatten(0, 1)[:, None]))
            return self.head(inner.unflatten(0, x.shape[:2]).mean((2, 3)))

    with pytest.raises(NotApplicableError, match=f"the input's batch axis, of {batch}.*folded into the batch"):
        method("grad_cam", layer="relu")(zoo.seeded(Folded()), zoo.inputs(1, batch), target=0)


def test_it_is_not_for_inputs_without_space():
    with pytest.raises(NotApplicableError, match="axis in space or time"):
        method("grad_cam")(nn.Linear(4, 2), torch.ones(1, 4), target=0)
