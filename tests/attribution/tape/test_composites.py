from __future__ import annotations

import pytest
import torch
from recordings import record
from torch import nn
from torch.nn import functional

from pellucid.core.randomness import torch_generator


class Attends(nn.Module):
    def __init__(self, shape, **settings):
        super().__init__()
        draw = torch_generator(0)
        self.key, self.value = (torch.randn(shape, generator=draw).double() for _ in range(2))
        self.settings = settings

    def forward(self, x):
        found = functional.scaled_dot_product_attention(x, self.key.to(x), self.value.to(x), **self.settings)
        return found.flatten(1)


HIDDEN = torch.tensor([[True, False, True], [False, False, False]])
ADDED = torch.tensor([[0.0, 1.0, -2.0], [0.5, float("-inf"), 0.0]]).double()


@pytest.mark.parametrize(
    ("heads", "keys", "settings"),
    [
        (2, (2, 2, 3, 4), {}),
        (2, (2, 2, 3, 4), {"scale": 0.3}),
        (2, (2, 2, 3, 4), {"is_causal": True}),
        (2, (2, 2, 3, 4), {"attn_mask": ADDED}),
        (2, (2, 2, 3, 4), {"attn_mask": HIDDEN}),
        (4, (2, 2, 3, 4), {"enable_gqa": True}),
    ],
)
def test_attention_is_spelled_out_as_torch_computes_it(heads, keys, settings):
    module = Attends(keys, **settings)
    x = torch.randn(2, heads, 2, 4, generator=torch_generator(1)).double()
    recorded = record(module, x)
    assert torch.allclose(recorded.logits, module(x), rtol=1e-12, atol=1e-14)
    names = [node.operator for node in recorded.tape.nodes]
    assert "bmm" in names
    assert any("softmax" in name for name in names)
    assert not any("attention" in name for name in names)


def test_attention_without_heads():
    module = Attends((3, 4))
    x = torch.randn(2, 4, generator=torch_generator(1)).double()
    assert torch.allclose(record(module, x).logits, module(x), rtol=1e-12)


class Runs(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0].flatten(1)


@pytest.mark.parametrize(
    "layer",
    [
        nn.RNN(3, 4, batch_first=True),
        nn.RNN(3, 4, batch_first=True, nonlinearity="relu", bias=False),
        nn.GRU(3, 4, 2, batch_first=True, bidirectional=True),
        nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True),
        nn.LSTM(3, 4, batch_first=True, proj_size=2),
    ],
)
def test_recurrent_layers_are_run_cell_by_cell(layer):
    module = Runs(layer.double())
    x = torch.randn(2, 5, 3, generator=torch_generator(1)).double()
    recorded = record(module, x)
    assert torch.allclose(recorded.logits, module(x), rtol=1e-12, atol=1e-14)
    assert {"linear", "tanh" if layer.mode != "RNN_RELU" else "relu"} <= {node.operator for node in recorded.tape.nodes}


