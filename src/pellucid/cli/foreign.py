"""A network by name, or one's own, described by options: what `explain` and `evaluate` share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import Parameter

from pellucid.core.errors import InvalidInputError, PellucidError

if TYPE_CHECKING:
    from pellucid.networks.network import Network

# How Python says that a bare module came without classes.
_NO_CLASSES = "Network.__init__() missing 1 required positional argument: 'classes'"


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Options that describe the network of package.module:function.

    Parameters
    ----------
    weights
        Of package.module:function: a .safetensors or .pt file with the module's state, read without running code.
    leads
        Of a bare module: names with commas, in the order of the input; by default the standard twelve.
    sampling_rate
        Of its input, in Hz.
    length
        Of its input, in samples.
    padding
        Where zeros go in records that are too short.
    unit
        Of its input.
    activation
        sigmoid: each class for itself; softmax: exactly one.
    """

    weights: Path | None = None
    leads: str | None = None
    sampling_rate: float | None = None
    length: int | None = None
    padding: Literal["both", "end", "none"] | None = None
    unit: Literal["mV", "uV"] | None = None
    activation: Literal["sigmoid", "softmax"] | None = None

    def settings(self) -> dict[str, Any]:
        """Return what was given, but for the weights, as `Network` takes it."""
        given = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "weights"}
        return _present({**given, "leads": listed(self.leads)})


NOTHING = Described()


def opened(network: str, described: Described = NOTHING, *, classes_by: str = "--classes", **more: Any) -> Network:
    """Return the network of this name.

    Parameters
    ----------
    network
        A bundled network, a folder that holds one, or package.module:function.
    described
        The options for package.module:function.
    classes_by
        The option of this command that names a bare module's classes.
    more
        What else `Network` takes; None where it was not given.

    Raises
    ------
    InvalidInputError
        When options are missing, or stand beside a network that has its own card; when package.module:function fails;
        when its logits do not fit its classes.
    """
    from pellucid.networks.store import load

    settings = described.settings() | _present(more)
    if ":" in network and not Path(network).is_dir():
        own = _built(network, described.weights, settings, classes_by)
        _check_logits(own)
        return own
    given = ["--weights"] if described.weights is not None else []
    given += [classes_by if name == "classes" else f"--{name.replace('_', '-')}" for name in settings]
    if given:
        raise InvalidInputError(
            f"{given[0]} belongs to package.module:function; {network} has its own card. Leave {given[0]} out."
        )
    return load(network)


def _built(spec: str, weights: Path | None, settings: Mapping[str, Any], classes_by: str) -> Network:
    from pellucid.networks.store import foreign

    try:
        return foreign(spec, weights, **settings)
    except PellucidError:
        raise
    except Exception as error:  # whatever the code of strangers raises
        if str(error) == _NO_CLASSES and "classes" not in settings:
            raise InvalidInputError(
                f"network {spec} is a bare module, which needs {classes_by}, and --sampling-rate and --length for ECGs "
                "or --size for slices."
            ) from error
        raise InvalidInputError(
            f"network {spec} cannot be built: {type(error).__name__}: {error}. --debug shows where."
        ) from error


def _check_logits(network: Network) -> None:
    """Refuse a network that cannot answer about an input of zeros. Cost: one forward pass."""
    import torch

    from pellucid.networks.preparation import EcgPreparation

    expects = network.card.preparation
    shape: tuple[int, ...]
    if isinstance(expects, EcgPreparation):
        shape = (len(expects.leads), expects.length)
    else:
        shape = (expects.channels, *expects.size)
    try:
        network.logits(torch.zeros(1, *shape))
    except PellucidError:
        raise
    except Exception as error:  # whatever the code of strangers raises
        raise InvalidInputError(
            f"network {network.name} fails on an input of the shape {(1, *shape)} that it was described with: "
            f"{type(error).__name__}: {error}. Is its description right? --debug shows where."
        ) from error


def listed(text: str | None) -> tuple[str, ...] | None:
    """Return the names between commas; None for None."""
    if text is None:
        return None
    return tuple(name.strip() for name in text.split(",") if name.strip())


def numbers(text: str | None) -> tuple[float, ...] | None:
    """Return the thresholds between commas; None for None.

    Raises
    ------
    InvalidInputError
        When one is no number.
    """
    try:
        return None if text is None else tuple(float(value) for value in text.split(","))
    except ValueError:
        raise InvalidInputError(f"--thresholds must be numbers with commas, as 0.3 or 0.3,0.5; got {text!r}.") from None


def picture_size(text: str | None) -> tuple[int, int] | None:
    """Return the rows and columns in `224x224`; None for None.

    Raises
    ------
    InvalidInputError
        For anything else.
    """
    if text is None:
        return None
    rows, _, columns = text.lower().partition("x")
    if not (rows.strip().isdigit() and columns.strip().isdigit()):
        raise InvalidInputError(f"--size must be ROWSxCOLUMNS, such as 224x224; got {text!r}.")
    return int(rows), int(columns)


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
