"""On MONAI's own classifiers: gradients, relevance, windows, attention are right; beside its class activation map."""

from __future__ import annotations

import copy
import functools
import math
import warnings

import pytest
import torch
from occluded import both, missed, run_of, windows_of

import zoo
from pellucid.attribution.guard import guarded
from pellucid.attribution.method import method
from pellucid.attribution.question import Question
from pellucid.attribution.rules.derivatives import gradient
from pellucid.attribution.rules.engine import one_hot, propagate
from pellucid.attribution.tape.recording import Recorded
from zoo_monai import MONAI_CAGES, SHAPES, monai_inputs, monai_network

EVERY = pytest.mark.parametrize(("name", "dim"), MONAI_CAGES)


@functools.cache
def built(name, dim):
    """Return a network, made once for all tests: every method leaves it as it was."""
    return monai_network(name, dim)


def without_biases(module):
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if key.endswith(("bias", "running_mean", "cls_token", "position_embeddings")):
                tensor.zero_()
    return module


@EVERY
def test_the_tapes_gradient_is_autograds(name, dim):
    module, x = built(name, dim), monai_inputs(dim)
    with guarded(module, ["cpu"]):
        recorded = Recorded(Question(module=module, inputs=(x,)), (x,), ())
    leaf = x.clone().requires_grad_()
    logits = module(leaf)
    (expected,) = torch.autograd.grad(logits[:, 1].sum(), leaf)
    assert torch.allclose(recorded.logits, logits, rtol=1e-10)
    start = one_hot(recorded.tape, recorded.logits, torch.ones(2, dtype=torch.int64))
    (message,) = propagate(recorded.tape, start, lambda _: gradient)
    assert (message.c - expected).abs().max() < 1e-10 * expected.abs().max()


@EVERY
@pytest.mark.parametrize("rule", ["epsilon", "epsilon_plus"])
def test_the_ledger_closes(name, dim, rule):
    answer = method("lrp", rule=rule)(built(name, dim), monai_inputs(dim), target=[2, 0])
    assert answer.gap.max() < 1e-9
    total = answer.relevance.flatten(1).sum(1) + answer.ledger.total()
    assert (total - answer.score).abs().max() < 1e-9 * answer.score.abs().max()


@EVERY
def test_without_biases_the_sum_is_the_logit(name, dim):
    module, x = without_biases(copy.deepcopy(built(name, dim))), monai_inputs(dim)
    answer = method("lrp", eps=1e-12)(module, x, target=1)
    missed = (answer.relevance.flatten(1).sum(1) - answer.score).abs().max() / answer.score.abs().max()
    assert missed < 1e-9


@pytest.mark.parametrize(
    ("name", "dim"), [cage for cage in MONAI_CAGES if cage[0] != "vit"]
)  # the engine takes no tokens
def test_occlusion_has_the_networks_own_logits(name, dim):
    x, size = monai_inputs(dim), {1: 32, 2: 16}[dim]
    assert missed(*both(run_of(built(name, dim), x), windows_of(x, size, size), sample=1)) < 1e-9


def test_monais_class_activation_map_is_ours_times_the_cells_plus_the_bias():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MONAI imports is outdated in places
        from monai.visualize import CAM
    module, x = zoo.network("plain", 2, dtype=torch.float64), zoo.inputs(2, 3, dtype=torch.float64)
    judge = CAM(module, "features.5", "head.2", postprocessing=lambda given: given)
    theirs = judge.compute_map(x, class_idx=[2, 0, 1])  # the head is applied to every cell
    bias = module.head[2].bias.detach()[[2, 0, 1]]
    ours = method("cam")(module, x, target=[2, 0, 1]).cells
    expected = (torch.as_tensor(theirs) - bias[:, None, None, None]) / ours[0].numel()
    assert (ours - expected).abs().max() < 1e-9 * expected.abs().max()


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_rollout_finds_the_transformers_tokens(dim, weighted):
    patches = torch.arange(math.prod(size // 8 for size in SHAPES[dim][1:]))
    parts = patches.reshape(*(size // 8 for size in SHAPES[dim][1:])) + 1  # 0 is the class token
    for axis in range(dim):
        parts = parts.repeat_interleave(8, axis)
    ask = method("attention_rollout", gradient=weighted, read_out="first")
    answer = ask(built("vit", dim), monai_inputs(dim), target=1, parts=parts)
    tokens = answer.details["tokens"]
    assert tokens.shape == (2, len(patches) + 1)
    assert torch.allclose(answer.relevance.flatten(1).sum(1), tokens[:, 1:].sum(1), rtol=1e-10)
    if not weighted:
        assert torch.allclose(tokens.sum(1), torch.ones(2).double())
        weights = attention_of(built("vit", dim), monai_inputs(dim))
        rolled = torch.eye(len(patches) + 1).double()
        for layer in weights:
            rolled = (layer.mean(1) + torch.eye(len(rolled[-1]))) / 2 @ rolled
        assert torch.allclose(tokens, rolled[:, 0], rtol=1e-10)


def attention_of(module, x):
    """Return the attention that MONAI says it paid, layer by layer, (batch, head, query, key)."""
    blocks = module.vit.blocks
    for block in blocks:
        block.attn.save_attn = True
    try:
        with torch.no_grad():
            module(x)
        return [block.attn.att_mat.clone() for block in blocks]
    finally:
        for block in blocks:
            block.attn.save_attn, block.attn.att_mat = False, torch.Tensor()


@pytest.mark.parametrize("dim", [1, 2])
def test_relevance_through_the_softmax_is_accounted_for(dim):
    answer = method("attention_lrp")(built("vit", dim), monai_inputs(dim), target="all")
    assert answer.gap.max() < 1e-9
