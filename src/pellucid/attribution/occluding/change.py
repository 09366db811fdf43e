"""What the rules of the engine give: where the result of an operation changes, and how that is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from pellucid.attribution.occluding.plan import Chunk, Plan
from pellucid.attribution.occluding.region import Region
from pellucid.attribution.tape.tape import Node


@dataclass(slots=True, eq=False)
class Change:
    """The change of a value.

    Attributes
    ----------
    region
        Where it lies; None where the result is known as a whole.
    compute
        Returns the change as slabs of that region, or the whole.
    narrow
        The input's channels are still apart.
    owned
        The slabs are fresh, and no other value's.
    """

    region: Region | None
    compute: Callable[[Chunk], Tensor]
    narrow: bool = False
    owned: bool = True


Rule = Callable[[Plan, Node], Change | None]  # None: only on whole values
