"""What a network reads: the configuration's word first, then the architecture's own, then the data set's."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from pellucid.core.errors import InvalidInputError, SettingError, UnknownNameError, UnreadableFileError, unknown_name
from pellucid.datasets.dataset import Dataset
from pellucid.datasets.slices import SliceDataset
from pellucid.networks.imagenet import load_imagenet
from pellucid.networks.preparation import EcgPreparation, SlicePreparation
from pellucid.networks.store import ARCHITECTURES, module_of
from pellucid.networks.transfer import Backbone, freeze, unfreeze
from pellucid.records.leads import STANDARD
from pellucid.training.inputs import Preparation
from pellucid.training.settings import ECG_INPUT, SLICE_INPUT, NetworkSettings

_SIZE = (224, 224)
_BUILT_WITH = ("head", "channels", "size", "length")  # keys of [network] that an architecture may be built with


def reads_pictures(architecture: str) -> bool:
    """Return whether an architecture is built for a number of channels: then it reads pictures, else ECGs."""
    return "channels" in _parameters(architecture)


def settled_network(network: NetworkSettings, source: Dataset, folds: Sequence[int]) -> NetworkSettings:
    """Return the settings with everything about the input filled in.

    Parameters
    ----------
    network
        As the configuration has it.
    source
        The data set.
    folds
        The training folds; one of their records is looked at for its length.

    Raises
    ------
    SettingError
        When an ECG network is given slices or the reverse, keys of the other kind of input, a head where there is no
        choice, or leads that the data set has not.
    """
    pictures, slices = reads_pictures(network.architecture), isinstance(source, SliceDataset)
    if pictures != slices:
        like = ", ".join(name for name in ARCHITECTURES.names if reads_pictures(name) == slices)
        raise SettingError(
            f"{network.architecture} reads {'slices' if pictures else 'ECGs'}; data set {source.name} holds "
            f"{'slices' if slices else 'ECGs'}. Choose among {like}."
        )
    strange = sorted(set(network.stated) & set(ECG_INPUT if slices else SLICE_INPUT))
    if strange:
        raise SettingError(
            f"{network.architecture} takes no {', '.join(strange)}, for it reads {'slices' if slices else 'ECGs'}. "
            "Leave it out of [network]."
        )
    refuse_unknown_settings(network, "network.settings")
    if network.head is not None and "head" not in _parameters(network.architecture):
        raise SettingError(f"{network.architecture} takes no head, for it has one only. Leave it out of [network].")
    return _settled_slices(network) if slices else _settled_signals(network, source, folds)


def refuse_unknown_settings(network: NetworkSettings, where: str) -> None:
    """Raise when an architecture is not known, or takes no setting of some name.

    Raises
    ------
    SettingError, UnknownNameError
        With `where`, the known ones and the nearest.
    """
    try:
        takes = _parameters(network.architecture)
    except UnknownNameError as error:
        raise UnknownNameError(f"{where}: {error}") from error
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in takes.values()):
        return
    for name in network.settings:
        if name not in takes:
            known = [one for one in takes if one != "classes"]
            raise SettingError(str(unknown_name(f"{where}: setting of {network.architecture}", name, known)))


def _settled_slices(network: NetworkSettings) -> NetworkSettings:
    known = _reads(network.architecture) | _own(network)
    channels = known.get("channels", _parameters(network.architecture)["channels"].default)
    mean, std = (tuple(known.get(name, (value,))) for name, value in (("mean", 0.0), ("std", 1.0)))
    if channels == 1:  # the published figures of three channels, together
        mean, std = ((sum(values) / len(values),) for values in (mean, std))
    return replace(
        network, **_open(network, size=tuple(known.get("size", _SIZE)), channels=channels, mean=mean, std=std)
    )


def _settled_signals(network: NetworkSettings, source: Dataset, folds: Sequence[int]) -> NetworkSettings:
    one = source.select(folds=folds).take([0])
    _, rows, samples = one.signals().shape
    reads = _reads(network.architecture)
    known = reads | _own(network)
    there = _leads(source, rows)
    leads = tuple(known["leads"]) if "leads" in network.stated else there
    strange = [lead for lead in leads if lead not in there]
    if strange:
        raise SettingError(
            f"network.leads must be among those of data set {source.name}, {', '.join(there)}; "
            f"got {', '.join(strange)}."
        )
    wanted = len(leads) if "leads" in _parameters(network.architecture) else reads.get("leads", len(STANDARD))
    if len(leads) != wanted:
        raise SettingError(
            f"{network.architecture} reads {wanted} leads; data set {source.name} has {len(leads)}. "
            'Name them in [network], as leads = ["II"], or choose another architecture.'
        )
    rate = float(known.get("sampling_rate", source.sampling_rate))
    return replace(
        network,
        **_open(
            network,
            sampling_rate=rate,
            length=known.get("length", round(samples * rate / source.sampling_rate)),
            leads=leads,
            unit=known.get("unit", "mV"),
            gain=known.get("gain", 1.0),
            padding=known.get("padding", "both"),
        ),
    )


def preparation_of(network: NetworkSettings) -> Preparation:
    """Return the preparation of settled settings, for batches and for the card."""
    stated = {name: value for name, value in network.stated.items() if name != "head"}
    if reads_pictures(network.architecture):
        return SlicePreparation(**stated)
    more = {name: value for name, value in _reads(network.architecture).items() if name in ("keep", "shortest")}
    return EcgPreparation(**stated, **more)


def architecture_settings(network: NetworkSettings) -> dict[str, Any]:
    """Return what the architecture of settled settings is built with, beside the number of classes."""
    takes = _parameters(network.architecture)
    stated = network.stated
    implied = {name: stated[name] for name in _BUILT_WITH if name in stated and name in takes}
    if "leads" in takes:
        implied["leads"] = len(stated["leads"])
    implied = {name: value for name, value in implied.items() if value != takes[name].default}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in implied.items()} | dict(
        network.settings
    )


def new_module(network: NetworkSettings, outputs: int, seed: int, *, where: str) -> nn.Module:
    """Return the module of settled settings before any training: drawn by the seed, with ImageNet's weights if named.

    Raises
    ------
    SettingError
        When the architecture takes no such settings, or nothing of it can be frozen or loaded.
    UnreadableFileError
        When the file of weights is not there, or is of another network.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # noqa: TID251  # initial weights have no other; put back by fork_rng
        module = module_of(network.architecture, outputs, architecture_settings(network), where=where)
    if not (network.weights or network.freeze):
        return module
    if not isinstance(module, Backbone):
        raise SettingError(
            f"{where}: weights and freeze are of picture networks with ImageNet weights; {network.architecture} has "
            "none. Leave them out."
        )
    if network.weights:
        path = Path(network.weights).expanduser()
        if not path.is_file():
            raise UnreadableFileError(
                f"{where}: network.weights must be a file; {path} is none, neither from the working folder "
                f"{Path.cwd()} nor beside the configuration. Put the published weights there, or name their whole path."
            )
        load_imagenet(module, path)
    if network.freeze:
        freeze(module)
        unfreeze(module, network.unfreeze)
    return module


def _open(network: NetworkSettings, **values: Any) -> dict[str, Any]:
    """Return those values whose key the configuration leaves open and its architecture settings do not hold."""
    return {name: value for name, value in values.items() if getattr(network, name) is None}


def _own(network: NetworkSettings) -> dict[str, Any]:
    """Return what the configuration says of the input, in [network] or among the architecture's settings."""
    inside = {name: network.settings[name] for name in (*ECG_INPUT, *SLICE_INPUT) if name in network.settings}
    return inside | network.stated


def _reads(architecture: str) -> dict[str, Any]:
    return dict(cast("Mapping[str, Any]", getattr(ARCHITECTURES[architecture], "reads", {})))


def _parameters(architecture: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(ARCHITECTURES[architecture]).parameters


def _leads(source: Dataset, rows: int) -> tuple[str, ...]:
    """Return the names of a data set's leads; of beats the most frequent one."""
    if rows == len(STANDARD):
        return STANDARD
    if rows != 1 or "lead" not in source.table:
        raise InvalidInputError(f"data set {source.name} has {rows} leads without names; it cannot be trained on.")
    return (str(source.table["lead"].mode().iloc[0]),)
