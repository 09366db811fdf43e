"""How much the logits fall with each window replaced: by the engine where it can follow, checked, else plainly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pellucid.attribution.finite import all_finite
from pellucid.attribution.occluding.engine import Engine
from pellucid.attribution.occluding.fills import Fill
from pellucid.attribution.occluding.naive import naive
from pellucid.attribution.occluding.record import Unfit
from pellucid.attribution.occluding.windows import Window
from pellucid.attribution.run import Run

_WORTH = 2**20  # elements of all windows' inputs: below, a tape costs more than it saves
_ROWS = 4  # that must fit into memory, for the tape and the clean layers are as large as that
_TOLERANCE = {torch.float64: (1e-9, 1e-12), torch.float32: (1e-3, 1e-5)}  # of the window's drop, of the logits
_TRIED = 32
_WHOLE = "every window was run through the whole module, which takes longer"
_AT_ONCE = 8  # windows, for each row that fits into memory as a whole: of most values only slabs are held


def drops(run: Run, sample: int, windows: Sequence[Window], fill: Fill, done: Callable[[int], None]) -> Tensor:
    """Return how much each logit asked for falls, shape (window, target), in double precision.

    Parameters
    ----------
    done
        Takes how many more windows are done.
    """
    row = run.rows[run.number][sample]
    quick = row.dtype in _TOLERANCE and run.together() >= _ROWS and len(windows) * row.numel() >= _WORTH
    found = _quick(run, sample, windows, fill, done) if quick else None
    if found is None:
        found = _plain(run, sample, windows, fill, done)
    return found[:, run.classes[sample].to(found.device)]


def _plain(run: Run, sample: int, windows: Sequence[Window], fill: Fill, done: Callable[[int], None]) -> Tensor:
    pieces = []
    for logits in naive(run, sample, windows, fill):
        pieces.append(run.forward.logits[sample].detach().double() - logits.double())
        done(len(logits))
    return torch.cat(pieces)


def _quick(run: Run, sample: int, windows: Sequence[Window], fill: Fill, done: Callable[[int], None]) -> Tensor | None:
    """Return the drops of all logits by the engine, None where it cannot follow the module or is not right."""
    checked = _telling(run.rows[run.number][sample], windows, fill)
    found: Tensor | None = None
    try:
        with torch.no_grad():
            engine = Engine(run, sample, windows, fill, checked)
            for numbers, logits in engine.logits(_AT_ONCE * run.together()):
                found = logits.new_empty(len(windows), logits.shape[1]) if found is None else found
                found[numbers] = logits
                done(len(numbers))
    except (Unfit, RuntimeError, IndexError, TypeError, ValueError) as error:  # the plain way is right whatever happens
        why = (str(error) or type(error).__name__).splitlines()[0]
        run.warn(f"{_WHOLE}: {why}")
        return None
    if found is None or not all_finite(found):
        run.warn(f"{_WHOLE}: a value on the way is infinite, and has no change")
        return None
    of_drop, of_logits = max(_TOLERANCE[run.rows[run.number].dtype], _TOLERANCE[engine.clean.dtype])
    size = max(float(engine.clean.abs().max()), float(engine.plain.abs().max()))
    allowed = of_drop * float((engine.clean - engine.plain).abs().max()) + of_logits * size
    missed = float((found[checked] - engine.plain).abs().max())
    if missed > allowed:
        run.warn(
            "recomputing only what a window reaches did not give this module's logits; every window was run through "
            "the whole module instead"
        )
        return None
    fallen: Tensor = engine.clean.double() - found.double()
    return fallen


def _telling(row: Tensor, windows: Sequence[Window], fill: Fill) -> int:
    """Return the number of the window that changes the input most, of some tried: the one to check by."""
    tried = range(0, len(windows), max(1, len(windows) // _TRIED))
    return max(tried, key=lambda number: float((fill(windows[number]) - row[windows[number]]).abs().sum()))
