"""Layer-wise relevance propagation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from pellucid.attribution.method import Method
from pellucid.attribution.rules.composites import composite
from pellucid.attribution.rules.propagated import propagated
from pellucid.attribution.rules.weighted_rules import RuleSettings, Stabiliser
from pellucid.attribution.run import Run
from pellucid.core.errors import SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lrp(Method):
    """The logit handed back, operation by operation, to the inputs that made it.

    R_j = sum over k of (z_jk / d(z_k)) R_k,   z_jk = x_j w_jk,   d(z) = z + eps * sgn(z)

    starting with the logit itself. A batch norm directly behind a convolution is folded into it.

    Parameters
    ----------
    rule
        For all weighted operations: `epsilon`, `gamma`, `zplus`, `alpha2beta1`, `flat`, `w_square`, `zbox`. Or a
        composite: `epsilon_plus` (convolutions z+, dense layers epsilon), `epsilon_alpha2_beta1`, either with `_flat`
        for the first layer, `epsilon_gamma_box` (first layer z-box, convolutions gamma, dense layers epsilon). Or a
        table {"convolution": rule, "dense": rule, "first": rule}, or of single operators, {"linear": rule}.
    eps
        Added to every divisor, exactly as given.
    relative_eps
        In place of eps, a share of the root mean square of z, for each operation and sample.
    gamma
        Of the gamma rule.
    low, high
        Bounds of the input as the network sees it, for z-box.
    attention
        "cp": attention weights are held constant, which conserves; "attnlrp": relevance goes through the softmax too,
        which does not, and the ledger says how much.

    Axioms: conservation; sum R = z_c - what biases, eps and constants took, all in `ledger`. With zero biases and eps
    near 0 the sum is the logit. For networks of ReLU, epsilon near 0 is input times gradient: no second opinion.
    Cost: one pass forward; for each class one back. For one class epsilon takes about 1.2 gradients, the composites
    1.7 to 3.
    Source: Bach et al. 2015, doi 10.1371/journal.pone.0130140; Montavon et al. 2019, "Layer-wise relevance propagation:
    an overview". Departures: the denominators of norms and divisions are held constant.
    """

    taped: ClassVar[bool] = True

    rule: str | dict[str, str] = "epsilon"
    eps: float = 1e-6
    relative_eps: float | None = None
    gamma: float = 0.25
    low: float | None = None
    high: float | None = None
    attention: Literal["cp", "attnlrp"] = "cp"

    def __post_init__(self) -> None:
        composite(self.rule)
        for name in ("eps", "relative_eps", "gamma"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise SettingError(f"{name} must be 0 or more; got {value}.")
        if self.relative_eps is not None and self.eps != 1e-6:
            raise SettingError(f"eps and relative_eps must not both be given; got {self.eps} and {self.relative_eps}.")
        if (self.low is None) != (self.high is None) or (
            self.low is not None and self.high is not None and self.low >= self.high
        ):
            raise SettingError(f"low and high must be given together, low below high; got {self.low} and {self.high}.")

    def reserve(self, gap: float) -> str | None:
        """Return the warning for a ledger that does not close."""
        if gap <= 1e-3:
            return None
        return f"the ledger misses {gap:.1%} of the logit: rounding on the way; use float64"

    def relevance(self, run: Run) -> Tensor:
        """Return the relevance."""
        return run.once("relevance", lambda: propagated(run, composite(self.rule), self._settings, self.attention))[
            run.number
        ]

    def _settings(self, batch: int) -> RuleSettings:
        relative = self.relative_eps is not None
        eps = self.eps if self.relative_eps is None else self.relative_eps
        return RuleSettings(Stabiliser(eps, relative, batch), self.gamma, self.low, self.high)
