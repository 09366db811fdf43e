from __future__ import annotations

import torch

from pellucid.attribution.operators import operator, storage_of, tensors_in

aten = torch.ops.aten


def test_arguments_have_names_in_the_order_of_the_schema_and_defaults():
    add = operator(aten.add.Tensor)
    assert add.name == "add"
    assert list(add.named((1, 2), {}).items()) == [("self", 1), ("other", 2), ("alpha", 1)]
    assert add.named((1, 2), {"alpha": 3})["alpha"] == 3
    assert list(operator(aten.linear.default).named(("x", "w"), None)) == ["input", "weight", "bias"]


def test_what_writes_says_where():
    relu, into = operator(aten.relu_.default), operator(aten.add.out)
    assert (relu.name, relu.out_of_place, relu.written, relu.fresh) == ("relu_", "relu", ("self",), False)
    assert into.written == ("out",)
    assert operator(aten.relu.default).written == ()


def test_views_are_no_new_memory():
    assert not operator(aten.view.default).fresh
    assert operator(aten.mul.Tensor).fresh
    assert operator(aten.batch_norm_update_stats.default).fresh


def test_chance_and_statistics_are_doubtful():
    assert operator(aten.bernoulli.default).chance
    assert operator(aten.bernoulli.default).doubtful
    assert operator(aten.native_batch_norm.default).doubtful
    assert not operator(aten.native_batch_norm.default).chance
    assert not operator(aten._native_batch_norm_legit_no_training.default).doubtful


def test_composites_are_known():
    assert operator(aten.conv2d.default).composite
    assert not operator(aten.convolution.default).composite


def test_an_operator_is_called_by_names():
    called = operator(aten.add.Tensor).call({"self": torch.ones(2), "other": torch.ones(2), "alpha": 2})
    assert called.tolist() == [3.0, 3.0]


def test_tensors_are_found_in_lists():
    one, two = torch.zeros(1), torch.ones(1)
    found = tensors_in([one, 3, (two, None)])
    assert found[0] is one
    assert found[1] is two
    assert len(found) == 2


def test_views_share_their_storage():
    x = torch.zeros(4)
    assert storage_of(x) == storage_of(x[2:])
    assert storage_of(x) != storage_of(x.clone())
