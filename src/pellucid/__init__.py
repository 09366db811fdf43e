"""Shows what a diagnostic network looks at, and whether that picture can be believed.

The names below load on first use: `import pellucid` itself imports nothing but this file. Everything
else is reachable by its module's path and not promised.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_HOMES = {
    "Attribution": "pellucid.attribution.attribution",
    "Dataset": "pellucid.datasets.dataset",
    "EcgRecord": "pellucid.records.ecg",
    "Explanation": "pellucid.explanation.explanation",
    "MriSlice": "pellucid.records.slice",
    "Network": "pellucid.networks.network",
    "PellucidError": "pellucid.core.errors",
    "Prediction": "pellucid.networks.prediction",
    "attribute": "pellucid.attribution.attribute",
    "available": "pellucid.core.available",
    "dataset": "pellucid.datasets.dataset",
    "explain": "pellucid.explanation.explain",
    "load": "pellucid.networks.store",
    "method": "pellucid.attribution.method",
    "read": "pellucid.records.read",
    "simulate": "pellucid.simulation.patients",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'pellucid' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
