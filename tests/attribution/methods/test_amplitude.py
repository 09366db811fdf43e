from __future__ import annotations

import torch
from torch import nn

from pellucid.attribution.method import method


def test_the_distance_from_each_channels_median():
    x = torch.tensor([[[0.0, 0.0, 3.0, 1.0, -1.0], [5.0, 5.0, 5.0, 6.0, 9.0]]])
    relevance = method("amplitude")(nn.Flatten(), x, target=0).relevance
    assert relevance.tolist() == [[[0, 0, 3, 1, 1], [0, 0, 0, 1, 4]]]


def test_a_picture_has_one_median_a_channel():
    x = torch.tensor([[[[0.0, 0.0], [0.0, 4.0]], [[1.0, 1.0], [1.0, 0.0]]]])
    relevance = method("amplitude")(nn.Flatten(), x, target=0).relevance
    assert relevance.tolist() == [[[[0, 0], [0, 4]], [[0, 0], [0, 1]]]]


def test_features_without_time_have_one_median():
    assert method("amplitude")(nn.Linear(3, 1), torch.tensor([[1.0, 2.0, 4.0]])).relevance.tolist() == [[1, 0, 2]]


def test_the_network_does_not_matter():
    x = torch.rand(2, 3, 8, generator=torch.Generator())
    one, two = (method("amplitude")(nn.Sequential(nn.Flatten(), nn.Linear(24, 3)), x, target="all") for _ in range(2))
    assert torch.equal(one.relevance, two.relevance)
    assert not torch.equal(one.score, two.score)
