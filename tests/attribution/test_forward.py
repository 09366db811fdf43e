from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import zoo
from pellucid.attribution.forward import Forward
from pellucid.attribution.question import Question
from pellucid.core.errors import NotApplicableError


def of(module, *inputs, **settings):
    return Forward(Question(module=module, inputs=inputs), inputs, (), **settings)


def test_gradients_of_each_rows_own_class():
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    module = nn.Linear(2, 2)
    module.weight.data = weight
    forward = of(module, torch.ones(2, 2))
    assert forward.gradients(torch.tensor([1, 0]), keep=True)[0].tolist() == [[3, 4], [1, 2]]
    assert forward.gradients(torch.tensor([0, 0]), keep=False)[0].tolist() == [[1, 2], [1, 2]]
    assert module.weight.grad is None


def test_the_cost_is_measured_when_watched():
    assert of(nn.ReLU(), torch.zeros(4, 8), watched=True).bytes_a_row == 8 * 4
    assert of(nn.ReLU(), torch.zeros(4, 8)).bytes_a_row == 0


def test_an_input_that_does_not_reach_the_logit_is_named():
    class First(nn.Module):
        def forward(self, x, y):
            return x

    with pytest.raises(NotApplicableError, match="input 1 does not reach the logit"):
        of(First(), torch.zeros(1, 2), torch.zeros(1, 3)).gradients(torch.tensor([0]), keep=False)


@pytest.mark.parametrize(
    "cut", [lambda x: x.detach(), lambda x: (x > 0).float(), lambda x: torch.from_numpy(x.detach().numpy())]
)
def test_a_way_that_is_cut_is_said(cut):
    class Cut(nn.Module):
        def forward(self, x):
            return cut(x)

    with pytest.raises(NotApplicableError, match="cuts the way back"):
        of(Cut(), torch.zeros(1, 2)).gradients(torch.tensor([0]), keep=False)


def test_a_gradient_that_is_no_number_is_refused():
    class Root(nn.Module):
        def forward(self, x):
            return x.sqrt()

    with pytest.raises(NotApplicableError, match="NaN or infinite"):
        of(Root(), torch.zeros(1, 2)).gradients(torch.tensor([0]), keep=False)


def test_what_autograd_cannot_do_is_said_in_words():
    class Overwritten(nn.Module):
        def forward(self, x):
            y = x.sigmoid()
            return y.mul_(2) + y

    with pytest.raises(NotApplicableError, match="modified by an inplace operation") as caught:
        of(Overwritten(), torch.zeros(1, 2)).gradients(torch.tensor([0]), keep=False)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_inputs_of_inference_mode_may_be_explained():
    with torch.inference_mode():
        x = torch.ones(1, 2)
    assert of(nn.ReLU(), x).gradients(torch.tensor([0]), keep=False)[0].tolist() == [[1, 0]]


def test_batch_statistics_of_one_row_are_doubtful():
    x = zoo.inputs(1)
    assert of(zoo.network("norms", 1), x[:1], watched=True).doubtful
    assert not of(zoo.network("plain", 1), x[:1], watched=True).doubtful


def test_where_memory_ends_the_module_is_not_blamed():
    class Wide(nn.Module):
        def forward(self, x):
            return x[:, None].expand(1, 2**52, 2)[:, 0]

    with pytest.raises(RuntimeError, match="allocate memory") as caught:
        of(Wide(), torch.zeros(1, 2)).gradients(torch.tensor([0]), keep=False)
    assert not isinstance(caught.value, NotApplicableError)


def test_a_checkpoint_that_runs_twice_is_refused_with_its_remedy():
    class Checkpointed(nn.Module):
        def forward(self, x):
            return checkpoint(torch.sin, x, use_reentrant=True)

    with pytest.raises(NotApplicableError, match=r"way back.*use_reentrant=False\.$"):
        of(Checkpointed(), torch.zeros(1, 2)).gradients(torch.tensor([0]), keep=False)
