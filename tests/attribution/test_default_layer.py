from __future__ import annotations

import pytest
import torch

import zoo
from pellucid.attribution.default_layer import cuts, folded, last_with_space, origin
from pellucid.attribution.recorder import Recorder
from pellucid.core.errors import NotApplicableError

AXES = range(2, 3)


def found(function, x=None):
    x = torch.rand(2, 3, 8) if x is None else x
    with Recorder(x) as recorder:
        out = function(x)
    view, layout, value = last_with_space(recorder, out, AXES)
    return recorder, view, layout, value


@pytest.mark.parametrize(
    ("function", "operator"),
    [
        (lambda x: x.exp().mean(2), "exp"),
        (lambda x: x.exp().mean(2, keepdim=True).flatten(1), "exp"),
        (lambda x: x.exp().flatten(1) @ torch.ones(24, 2), "exp"),
        (lambda x: torch.nn.functional.adaptive_avg_pool1d(x.exp(), 1), "exp"),
        (lambda x: torch.cat([x.exp().mean(2), x.exp().amax(2)], 1), None),
        (lambda x: torch.cat([(y := x.exp()).mean(2), y.amax(2)], 1), "exp"),
        (lambda x: ((y := x.exp()).softmax(2) * y).sum(2), "mul"),
        (lambda x: (x.exp() * torch.sigmoid(x.exp().mean(2, keepdim=True))).sum(2), "mul"),
        (lambda x: torch.bmm(x.exp(), torch.ones(2, 8, 1)).squeeze(2), "exp"),
        (lambda x: x.exp().add_(1).relu_().mean(2), "relu"),
        (lambda x: x.exp().contiguous().clone().mean(2), "exp"),
    ],
)
def test_everything_passes_through_the_layer_and_space_ends_after_it(function, operator):
    if operator is None:
        with pytest.raises(NotApplicableError, match="no value on the way"):
            found(function)
        return
    recorder, _, _, value = found(function)
    assert origin(recorder, value) == operator


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x.exp()[:, :, -1], "single positions"),
        (lambda x: torch.stack(x.exp().unbind(2)).sum(0), "single positions"),
        (lambda x: x.exp().flip(2).mean(2), "flip"),
        (lambda x: torch.ones(2, 3), "does not reach"),
        (lambda x: x.mean(2), "no value on the way"),
        (lambda x: x.exp().flatten(0, 1).mean(1).reshape(2, 3), None),
        (lambda x: (x.flatten(0, 1).exp()).mean(1).reshape(2, 3), "batch axis, of 2; it gives"),
    ],
)
def test_what_leaves_nothing_to_draw_is_refused(function, words):
    if words is None:
        assert found(function)[3].operator == "exp"
        return
    with pytest.raises(NotApplicableError, match=words):
        found(function)


def test_a_view_that_unfolds_the_batch_is_preferred():
    def function(x):
        return x.flatten(0, 1).exp().unflatten(0, (2, 3)).mean(2)

    _, view, _, _ = found(function)
    assert view.shape == (2, 3, 8)


def test_a_residual_inside_is_no_cut():
    module, x = zoo.network("residual", 1), zoo.inputs(1)
    with Recorder(x) as recorder:
        out = module(x)
    names = [value.operator for value in cuts(recorder.between(out))]
    assert names.count("convolution") == 1
    assert names[-1] in ("addmm", "view")


def test_the_words_for_a_folded_batch_show_both_shapes():
    assert "batch axis, of 3; it gives (12, 5)" in folded("layer 'a'", (12, 5), (3, 4, 24))
