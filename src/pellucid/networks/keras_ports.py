"""The published Keras networks that can be imported: where each weight goes, what else the file holds, their cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pellucid.networks.filters import Level, Notch
from pellucid.networks.preparation import EcgPreparation, Filter

RESEARCH = "For research, never a diagnosis."


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One published network.

    Parameters
    ----------
    architecture
        A name of `available("architectures")`.
    layers
        The module's parts of each kind (`convolution`, `norm`, `dense`), in the order in which Keras made the layers.
    weightless
        How many layers without weights, by the stem of their names.
    settings
        What the layers' settings must say, by Keras' class, where the file tells them.
    strides
        Of each convolution; 1 where nothing is said.
    sequence
        Classes of all layers in order, where the network is a plain sequence.
    folder
        The names of weights and architecture, where a network is a folder of two files.
    classes
        Name and description of each output; of a folder's network they are named after the folder.
    published
        SHA-256 of the published files that are known.
    """

    architecture: str
    layers: Mapping[str, tuple[str, ...]]
    weightless: Mapping[str, int]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    strides: tuple[int, ...] = ()
    sequence: tuple[str, ...] = ()
    folder: tuple[str, str] | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    activation: Literal["sigmoid", "softmax"] = "sigmoid"
    preparation: EcgPreparation
    thresholds: tuple[float, ...] = ()
    thresholds_from: str = ""
    licence: str = ""
    attribution: str = ""
    published: frozenset[str] = frozenset()
    limits: tuple[str, ...] = ()


_CONVOLUTION = {"padding": "same", "activation": "linear", "dilation_rate": [1], "data_format": "channels_last"}
_NORM = {"epsilon": 1e-3, "center": True, "scale": True}

RIBEIRO = Port(
    architecture="ribeiro_resnet",
    layers={
        "convolution": (
            "stem",
            *(f"units.{unit}.{part}" for unit in range(4) for part in ("shortcut", "first", "second")),
        ),
        "norm": (
            "stem_norm",
            *(f"units.{unit}.{part}" for unit in range(4) for part in ("first_norm", "second_norm")),
        ),
        "dense": ("head",),
    },
    weightless={"activation": 9, "dropout": 8, "max_pooling1d": 4, "add": 4, "flatten": 1},
    settings={
        "InputLayer": {},
        "Conv1D": {**_CONVOLUTION, "use_bias": False},
        "BatchNormalization": _NORM,
        "Activation": {"activation": "relu"},
        "Dropout": {},
        "MaxPooling1D": {"pool_size": [4], "strides": [4], "padding": "same"},
        "Add": {},
        "Flatten": {},
        "Dense": {"activation": "sigmoid"},
    },
    strides=(1, *(1, 1, 4) * 4),
    classes={
        "1AVB": "first degree AV block",
        "CRBBB": "right bundle branch block",
        "CLBBB": "left bundle branch block",
        "SBRAD": "sinus bradycardia",
        "AFIB": "atrial fibrillation",
        "STACH": "sinus tachycardia",
    },
    preparation=EcgPreparation(sampling_rate=400, length=4096, padding="both"),
    thresholds=(0.124, 0.07, 0.05, 0.278, 0.390, 0.174),
    thresholds_from="the paper: maximal F1 on its validation part",
    attribution="Ribeiro et al., Nature Communications 11:1760 (2020).",
    limits=(
        "The file does not say its licence; see where it came from.",
        "The thresholds are those of the published weights; other files of this layout need their own.",
        "Trained on millivolts; some sources have other amplitudes, and the answer changes with them.",
        RESEARCH,
    ),
)

# Abbreviation, SNOMED code, name: in the order of the outputs.
_CHALLENGE = (
    ("IAVB", 270492004, "1st degree av block"),
    ("AF", 164889003, "atrial fibrillation"),
    ("AFL", 164890007, "atrial flutter"),
    ("Brady", 426627000, "bradycardia"),
    ("CRBBB", 713427006, "complete right bundle branch block"),
    ("IRBBB", 713426002, "incomplete right bundle branch block"),
    ("LAnFB", 445118002, "left anterior fascicular block"),
    ("LAD", 39732003, "left axis deviation"),
    ("LBBB", 164909002, "left bundle branch block"),
    ("LQRSV", 251146004, "low qrs voltages"),
    ("NSIVCB", 698252002, "nonspecific intraventricular conduction disorder"),
    ("PR", 10370003, "pacing rhythm"),
    ("PAC", 284470004, "premature atrial contraction"),
    ("PVC", 427172004, "premature ventricular contractions"),
    ("LPR", 164947007, "prolonged pr interval"),
    ("LQT", 111975006, "prolonged qt interval"),
    ("QAb", 164917005, "qwave abnormal"),
    ("RAD", 47665007, "right axis deviation"),
    ("RBBB", 59118001, "right bundle branch block"),
    ("SA", 427393009, "sinus arrhythmia"),
    ("SB", 426177001, "sinus bradycardia"),
    ("NSR", 426783006, "sinus rhythm"),
    ("STach", 427084000, "sinus tachycardia"),
    ("SVPB", 63593006, "supraventricular premature beats"),
    ("TAb", 164934002, "t wave abnormal"),
    ("TInv", 59931005, "t wave inversion"),
    ("VPB", 17338001, "ventricular premature beats"),
)
_CHALLENGE_PORT: dict[str, Any] = {
    "settings": {
        "InputLayer": {},
        "Conv1D": {**_CONVOLUTION, "use_bias": True},
        "BatchNormalization": _NORM,
        "Activation": {"activation": "relu"},
        "Add": {},
        "MaxPooling1D": {"pool_size": [2], "strides": [2]},
        "GlobalAveragePooling1D": {},
        "Dropout": {},
        "Dense": {"activation": "sigmoid"},
    },
    "classes": {short: f"{name} (SNOMED {code})" for short, code, name in _CHALLENGE},
    # The integers of the Challenge's files are microvolts, whatever gain a header states.
    "preparation": EcgPreparation(sampling_rate=500, length=5000, keep="start", padding="end", unit="uV"),
    "licence": "MIT",
    "attribution": "github.com/nareshwar/ecg-xai, commit 07ae9afac52f3743fd901132a5e2517a198bf674.",
    "limits": (
        "Trained on the raw integers of the Challenge 2020's files, 1000 to a true millivolt; where a file's header "
        "states another gain, the record's amplitudes must be set right first.",
        "No thresholds are published; 0.5 is taken.",
        "Equal codes (CRBBB and RBBB, PAC and SVPB, PVC and VPB) were not joined in training.",
        RESEARCH,
    ),
}

