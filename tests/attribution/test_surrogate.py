from __future__ import annotations

import pytest
import torch
from torch import nn

from pellucid.attribution.attribute import attribute
from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, SettingError
from pellucid.core.progress import shown_by

BOTH = pytest.mark.parametrize("name", ["lime", "kernel_shap"])
PASSES = []
LEADS = torch.tensor([[0], [1]])


class Counted(nn.Module):
    """Two logits of two channels: sum of the first, of both; notes how many rows come at once."""

    def forward(self, x):
        PASSES.append(len(x))
        means = x.mean(2)
        return torch.stack([means[:, 0], means.sum(1)], 1)


X = torch.tensor([[[1.0, 3.0, 2.0], [5.0, 5.0, 5.0]], [[-1.0, 0.0, -2.0], [0.5, 0.5, 2.0]]], dtype=torch.float64)


@BOTH
def test_one_set_of_passes_serves_all_classes(name):
    ask = method(name, parts=3)
    counts = []
    for target in (0, "all"):
        PASSES.clear()
        ask(Counted(), X[:1], target=target)
        counts.append(sum(PASSES))
        assert max(PASSES) <= 16
    assert counts == [2**6 + 3] * 2  # and one for the score, two to see whether rows mix


@BOTH
def test_a_label_map_at_the_call_or_a_number_as_a_setting(name):
    leads = attribute(Counted(), X, name, target=1, parts=LEADS)
    assert torch.allclose(leads, X.mean(2, keepdim=True).expand_as(X) / 3, atol=1e-12)
    assert torch.allclose(leads, attribute(Counted(), X, name, target=1, parts=1), atol=1e-12)
    windows = attribute(Counted(), X, name, target=1, parts=3)
    assert torch.allclose(windows, X / 3, atol=1e-12)


@BOTH
def test_details_hold_the_weights_and_the_parts(name):
    answer = method(name)(Counted(), X, target="all", parts=LEADS + 5)
    assert answer.details["weights"].shape == (2, 2, 2)
    means = X.mean(2)
    assert torch.allclose(answer.details["weights"][:, 1], means, atol=1e-12)
    assert torch.allclose(answer.details["weights"][:, 0, 1], torch.zeros(2, dtype=torch.float64), atol=1e-12)
    assert answer.details["parts"].tolist() == [[[[0], [1]]] * 2] * 2
    assert torch.allclose(answer.relevance.sum(-1), answer.details["weights"], atol=1e-12)


@BOTH
def test_each_sample_may_have_its_own_parts_and_some_are_never_changed(name):
    labels = torch.tensor([[[0, 0, 1], [1, 2, -1]], [[0, 0, 0], [2, 2, -1]]])
    answer = method(name)(Counted(), X, target=1, parts=labels)
    weights = answer.details["weights"]
    assert torch.allclose(weights[0], torch.tensor([4.0, 7.0, 5.0], dtype=torch.float64) / 3, atol=1e-12)
    assert torch.allclose(weights[1], torch.tensor([-3.0, 0.0, 1.0], dtype=torch.float64) / 3, atol=1e-12)
    assert (answer.relevance[:, 1, 2] == 0).all()
    alone = method(name)(Counted(), X[1:], target=1, parts=labels[1:])
    assert torch.allclose(alone.relevance[0], answer.relevance[1], atol=1e-12)


@BOTH
@pytest.mark.parametrize(
    ("settings", "options", "expected"),
    [
        ({"baseline": 1.0}, {}, X.mean(2) - 1),
        ({"baseline": "mean"}, {}, torch.zeros(2, 2)),
        ({}, {"baseline": X.flip(0)}, X.mean(2) - X.flip(0).mean(2)),
        ({}, {"baseline": X[0]}, X.mean(2) - X[:1].mean(2)),
    ],
    ids=["number", "mean", "tensor", "one for all"],
)
def test_parts_are_replaced_by_the_baseline(name, settings, options, expected):
    found = method(name, parts=1, **settings)(Counted(), X, target=1, **options).details["weights"]
    assert torch.allclose(found, expected.double(), atol=1e-12)


@BOTH
def test_memory_and_batch_do_not_change_the_answer(name):
    ask = method(name, parts=3, samples=8)
    whole = ask(Counted(), X, target=1).relevance
    PASSES.clear()
    assert torch.allclose(ask(Counted(), X, target=1, memory=1).relevance, whole, atol=1e-14)
    assert max(PASSES) <= 2  # two rows only to see that the module does not mix them


@BOTH
def test_progress_is_shown(name):
    seen = []

    def display(title, total):
        return lambda done: seen.append((title, done, total))

    with shown_by(display):
        method(name, parts=2)(Counted(), X, target=0)
    assert seen == [(name.replace("_", " "), done, 2) for done in (1, 2)]


@BOTH
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"parts": 0}, "parts must be 1"),
        ({"samples": 7}, "samples must be 8"),
        ({"seed": -1}, "seed must be 0"),
        ({"baseline": "nought"}, "zero, mean"),
    ],
)
def test_settings_out_of_range(name, settings, words):
    with pytest.raises(SettingError, match=words):
        method(name, **settings)


@BOTH
def test_options_of_a_wrong_kind_are_errors_in_words(name):
    for options, words in [
        ({"baseline": "mean"}, "baseline at the call must be a tensor; got 'mean'"),
        ({"baseline": torch.zeros(3)}, r"shape of one input, \(2, 3\)"),
        ({"parts": LEADS.double()}, "whole numbers; got torch.float64"),
    ]:
        with pytest.raises(InvalidInputError, match=words):
            method(name)(Counted(), X, target=0, **options)


@pytest.mark.parametrize(
    ("rebuild", "words"),
    [
        (torch.zeros(2), "rebuild must be a function of perturbed inputs; got Tensor"),
        (lambda rows: rows[:, :1], r"\(4, 2, 3\); got \(4, 1, 3\)"),
        (lambda rows: None, "got NoneType"),
        (lambda rows: rows / 0, "rebuild must return a finite tensor .* got NaN or infinite values"),
    ],
)
def test_a_wrong_rebuild_is_an_error_in_words(rebuild, words):
    with pytest.raises(InvalidInputError, match=words):
        method("kernel_shap")(Counted(), X, target=0, parts=LEADS, rebuild=rebuild)
