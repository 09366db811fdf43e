"""Ours and a peer's in turns, in one process, so that what else the machine does hits both alike."""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from results import write

COLUMNS = ("question", "peer", "peer, s", "ours, s", "ratio", "asked", "aim")
PACKAGES = ("torch", "captum", "zennit", "monai")


@dataclass(frozen=True)
class Paired:
    """Seconds of both in each turn."""

    ours: list[float]
    peer: list[float]

    @property
    def ratios(self) -> list[float]:
        """How many times as long the peer took, turn by turn."""
        return [theirs / mine for mine, theirs in zip(self.ours, self.peer, strict=True)]

    def row(self, question: str, peer: str, asked: str, aim: str, *more: str) -> str:
        """Return a line of a table: medians, the ratio's median with its least and largest, what was asked for."""
        ratio = f"**{statistics.median(self.ratios):.2f}** [{min(self.ratios):.2f}..{max(self.ratios):.2f}]"
        seconds = f"{statistics.median(self.peer):.3g} | {statistics.median(self.ours):.3g}"
        return f"| {' | '.join((question, peer, seconds, ratio, asked, aim, *more))} |"


def paired(ours: Callable[[], object], peer: Callable[[], object], repeats: int, *, warm: bool = True) -> Paired:
    """Time both in turns; the first turn is thrown away if `warm`."""
    found = Paired([], [])
    for turn in range(repeats + warm):
        mine, theirs = seconds(ours), seconds(peer)
        if turn >= warm:
            found.ours.append(mine)
            found.peer.append(theirs)
    return found


def seconds(call: Callable[[], object]) -> float:
    """Return the time on the clock that a call takes, garbage collected before it."""
    gc.collect()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def apart(ours: object, theirs: Sequence[Tensor]) -> str:
    """Return the largest difference from a peer's maps, one a class, relative to the largest value."""
    stacked = torch.stack(list(theirs), 1).detach()
    return f"{float((cast(Tensor, ours) - stacked).abs().max() / stacked.abs().max()):.0e}"


def arguments(repeats: int, networks: Sequence[str] = ()) -> argparse.Namespace:
    """Return `repeats`, `network` where there is a choice, and set the number of threads, as the command line wants."""
    parser = argparse.ArgumentParser()
    if networks:
        parser.add_argument("--network", choices=networks, help="this one alone")
    parser.add_argument("--repeats", type=int, default=repeats, help="turns of ours and the peer's")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    return given


def written(
    question: str,
    title: str,
    rows: list[str],
    given: argparse.Namespace,
    remark: str = "",
    more: Sequence[str] = (),
    options: str = "",
) -> None:
    """Put a table into `RESULTS.md`, with what it was measured with; `more` are columns that the rows have beside."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    threads = f"{given.threads} thread{'s' * (given.threads > 1)}"
    how = f"{versions}; {threads}; medians of {given.repeats} turns, least and largest ratio in brackets. {remark}"
    names = (*COLUMNS, *more)
    head = f"| {' | '.join(names)} |\n|{'---|' * len(names)}"
    write(question, title, "\n".join([how, "", head, *rows]), options)
