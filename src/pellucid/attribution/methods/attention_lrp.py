"""AttnLRP: layer-wise relevance propagation through the attention weights themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from pellucid.attribution.methods.lrp import Lrp
from pellucid.attribution.rules.attention import attentions
from pellucid.attribution.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionLrp(Lrp):
    """Layer-wise relevance propagation that also asks why the attention stood where it did.

    Products of two values give half to each; at s = softmax(x):   R_x = x * (R_s - s * sum of R_s)

    Settings as `lrp`. Where `lrp` holds the attention weights constant, relevance here goes on to queries and keys.
    Every product keeps its sum, the softmax does not: the ledger has a line "not conserved by the rule" for each.

    Axioms: conservation up to the ledger, which closes.
    Cost: as `lrp`.
    Source: Achtibat et al. 2024, arXiv 2402.05602, propositions 3.1 and 3.3. Departures: epsilon takes the sign of z.
    """

    attention: Literal["cp", "attnlrp"] = "attnlrp"

    def relevance(self, run: Run) -> Tensor:
        """Return the relevance."""
        attentions(run.recorded.tape, len(run.samples))
        return Lrp.relevance(self, run)
