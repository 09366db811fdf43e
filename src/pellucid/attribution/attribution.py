"""What a method answers: relevance, and everything that is needed to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from pellucid.attribution.maps import Geometry
from pellucid.attribution.rules.ledger import Ledger

Kind = Literal["signed", "positive"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution:
    """Relevance of every part of an input for one or more logits.

    Axes: "batch" is left as it came; "target" is there only where several classes were asked for.

    Attributes
    ----------
    relevance
        Shape (batch, [target,] *input); for a layer's map (batch, [target,] 1, *space), or (batch, [target,] lead,
        time) where the layer keeps the leads apart. A tuple for a module of several inputs.
    target
        As it was asked: an index, a list, "all" or None.
    classes
        The logits explained, shape (batch,) or (batch, target).
    method, settings
        Name, and settings as JSON can hold them; tensors given at the call by their hash.
    kind
        "signed", or "positive" where relevance has no sign.
    score
        The logits explained, shape (batch,) or (batch, target).
    base
        What the relevance should add up from: sum of relevance + base = score. A baseline's score, a bias. None for
        methods that promise no sum.
    gap
        How far the sum misses, relative to max(|score - base|, the score's variation on the way between them).
    geometry
        Where a map's cells lie on the input, for maps of a layer.
    cells
        The map on the layer's own cells, before it was brought onto the input's grid.
    empty
        Whether the relevance is zero everywhere, shape (batch,) or (batch, target).
    ledger
        Where relevance was taken on the way back, layer by layer: score = sum of relevance + the ledger's total. None
        for methods that keep none.
    details
        What the method found out beside the relevance, by name: the fit's R2, the weights of the parts. Each
        with the axes "batch" and, as above, "target" first.
    remarks
        What the method has to say about itself here, in words.
    warnings
        The remarks, and reserves about sums and empty maps, over all samples and targets.
    """

    relevance: Tensor | tuple[Tensor, ...]
    target: int | list[int] | list[list[int]] | str | None
    classes: Tensor
    method: str
    settings: Mapping[str, Any]
    kind: Kind
    score: Tensor
    base: Tensor | None
    gap: Tensor | None
    geometry: Geometry | None
    cells: Tensor | None
    empty: Tensor
    ledger: Ledger | None
    details: Mapping[str, Any]
    remarks: tuple[str, ...]
    warnings: tuple[str, ...]

    def _repr_html_(self) -> str:
        from pellucid.attribution.picture import drawn

        return drawn(self)
