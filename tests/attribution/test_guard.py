from __future__ import annotations

import pickle
import threading
from collections import Counter, deque

import numpy as np
import pytest
import torch
from torch import nn

from pellucid.attribution.guard import _open, guarded
from pellucid.core.errors import NotApplicableError


class Writing(nn.Module):
    """Writes into all that a module may hold."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.register_buffer("statistics", torch.zeros(2))
        self.loose = torch.zeros(2)
        self.log, self.table, self.seen = [1], {"a": 1}, {1}
        self.queue, self.counted, self.pair = deque([1]), Counter("a"), ([1], 2)
        self.gone = "here"

    def forward(self, x):
        self.statistics += 1
        self.loose.add_(1)
        self.log.append(2)
        self.table["b"] = 2
        self.seen.add(2)
        self.queue.append(2)
        self.counted["b"] += 1
        self.pair[0].append(2)
        self.kept = x
        del self.gone
        self.linear.weight.requires_grad_(False)
        self.linear.bias.grad = torch.ones(2)
        self.linear.eval()
        self.linear.register_forward_hook(print)
        return self.linear(x)


def untouched(module):
    return (
        not module.statistics.any()
        and not module.loose.any()
        and (module.log, module.table, module.seen, module.gone) == ([1], {"a": 1}, {1}, "here")
        and (module.queue, module.counted, module.pair) == (deque([1]), Counter("a"), ([1], 2))
        and not hasattr(module, "kept")
        and module.linear.weight.requires_grad
        and module.linear.bias.grad is None
        and module.linear.training
        and not module.linear._forward_hooks
    )


class Renaming(nn.Module):
    """Holds one value under another name, in the same place."""

    def __init__(self):
        super().__init__()
        self.old = "kept"

    def forward(self, x):
        self.new = self.old
        del self.old
        return x


def test_a_value_that_changed_its_name_alone_has_its_own_again():
    module = Renaming()
    with guarded(module, ["cpu"]):
        module.forward(torch.zeros(1, 2))
        assert module.new == "kept"
    assert module.old == "kept"
    assert not hasattr(module, "new")


def test_everything_a_forward_pass_writes_is_put_back():
    module = Writing()
    log = module.log
    with guarded(module, ["cpu"]):
        module.forward(torch.zeros(1, 2))
        assert not untouched(module)
    assert untouched(module)
    assert module.log is log


def test_also_after_an_exception():
    module = Writing()
    with pytest.raises(ZeroDivisionError), guarded(module, ["cpu"]):
        module.forward(torch.zeros(1, 2))
        raise ZeroDivisionError
    assert untouched(module)


def test_an_interrupt_while_it_is_put_back_goes_on_when_all_is(monkeypatch):
    module = nn.Sequential(nn.BatchNorm1d(2), nn.BatchNorm1d(2)).eval()
    before, equal, calls = [buffer.clone() for buffer in module.buffers()], torch.equal, []

    def stopped(one, other):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return equal(one, other)

    with pytest.raises(KeyboardInterrupt), guarded(module, ["cpu"]):
        for buffer in module.buffers():
            buffer.data.add_(1)
        monkeypatch.setattr(torch, "equal", stopped)
    monkeypatch.undo()
    assert all(torch.equal(one, other) for one, other in zip(module.buffers(), before, strict=True))
    with guarded(module, ["cpu"]):
        module[0].running_mean.data.add_(1)
    assert not module[0].running_mean.any()


def test_the_last_of_several_threads_puts_back():
    module, inside, go_on = Writing(), threading.Event(), threading.Event()

    def other():
        with guarded(module, ["cpu"]):
            inside.set()
            go_on.wait()

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait()
    with guarded(module, ["cpu"]):
        module.forward(torch.zeros(1, 2))
    assert not untouched(module)
    go_on.set()
    thread.join()
    assert untouched(module)


def test_gradients_are_on_and_autocast_is_off_inside():
    module = nn.Linear(1, 1)
    with torch.inference_mode(), torch.autocast("cpu"):
        with guarded(module, ["cpu"]):
            assert torch.is_grad_enabled()
            assert not torch.is_inference_mode_enabled()
            assert not torch.is_autocast_enabled("cpu")
        assert torch.is_inference_mode_enabled()
        assert torch.is_autocast_enabled("cpu")


def double(weight):
    with torch.no_grad():
        weight.mul_(2)


def replace(weight):
    weight.data = weight.data * 2


def behind(weight):
    weight.data.mul_(2)


@pytest.mark.parametrize("change", [double, replace, behind])
def test_a_module_that_changes_its_weights_is_refused(change):
    module = nn.Sequential(nn.Linear(2, 2))
    with (
        pytest.raises(NotApplicableError, match=r"parameter '0\.weight' in its forward pass"),
        guarded(module, ["cpu"]),
    ):
        change(module[0].weight)


def test_a_module_without_shapes_is_refused():
    with pytest.raises(NotApplicableError, match="Run the module once"), guarded(nn.LazyLinear(2), ["cpu"]):
        pass


def test_a_module_without_values_is_refused():
    with (
        pytest.raises(NotApplicableError, match="'weight' has a shape and no values"),
        guarded(nn.Linear(1, 1, device="meta"), ["cpu"]),
    ):
        pass


def test_a_module_made_in_inference_mode_is_refused():
    with torch.inference_mode():
        module = nn.Linear(1, 1)
    with pytest.raises(NotApplicableError, match=r"outside of it"), guarded(module, ["cpu"]):
        pass


class Deep(nn.Module):
    """Counts in places inside others."""

    def __init__(self):
        super().__init__()
        self.log, self.array, self.itself = {"calls": [], "last": [torch.zeros(2)]}, np.zeros(2), []
        self.itself.append(self.itself)

    def forward(self, x):
        self.log["calls"].append(x)
        self.log["last"][0].data.add_(1)
        self.array += 1
        return x


def test_also_what_lies_inside_containers_and_arrays():
    module = Deep()
    size, calls = len(pickle.dumps(module)), module.log["calls"]
    with guarded(module, ["cpu"]):
        module(torch.zeros(1, 2))
        assert len(calls) == 1
    assert calls == []
    assert module.log["last"][0].tolist() == module.array.tolist() == [0, 0]
    assert len(pickle.dumps(module)) == size


def test_sparse_tensors_do_not_stand_in_the_way():
    module = nn.Linear(2, 2)
    module.register_buffer("near", torch.eye(2).to_sparse())
    module.weight = nn.Parameter(torch.eye(2).to_sparse())
    with guarded(module, ["cpu"]):
        module.weight.requires_grad_(False)
    assert module.weight.requires_grad


def test_weights_that_are_no_numbers_did_not_change():
    module = nn.Linear(2, 2)
    module.weight.data.fill_(torch.nan)
    with guarded(module, ["cpu"]):
        module.bias.requires_grad_(False)
    assert module.bias.requires_grad


def test_an_array_that_the_module_locks_does_not_stop_the_others():
    class Locking(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.count = np.zeros(2), [0]

        def forward(self, x):
            self.table.flags.writeable = False
            self.count.append(1)
            return x

    module = Locking()
    with guarded(module, {"cpu"}):
        module(torch.zeros(1))
    assert module.count == [0]


def test_what_submodules_share_is_copied_once():
    class Sharing(nn.Module):
        def __init__(self, shared):
            super().__init__()
            self.shared = shared

    shared = {"values": torch.zeros(3)}
    module = nn.Sequential(*(Sharing(shared) for _ in range(3)))
    with guarded(module, {"cpu"}):
        module[0].shared["values"] += 1
        module[1].shared["other"] = 1
        assert sum(len(kept._tensors) for kept in _open.values()) == 1
    assert shared.keys() == {"values"}
    assert shared["values"].tolist() == [0, 0, 0]


def test_a_weight_of_one_number_and_odd_strides():
    module = nn.Linear(1, 1)
    module.weight = nn.Parameter(torch.ones(7, 7)[:1, :1].t())
    with guarded(module, {"cpu"}):
        assert module(torch.ones(1, 1)).shape == (1, 1)
    with pytest.raises(NotApplicableError, match="changes its own parameter 'weight'"), guarded(module, {"cpu"}):
        module.weight.data.mul_(2)
