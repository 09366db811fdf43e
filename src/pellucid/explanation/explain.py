"""Explain a network's answer about a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.attribution.evaluate import reserves
from pellucid.attribution.method import Attribution, Method
from pellucid.core.errors import InvalidInputError, MissingExtraError, NotApplicableError, interrupted, unknown_name
from pellucid.core.provenance import array_hash, text_hash
from pellucid.core.registry import normalised
from pellucid.core.settings import encode
from pellucid.explanation import words
from pellucid.explanation.choice import Given, MethodLike, ask, chosen
from pellucid.explanation.explanation import ClassExplanation, Explanation
from pellucid.explanation.parts import checked_parts, derived_rows, options, parts_for, refuse_unused
from pellucid.explanation.waves import Waves
from pellucid.networks.preparation import EcgPreparation
from pellucid.records.ecg import EcgRecord
from pellucid.records.quality import findings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pellucid.networks.network import Network
    from pellucid.networks.prediction import Prediction
    from pellucid.networks.preparation import Prepared
    from pellucid.records.slice import MriSlice


def explain(
    record: EcgRecord | MriSlice,
    network: Network,
    *,
    methods: MethodLike | Sequence[MethodLike] | None = None,
    targets: str | Sequence[str] = "found",
    parts: str | None = None,
    settings: Given | None = None,
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
        over leads. Asked by name for an ECG, `occlusion` takes windows of 120 ms and a line across them.
    targets
        "found" (every class above its threshold; where there is none the most probable one, and the notes say so),
        "all", a class or several.
    parts
        What `lime` and `kernel_shap` replace in an ECG: "lead" (by default for `kernel_shap`, exact), "lead x window"
        (ten of each lead; by default for `lime`), "lead x wave" (each lead's P, QRS, T and the rest), or for
        `kernel_shap` "independent leads" (I, II, V1 to V6; the others follow from I and II). A method with its own
        `parts` keeps them. `attention_rollout` is given what the module says itself: its attribute `token_map`, a label
        map with the token that each element went into.
    settings
        Of methods asked for by name, also of "all": {"lrp": {"rule": "epsilon_plus"}}. Here and in (name, {settings})
        a number of samples may be a time, "120ms".

    Returns
    -------
    Explanation
        Relevance on the record's own samples or pixels, with its sum kept.

    Raises
    ------
    UnknownNameError
        For an unknown method, class or kind of parts.
    InvalidInputError
        Where the record does not fit the network; for a setting that is unknown, out of range or given twice.
    NotApplicableError
        For a method that makes no sense for this network; for waves of a record without beats.
    MissingExtraError
        For waves without NeuroKit2, and superpixels without scikit-image.
    Interrupted
        At Ctrl-C after some of the methods; its `finished` holds the `Explanation` by these.

    Notes
    -----
    Cost: all classes of a method share their passes forward; integrated gradients take some hundreds of gradients each.
    """
    wanted = checked_parts(parts, network)
    asked, optional = chosen(methods, network, settings)
    refuse_unused(wanted, asked.values(), network)
    prepared = network.prepare(record)
    prediction = network.predict(record)
    classes = _targets(targets, prediction)
    waves = _waves(prepared)
    maps: dict[tuple[str, str], ClassExplanation] = {}
    unasked: list[str] = []
    notes = [*_notes(targets, prediction, classes), *prepared.notes]
    explained: dict[str, tuple[Method, str | None]] = {}
    for label, method in asked.items():
        kind = parts_for(method, wanted, network)
        try:
            answer = _answer(method, kind, network, prepared, classes, waves)
        except (NotApplicableError, MissingExtraError) as error:
            if not optional:
                raise
            notes.append(words.refused(label, str(error)))
            continue
        except KeyboardInterrupt:
            if not explained:
                raise
            unasked = list(asked)[list(asked).index(label) :]
            notes.insert(0, words.stopped(unasked))
            break
        explained[label] = method, kind
        for number, name in enumerate(classes):
            maps[label, name] = _of_class(label, name, number, method, answer, prepared, waves)
    if not explained:
        raise NotApplicableError(f"no method makes sense for network {network.name}: {' '.join(notes[-len(asked) :])}")
    noticed = findings(record)
    notes += _reserves(maps)
    if waves is not None and derived_rows(waves.record.leads):
        notes += words.parts({label: kind for label, (_, kind) in explained.items() if kind})
    notes += [finding.text for finding in noticed]
    found = Explanation(
        record=prepared.record,
        prediction=prediction,
        targets=classes,
        methods=tuple(explained),
        findings=noticed,
        notes=(*dict.fromkeys(notes), *network.card.limits, words.NOT_A_DIAGNOSIS),
        provenance=_provenance(network, explained),
        maps=maps,
    )
    if unasked:
        raise interrupted(f"{len(explained)} of {len(asked)} methods", "their Explanation", found)
    return found


def _waves(prepared: Prepared) -> Waves | None:
    """Return the waves of an ECG, found when they are asked for."""
    if not isinstance(prepared.record, EcgRecord):
        return None
    return Waves(prepared.record, prepared.restore(np.ones((1, len(prepared.valid))))[0] > 0)


def _answer(
    method: Method,
    kind: str | None,
    network: Network,
    prepared: Prepared,
    classes: Sequence[str],
    waves: Waves | None,
) -> Attribution:
    """Return a method's answer, its settings with the name of the parts."""
    expects = network.card.preparation
    if kind is None or waves is None or not isinstance(expects, EcgPreparation):
        return ask(method, network, prepared.inputs, classes)
    given = options(method, kind, expects, prepared, waves)
    answer = ask(method, network, prepared.inputs, classes, given)
    named = {key: value for key, value in answer.settings.items() if key not in given}
    return replace(answer, settings={**named, "parts": kind})


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


def _of_class(
    label: str,
    name: str,
    number: int,
    method: Method,
    answer: Attribution,
    prepared: Prepared,
    waves: Waves | None,
) -> ClassExplanation:
    if isinstance(answer.relevance, tuple):
        raise InvalidInputError("a record makes one input; got an attribution of several.")
    own: NDArray[np.float64] = answer.relevance[0, number].double().cpu().numpy()
    relevance = prepared.restore(own)
    record = prepared.record
    leads = record.leads if isinstance(record, EcgRecord) else ()
    apart = not leads or _apart(own, len(leads))
    if not apart:
        relevance = np.repeat(relevance[:1] / len(leads), len(leads), axis=0)
    whole = float(np.abs(own).sum())
    gap = None if answer.gap is None else float(answer.gap[0, number])
    empty = bool(answer.empty[0, number])
    even = [words.evenness(float(answer.details["entropy"][0, number]))] if "entropy" in answer.details else []
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
        warnings=(*answer.remarks, *even, *reserves(method, gap, empty)),
        waves=waves,
    )


def _apart(own: NDArray[np.float64], leads: int) -> bool:
    """Return whether a method tells the leads apart: it gives each its own row, not one row or the same for all."""
    return len(own) == leads and (leads == 1 or not own.any() or bool((own != own[0]).any()))


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


def _provenance(network: Network, methods: Mapping[str, tuple[Method, str | None]]) -> dict[str, Any]:
    weights = network.module.state_dict()
    lines = (f"{name} {array_hash(value.detach().cpu().numpy())}" for name, value in weights.items())
    return {
        "network": {"name": network.name, "architecture": network.card.architecture, "weights": text_hash(lines)},
        "methods": {
            label: {"name": method.name, **encode(method), **({"parts": kind} if kind else {})}
            for label, (method, kind) in methods.items()
        },
    }
