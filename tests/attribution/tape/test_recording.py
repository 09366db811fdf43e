from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from recordings import Function, Writes, numbers, record
from torch import nn

import zoo
from pellucid.attribution.operators import tensors_in
from pellucid.attribution.rules.derivatives import gradient
from pellucid.attribution.rules.engine import propagate
from pellucid.attribution.tape.tape import Node
from pellucid.core.errors import NotApplicableError

ANIMALS = [*zoo.HARD_CAGES, *zoo.ODD_CAGES]


def logits_by_hand(module, output, rows):
    with torch.no_grad():
        found = module(*rows)
    if output is not None:
        found = getattr(found, output) if hasattr(found, "_fields") else found[output]
    return found.reshape(len(rows[0]), -1)


@pytest.mark.parametrize(("name", "dim"), ANIMALS)
def test_every_operation_run_again_gives_what_it_gave(name, dim):
    animal = {**zoo.HARD, **zoo.ODD}[name]
    module = zoo.network(name, dim, dtype=torch.float64)
    rows = tuple(tensor.double() for tensor in zoo.everything(name, dim, 2, dtype=torch.float64))
    recorded = record(module, *rows, output=animal.output)
    assert torch.allclose(recorded.logits, logits_by_hand(module, animal.output, rows), rtol=1e-12, atol=1e-13)
    assert torch.equal(recorded.tape.logits.data.reshape(recorded.logits.shape), recorded.logits)
    assert recorded.tape.nodes
    for given, value in zip(rows, recorded.tape.inputs, strict=True):
        assert torch.equal(given, value.data)
    for node in recorded.tape.nodes:
        again = tensors_in(node.run({}))
        assert len(again) == len(node.outs)
        for one, other in zip(again, node.outs, strict=True):
            assert torch.allclose(one, other.data, rtol=1e-12, atol=1e-14), str(node)


def test_an_operation_knows_the_submodule_it_ran_in():
    tape = record(zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)).tape
    places = [(node.operator, node.place) for node in tape.nodes]
    assert [place for name, place in places if name == "convolution"] == ["stem", "one", "two"]
    assert [place for name, place in places if "batch_norm" in name] == ["before", "after", "last"]
    assert ("relu", "") in places
    assert places[-1] == ("linear", "head")


def test_a_reused_submodule_is_named_each_time():
    tape = record(zoo.network("reused", 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)).tape
    assert [node.place for node in tape.nodes if node.operator == "relu"] == ["relu", "relu"]


def test_a_failed_submodule_whose_error_is_caught_does_not_stay_the_place():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError

    class Tries(nn.Module):
        def __init__(self):
            super().__init__()
            self.broken, self.head = Fails(), nn.Linear(4, 3).double()

        def forward(self, x):
            try:
                x = self.broken(x)
            except ValueError:
                x = x * 2
            return self.head(x).mul(3)

    tape = record(Tries(), numbers()).tape
    assert [(node.operator, node.place) for node in tape.nodes] == [("mul", ""), ("linear", "head"), ("mul", "")]


def test_what_leads_elsewhere_is_not_on_the_tape():
    def function(x):
        torch.relu(x).sum()
        return x * 2

    tape = record(Writes(function), numbers()).tape
    assert [node.operator for node in tape.nodes] == ["mul", "linear"]
    assert [node.operator for node in tape.inputs[0].users] == ["mul"]


def test_detach_cuts_the_way_back():
    tape = record(Writes(lambda x: x * torch.relu(x).detach()), numbers()).tape
    product = tape.nodes[0]
    assert product.operator == "mul"
    assert product.values() == (tape.inputs[0],)
    assert torch.equal(product.arguments["other"], numbers().relu())


def test_a_module_that_cuts_everything_is_refused():
    with pytest.raises(NotApplicableError, match="does not reach the logit"):
        record(Writes(lambda x: torch.relu(x).detach()), numbers())
    with pytest.raises(NotApplicableError, match="does not reach the logit"):
        record(Writes(torch.ones_like), numbers())


