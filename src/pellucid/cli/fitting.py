"""What every command that fits a network asks for first, and what it says after each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from pellucid.cli import output
from pellucid.core.errors import InvalidInputError, missing_extra


def ready(command: str, threads: int | None, packages: Sequence[str] = ("lightning",)) -> None:
    """Tell what is missing before any data are read, and set torch's CPU threads where a number is given.

    Raises
    ------
    InvalidInputError
        For fewer than one thread.
    MissingExtraError
        Naming the first of the packages that is not installed.
    """
    if threads is not None and threads < 1:
        raise InvalidInputError(f"threads must be 1 or more; got {threads}.")
    for package in packages:
        try:
            import_module(package)
        except ImportError as error:
            raise missing_extra(package, "train", f"pellucid {command}") from error
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


def epoch_line(who: str, number: int, line: Mapping[str, float]) -> None:
    """Print how an epoch went: of which network, where there are several, loss, figures of the choosing folds, time."""
    accuracy = f", accuracy {line['choosing_accuracy']:.3f}" if "choosing_accuracy" in line else ""
    output.say(
        f"{f'{who}, ' if who else ''}epoch {number}: loss {line['loss']:.4f}, "
        f"on the choosing folds {line['choosing_loss']:.4f}, score {line['choosing_score']:.3f}{accuracy}, "
        f"{line['seconds']:.0f} s"
    )
