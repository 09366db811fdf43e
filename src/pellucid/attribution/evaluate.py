"""The work that all methods share: targets, batches under a memory budget, progress, the sum that should come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pellucid.attribution.acceptance import accepted
from pellucid.attribution.attribution import Attribution
from pellucid.attribution.budget import rows_at_once
from pellucid.attribution.finite import all_finite
from pellucid.attribution.first_look import refuse_training
from pellucid.attribution.forward import Forward
from pellucid.attribution.guard import guarded
from pellucid.attribution.independence import beside_another, dice, refuse_chance, refuse_mixing
from pellucid.attribution.question import Question
from pellucid.attribution.rules.ledger import Ledger
from pellucid.attribution.run import Declared, Run
from pellucid.attribution.tape.recording import Recorded
from pellucid.attribution.target import Target, Targets, resolve
from pellucid.core.errors import Interrupted, InvalidInputError, NotApplicableError, interrupted
from pellucid.core.progress import opened
from pellucid.core.provenance import array_hash

if TYPE_CHECKING:
    from pellucid.attribution.method import Method

_TINY = 1e-12
_FEW = 4  # samples that share batches: with 16 no pass less was measured to count, with one up to twice as many
_FULL = 2**24  # bytes of a pass from which more rows are no quicker on a CPU


@dataclass(slots=True)
class _Part:
    """The answer for some samples: relevance of each input, scores, and what the method declared."""

    relevance: tuple[Tensor, ...]
    scores: Tensor
    declared: Declared


class _Done:
    """What is done by the time of an interruption."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self.targets: Targets
        self.interrupted = False


def evaluate(method: Method, question: Question, target: Target, *, several: bool) -> Attribution:
    """Return a method's answer to a question, its module left as it was.

    Raises
    ------
    Interrupted
        At Ctrl-C after some of the samples, with the answer for these.
    """
    done = _Done()
    try:
        with guarded(question.module, question.device_types):
            refuse_training(question.module)
            try:
                _answer_all(method, question, target, done)
            except KeyboardInterrupt as interrupt:
                if not done.parts:
                    raise
                done.interrupted = True
                interrupt.__traceback__ = None  # its frames hold the passes of the run that was stopped
    except NotApplicableError as error:  # the module had changed itself
        if done.interrupted:
            raise KeyboardInterrupt from error
        raise
    if done.interrupted:
        raise _stopped(method, question, done, several=several)
    return _joined(method, question, done.targets, done.parts, several=several)


def _answer_all(method: Method, question: Question, target: Target, done: _Done) -> None:
    runs, done.targets = _runs(question, target, method)
    for run in runs:
        done.parts.append(_answered(method, run))


def _stopped(method: Method, question: Question, done: _Done, *, several: bool) -> Interrupted:
    targets, count = done.targets, sum(len(part.scores) for part in done.parts)
    stated = targets.stated[:count] if isinstance(targets.stated, list) else targets.stated
    first = replace(targets, classes=targets.classes[:count], stated=stated)
    return interrupted(
        f"{count} of {question.batch} samples",
        "their Attribution",
        _joined(method, question, first, done.parts, several=several),
    )


def _runs(question: Question, target: Target, method: Method) -> tuple[Iterator[Run], Targets]:
    """Return the runs that the batch is split into; the first pass is made here, of one row."""
    thrown = dice()
    first = _first_pass(question, torch.zeros(1, dtype=torch.int64), method)
    if dice() != thrown:
        refuse_chance(question, _rows(question, slice(0, 1)), first.logits)
    if first.doubtful:
        _first_pass(question, torch.zeros(2, dtype=torch.int64), method)
    batch = question.batch
    if method.perturbs:
        company = beside_another(question)
        if company is None and batch > 1:
            company = _first_pass(question, torch.arange(2), method).logits[:1]
        if company is not None:
            refuse_mixing(question, first.logits, company)
    cost = first.bytes_a_row * (2 if method.looks_back else 1)  # on the way back of a tape as much again
    targets = resolve(target, batch=batch, logits=first.logits.shape[1])
    if batch == 1:
        return iter([_run(question, targets, slice(0, 1), cost, first)]), targets
    if isinstance(first, Recorded):
        first.forget()
    runs = (_run(question, targets, rows, cost, None) for rows in _slices(question, method, cost))
    return _checked_runs(question, runs, method, first.logits.detach()), targets


