"""Small explanations for the tests of reports: two methods, classes found and not, and a slice."""

from __future__ import annotations

import numpy as np

from pellucid.explanation import words
from pellucid.explanation.explanation import ClassExplanation, Explanation
from pellucid.networks.prediction import Prediction
from pellucid.records.ecg import EcgRecord
from pellucid.records.finding import Finding
from pellucid.records.slice import MriSlice

CLASSES = ("AFIB", "CRBBB", "STACH")
DESCRIPTIONS = ("atrial fibrillation", "complete right bundle branch block", "")
HOSTILE = '</script><img src=x onerror="document.title=1">&\'"'


def beats(leads=12, samples=1000, rate=100.0):
    """An ECG-like signal in mV: sharp beats every 0.8 s, each lead a little taller than the one before."""
    times = np.arange(samples) / rate
    shape = np.exp(-(((times % 0.8) - 0.3) ** 2) / 0.0008) + 0.2 * np.exp(-(((times % 0.8) - 0.55) ** 2) / 0.004)
    return np.linspace(0.4, 1.2, leads)[:, None] * shape


def prediction(probabilities=(0.2, 0.93, 0.35), *, record="patient", exclusive=False):
    p = np.array(probabilities)
    return Prediction(
        record=record, network="small", classes=CLASSES, logits=np.log(p / (1 - p)), probabilities=p,
        thresholds=np.array([0.5, 0.4, 0.38]), exclusive=exclusive, descriptions=DESCRIPTIONS,
    )  # fmt: skip


def of_class(target, method, relevance, leads, *, kind="signed", **more):
    facts = {"score": 2.0, "base": -1.0, "gap": 0.004, "outside": 0.0, "leads_apart": True, "warnings": ()}
    return ClassExplanation(
        target=target, method=method, settings={"steps": 16}, relevance=relevance, leads=leads, kind=kind,
        empty=not relevance.any(), **{**facts, **more},
    )  # fmt: skip


def explanation(name="patient", probabilities=(0.2, 0.93, 0.35), *, samples=1000, rate=100.0, **more):
    """Integrated gradients (signed, strongest in V1) and saliency (positive, with padding) for each target."""
    signal = beats(samples=samples, rate=rate)
    record = EcgRecord(signal=signal, sampling_rate=rate, name=name)
    said = prediction(probabilities, record=name)
    targets = more.pop("targets", said.found or (said.top,))
    maps = {}
    for number, target in enumerate(targets, start=1):
        signed = np.gradient(signal, axis=1) * number
        signed[6] *= 3
        maps["integrated_gradients", target] = of_class(target, "integrated_gradients", signed, record.leads)
        maps["saliency", target] = of_class(
            target, "saliency", np.abs(signed), record.leads, kind="positive", gap=None, base=None, outside=0.2,
            warnings=("gradients saturate",),
        )  # fmt: skip
    facts = {
        "record": record, "prediction": said, "targets": targets, "methods": ("integrated_gradients", "saliency"),
        "findings": (Finding("flat", ("V2",), "V2 is flat."),), "maps": maps,
        "notes": ("The record was cut to 10 s.", "V2 is flat.", words.NOT_A_DIAGNOSIS),
        "provenance": {"network": {"name": "small", "weights": "ab" * 32}, "methods": {"saliency": {"signed": False}}},
    }  # fmt: skip
    return Explanation(**{**facts, **more})


def slice_explanation(name="head"):
    pixels = np.hypot(*np.mgrid[-1:1:24j, -1:1:16j]) < 0.8
    mri = MriSlice(pixels=pixels * 0.6, spacing=(1.0, 1.5), name=name)
    relevance = np.outer(np.linspace(-1, 1, 24), np.ones(16))
    said = prediction(record=name, exclusive=True)
    return Explanation(
        record=mri, prediction=said, targets=("CRBBB",), methods=("grad_cam",), findings=(), notes=(), provenance={},
        maps={("grad_cam", "CRBBB"): of_class("CRBBB", "grad_cam", relevance, ())},
    )  # fmt: skip


def place(record, lead="V1"):
    """A truth mask: the first half of one lead."""
    mask = np.zeros(record.signal.shape, dtype=bool)
    mask[record.leads.index(lead), : record.samples // 2] = True
    return mask
