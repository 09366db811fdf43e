from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.layers import Capture, address
from pellucid.core.errors import InvalidInputError, NotApplicableError, UnknownNameError


def test_a_layer_by_name_or_itself():
    module = zoo.network("plain", 1)
    assert address(module, "features.5") == "features.5"
    assert address(module, module.features[5]) == "features.5"
    with pytest.raises(UnknownNameError, match=r"Did you mean 'features\.5'"):
        address(module, "feature.5")
    with pytest.raises(InvalidInputError, match="not part of it"):
        address(module, nn.ReLU())
    with pytest.raises(InvalidInputError, match="the module itself"):
        address(module, module)


def test_what_a_layer_gives_is_kept_as_it_was_then():
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True))
    x = torch.tensor([[1.0, -1.0]])
    capture = Capture(module, "0")
    with capture:
        module(x)
    assert torch.equal(capture.kept(), module[0](x))
    assert not module[0]._forward_hooks
    assert len(capture.calls) == 1


def test_the_last_of_several_calls_and_the_first_of_several_tensors():
    gru = nn.GRU(2, 3)
    module = nn.ModuleList([gru])
    capture = Capture(module, "0")
    with capture:
        gru(torch.zeros(4, 1, 2))
        out, _ = gru(torch.ones(4, 1, 2))
    assert len(capture.calls) == 2
    assert torch.equal(capture.kept(), out)


def test_other_threads_are_not_listened_to():
    module = nn.Sequential(nn.Linear(2, 2))
    capture = Capture(module, "0")
    with capture:
        thread = threading.Thread(target=lambda: module(torch.zeros(1, 2)))
        thread.start()
        thread.join()
    with pytest.raises(NotApplicableError, match="gave no tensor"):
        capture.kept()


def test_without_a_layer_nothing_is_kept():
    capture = Capture(nn.Linear(1, 1), None)
    with capture:
        pass
    assert capture.calls == []