def _slices(question: Question, method: Method, cost: int) -> Iterator[slice]:
    """Yield which samples are answered together, and tell how many are done where they are not all in one run."""
    step, batch = _samples_a_run(question, method, cost), question.batch
    tick = opened(f"{method.name.replace('_', ' ')}: samples", batch) if step < batch else None
    for start in range(0, batch, step):
        rows = slice(start, min(start + step, batch))
        yield rows
        if tick is not None:
            tick(rows.stop)


def _samples_a_run(question: Question, method: Method, cost: int) -> int:
    """Return how many samples are answered together, and lost to an interrupt: of long methods only a few."""
    if not method.perturbs:
        return rows_at_once(question.memory, cost)
    few = max(1, min(_FEW, _FULL // max(1, cost))) if question.device_types == {"cpu"} else _FEW
    return min(few, rows_at_once(question.memory // 2, cost))  # half is for other points


def _checked_runs(question: Question, runs: Iterator[Run], method: Method, alone: Tensor) -> Iterator[Run]:
    """Yield the runs; of the first, the logits of its first sample are compared with those that it has alone."""
    for number, run in enumerate(runs):
        if number == 0:
            with accepted(question, run.rows, question.arguments_for(run.samples)):
                logits = (run.recorded if method.taped else run.forward).logits[:1].detach()
            refuse_mixing(question, alone, logits)
        yield run


def _first_pass(question: Question, samples: Tensor, method: Method) -> Forward | Recorded:
    """Run the module on these samples while it is watched: chance is refused, and what a row costs is measured."""
    rows, arguments = tuple(tensor.detach()[samples] for tensor in question.inputs), question.arguments_for(samples)
    with accepted(question, rows, arguments):
        if method.taped:
            return Recorded(question, rows, arguments)
        return Forward(question, rows, arguments, watched=True)


def _rows(question: Question, rows: slice) -> tuple[Tensor, ...]:
    return tuple(tensor.detach()[rows] for tensor in question.inputs)


def _run(question: Question, targets: Targets, rows: slice, cost: int, first: Forward | Recorded | None) -> Run:
    samples = torch.arange(rows.start, rows.stop)
    return Run(question, _rows(question, rows), samples, targets.classes[rows], bytes_a_row=cost, first=first)


def _answered(method: Method, run: Run) -> _Part:
    relevance = []
    try:
        for number in range(len(run.rows)):
            run.number = number
            relevance.append(_checked(method, run, method.relevance(run).detach()))
        return _Part(tuple(relevance), run.scores(), run.declared)
    finally:
        run.forget()


def _checked(method: Method, run: Run, relevance: Tensor) -> Tensor:
    """Return relevance as (batch, target, *input), or of a map (batch, target, 1, *space)."""
    inputs = run.inputs
    wanted = (len(inputs), run.classes.shape[1], *inputs.shape[2:])
    fits = relevance.ndim == inputs.ndim and all(a in (1, b) for a, b in zip(relevance.shape, wanted, strict=True))
    if not fits:
        raise InvalidInputError(
            f"method {method.name!r} must return relevance of the shape {wanted}; got {tuple(relevance.shape)}."
        )
    if not all_finite(relevance):
        raise NotApplicableError(f"method {method.name!r} gave NaN or infinite relevance for this module and input.")
    is_map = run.declared.geometry is not None and relevance.shape[2] == 1
    return relevance.expand(*wanted[:2], 1, *wanted[3:]) if is_map else relevance.expand(*wanted)


def _joined(method: Method, question: Question, targets: Targets, parts: list[_Part], *, several: bool) -> Attribution:
    relevance = tuple(torch.cat(pieces) for pieces in zip(*(part.relevance for part in parts), strict=True))
    scores = torch.cat([part.scores for part in parts])
    base = _together(parts, "base")
    gap = None
    if base is not None:
        gap = _gap(relevance, scores, base, _together(parts, "variation"))
    empty = torch.stack([(r == 0).flatten(2).all(-1) for r in relevance]).all(0)
    declared = parts[0].declared
    remarks = tuple(dict.fromkeys(text for part in parts for text in part.declared.warnings))
    of = "" if bool(empty.all()) else f" for {int(empty.sum())} of {empty.numel()} maps"
    largest = None if gap is None else float(gap.max())

    def plain(tensor: Tensor) -> Tensor:
        return tensor[:, 0] if targets.single else tensor

    cells = _together(parts, "cells")
    whole = tuple(plain(tensor).clone() for tensor in relevance)
    return Attribution(
        relevance=whole if several else whole[0],
        target=targets.stated,
        classes=plain(targets.classes),
        method=method.name,
        settings=_settings(method, question),
        kind=method.kind,
        score=plain(scores),
        base=None if base is None else plain(base),
        gap=None if gap is None else plain(gap),
        geometry=declared.geometry,
        cells=None if cells is None else plain(cells),
        empty=plain(empty),
        ledger=_ledger(parts, plain),
        details={name: plain(_joined_detail(parts, name)) for name in _common_details(parts)},
        remarks=remarks,
        warnings=(*remarks, *reserves(method, largest, bool(empty.any()), of=of)),
    )


def _together(parts: list[_Part], name: str) -> Tensor | None:
    pieces = [getattr(part.declared, name) for part in parts]
    return None if pieces[0] is None else torch.cat(pieces).detach()


def _common_details(parts: list[_Part]) -> list[str]:
    """Return the names of what all parts have: a module may take other ways for other samples."""
    return [name for name in parts[0].declared.details if all(name in part.declared.details for part in parts)]


def _joined_detail(parts: list[_Part], name: str) -> Tensor:
    return torch.cat([part.declared.details[name] for part in parts]).detach()


def _ledger(parts: list[_Part], plain: Callable[[Tensor], Tensor]) -> Ledger | None:
    lines = dict.fromkeys(line for part in parts for line in part.declared.ledger)
    if not lines:
        return None
    if len(parts) == 1:
        return Ledger({line: plain(taken).clone() for line, taken in parts[0].declared.ledger.items()})
    none = [torch.zeros_like(part.scores) for part in parts]
    found = {
        line: torch.cat([part.declared.ledger.get(line, zero) for part, zero in zip(parts, none, strict=True)])
        for line in lines
    }
    return Ledger({line: plain(taken) for line, taken in found.items()})


def _gap(relevance: tuple[Tensor, ...], scores: Tensor, base: Tensor, variation: Tensor | None) -> Tensor:
    total = torch.stack([tensor.double().flatten(2).sum(-1) for tensor in relevance]).sum(0)
    difference = scores.double() - base.double()
    scale = difference.abs() if variation is None else torch.maximum(difference.abs(), variation.double())
    return (total - difference).abs() / scale.clamp(min=_TINY)


def reserves(method: Method, gap: float | None, empty: bool, *, of: str = "") -> tuple[str, ...]:
    """Return what must be said of a sum that misses the score and of a map that is zero everywhere."""
    missed = method.reserve(gap) if gap is not None else None
    found = [] if missed is None else [missed]
    if empty:
        found.append(f"the relevance is zero everywhere{of}: {method.name} has nothing to show")
    return tuple(found)


def _settings(method: Method, question: Question) -> dict[str, Any]:
    settings = asdict(method)
    for name, value in question.options.items():
        settings[name] = _noted(value)
    if question.output is not None:
        settings["output"] = question.output
    return settings


def _noted(value: Any) -> Any:
    """Return what is written down of something given at the call: of tensors their hash, of a function its name."""
    if isinstance(value, Tensor):
        plain = value.detach().cpu()
        plain = plain.float() if plain.dtype == torch.bfloat16 else plain  # a type that numpy has not
        return {"sha256": array_hash(plain.numpy())}
    if isinstance(value, tuple | list):
        return [_noted(item) for item in value]
    return f"{value.__module__}.{value.__qualname__}" if hasattr(value, "__qualname__") else repr(value)
