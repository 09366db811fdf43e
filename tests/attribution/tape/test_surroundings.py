from __future__ import annotations

import threading

import torch
from torch import nn

from pellucid.attribution.tape.surroundings import Places, recordable


def test_the_last_thread_to_leave_puts_the_fast_path_back():
    inside, go_on = threading.Event(), threading.Event()

    def other():
        with recordable():
            inside.set()
            go_on.wait()

    assert torch.backends.mha.get_fastpath_enabled()
    thread = threading.Thread(target=other)
    thread.start()
    inside.wait()
    with recordable():
        assert not torch.backends.mha.get_fastpath_enabled()
    assert not torch.backends.mha.get_fastpath_enabled()
    go_on.set()
    thread.join()
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_fast_path_that_was_off_stays_off():
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with recordable():
            assert not torch.backends.mha.get_fastpath_enabled()
        assert not torch.backends.mha.get_fastpath_enabled()
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


def test_no_gradients_inside():
    with recordable():
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_without_torchs_private_switch_it_still_records(monkeypatch):
    monkeypatch.delattr(torch._C, "_AutoDispatchBelowAutograd")
    with recordable():
        assert not torch.is_grad_enabled()
        assert nn.Linear(2, 1)(torch.ones(1, 2)).shape == (1, 1)


class Notes(nn.Module):
    """Notes where it is before and after the module inside it ran."""

    def __init__(self, inner, seen):
        super().__init__()
        self.inner, self.seen, self.places = inner, seen, None

    def forward(self, x):
        self.seen.append(self.places().here)
        x = self.inner(x)
        self.seen.append(self.places().here)
        return x


def test_the_place_is_the_innermost_submodule():
    seen = []
    module = nn.Sequential(Notes(nn.Sequential(Notes(nn.Identity(), seen)), seen))
    places = Places(module)
    module[0].places = module[0].inner[0].places = lambda: places
    with places.followed():
        module(torch.ones(1))
        nn.Identity()(torch.ones(1))
        assert places.here == ""
    assert seen == ["0", "0.inner.0", "0.inner.0", "0"]


def test_a_submodule_in_another_thread_is_not_followed():
    module, seen = nn.Identity(), []
    part = nn.Sequential(module)
    places = Places(part)
    module.register_forward_hook(lambda *_: seen.append(places.here))
    with places.followed():
        thread = threading.Thread(target=lambda: part(torch.ones(1)))
        thread.start()
        thread.join()
    assert seen == [""]
