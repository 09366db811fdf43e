from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.rules.composites import COMPOSITES, Composite, composite
from pellucid.core.errors import SettingError

TABLES = {
    "epsilon_plus": {"convolution": "zplus"},
    "epsilon_plus_flat": {"convolution": "zplus", "dense": "epsilon", "first": "flat"},
    "epsilon_alpha2_beta1": {"convolution": "alpha2beta1"},
    "epsilon_alpha2_beta1_flat": {"convolution": "alpha2beta1", "first": "flat"},
    "epsilon_gamma_box": {"convolution": "gamma", "first": "zbox"},
    "gamma": {"convolution": "gamma", "dense": "gamma"},
}


@pytest.mark.parametrize("name", TABLES)
def test_a_composite_is_its_table(name):
    module, x = zoo.network("plain", 2, dtype=torch.float64), zoo.inputs(2, 2, dtype=torch.float64)
    bounds = {"low": -5.0, "high": 5.0} if "box" in name else {}
    by_name, by_table = (method("lrp", rule=rule, **bounds)(module, x, target=0) for rule in (name, TABLES[name]))
    assert torch.equal(by_name.relevance, by_table.relevance)
    plain = method("lrp")(module, x, target=0).relevance
    assert (by_name.relevance - plain).abs().max() > 0.01 * plain.abs().max()


def test_the_first_rule_goes_before_the_kind_of_layer():
    table = Composite("zplus", "epsilon", "flat")
    assert table.rule("convolution", convolution=True, first=True) == "flat"
    assert table.rule("linear", convolution=False, first=True) == "flat"
    assert table.rule("convolution", convolution=True, first=False) == "zplus"
    assert table.rule("linear", convolution=False, first=False) == "epsilon"
    assert Composite("zplus", "gamma").rule("linear", convolution=False, first=True) == "gamma"


def test_the_first_layer_alone_has_the_first_rule():
    module = zoo.seeded(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double())
    x = torch.tensor([[1.0, -2.0, 0.5]]).double()
    found = method("lrp", rule={"first": "flat"}, eps=0.0)(module, x, target=0)
    # flat gives each input the same; what the head took for its bias is missing
    kept = found.score - module[2].bias[0].detach()
    assert torch.allclose(found.relevance, kept.expand(1, 3) / 3)


def test_an_operator_named_in_the_table_goes_before_its_kind():
    class Two(nn.Module):
        """One dense layer whole, one as a product with a constant."""

        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(3, 4), nn.Parameter(torch.randn(4, 2))

        def forward(self, x):
            return torch.relu(self.one(x)) @ self.two

    module, x = zoo.seeded(Two()).double(), torch.tensor([[1.0, -2.0, 0.5]]).double()

    def found(rule):
        return method("lrp", rule=rule)(module, x, target=0).relevance

    both = {"linear": "zplus", "mm": "gamma"}
    assert torch.equal(found(both), found({"dense": "gamma", "linear": "zplus"}))
    assert torch.equal(found({"linear": "zplus"}), found({"dense": "epsilon", "first": "zplus"}))
    assert not torch.allclose(found(both), found("gamma"))
    assert not torch.allclose(found(both), found("zplus"))


def test_names_are_known_or_refused():
    assert composite("epsilon_plus") is COMPOSITES["epsilon_plus"]
    assert composite({}) == Composite("epsilon", "epsilon")
    with pytest.raises(SettingError, match="'epsilon_plus'"):
        composite("epsilon_pluss")
    with pytest.raises(SettingError, match="'convolution'"):
        composite({"convolutions": "epsilon"})
    with pytest.raises(SettingError, match="'zplus'"):
        composite({"dense": "zpluss"})
    with pytest.raises(SettingError):
        composite({"dense": "epsilon_plus"})
