from __future__ import annotations

import pytest
import torch
from occluded import both, planned, regions, run_of, windows_of
from torch import nn

import zoo
from pellucid.attribution.occluding.record import Unfit


def test_layers_become_whole_where_the_change_has_grown_over_most_of_them():
    module, x = zoo.network("plain", 1), zoo.inputs(1, 1)
    assert regions(planned(module, x, 2, 2)) == {
        "convolution": (1, 6), "batch_norm": (1, 6), "relu": (1, 6), "unsqueeze": (1, 6),
        "max_pool2d_with_indices": (1, 4), "squeeze": (1, 4),
    } | regions(planned(module, x, 2, 2))  # fmt: skip
    assert "convolution" not in regions(planned(module, x, 20, 20))


def test_a_way_that_depends_on_values_is_refused():
    class Branching(nn.Module):
        def forward(self, x):
            return (torch.relu(x) if x.sum() > 0 else x).sum(-1)

    with pytest.raises(Unfit, match="depends on its values"):
        planned(Branching(), torch.ones(1, 2, 8), 2, 2)


@pytest.mark.parametrize("shape", [(5,), (2, 4, 4, 4)])
def test_inputs_of_no_or_three_axes_are_refused(shape):
    class Sum(nn.Module):
        def forward(self, x):
            return x.flatten(1).cumsum(1)

    x = torch.ones(1, *shape)
    with pytest.raises(Unfit, match="no axes in space or time, or more than two"):
        both(run_of(Sum(), x), windows_of(x, 1, 1))


def test_a_step_names_what_it_reads_last():
    plan = planned(zoo.network("residual", 1), zoo.inputs(1, 1), 2, 2)
    steps = [step for _, steps in plan.stages for step in steps]
    forgotten = [value for step in steps for value in step.done]
    assert len(forgotten) == len(set(forgotten))
    read = {value for step in steps for value in step.reads}
    assert set(forgotten) == read - {plan.record.tape.logits}
