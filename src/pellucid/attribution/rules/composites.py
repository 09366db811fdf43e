"""Which rule a weighted operation gets: one for all, a composite by kind and place, or the caller's own table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pellucid.attribution.rules.weighted import WEIGHTED_OPERATORS
from pellucid.attribution.rules.weighted_rules import WEIGHTED_RULES
from pellucid.core.errors import SettingError, unknown_name


@dataclass(frozen=True, slots=True)
class Composite:
    """A rule for convolutions, one for dense layers, and one for those that no weighted operation comes before.

    `named` has rules for single operators, which go before those of their kind.
    """

    convolution: str
    dense: str
    first: str | None = None
    named: Mapping[str, str] = field(default_factory=dict)

    def rule(self, operator: str, *, convolution: bool, first: bool) -> str:
        """Return the name of the rule for an operation."""
        if first and self.first is not None:
            return self.first
        if operator in self.named:
            return self.named[operator]
        return self.convolution if convolution else self.dense


COMPOSITES = {
    **{name: Composite(name, name) for name in WEIGHTED_RULES},
    "epsilon_plus": Composite("zplus", "epsilon"),
    "epsilon_plus_flat": Composite("zplus", "epsilon", "flat"),
    "epsilon_alpha2_beta1": Composite("alpha2beta1", "epsilon"),
    "epsilon_alpha2_beta1_flat": Composite("alpha2beta1", "epsilon", "flat"),
    "epsilon_gamma_box": Composite("gamma", "epsilon", "zbox"),
}
_KINDS = ("convolution", "dense", "first")


def composite(rule: str | Mapping[str, str]) -> Composite:
    """Return what a rule's name, or a table {"convolution": rule, "dense": rule, "first": rule}, stands for.

    A table may name single operators too: linear, addmm, mm, bmm. What it does not name gets epsilon.

    Raises
    ------
    SettingError
        For an unknown name, with those that are known.
    """
    if isinstance(rule, str):
        if rule not in COMPOSITES:
            raise SettingError(str(unknown_name("rule", rule, COMPOSITES)))
        return COMPOSITES[rule]
    known = tuple(dict.fromkeys((*_KINDS, *WEIGHTED_OPERATORS)))
    for operator, name in rule.items():
        if operator not in known:
            raise SettingError(str(unknown_name("operator of a rule table", operator, known)))
        if name not in WEIGHTED_RULES:
            raise SettingError(str(unknown_name("rule", name, WEIGHTED_RULES)))
    named = {operator: name for operator, name in rule.items() if operator not in _KINDS}
    return Composite(rule.get("convolution", "epsilon"), rule.get("dense", "epsilon"), rule.get("first"), named)
