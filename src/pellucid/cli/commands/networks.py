"""`pellucid networks`."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import getdoc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from pellucid.cli import output

if TYPE_CHECKING:
    from pellucid.networks.card import Card

FEW = 8  # classes that a table's cell can name


def networks(*, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """List the bundled networks with what they can tell and how well, and the architectures to train.

    Parameters
    ----------
    json
        Print what a program would read, with all classes and metrics.

    Examples
    --------
    pellucid networks
    pellucid networks --json
    """
    from pellucid.networks.store import ARCHITECTURES, BUNDLED, bundled, read_card

    cards = [_of_network(read_card(BUNDLED / name), BUNDLED / name) for name in bundled()]
    kinds = [{"architecture": name, "what it is": _first_line(ARCHITECTURES[name])} for name in ARCHITECTURES]
    if json:
        output.result_json({"networks": cards, "architectures": kinds})
        return output.DONE
    if cards:
        output.table([_row(card) for card in cards], title="Bundled networks")
        output.result("")
    output.table(kinds, title="Architectures")
    return output.DONE


def _of_network(card: Card, folder: Path) -> dict[str, object]:
    return {
        "name": card.name,
        "architecture": card.architecture,
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "classes": list(card.classes),
        "metrics": [dict(scoring) for scoring in card.metrics],
        "licence": card.licence,
        "limits": list(card.limits),
    }


def _row(card: Mapping[str, object]) -> dict[str, object]:
    classes, metrics, size = card["classes"], card["metrics"], card["bytes"]
    few = isinstance(classes, list) and len(classes) <= FEW
    return {
        "network": card["name"],
        "architecture": card["architecture"],
        "MB": f"{size / 1e6:.2f}" if isinstance(size, int) else "",
        "classes": classes if few else len(classes) if isinstance(classes, list) else "",
        "macro AUC": [_auc(scoring) for scoring in _tests(metrics)] if isinstance(metrics, list) else "",
    }


def _tests(metrics: list[Any]) -> list[Any]:
    """Return the scorings of a test; all where there is none."""
    return [scoring for scoring in metrics if scoring["data"].endswith(", test")] or metrics


def _auc(scoring: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    auc = scoring["macro"]["auc"]
    return f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f}) on {scoring['data']}"


def _first_line(kind: type) -> str:
    return (getdoc(kind) or "").partition("\n")[0]
