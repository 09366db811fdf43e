"""Writes docs/results.md: what the networks are worth on real data, out of the folders of their trainings.

    python docs/results.py RUNS [--out docs/results.md] [--dementia FOLDER]

RUNS holds a folder a run, named as its configuration in `configs/`; runs of the brain slices are there twice, as
NAME-official and NAME-audited. What is not there is named with its command. FOLDER has slices of dementia in a
folder a class.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from statistics import mean

import pandas as pd
from result_tables import Run, block, cell, commands, commands_of, difference, facts, limits, scores, shares, table

import pellucid
from pellucid.core.errors import InvalidInputError
from pellucid.core.files import write_text
from pellucid.networks.store import BUNDLED
from pellucid.training.distil_table import ALONE, TAUGHT, TEACHER

# Published figures. Precision, recall and F1 of table 2.2 of a thesis whose code is dupeljan/ecg-with-explanations.
THESIS = {
    "1AVB": (0.67, 0.42, 0.52), "CRBBB": (0.89, 0.91, 0.90), "CLBBB": (0.98, 0.81, 0.89),
    "SBRAD": (0.81, 0.89, 0.85), "AFIB": (0.84, 0.79, 0.82), "STACH": (0.84, 0.78, 0.81),
}  # fmt: skip
# The thresholds beside that thesis's table 2.1, in the order of the published network's classes.
THRESHOLDS = "0.31871256,0.51558906,0.5997846,0.3313214,0.50154346,0.4270824"
# Accuracy in % and how many of 394, of a student project with four classes of brain slices.
PROJECT = {
    "ConvNet without teacher": (68.53, 270),
    "EfficientNet-B0, the teacher": (72.08, 284),
    "ConvNet with teacher": (73.10, 288),
}
# Accuracy in % and trainable parameters, of a work on 4,600 slices with or without a tumour, 896 of them the test.
TWO_CLASSES = {
    "VGG16": (97.88, 263_682),
    "ResNet50": (97.66, 2_359_682),
    "EfficientNetB7": (98.88, 2_949_506),
    "CNN": (91.96, 97_458),
}
# What is trained to tell a tumour from none: its title and the beginning of its folder's name.
PAIRS = (
    ("PlainCnn", "plain-cnn"),
    ("SqueezeNet", "squeeze-net"),
    ("EfficientNet-Lite0", "efficient-net-lite"),
)
AUDIT = "pellucid audit brain-tumor:/data/brain_tumor_mri --out audit"
AUDIT_ECG = "pellucid audit ptbxl:/data/ptb-xl --out audit"
KAGGLE_NORMAL, KAGGLE_TEST = 18_118, 21_892  # beats of class N, and all, in Kaggle's mitbih_test.csv

UNLIKE = "The two tests hold unlike records, so the difference has no interval."
_FIGURES = {"accuracy": "accuracy", "f1": "mean F1", "auc": "mean AUC"}

INTRODUCTION = """# What the networks are worth