@pytest.mark.parametrize(
    ("leave", "words"),
    [
        (lambda x: x * x.sum().item(), r"item\(\)"),
        (lambda x: x * float(x[0, 0]), r"item\(\)"),
        (lambda x: x * torch.from_numpy(x.numpy()), r"numpy\(\)"),
        (lambda x: x * float(np.abs(torch.fft.rfft(x).numpy())[0, 0]), r"numpy\(\)"),
        (lambda x: x * torch.from_numpy(np.asarray(x)), r"numpy\(\)"),
        (lambda x: x * torch.tensor(x.tolist()), r"tolist\(\)"),
        (lambda x: x * torch.tensor(x[0].mul(2).tolist()), r"tolist\(\)"),
    ],
)
def test_a_value_may_not_leave_torch(leave, words):
    with pytest.raises(NotApplicableError, match=words):
        record(Writes(leave), numbers())


def test_constants_may_leave_torch():
    module = Writes(lambda x: x * torch.ones(2).sum().item() + torch.ones(4, dtype=torch.float64).numpy()[0])
    assert not record(module, numbers()).tape.branches


@pytest.mark.parametrize(
    "ask", [lambda x: bool((x > 0).any()), lambda x: (x > 0).sum().item(), lambda x: int(x.argmax())]
)
def test_asking_for_a_truth_is_a_branch(ask):
    assert record(Writes(lambda x: x * 2 if ask(x) else x), numbers()).tape.branches
    assert not record(Writes(lambda x: torch.where(x > 0, x, 2 * x)), numbers()).tape.branches


def test_the_input_is_left_alone_by_a_module_that_writes_into_it():
    x = numbers()
    recorded = record(Writes(lambda x: x.mul_(2)), x)
    assert torch.equal(x, numbers())
    assert torch.equal(recorded.tape.inputs[0].data, numbers())