def test_packed_sequences_are_run_as_torch_does():
    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.LSTM(3, 4, batch_first=True).double()

        def forward(self, x):
            packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3]), batch_first=True)
            return self.layer(packed)[1][0][0]

    x = torch.randn(2, 5, 3, generator=torch_generator(1)).double()
    module = Packed()
    assert torch.allclose(record(module, x).logits, module(x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("affine", [False, True])
def test_instance_norm_is_a_group_norm(affine):
    module = nn.Sequential(nn.InstanceNorm1d(3, affine=affine), nn.Flatten()).double()
    x = torch.randn(2, 3, 5, generator=torch_generator(1)).double()
    recorded = record(module, x)
    assert [node.operator for node in recorded.tape.nodes] == ["native_group_norm", "view"]
    assert torch.allclose(recorded.logits, module(x), rtol=1e-12)


def test_instance_norm_with_its_own_statistics_is_a_batch_norm():
    norm = nn.InstanceNorm1d(3, affine=True, track_running_stats=True).double()
    norm.running_mean.copy_(torch.tensor([0.1, 0.2, 0.3]))
    module = nn.Sequential(norm, nn.Flatten()).eval()
    x = torch.randn(2, 3, 5, generator=torch_generator(1)).double()
    recorded = record(module, x)
    assert any("batch_norm" in node.operator for node in recorded.tape.nodes)
    assert torch.allclose(recorded.logits, module(x), rtol=1e-12)


def test_a_linear_layer_stays_whole_in_three_dimensions():
    module = nn.Sequential(nn.Linear(3, 2), nn.Flatten()).double()
    nodes = record(module, torch.ones(2, 5, 3).double()).tape.nodes
    assert [node.operator for node in nodes] == ["linear", "view"]
    assert nodes[0].arguments["bias"] is not None


GATE, OTHER = torch.tensor([0.2, 0.4, 0.6, 0.8]).double(), torch.tensor([1.0, -1.0, 2.0, 0.5]).double()


@pytest.mark.parametrize(
    ("function", "operators"),
    [
        (lambda x: torch.lerp(x, OTHER, 0.3), {"sub", "mul", "add"}),
        (lambda x: torch.lerp(x, x.square(), GATE), {"pow", "sub", "mul", "add"}),
        (lambda x: torch.addcmul(x, x.square(), GATE, value=2.0), {"pow", "mul", "add"}),
        (lambda x: torch.addcdiv(OTHER, x, GATE, value=0.5), {"mul", "div", "add"}),
        (lambda x: x.var(1, keepdim=True), {"mean", "sub", "pow", "sum", "div"}),
        (lambda x: x.var(1, unbiased=False), {"mean", "sub", "pow", "sum", "div"}),
        (lambda x: x.var().expand(3, 4), {"mean", "sub", "pow", "sum", "div", "expand"}),
        (lambda x: torch.cat(torch.var_mean(x, 1, correction=2), -1), {"mean", "sub", "pow", "sum", "div", "cat"}),
        (lambda x: torch.stack(torch.std_mean(x, 1), 1), {"mean", "std", "stack"}),
        (lambda x: (x * 1).lerp_(OTHER, 0.3), {"mul", "sub", "add", "copy"}),
        (lambda x: (x * 1)[:, 1:].addcmul_(x[:, 1:], GATE[1:]), {"slice", "mul", "add", "copy"}),
    ],
)
def test_operators_without_a_rule_of_their_own_are_written_out(function, operators):
    class Writes(nn.Module):
        def forward(self, x):
            out = function(x)
            return out.reshape(3, -1) if len(out) % 3 == 0 else out

    x = torch.randn(3, 4, generator=torch_generator(1)).double()
    recorded = record(Writes(), x)
    assert torch.allclose(recorded.logits, Writes()(x).reshape(recorded.logits.shape), rtol=1e-12)
    assert {node.operator for node in recorded.tape.nodes} - {"view", "alias", "read", "write"} <= operators


@pytest.mark.parametrize("inplace", [False, True])
def test_a_randomised_rectifier_is_leaky_in_evaluation_mode(inplace):
    module, x = (
        nn.Sequential(nn.Linear(4, 4), nn.RReLU(0.1, 0.3, inplace=inplace)).double().eval(),
        torch.eye(4).double(),
    )
    recorded = record(module, x)
    assert torch.allclose(recorded.logits, nn.functional.leaky_relu(module[0](x), 0.2), rtol=1e-12)
    assert "leaky_relu" in {node.operator for node in recorded.tape.nodes}


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Conv1d(4, 6, 3, padding=1, stride=2, groups=2), (2, 4, 9)),
        (nn.Conv2d(4, 6, (3, 1), padding=(1, 0), dilation=2, bias=False), (2, 4, 9, 8)),
        (nn.Conv3d(2, 3, 2), (1, 2, 3, 4, 5)),
        (nn.Conv1d(4, 6, 3, padding="same"), (2, 4, 9)),
        (nn.Conv1d(4, 4, 3), (4, 9)),
    ],
    ids=["1-D", "2-D", "3-D", "padded by name", "without a batch"],
)
def test_a_convolution_is_one_operation_with_torchs_own_result(module, shape):
    module = module.double()
    x = torch.randn(*shape, generator=torch_generator(3), dtype=torch.double)

    class Flat(nn.Module):
        def forward(self, x):
            return module(x).reshape(len(x), -1)

    recorded = record(Flat(), x)
    assert torch.equal(recorded.logits, Flat()(x))
    assert [node.operator for node in recorded.tape.nodes].count("convolution") == 1


def test_a_batch_norm_in_evaluation_mode_is_one_operation():
    norm, x = nn.BatchNorm1d(3).double().eval(), torch.randn(2, 3, 5, generator=torch_generator(4), dtype=torch.double)
    norm.running_mean.add_(1)
    recorded = record(nn.Sequential(norm, nn.Flatten()), x)
    assert [node.operator for node in recorded.tape.nodes] == ["batch_norm", "view"]
    assert torch.equal(recorded.logits, norm(x).flatten(1))