RESNET27 = Port(
    architecture="ecg_resnet27",
    layers={
        "convolution": (
            *(f"blocks.0.convolutions.{place}" for place in range(3)),
            "blocks.0.shortcut",
            *(f"blocks.1.convolutions.{place}" for place in range(3)),
            "blocks.1.shortcut",
            *(f"blocks.2.convolutions.{place}" for place in range(3)),
        ),
        "norm": tuple(
            f"blocks.{block}.{part}"
            for block in range(3)
            for part in ("norms.0", "norms.1", "norms.2", "shortcut_norm")
        ),
        "dense": ("head",),
    },
    weightless={"activation": 9, "add": 3, "global_average_pooling1d": 1},
    published=frozenset({"63485b8fcf5dbe79c8880a2c6d0a439f156f4bb70d19b4c8ee314d438f0c8bca"}),
    **_CHALLENGE_PORT,
)

CNN27 = Port(
    architecture="ecg_cnn27",
    layers={
        "convolution": ("features.0", "features.4", "features.8"),
        "norm": ("features.1", "features.5", "features.9"),
        "dense": ("head",),
    },
    weightless={"activation": 3, "max_pooling1d": 2, "global_average_pooling1d": 1, "dropout": 1},
    published=frozenset({"387f765adabcc663662d7b7a1089b3756ea30370fdf107c6ae7f9b2ff2e03efe"}),
    **_CHALLENGE_PORT,
)

_POOLED = ("Conv1D", "Activation", "MaxPooling1D")

AIME = Port(
    architecture="aime_cnn",
    layers={
        "convolution": tuple(f"features.{4 * place}" for place in range(5)),
        "dense": ("head.0", "head.3", "head.6", "head.9"),
    },
    weightless={"activation": 8, "max_pooling1d": 5, "dropout": 7, "global_average_pooling1d": 1, "softmax": 1},
    settings={
        "InputLayer": {"batch_input_shape": [None, 2000, 12]},
        "Conv1D": {**_CONVOLUTION, "use_bias": True},
        "Activation": {"activation": "elu"},
        "MaxPooling1D": {"pool_size": [2], "strides": [2], "padding": "valid"},
        "Dropout": {},
        "GlobalAveragePooling1D": {},
        "Dense": {"activation": "linear"},
        "Softmax": {},
    },
    sequence=(
        *("InputLayer", *_POOLED),
        *(*_POOLED, "Dropout") * 4,
        "GlobalAveragePooling1D",
        *("Dense", "Activation", "Dropout") * 3,
        *("Dense", "Softmax"),
    ),
    folder=("weights.h5", "model.json"),
    classes={
        "AVB": "atrioventricular block",
        "ISCH": "ischaemia",
        "LBBB": "left bundle branch block",
        "RBBB": "right bundle branch block",
    },
    activation="softmax",
    preparation=EcgPreparation(
        sampling_rate=500,
        length=2000,
        keep="start",
        padding="end",
        filters=(Notch(frequency=0.05, quality=0.05), Level(), Filter(kind="lowpass", frequency=40, order=2)),
    ),
    licence="CC-BY-4.0",
    attribution="Gumpfer et al., Towards Trustworthy AI in Cardiology, AIME 2024, doi 10.1007/978-3-031-66535-6_36; "
    "github.com/nilsgumpfer/AIME2024, commit f8ee34464f2d9c16446d15d155e6fffc05f17f3a.",
    published=frozenset(
        {
            "4e392175e7e8c0e1ee1f950681f9f260ef2ef25e6167f9ff09eb9bb4fa193c68",
            "e5caebe7ca385d2532676bade0aec9c68072b2c026bb3bcd3b32bf75081ee27c",
            "6bb2768b5f3611732370e092cb00a9ef3b39b83dd087cf92cb48a0aa09ae0784",
            "72fce36d0c7a16de5c6b293d2b5462b400481ea61c68bbf47726daaf365f4fc7",
        }
    ),
    limits=(
        "The network sees the first 4 s.",
        "The published notch at 50 Hz (Q 0.05) has no width at 500 Hz and changes nothing; it is left out. The filters "
        "run at the record's own rate: records at 500 Hz are treated as published.",
        RESEARCH,
    ),
)

PORTS: Mapping[str, Port] = {"ribeiro": RIBEIRO, "resnet27": RESNET27, "cnn27": CNN27, "aime": AIME}