class Boom(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(4, 4).double()

    def forward(self, x):
        self.gru(x)
        raise ZeroDivisionError


def switches():
    return (
        torch.backends.mha.get_fastpath_enabled(),
        torch.backends.mkldnn.enabled,
        torch.backends.mkldnn.allow_tf32,
        torch.backends.cudnn.enabled,
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        len(torch.nn.modules.module._global_forward_hooks),
        len(torch.nn.modules.module._global_forward_pre_hooks),
        torch._C._len_torch_dispatch_stack(),
        torch._C._len_torch_function_stack(),
    )


@pytest.mark.parametrize("module", [Boom(), zoo.network("gru", 1, dtype=torch.float64)])
def test_torch_is_left_as_it_was(module):
    before, x = switches(), zoo.inputs(1, 2, dtype=torch.float64)
    if isinstance(module, Boom):
        with pytest.raises(ZeroDivisionError):
            record(module, x[:, :, :4])
    else:
        record(module, x)
    assert switches() == before


@pytest.mark.parametrize(
    "block", [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu"), torch.enable_grad]
)
def test_the_surroundings_do_not_change_what_is_recorded(block):
    module, x = zoo.network("encoder", 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)
    usual = record(module, x)
    with block():
        found = record(module, x)
    assert [node.operator for node in found.tape.nodes] == [node.operator for node in usual.tape.nodes]
    assert torch.equal(found.logits, usual.logits)
    assert found.logits.dtype == torch.float64


def test_the_callers_hooks_run_once():
    module, seen = zoo.network("plain", 1, dtype=torch.float64), []
    module.features[2].register_forward_hook(lambda part, inputs, output: seen.append(output.shape))
    module.register_forward_pre_hook(lambda part, inputs: (inputs[0] * 2,))
    x = zoo.inputs(1, 2, dtype=torch.float64)
    recorded = record(module, x)
    assert len(seen) == 1
    with torch.no_grad():
        assert torch.allclose(recorded.logits, module(x), rtol=1e-12)


def test_threads_do_not_disturb_each_other():
    cages = [("encoder", 1), ("recurrent", 1), ("plain", 2), ("recurrent", 1)]

    def one(cage):
        recorded = record(zoo.network(*cage, dtype=torch.float64), zoo.inputs(cage[1], 2, dtype=torch.float64))
        return recorded.logits, [(node.operator, node.place) for node in recorded.tape.nodes]

    before, alone = switches(), [one(cage) for cage in cages]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(one, cages))
    assert switches() == before
    for (logits, nodes), (expected, names) in zip(together, alone, strict=True):
        assert torch.equal(logits, expected)
        assert nodes == names


def test_what_a_row_costs_is_about_the_same_for_any_batch():
    module = zoo.network("residual", 1, dtype=torch.float64)
    one, three = (record(module, zoo.inputs(1, batch, dtype=torch.float64)).bytes_a_row for batch in (1, 3))
    assert one > 4 * 24 * 8
    assert abs(one - three) < 0.02 * one


def test_chance_is_refused():
    with pytest.raises(NotApplicableError, match="random numbers"):
        record(Writes(lambda x: nn.functional.dropout(x, 0.5)), numbers())


def test_a_write_into_several_tensors_at_once_is_refused():
    def function(x):
        parts = [x * 2, x * 3]
        torch._foreach_mul_(parts, 2.0)
        return parts[0] + parts[1]

    with pytest.raises(NotApplicableError, match="_foreach_mul writes into several"):
        record(Writes(function), numbers())


@pytest.mark.parametrize(
    "write", [lambda x: x.detach().mul_(2), lambda x: x.data.clamp_(min=0), lambda x: x.data[0].zero_()]
)
def test_a_write_behind_the_back_of_the_gradient_is_refused(write):
    def function(x):
        y = x * 1
        write(y)
        return y

    with pytest.raises(NotApplicableError, match=r"detach\(\) or \.data gave.* out of place"):
        record(Writes(function), numbers())
    apart = record(Writes(lambda x: x + x.detach().clone().mul_(2)), numbers())
    assert torch.allclose(apart.logits, Writes(lambda x: 3 * x)(numbers()))


@pytest.mark.parametrize("view", [lambda y: y.detach(), lambda y: y.data, lambda y: y[:1].detach()])
def test_what_is_detached_follows_later_writes_into_its_value(view):
    def function(x):
        y = x * 1
        apart = view(y)
        first = apart * y[: len(apart)]
        y.mul_(2)
        return y.index_add(0, torch.arange(len(apart)), first + apart * y[: len(apart)])

    module, x = Function(function), numbers()
    recorded = record(module, x)
    assert torch.allclose(recorded.logits, module(x), rtol=1e-12)
    (message,) = propagate(recorded.tape, torch.ones_like(x), lambda _: gradient)
    expected = torch.full_like(x, 2)
    reached = len(view(x))
    expected[:reached] += x[:reached] + 2 * (2 * x[:reached])  # x at first, 2 x when y = 2 x
    assert torch.allclose(message.c, expected, rtol=1e-12)


def test_a_write_beside_the_result_is_refused():
    def function(x):
        return torch.ops.aten.rrelu_with_noise(x, torch.zeros_like(x), 0.1, 0.3, False)

    with pytest.raises(NotApplicableError, match="rrelu_with_noise writes into 'noise' beside its result"):
        record(Function(function), numbers())


def live_nodes():
    return sum(type(thing) is Node for thing in gc.get_objects())


@pytest.mark.parametrize("leave", [lambda x: x * float(x[0, 0]), lambda x: torch.relu(x).detach(), lambda x: x[:, 9]])
def test_of_a_pass_that_fails_nothing_stays(leave):
    gc.collect()
    before = live_nodes()
    gc.disable()
    try:
        with pytest.raises((NotApplicableError, IndexError)):
            record(Writes(lambda x: leave(x.clone().mul_(2))), numbers())
        left = live_nodes()
    finally:
        gc.enable()
    assert left == before
