"""Which methods a record is explained with: their names and settings in a reader's terms, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.attribution.additive import HasAdditiveMap
from pellucid.attribution.method import METHODS, Attribution, Method
from pellucid.attribution.method import method as made
from pellucid.core.errors import InvalidInputError, NotApplicableError, SettingError, unknown_name
from pellucid.core.randomness import torch_generator
from pellucid.core.registry import normalised
from pellucid.core.settings import encode
from pellucid.networks.preparation import EcgPreparation

if TYPE_CHECKING:
    from torch import Tensor

    from pellucid.networks.network import Network

MethodLike = str | Method | tuple[str, Mapping[str, Any]]
Named = Method | tuple[str, Mapping[str, Any]]
Given = Mapping[str, Mapping[str, Any]]

# What methods take for ECGs where nothing else is said. Zeros would be a deep false wave in the middle of a beat.
_ECG: Given = {"occlusion": {"window": "120ms", "baseline": "interpolation"}}
_FLOORS = ("amplitude", "random")  # know no network: a reader must not meet them first
_TIME = re.compile(r"(\d+(?:\.\d+)?) ?ms")


def chosen(
    methods: MethodLike | Sequence[MethodLike] | None, network: Network, settings: Given | None = None
) -> tuple[dict[str, Method], bool]:
    """Return the methods by what they are called in the explanation, and whether one may be left out.

    Parameters
    ----------
    methods
        As `explain` takes them.
    settings
        Of methods asked for by name: `{"lrp": {"rule": "epsilon_plus"}}`.

    Raises
    ------
    UnknownNameError, SettingError, InvalidInputError
        For unknown methods and settings, values out of range, settings given twice or of a method not asked for.
    """
    given = {normalised(name): values for name, values in (settings or {}).items()}
    named, optional = _named(methods, network)
    names = [value[0] if isinstance(value, tuple) else value.name for value in named]
    for name in given:
        if name not in names:
            raise unknown_name("settings: method", name, names, remedy="Only methods that are asked for have settings.")
    return _labelled([_made(value, given, network) for value in named]), optional


def ask(
    method: Method, network: Network, inputs: Tensor, classes: Sequence[str], options: Mapping[str, Any] | None = None
) -> Attribution:
    """Return a method's answer about prepared inputs of one record, with an axis for the classes."""
    reference = next(network.module.parameters(), inputs)
    targets = np.array([[network.classes.index(name) for name in classes]])
    own = inputs.to(reference.device, reference.dtype)
    given = {**_tokens(method, network), **(options or {})}
    return method(network.module, own, target=targets, layer=_layer(method, network), **given)


def refusals(methods: Mapping[str, Method], network: Network) -> dict[str, str]:
    """Return, by label, why methods make no sense for this network, whatever the record.

    Asked are those that look at the inside of the module: the others take any. Cost: a few passes each, on noise.
    """
    reasons = {}
    for label, method in methods.items():
        inner = getattr(method, "inner", method)  # what a method does many times can be asked once
        if inner.taped or inner.looks_inside:
            try:
                ask(inner, network, _noise(network), network.classes[:1])
            except NotApplicableError as error:
                reasons[label] = str(error)
    return reasons


def _noise(network: Network) -> Tensor:
    import torch

    expects = network.card.preparation
    if isinstance(expects, EcgPreparation):
        shape: tuple[int, ...] = (len(expects.leads), expects.length)
    else:
        shape = (expects.channels, *expects.size)
    return 0.1 * torch.randn((1, *shape), generator=torch_generator(0))


def _named(methods: MethodLike | Sequence[MethodLike] | None, network: Network) -> tuple[list[Named], bool]:
    """Return each method, or its name and settings, and whether one may be left out."""
    usual = ["integrated_gradients", *(["cam"] if isinstance(network.module, HasAdditiveMap) else [])]
    if methods is None:
        return [_pair(name) for name in usual], False
    if isinstance(methods, str) and normalised(methods) == "all":
        others = [name for name in METHODS if name not in (*usual, *_FLOORS)]
        return [_pair(name) for name in (*usual, *others, *_FLOORS)], True
    if isinstance(methods, str | Method) or _is_pair(methods):
        return [_pair(methods)], False
    if not methods:
        raise InvalidInputError("methods must name at least one method; got none. Leave it out for the default.")
    return [_pair(item) for item in methods], False


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], Mapping)


def _pair(value: Any) -> Named:
    if isinstance(value, Method):
        return value
    if isinstance(value, str):
        return normalised(value), {}
    if _is_pair(value):
        return normalised(value[0]), value[1]
    raise InvalidInputError(f"a method must be a name, a Method or (name, {{settings}}); got {value!r}.")


def _made(value: Named, given: Given, network: Network) -> Method:
    """Return the method with its settings: its own, those given beside, and for ECGs the usual ones."""
    if isinstance(value, Method):
        if value.name in given:
            names = ", ".join(given[value.name])
            raise SettingError(f"settings of {value.name!r} are in it already; got {names} beside it.")
        return value
    name, own = value
    beside = given.get(name, {})
    twice = sorted(set(own) & set(beside))
    if twice:
        raise SettingError(f"settings of {name!r} must be given once; got {', '.join(twice)} twice.")
    usual = _ECG.get(name, {}) if isinstance(network.card.preparation, EcgPreparation) else {}
    return made(name, **_in_samples({**usual, **own, **beside}, network))


def _in_samples(value: Any, network: Network) -> Any:
    """Return settings with each time, `120ms`, as samples of the network's input."""
    if isinstance(value, Mapping):
        return {key: _in_samples(item, network) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_in_samples(item, network) for item in value]
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return value
    expects = network.card.preparation
    if not isinstance(expects, EcgPreparation):
        raise SettingError(f"{value!r} is a time; network {network.name} reads slices, which count in pixels.")
    samples = round(float(found[1]) / 1000 * expects.sampling_rate)
    if samples < 1:
        raise SettingError(
            f"a time must last at least one sample, {1000 / expects.sampling_rate:g} ms for network {network.name}; "
            f"got {value!r}."
        )
    return samples


def _labelled(methods: Sequence[Method]) -> dict[str, Method]:
    """Return methods by name; the settings that differ stand behind it where a name comes twice."""
    labelled: dict[str, Method] = {}
    for method in methods:
        label = method.name
        if sum(other.name == label for other in methods) > 1:
            usual = encode(type(method)())
            own = [f"{key}={value}" for key, value in encode(method).items() if value != usual[key]]
            label = f"{label}({', '.join(own)})" if own else label
        if label in labelled:
            raise SettingError(f"method {label!r} is asked for twice with the same settings.")
        labelled[label] = method
    return labelled


def _layer(method: Method, network: Network) -> str | None:
    """Return the card's layer for methods that draw a layer's map; `cam` finds for itself what the head pools."""
    if method.name == "cam" or getattr(method, "layer", "none") is not None:
        return None
    return network.card.layer


def _tokens(method: Method, network: Network) -> dict[str, Any]:
    """Return where the tokens lie that attention rollout scores, which the architecture alone knows."""
    inner = getattr(method, "inner", method)
    return {"parts": getattr(network.module, "token_map", None)} if inner.name == "attention_rollout" else {}
