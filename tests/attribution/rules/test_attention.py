from __future__ import annotations

import pytest
import torch
from recordings import Function, record

import zoo
from pellucid.attribution.rules.attention import attentions
from pellucid.core.errors import NotApplicableError

SIZES = {
    "attention": [(4, 12, 12)],
    "multihead": [(2, 2, 8, 8)],
    "multihead_weights": [(4, 8, 8)],
    "attention_across": [(4, 2, 8)],
    "encoder": [(4, 8, 8)] * 2,
    "encoder_causal": [(4, 8, 8)] * 2,
    "vit": [(2, 2, 9, 9)] * 2,
}


@pytest.mark.parametrize("name", SIZES)
def test_the_attention_weights_of_each_layer_are_found(name):
    tape = record(zoo.network(name, 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)).tape
    found = attentions(tape, 2)
    heads = [value.data.reshape(2, -1, *value.data.shape[-2:]) for value in found]
    wanted = [torch.Size((2, torch.Size(size[:-2]).numel() // 2, *size[-2:])) for size in SIZES[name]]
    assert [value.shape for value in heads] == wanted
    assert all(torch.allclose(value.data.sum(-1), torch.ones(()).double()) for value in found)


@pytest.mark.parametrize(
    "module",
    [
        zoo.network("plain", 1, dtype=torch.float64),
        zoo.network("pool_attention", 1, dtype=torch.float64),
        zoo.network("gate", 1, dtype=torch.float64),
        Function(lambda x: torch.softmax(x, -1).mean(-1)),
    ],
)
def test_a_softmax_that_weighs_nothing_in_a_matrix_product_is_none(module):
    with pytest.raises(NotApplicableError, match="the module has no attention"):
        attentions(record(module, zoo.inputs(1, 2, dtype=torch.float64)).tape, 2)