Written by `python docs/results.py RUNS` out of what each training left in its folder (`card.json`, `log.jsonl`,
`comparison.csv`, `audit.json`); only published figures, whose source stands beside them, are typed. In brackets behind
a figure stands the central 95 % of 2,000 draws of patients; where they are unknown, of clusters of like records, or
of records. Epochs are kept and thresholds chosen on the choosing folds, never on the test. Many trainings are cut
short for want of time: the column `epochs` says which one was kept, by what, and whether loss or score on the
choosing folds was still the best so far at the end. `choosing score` is the kept epoch's on the choosing folds:
balanced accuracy where classes exclude each other, else the mean AUC; where the test is far below it, the choosing
folds hold people of the training, or the test is unlike both. Seconds are those of a clock, an epoch's are their
median; the machine had other work beside.
**Research use only, not a diagnosis.**"""


def main(runs: Path, out: Path, dementia: Path | None) -> None:
    """Write the page."""
    parts = [
        INTRODUCTION,
        _machines(runs),
        ecg(runs),
        beats(runs),
        tumours(runs),
        tumour_or_not(runs),
        slices(dementia),
        bundled(runs),
    ]
    write_text(out, "\n\n".join(part for part in parts if part) + "\n")


def _machines(runs: Path) -> str:
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(runs.glob("*/network/card.json"))]
    machines = sorted({card["training"]["machine"] for card in cards})
    return f"Made on: {'; '.join(machines)}." if machines else ""


def ecg(runs: Path) -> str:
    """Return section 1: the six classes of the ECG."""
    made = {
        "ecg-lead-net-bce": "LeadNet, BCE", "ecg-lead-net-focal": "LeadNet, focal", "ecg-lead-net-mse": "LeadNet, MSE",
        "ecg-conv-attention-apart": "EcgConvAttentionNet, leads apart",
        "ecg-conv-attention-leaky": "EcgConvAttentionNet, leaky", "ecg-ribeiro": "RibeiroResNet",
    }  # fmt: skip
    every = [Run(title, runs / name, f"results/{name}") for name, title in made.items()]
    thesis = {name: f"{f1:.2f} ({precision:.2f} / {recall:.2f})" for name, (precision, recall, f1) in THESIS.items()}
    thesis["mean"] = f"{mean(f1 for _, _, f1 in THESIS.values()):.3f}"
    published = {"thesis, F1 (precision / recall)": thesis}
    six = [Run("ecg-six", BUNDLED / "ecg-six", "ecg-six")]
    return _joined(
        "## 1. Six findings in twelve leads (PTB-XL)",
        "The split of the thesis: fold 9 is the test, only records with at least one of the six. The recordings are "
        "read at 100 Hz; for networks that want 400 or 500 Hz they are upsampled, which adds no detail.",
        facts(every),
        "F1, beside table 2.2 of the thesis (code: dupeljan/ecg-with-explanations; EcgConvAttentionNet with leaking "
        "leads at 500 Hz, another release of PTB-XL; its checkpoint was chosen on the very records of the table):",
        scores(every, "f1", published) if any(run.card for run in every) else "",
        "AUC:",
        scores(every, "auc"),
        _losses(every),
        "Each of these records has one of the six; among all ECGs false alarms are many more, as fold 10 shows below. "
        "One seed each, and most trainings are cut: the columns are no ranking of networks.",
        limits(every),
        commands_of(every),
        "### Leaks and short cuts",
        _audit(runs / "audit-ptbxl" / "audit.json", "records", AUDIT_ECG),
        block([AUDIT_ECG]),
        "### Fold 10, all its records",
        "The network that comes with pellucid, of three encoders; those above have seen fold 10.",
        facts(six),
        "F1, then AUC:",
        scores(six, "f1"),
        scores(six, "auc"),
        commands_of(six),
        "### The thesis's table 2.1",
        "It needs the weights of Ribeiro et al. (2020), which could not be had. Who has `model.hdf5` gets it so; the "
        "thresholds are the thesis's, most likely chosen on the records they are scored on, and `--records all` gives "
        "the other reading of the table. The last line scores the records of CODE:",
        block([
            "pellucid import-keras model.hdf5 --as ribeiro --out networks/ribeiro",
            "pellucid evaluate ptbxl:/data/ptb-xl --network networks/ribeiro --classes six --folds 5 "
            f"--records any-of-classes --thresholds {THRESHOLDS}",
            "pellucid evaluate code:/data/code --network networks/ribeiro",
        ]),
    )  # fmt: skip


def _losses(every: list[Run]) -> str:
    """Return what focal loss and MSE give beyond BCE: the thesis holds focal loss to be better."""
    bce, *others = (run for run in every if run.title.startswith("LeadNet"))
    if not bce.card:
        return ""
    base = bce.test["macro"]
    told = []
    for run in others:
        if run.card:
            more = [run.test["macro"][name]["value"] - base[name]["value"] for name in ("f1", "auc")]
            told.append(f"{run.title}: mean F1 {more[0]:+.3f}, mean AUC {more[1]:+.3f}")
    claim = "The thesis holds focal loss to be better than MSE. Beside BCE, all else equal, one seed:"
    return f"{claim} {'; '.join(told)}." if told else ""


def beats(runs: Path) -> str:
    """Return section 2: beats by beat and by patient."""
    by_beat = Run("split by beat", runs / "beats-by-beat", "results/beats-by-beat")
    by_patient = Run("split by patient", runs / "beats", "beats")
    both = [by_beat, by_patient]
    leak = difference(by_beat, by_patient)
    return _joined(
        "## 2. Single beats (MIT-BIH)",
        "BeatNet, five classes. By patient: DS1 in training, DS2 in the test, recording 202 left out. By beat, as in "
        "the published note: beats of every test patient are in training, too.",
        facts(both),
        leak and f"What the leak is worth. {UNLIKE}",
        leak,
        "The note shows pictures and publishes no figure. Naming always N is right for "
        f"{100 * KAGGLE_NORMAL / KAGGLE_TEST:.1f} % of the beats of Kaggle's test, which is split by beat.",
        limits(both),
        "[The note's figure](beats.png) by `python docs/beats.py /data/mitdb`.",
        commands_of(both),
    )


def tumours(runs: Path) -> str:
    """Return section 3: four classes of brain slices, the audit, and distillation on both splits."""
    config = "results/tumours-convnet1"
    folders = {name: runs / f"tumours-{name}" for name in ("official", "audited")}
    made = [
        Run(f"{kind}{seed}, {split}", folder / place, config, audited=split == "audited")
        for split, folder in folders.items()
        for kind, place, seed in [
            (TEACHER, "teacher", ""),
            *((ALONE, f"alone/seed-{seed}", f" {seed}") for seed in range(3)),
            *((TAUGHT, f"taught/seed-{seed}", f" {seed}") for seed in range(3)),
        ]
    ]
    there = {name: folder for name, folder in folders.items() if (folder / "comparison.csv").is_file()}
    asked = {name: commands(config, folders[name].name, audited=name == "audited")[0] for name in folders}
    return _joined(
        "## 3. Four classes of brain slices",
        "ConvNet1 alone, an EfficientNet-Lite0 that began with ImageNet's weights, and ConvNet1 taught by it. The "
        "official split repeats training pictures in its test:",
        _audit(runs / "audit-brain" / "audit.json", "pictures", AUDIT),
        facts([run for run in made if run.card]) if any(run.card for run in made) else "",
        "\n".join(
            f"- {name} split: not run to its end here: `{asked[name]}`" for name in folders if name not in there
        ),
        *(_compared(folder, f"On the {name} split:") for name, folder in there.items()),
        _worth(folders) if len(there) == len(folders) else "",
        "The student project's own table, on the official split (394 pictures, so that an interval is some 4.5 points "
        "to either side; its students and teacher are not told apart by it):",
        table([
            {"model": name, "accuracy": f"{share:.2f} %", "right": f"{right} of 394"}
            for name, (share, right) in PROJECT.items()
        ]),
        "The set names no patients: even the audited split, which keeps pictures that are alike on one side, does not "
        "keep those of one person together. Its licence is unclear: the network is a command and no file.",
        limits(made),
        block([AUDIT, *asked.values()]),
    )  # fmt: skip


def _audit(path: Path, things: str, command: str) -> str:
    """Return what the audit of a data set of `things` found."""
    if not path.is_file():
        return f"- audit: not run here: `{command}`"
    found = json.loads(path.read_text(encoding="utf-8"))
    leaking, confounds = found["leaking"], found["confounds"].items()
    rows = [
        {
            "class": name,
            "test": str(count),
            "equal in training": str(found["leak"]["exact"][name]),
            "equal or near in training": str(found["leak"]["near"][name]),
            **{f"twins within {side}": str(found["within"][side][name]) for side in found["within"]},
        }
        for name, count in found["balance"][next(iter(found["within"]))].items()
    ]
    told = [f"{name} {100 * one['accuracy']:.1f} %" for name, one in confounds if one["tells"] and name != "all"]
    majority = next(one["majority"] for _, one in confounds)
    dropped = ", ".join(f"{why}: {count}" for why, count in found["cleaned"]["dropped"].items())
    return _joined(
        table(rows),
        f"Of {leaking['test']:,} test {things} {leaking['near']} have a twin in training. "
        f"{leaking['exact']} are equal: memory alone can get {100 * leaking['exact'] / leaking['test']:.1f} % of the "
        "test right. "
        f"{len(found['conflicts'])} pairs of copies have unlike labels. The audited split keeps "
        f"{found['cleaned']['records']:,} of {found['records']:,} {things}."
        + (f" Left out: {dropped}." if dropped else ""),
        f"What the way of recording alone tells of the class, in how many of 100 {things} "
        f"(always the commonest class: {100 * majority:.1f} %): {', '.join(told) or 'nothing'}.",
    )


def _compared(folder: Path, title: str) -> str:
    """Return what a distillation found, run by run."""
    found = pd.read_csv(folder / "comparison.csv", index_col="run")
    rows = []
    for name, row in found.iterrows():
        figures = {
            label: cell({"value": row[key], "low": row[f"{key}_low"], "high": row[f"{key}_high"]})
            for key, label in _FIGURES.items()
        }
        rows.append({"run": str(name), **figures, "in brackets": str(row["interval"])})
    return _joined(title, table(rows))


def _worth(folders: Mapping[str, Path]) -> str:
    """Return the means over seeds on both splits, and their difference."""
    official, audited = (_means(folders[name]) for name in ("official", "audited"))
    rows = [
        {"figure": figure}
        | {
            f"{kind}: official, audited, difference": f"{both[0]:.3f}, {both[1]:.3f}, {both[0] - both[1]:+.3f}"
            for kind, both in ((kind, (means[figure], audited[kind][figure])) for kind, means in official.items())
        }
        for figure in official[TEACHER]
    ]
    return _joined(f"What the leak is worth, means over seeds. {UNLIKE}", table(rows))


def _means(folder: Path) -> dict[str, dict[str, float]]:
    """Return for teacher and students each figure's mean over their seeds."""
    compared = pd.read_csv(folder / "comparison.csv", index_col="run")
    by_class = pd.read_csv(folder / "f1_by_class.csv", index_col="run")
    f1 = {name: f"F1 of {name}" for name in by_class if f"{name}_low" in by_class}
    found = {}
    for kind in (TEACHER, ALONE, TAUGHT):
        names = [name for name in by_class.index if str(name).partition(",")[0] == kind]
        means = [
            frame.loc[frame.index.isin(names), list(words)].rename(columns=words).mean().to_dict()
            for frame, words in ((compared, _FIGURES), (by_class, f1))
        ]
        found[kind] = {str(name): float(value) for mean_ in means for name, value in mean_.items()}
    return found


