"""Which input positions the axes of an intermediate value run along, kept up operator by operator.

Every axis of a value is a group of atoms, outermost first: (batch x lead) folded into one axis is one group of two.
An atom knows the input axis it runs along, the receptive field of its first cell and the jump to the next, in input
positions. What cannot be followed becomes blank; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import prod


@dataclass(frozen=True, slots=True)
class Atom:
    """An elementary axis: its size, the input axis it runs along (None: no one's), and where its cells lie."""

    size: int
    axis: int | None = None
    start: float = 0.0
    end: float = 0.0
    jump: float = 1.0

    def windowed(self, size: int, window: int, stride: int, padding: int, dilation: int) -> Atom:
        """Return the atom after a convolution or pooling."""
        start = self.start - padding * self.jump
        reach = (window - 1) * dilation * self.jump
        return replace(self, size=size, start=start, end=start + self.end - self.start + reach, jump=self.jump * stride)

    def shifted(self, size: int, by: float, step: float = 1.0) -> Atom:
        """Return the atom whose first cell is cell `by` of this one, every `step`-th kept."""
        move = by * self.jump
        return replace(self, size=size, start=self.start + move, end=self.end + move, jump=self.jump * step)


Axis = tuple[Atom, ...]
Layout = tuple[Axis, ...]
Known = Mapping[int, Layout]  # by a tensor's id


def of_input(shape: Sequence[int]) -> Layout:
    """Return the layout of an input itself."""
    return tuple((Atom(size, axis),) for axis, size in enumerate(shape))


def blank(shape: Sequence[int]) -> Layout:
    """Return a layout of which nothing is known but the sizes."""
    return tuple((Atom(size),) for size in shape)


def is_blank(axis: Axis) -> bool:
    """Return whether an axis runs along no input axis."""
    return all(atom.axis is None for atom in axis)


def spatial(layout: Layout, axes: Sequence[int]) -> bool:
    """Return whether a value still extends along all these input axes, with more than one cell."""
    found = {atom.axis: atom.size for axis in layout for atom in axis if atom.axis in axes}
    return len(found) == len(axes) and prod(found.values()) > 1


def union(one: Axis, two: Axis) -> Axis:
    """Return the axis of a sum of two values: the receptive fields together."""
    if is_blank(one) or is_blank(two):
        return two if is_blank(one) else one
    if [(a.size, a.axis, a.jump) for a in one] != [(a.size, a.axis, a.jump) for a in two]:
        return (Atom(prod(atom.size for atom in one)),)
    return tuple(replace(a, start=min(a.start, b.start), end=max(a.end, b.end)) for a, b in zip(one, two, strict=True))


def regrouped(layout: Layout, shape: Sequence[int]) -> Layout:
    """Return the layout after a reshape: atoms are handed out in order; what does not come out even is blank."""
    atoms = [atom for axis in layout for atom in axis if atom.size != 1 or atom.axis == 0]
    groups: list[Axis] = []
    for size, following in zip_longest(shape, shape[1:]):
        group: list[Atom] = []
        wanted = size
        while atoms and (wanted > 1 or size == atoms[0].size == 1):
            atom = atoms.pop(0)
            if wanted % atom.size == 0:
                group.append(atom)
                wanted //= atom.size
            elif atom.size % wanted == 0:
                outer, inner = _split(atom, wanted)
                group.append(outer)
                atoms.insert(0, inner)
                wanted = 1
            else:
                atoms.clear()
        if group and atoms and atoms[0].size == 1 != following:  # a batch of one goes where a larger one would
            group.append(atoms.pop(0))
        groups.append(tuple(group) if wanted == 1 and group else (Atom(size),))
    return tuple(groups)


def _split(atom: Atom, outer: int) -> tuple[Atom, Atom]:
    inner = atom.size // outer
    if atom.axis is None:
        return Atom(outer), Atom(inner)
    end = atom.end + (inner - 1) * atom.jump
    return replace(atom, size=outer, jump=atom.jump * inner, end=end), Atom(inner)


def keeps_channels(layout: Layout) -> bool:
    """Return whether an axis still runs along the input's channels."""
    return any(atom.axis == 1 for axis in layout for atom in axis)


def mixed(layout: Layout) -> Layout:
    """Return the layout of a value in which the input's channels have met."""
    return tuple(tuple(Atom(atom.size) if atom.axis == 1 else atom for atom in axis) for axis in layout)


def lead_axis(layout: Layout, shape: tuple[int, ...]) -> Atom | None:
    """Return the axis that still holds the input's channels one by one, if there is one."""
    for axis in layout:
        for atom in axis:
            if atom.axis == 1 and atom.size == shape[1] > 1 and atom.jump == 1 and atom.start == atom.end == 0:
                return atom
    return None


def has_batch(layout: Layout, sizes: tuple[int, ...], batch: int) -> bool:
    """Return whether a value of these sizes has all of the input's batch as an axis, nothing folded into it."""
    if batch == 1 and not any(atom.axis == 0 for axis in layout for atom in axis):
        return 1 in sizes  # an axis of one is easily lost sight of among others
    return any(len(axis) == 1 and axis[0].axis == 0 and size == batch for axis, size in zip(layout, sizes, strict=True))
