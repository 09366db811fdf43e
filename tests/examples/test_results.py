"""The page of results says what the runs' files say, and names what is missing."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from pellucid.networks.store import BUNDLED

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def results(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import results

    yield results
    for name in ("results", "result_tables"):
        sys.modules.pop(name)


@pytest.fixture
def runs(tmp_path):
    """One finished run, one begun, and an audit."""
    shutil.copytree(BUNDLED / "ecg-six", tmp_path / "ecg-lead-net-bce" / "network")
    for name, losses in (("ecg-lead-net-bce", (0.3, 0.2, 0.25)), ("ecg-ribeiro", (0.4,))):
        lines = [
            {
                "epoch": epoch,
                "choosing_loss": loss,
                "choosing_score": 0.9 - loss / 10,
                "best_epoch": min(epoch, 2),
                "seconds": 20 + epoch,
            }
            for epoch, loss in enumerate(losses, start=1)
        ]
        (tmp_path / name / "fit").mkdir(parents=True)
        (tmp_path / name / "fit" / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def section(page, start, end):
    return page[page.index(start) : page.index(end)]


def test_a_run_s_figures_are_its_card_s(results, runs, tmp_path):
    results.main(runs, tmp_path / "page.md", None)
    page = section((tmp_path / "page.md").read_text(), "## 1.", "### Fold 10")
    card = json.loads((BUNDLED / "ecg-six" / "card.json").read_text())
    af = card["metrics"][1]["classes"]["AFIB"]["f1"]
    assert card["metrics"][1]["data"].endswith("test")
    told = f"| AFIB | 152 | {af['value']:.3f} ({af['low']:.3f} to {af['high']:.3f}) | 0.82 (0.84 / 0.79) |"
    assert told in page
    assert "folds 1–8: 17,418 records, 15,023 patients | fold 9: 2,183" in page
    assert "445,678" in page
    assert "epoch 2 kept (loss); at the end no longer better | 0.880 | 6,511 (22 an epoch)" in page


def test_what_is_missing_is_named_with_its_command(results, runs, tmp_path):
    results.main(runs, tmp_path / "page.md", None)
    page = (tmp_path / "page.md").read_text()
    assert "RibeiroResNet: not finished (epochs done: 1): `pellucid train configs/results/ecg-ribeiro.toml" in page
    assert "split by beat: not run here: `pellucid train configs/results/beats-by-beat.toml" in page
    assert "--data brain-tumor:/data/brain_tumor_mri,split=audit/split.csv --out runs/tumours-audited`" in page
    assert "not run here: `pellucid audit brain-tumor:/data/brain_tumor_mri --out audit`" in page
    assert "not run here: `pellucid evaluate image-folder:/data/dementia" in page


def test_the_thesis_s_mean_is_that_of_its_classes(results):
    assert sum(f1 for _, _, f1 in results.THESIS.values()) / 6 == pytest.approx(0.798, abs=5e-4)


def test_means_over_seeds_and_what_the_leak_is_worth(results, tmp_path):
    rows = {"official": (0.9, 0.7, 0.8, 0.8, 0.6), "audited": (0.8, 0.5, 0.5, 0.6, 0.6)}
    names = ("teacher", '"student alone, seed 0"', '"student alone, seed 1"')
    names += ('"student with teacher, seed 0"', '"student with teacher, seed 1"')
    for split, values in rows.items():
        (tmp_path / split).mkdir()
        table = [f"{name},{value},{value},{value}" for name, value in zip(names, values, strict=True)]
        mean = '"student alone, mean and range",9,9,9'
        (tmp_path / split / "comparison.csv").write_text("\n".join(["run,accuracy,f1,auc", *table, mean]))
        f1 = [f"{name},{value},0,1" for name, value in zip(names, values, strict=True)]
        (tmp_path / split / "f1_by_class.csv").write_text("\n".join(["run,glioma,glioma_low,glioma_high", *f1]))
    told = results._worth({split: tmp_path / split for split in rows})
    assert "| accuracy | 0.900, 0.800, +0.100 | 0.750, 0.500, +0.250 | 0.700, 0.600, +0.100 |" in told
    assert "| F1 of glioma | 0.900, 0.800, +0.100 | 0.750, 0.500, +0.250 |" in told


def test_a_score_of_slices_without_patients_is_refused_in_words(results, tmp_path):
    for name in ("Demented", "NonDemented"):
        (tmp_path / "test" / name).mkdir(parents=True)
        (tmp_path / "test" / name / "1.jpg").write_bytes(b"")
    told = results.slices(tmp_path)
    assert "| Demented | 1 |" in told
    assert "> data set image-folder names no patients" in told
    assert str(tmp_path) not in told