def tumour_or_not(runs: Path) -> str:
    """Return the second half of section 3: a tumour or none."""
    pairs = {
        title: [
            Run(
                f"{title}, {split}",
                runs / f"{name}-{split}",
                f"results/tumour-or-not-{name}",
                audited=split == "audited",
            )
            for split in ("official", "audited")
        ]
        for title, name in PAIRS
    }
    every = [run for pair in pairs.values() for run in pair]
    worth = {title: difference(*pair) for title, pair in pairs.items()}
    return _joined(
        "### A tumour or none",
        "The same pictures, three of the classes as one. The bodies of SqueezeNet and EfficientNet-Lite0 keep "
        "ImageNet's weights, only the head for transfers learns.",
        facts(every),
        shares(every),
        *(_joined(f"What the leak is worth, {title}. {UNLIKE}", rows) for title, rows in worth.items() if rows),
        "Published for 4,600 other slices, of which 896 were scored (there called precision; patients unknown, too):",
        table([
            {"network": name, "accuracy": f"{share:.2f} %", "trainable parameters": f"{count:,}"}
            for name, (share, count) in TWO_CLASSES.items()
        ]),
        limits(every),
        commands_of(every),
    )  # fmt: skip


def slices(folder: Path | None) -> str:
    """Return section 4: why there is no figure for dementia."""
    asked = "pellucid evaluate image-folder:/data/dementia --network NETWORK --classes all"
    title = "## 4. Dementia"
    if folder is None:
        return _joined(title, f"- not run here: `{asked}`")
    source = pellucid.dataset(f"image-folder:{folder}")
    counts = source.labels.groupby(source.table["split"]).sum()
    rows = [
        {"class": str(name)} | {str(part): f"{column[part]:,}" for part in counts.index}
        for name, column in counts.items()
    ]
    try:
        source.refuse_untestable("--by-slice")
    except InvalidInputError as error:
        refusal = str(error)
    return _joined(
        title,
        f"{len(source):,} slices in folders by class, without patients, so there is no figure here:",
        table(rows),
        "A score is refused, and `pellucid train` refuses such a test in the same way:",
        f"{block([asked])}\n\n> {refusal}",
        "Forced with `--by-slice`, the figure bears the note beside it. Slices with the names of OASIS-1 "
        "(`oasis:/data/oasis`) are split by person.",
    )


def bundled(runs: Path) -> str:
    """Return section 5: the small networks that come with pellucid."""
    parts = []
    for name, words in {
        "beats": "See section 2.",
        "tumour-three": "The outlined slices of Cheng et al. (2015), CC BY 4.0; split by clusters of like slices.",
        "phantom-four": "Simulated slices only.",
    }.items():
        run = Run(name, runs / name, name)
        figures = [shares([run]), "F1, then AUC:", scores([run], "f1"), scores([run], "auc")] if run.card else []
        parts += [f"### {name}", words, facts([run]), *figures, limits([run]), commands_of([run])]
    return _joined("## 5. Networks that come with pellucid", *parts)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.md"))
    parser.add_argument("--dementia", type=Path)
    given = parser.parse_args()
    main(given.runs, given.out, given.dementia)
