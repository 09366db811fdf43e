"""The parts of an ECG that a surrogate replaces: leads, windows or waves of leads, on the network's own input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.attribution.surrogate import Surrogate
from pellucid.core.errors import InvalidInputError, NotApplicableError, unknown_name
from pellucid.core.registry import normalised
from pellucid.explanation.waves import WAVES, Waves
from pellucid.networks.preparation import EcgPreparation
from pellucid.records.leads import DERIVED

if TYPE_CHECKING:
    from torch import Tensor

    from pellucid.attribution.method import Method
    from pellucid.networks.network import Network
    from pellucid.networks.preparation import Prepared

LEAD, WINDOW, WAVE, INDEPENDENT = KINDS = ("lead", "lead x window", "lead x wave", "independent leads")
WINDOWS = 10  # of each lead
_USUAL = {"kernel_shap": LEAD, "lime": WINDOW}  # the first few enough to look at all coalitions
_LARGEST_BREAK = 0.1  # of a lead's range: rounding stays far below, exchanged leads far above

Labels = NDArray[np.int64]


def checked_parts(parts: str | None, network: Network) -> str | None:
    """Return the name of the parts in its own spelling: `lead-x-window` is `lead x window`.

    Raises
    ------
    UnknownNameError
        With the known ones.
    InvalidInputError
        For a network that reads slices, which are cut into superpixels.
    """
    if parts is None:
        return None
    if not isinstance(network.card.preparation, EcgPreparation):
        raise InvalidInputError(
            f"parts are those of an ECG; network {network.name} reads slices, whose parts are superpixels. "
            "Leave parts= out."
        )
    known = {kind.replace(" ", "_"): kind for kind in KINDS}
    name = normalised(parts).replace(" ", "_")
    if name not in known:
        raise unknown_name("parts", parts, KINDS)
    return known[name]


def parts_for(method: Method, parts: str | None, network: Network) -> str | None:
    """Return which parts a method is given, by name; None where it takes none or has its own number of them.

    `parts` is what was asked for; by default leads for `kernel_shap` and ten windows of each lead for `lime`.
    """
    ecg = isinstance(network.card.preparation, EcgPreparation)
    if not ecg or not isinstance(method, Surrogate) or method.parts is not None:
        return None
    return parts or _USUAL.get(method.name, WINDOW)


def refuse_unused(parts: str | None, methods: Iterable[Method], network: Network) -> None:
    """Refuse parts that no method would take.

    Raises
    ------
    InvalidInputError
        Naming the methods that take some.
    """
    if parts is not None and not any(parts_for(method, parts, network) for method in methods):
        raise InvalidInputError(
            f"parts are for {' and '.join(_USUAL)} that have no number of parts of their own; got {parts!r} and no "
            "such method. Add one of them."
        )


def options(method: Method, parts: str, expects: EcgPreparation, prepared: Prepared, waves: Waves) -> dict[str, Any]:
    """Return what a method takes at the call: its label map, and with independent leads what rebuilds the others.

    Raises
    ------
    NotApplicableError
        For waves of a record without beats; for independent leads where the method rebuilds nothing, or where the
        network's input breaks Einthoven's law.
    MissingExtraError
        For waves without NeuroKit2.
    """
    import torch

    given: dict[str, Any] = {"parts": torch.from_numpy(label_map(parts, expects, prepared, waves))}
    if parts == INDEPENDENT:
        if "rebuild" not in method.options:
            raise NotApplicableError(f"{method.name} cannot compute leads anew; `kernel_shap` takes independent leads.")
        given["rebuild"] = rebuilding(expects.leads, prepared.inputs[0])
    return given


def label_map(parts: str, expects: EcgPreparation, prepared: Prepared, waves: Waves) -> Labels:
    """Return which part each sample of the network's input belongs to, (lead, sample): -1 on padding.

    Parts of one lead have numbers one after the other. Where a lead lacks a wave its number is lacking.
    """
    of_time = np.zeros(prepared.valid.sum(), dtype=np.int64)
    count = 1
    if parts == WINDOW:
        count = min(WINDOWS, len(of_time))
        of_time = np.arange(len(of_time)) * count // len(of_time)
    if parts == WAVE:
        count = len(WAVES)
        first = waves.seen.argmax() / waves.record.sampling_rate
        of_time = waves.at(first + np.arange(len(of_time)) / expects.sampling_rate)
    labels = np.full((len(expects.leads), len(prepared.valid)), -1)
    labels[:, prepared.valid] = np.arange(len(expects.leads))[:, None] * count + of_time
    if parts == INDEPENDENT:
        labels[derived_rows(expects.leads)] = -1
    return labels


def derived_rows(leads: Sequence[str]) -> list[int]:
    """Return the rows that follow from those of I and II."""
    return [row for row, lead in enumerate(leads) if lead in DERIVED] if {"I", "II"} <= set(leads) else []


def rebuilding(leads: tuple[str, ...], inputs: Tensor) -> Callable[[Tensor], Tensor]:
    """Return what computes III, aVR, aVL, aVF of perturbed inputs anew from their I and II.

    Filters, resampling and gain are linear and the same for all leads, so that the law holds for the network's input
    as for the record. What the input itself misses the law by, rounding and offsets, is added, so that it stays as it
    is.

    Parameters
    ----------
    inputs
        The network's input, shape (lead, sample).

    Raises
    ------
    NotApplicableError
        Where it breaks the law by more than a tenth of a lead's range.
    """
    import torch

    derived = derived_rows(leads)
    sources = [leads.index(lead) for lead in ("I", "II")] if derived else []
    law = torch.tensor([DERIVED[leads[row]] for row in derived]).reshape(len(derived), len(sources))

    def by_law(points: Tensor) -> Tensor:
        return law.to(points) @ points[..., sources, :]

    rest = inputs[derived] - by_law(inputs)
    for row, own in zip(derived, rest, strict=True):
        broken, height = float((own - own.median()).abs().max()), float(np.ptp(inputs[row].numpy()))
        if broken > _LARGEST_BREAK * height:
            raise NotApplicableError(
                f"{leads[row]} does not follow from I and II in what the network reads: it is off by "
                f"{broken / (height or broken):.0%} of its range. Take parts='lead'."
            )

    def rebuild(points: Tensor) -> Tensor:
        points[..., derived, :] = by_law(points) + rest.to(points)
        return points

    return rebuild
