"""Networks whose logit is an exact sum over the cells of a map: what they offer, recognised by its shape."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from torch import Tensor


class AdditiveMap(Protocol):
    """Exact shares: `maps.sum over lead and cell + bias = logits`.

    Attributes
    ----------
    maps
        Shape (batch, class, lead, cell).
    bias
        Shape (class,) or (batch, class): what of the logit no cell accounts for.
    offset, jump
        Centre of the first cell and distance to the next, in samples of the network's input.
    """

    @property
    def maps(self) -> Tensor:
        """The shares of every cell in every logit."""

    @property
    def bias(self) -> Tensor:
        """The rest of every logit."""

    @property
    def offset(self) -> float:
        """Where the first cell is centred."""

    @property
    def jump(self) -> float:
        """How far it is to the next."""


@runtime_checkable
class HasAdditiveMap(Protocol):
    """A module that gives its own exact map."""

    def additive_map(self, inputs: Tensor, *arguments: Any) -> AdditiveMap:
        """Return each cell's share in every logit, from inputs (batch, lead, sample) and the call's `arguments`."""
