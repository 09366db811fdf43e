from __future__ import annotations

import torch
from torch import nn

import zoo
from pellucid.attribution.additive import HasAdditiveMap


def test_a_network_that_offers_its_map_is_known_by_it():
    class Additive(nn.Module):
        def additive_map(self, inputs):
            return inputs

    assert isinstance(Additive(), HasAdditiveMap)
    assert not isinstance(zoo.network("plain", 1), HasAdditiveMap)
    assert not isinstance(torch.nn.Identity(), HasAdditiveMap)
