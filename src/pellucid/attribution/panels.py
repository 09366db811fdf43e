"""Adaptive quadrature of a score's derivative: which stretch of the way to halve next.

The way from 0 to 1 is cut into panels of three Gauss-Legendre nodes. What the derivative must add up to over a panel is
known exactly, the rise of the score between its ends; so is each panel's gap. Nothing here knows of tensors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

NODES = (0.5 - sqrt(0.15), 0.5, 0.5 + sqrt(0.15))
WEIGHTS = (5 / 18, 8 / 18, 5 / 18)
FIRST = 8  # panels: of 4 the sum fits by luck too soon, and single inputs are up to twice as far off
_ALIKE = 0.7  # of the worst gap: panels that are halved together, to fill a batch
_FLOAT_NOISE = 8.0  # roundings that a score may be off by


@dataclass(frozen=True, slots=True, order=True)
class Panel:
    """A stretch of the way, the `index`-th of 2**level; its ends and middle are exact in floating point."""

    level: int
    index: int

    @property
    def width(self) -> float:
        """Its share of the way."""
        return float(2.0**-self.level)

    @property
    def left(self) -> float:
        """Where it starts."""
        return self.index * self.width

    @property
    def right(self) -> float:
        """Where it ends."""
        return (self.index + 1) * self.width

    @property
    def middle(self) -> float:
        """Half-way: its middle node, and the new end when it is halved."""
        return (self.index + 0.5) * self.width

    @property
    def nodes(self) -> tuple[float, ...]:
        """Where the derivative is taken."""
        return tuple(self.left + node * self.width for node in NODES)

    @property
    def halves(self) -> tuple[Panel, Panel]:
        """The two panels in its place."""
        return Panel(self.level + 1, 2 * self.index), Panel(self.level + 1, 2 * self.index + 1)


def first_panels() -> tuple[Panel, ...]:
    """Return the panels that every way starts with."""
    level = FIRST.bit_length() - 1
    return tuple(Panel(level, index) for index in range(FIRST))


@dataclass(slots=True)
class Course:
    """The panels of one score on its way, and when they are fine enough.

    Parameters
    ----------
    tolerance
        Of what the way misses, relative to `variation`.
    one_by_one
        Whether the panels' gaps are summed without making good for each other.
    budget
        Derivatives taken at most, those of panels halved since included.
    precision
        Relative spacing of the score's floating-point numbers.
    """

    tolerance: float
    one_by_one: bool
    budget: int
    precision: float
    spent: int = 0
    ended: str = ""
    gaps: dict[Panel, float] = field(default_factory=dict)
    rises: dict[Panel, float] = field(default_factory=dict)
    largest: float = 0.0

    def add(self, panel: Panel, total: float, start: float, end: float) -> None:
        """Take in what the derivative adds up to over a panel and the scores at its ends."""
        self.rises[panel] = end - start
        self.gaps[panel] = total - (end - start)
        self.largest = max(self.largest, abs(start), abs(end))
        self.spent += len(NODES)

    @property
    def gap(self) -> float:
        """What the whole way misses, some panels making good for others."""
        return abs(sum(self.gaps.values()))

    @property
    def panel_gap(self) -> float:
        """The sum of the panels' gaps, none of them making good for another: how far single inputs may be off."""
        return sum(map(abs, self.gaps.values()))

    @property
    def variation(self) -> float:
        """How far the score goes up and down over the panels' ends; never below the difference of the two scores."""
        return sum(map(abs, self.rises.values()))

    def halved(self) -> list[Panel]:
        """Return the panels to put halves in the place of, the worst first, and forget them; none where it is done.

        `ended` says why, if not for the tolerance: "budget", or "rounding" where no panel that is left could be
        halved with profit, for its gap is within the rounding of the scores or its width within that of the way.
        """
        if (self.panel_gap if self.one_by_one else self.gap) <= self.tolerance * self.variation:
            return []
        noise = _FLOAT_NOISE * self.precision * self.largest
        open_ = [panel for panel, gap in self.gaps.items() if abs(gap) > noise and panel.width > 64 * self.precision]
        room = (self.budget - self.spent) // (2 * len(NODES))
        if not open_ or room <= 0:
            self.ended = "budget" if open_ else "rounding"
            return []
        chosen = [] if self.one_by_one else self._weightiest(open_)
        chosen = (chosen or self._worst(open_))[:room]
        for panel in chosen:
            del self.gaps[panel], self.rises[panel]
        return chosen

    def _worst(self, open_: list[Panel]) -> list[Panel]:
        """Return the panels with about the worst gap, the worst first."""
        worst = max(abs(self.gaps[panel]) for panel in open_)
        chosen = [panel for panel in open_ if abs(self.gaps[panel]) >= _ALIKE * worst]
        return sorted(chosen, key=lambda panel: (-abs(self.gaps[panel]), panel))

    def _weightiest(self, open_: list[Panel]) -> list[Panel]:
        """Return panels without whose gaps the sum would fit: one by one that which brings it nearest to nothing."""
        left, rest, chosen = set(open_), sum(self.gaps.values()), []
        while left and abs(rest) > self.tolerance * self.variation:
            best = min(left, key=lambda panel: (abs(rest - self.gaps[panel]), panel))
            if abs(rest - self.gaps[best]) >= abs(rest):
                break
            left.remove(best)
            chosen.append(best)
            rest -= self.gaps[best]
        return chosen
