"""Explain a network's answer about a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.attribution.additive import HasAdditiveMap
from pellucid.attribution.evaluate import reserves
from pellucid.attribution.method import METHODS, Attribution, Method
from pellucid.attribution.method import method as made
from pellucid.core.errors import InvalidInputError, NotApplicableError, SettingError, unknown_name
from pellucid.core.provenance import array_hash, text_hash
from pellucid.core.registry import normalised
from pellucid.core.settings import encode
from pellucid.explanation import words
from pellucid.explanation.explanation import ClassExplanation, Explanation
from pellucid.records.ecg import EcgRecord
from pellucid.records.quality import findings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pellucid.networks.network import Network
    from pellucid.networks.prediction import Prediction
    from pellucid.networks.preparation import Prepared
    from pellucid.records.slice import MriSlice

MethodLike = str | Method | tuple[str, Mapping[str, Any]]


def explain(
    record: EcgRecord | MriSlice,
    network: Network,
    *,
    methods: MethodLike | Sequence[MethodLike] | None = None,
    targets: str | Sequence[str] = "found",
) -> Explanation:
    """Return why a network answers as it does about a record.

    Parameters
    ----------
    record
        An ECG or a slice, whichever the network reads.
    network
        With its card: classes, preparation, thresholds.
    methods
        Names, `Method` objects, or (name, {settings}); "all" for every method that makes sense for this network. By
        default integrated gradients, and beside them the exact shares of each lead (`cam`) where the network is a sum
        over leads.
    targets
        "found" (every class above its threshold; where there is none the most probable one, and the notes say so),
        "all", a class or several.

    Returns
    -------
    Explanation
        Relevance on the record's own samples or pixels, with its sum kept.

    Raises
    ------
    UnknownNameError
        For an unknown method or class.
    InvalidInputError
        Where the record does not fit the network.
    NotApplicableError
        For a method that makes no sense for this network.

    Notes
    -----
    Cost: all classes of a method share their passes forward; integrated gradients take some hundred gradients a class.
    """
    prepared = network.prepare(record)
    prediction = network.predict(record)
    chosen = _targets(targets, prediction)
    asked, optional = _methods(methods, network)
    maps: dict[tuple[str, str], ClassExplanation] = {}
    notes = [*_notes(targets, prediction, chosen), *prepared.notes]
    explained: dict[str, Method] = {}
    for label, method in asked.items():
        try:
            answer = _attribution(method, network, prepared, chosen)
        except NotApplicableError as error:
            if not optional:
                raise
            notes.append(words.refused(label, str(error)))
            continue
        explained[label] = method
        for number, name in enumerate(chosen):
            maps[label, name] = _of_class(label, name, number, method, answer, prepared)
    if not explained:
        raise NotApplicableError(f"no method makes sense for network {network.name}: {' '.join(notes[-len(asked) :])}")
    noticed = findings(record)
    notes += _reserves(maps)
    notes += [finding.text for finding in noticed]
    return Explanation(
        record=prepared.record,
        prediction=prediction,
        targets=chosen,
        methods=tuple(explained),
        findings=noticed,
        notes=(*dict.fromkeys(notes), *network.card.limits, words.NOT_A_DIAGNOSIS),
        provenance=_provenance(network, explained),
        maps=maps,
    )


def _targets(targets: str | Sequence[str], prediction: Prediction) -> tuple[str, ...]:
    if isinstance(targets, str):
        if targets == "found":
            return prediction.found or (prediction.top,)
        if targets == "all":
            return prediction.classes
        targets = [targets]
    if not targets:
        raise InvalidInputError("targets must name at least one class, or be 'found' or 'all'; got none.")
    return tuple(dict.fromkeys(_class(str(name), prediction.classes) for name in targets))


def _class(name: str, classes: tuple[str, ...]) -> str:
    if name in classes:
        return name
    same = [known for known in classes if normalised(known) == normalised(name)]
    if len(same) == 1:
        return same[0]
    raise unknown_name("class", name, classes)


def _methods(methods: MethodLike | Sequence[MethodLike] | None, network: Network) -> tuple[dict[str, Method], bool]:
    """Return the methods by what they are called in the explanation, and whether one may be left out."""
    if methods is None:
        own = ["cam"] if isinstance(network.module, HasAdditiveMap) else []
        return _labelled([made("integrated_gradients"), *map(made, own)]), False
    if isinstance(methods, str) and normalised(methods) == "all":
        return _labelled([made(name) for name in METHODS]), True
    if isinstance(methods, str | Method) or _is_pair(methods):
        return _labelled([_method(methods)]), False
    if not methods:
        raise InvalidInputError("methods must name at least one method; got none. Leave it out for the default.")
    return _labelled([_method(item) for item in methods]), False


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], Mapping)


def _method(value: Any) -> Method:
    if _is_pair(value):
        return made(value[0], **value[1])
    if isinstance(value, str | Method):
        return made(value)
    raise InvalidInputError(f"a method must be a name, a Method or (name, {{settings}}); got {value!r}.")


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


def _attribution(method: Method, network: Network, prepared: Prepared, targets: Sequence[str]) -> Attribution:
    module = network.module
    reference = next(module.parameters(), prepared.inputs)
    inputs = prepared.inputs.to(reference.device, reference.dtype)
    classes = [[network.classes.index(name) for name in targets]]
    return method(module, inputs, target=np.array(classes), layer=_layer(method, network))


def _layer(method: Method, network: Network) -> str | None:
    """Return the card's layer for methods that draw a layer's map; `cam` finds for itself what the head pools."""
    if method.name == "cam" or getattr(method, "layer", "none") is not None:
        return None
    return network.card.layer


def _of_class(
    label: str, name: str, number: int, method: Method, answer: Attribution, prepared: Prepared
) -> ClassExplanation:
    if isinstance(answer.relevance, tuple):
        raise InvalidInputError("a record makes one input; got an attribution of several.")
    own: NDArray[np.float64] = answer.relevance[0, number].double().cpu().numpy()
    relevance = prepared.restore(own)
    record = prepared.record
    leads = record.leads if isinstance(record, EcgRecord) else ()
    apart = not leads or len(own) == len(leads)
    if not apart:
        relevance = np.repeat(relevance / len(leads), len(leads), axis=0)
    whole = float(np.abs(own).sum())
    gap = None if answer.gap is None else float(answer.gap[0, number])
    empty = bool(answer.empty[0, number])
    return ClassExplanation(
        target=name,
        method=label,
        settings=answer.settings,
        relevance=relevance,
        leads=leads,
        kind=answer.kind,
        score=float(answer.score[0, number]),
        base=None if answer.base is None else float(answer.base[0, number]),
        gap=gap,
        outside=prepared.outside(np.abs(own)) / whole if whole else 0.0,
        empty=empty,
        leads_apart=apart,
        warnings=(*answer.remarks, *reserves(method, gap, empty)),
    )


def _notes(targets: str | Sequence[str], prediction: Prediction, chosen: Sequence[str]) -> list[str]:
    notes = [] if targets != "found" or prediction.found else [words.nothing_found(prediction)]
    return [*notes, *words.absent(prediction, chosen), *words.unsure(prediction, chosen)]


def _reserves(maps: Mapping[tuple[str, str], ClassExplanation]) -> list[str]:
    found = []
    for (label, name), shown in maps.items():
        found += [f"{label}, {name}: {text}." for text in shown.warnings]
        if shown.outside > words.NOTABLE:
            found.append(words.padding(label, name, shown.outside))
        if shown.leads and not shown.leads_apart:
            found.append(words.one_map_for_all(label))
    return found


def _provenance(network: Network, methods: Mapping[str, Method]) -> dict[str, Any]:
    weights = network.module.state_dict()
    lines = (f"{name} {array_hash(value.detach().cpu().numpy())}" for name, value in weights.items())
    return {
        "network": {"name": network.name, "architecture": network.card.architecture, "weights": text_hash(lines)},
        "methods": {label: {"name": method.name, **encode(method)} for label, method in methods.items()},
    }
