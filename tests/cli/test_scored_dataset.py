from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pellucid.cli.scored_dataset import answered, beside, facts
from pellucid.core.errors import InvalidInputError
from pellucid.datasets.dataset import dataset
from pellucid.training import network_answers as answering
from pellucid.training.answers import Answers


@pytest.fixture
def place(tmp_path):
    """Twelve pictures of noise in two classes."""
    for label in "ab":
        for item in range(6):
            (tmp_path / "x" / label).mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(item).integers(0, 255, (80, 80)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "x" / label / f"{item}.png")
    return tmp_path / "x"


def halves(network, scored, *, chosen=None, thresholds=()):
    """Answers one half about every record, after all pictures were read, as a network does."""
    for part in (scored, chosen):
        if part is not None:
            list(part)
    labels = scored.labels.to_numpy()
    patients, records = scored.groups, scored.table.index.to_numpy()
    return Answers.of(
        classes=scored.classes, labels=labels, probabilities=labels * 0 + 0.5, patients=patients, records=records
    )


@pytest.fixture(autouse=True)
def _answering(monkeypatch):
    monkeypatch.setattr(answering, "network_answers", halves)


def test_a_split_by_slice_is_refused_unless_it_is_asked_for(place):
    source = dataset(f"image-folder:{place}")
    with pytest.raises(InvalidInputError, match=r"names no patients, so its parts are split by slice.*--by-slice"):
        source.refuse_untestable("--by-slice")
    dataset("simulated:7").refuse_untestable("--by-slice")


def test_the_notes_stand_beside_the_figure(place):
    source = dataset(f"image-folder:{place}")
    told = beside(halves(None, source), source)
    assert told.patients is None
    assert told.notes[0].startswith("No test: data set image-folder names no patients")
    assert told.notes[1] == source.notes[0]
    assert told.notes[2].startswith("12 of 12 sampled pictures do not look like a slice through a head, a/0.png")
    assert facts(source, {})["untestable"] == source.untestable
    assert facts(source, {})["sampling_rate"] is None


def test_a_data_set_of_patients_has_none(monkeypatch):
    source = dataset("simulated:7")
    one = Answers.of(classes=["a"], labels=[[1]], probabilities=[[0.5]], patients=["p"], notes=["own"])
    assert beside(one, source).notes == ("own",)
    assert beside(one, source).patients.tolist() == ["p"]


def test_what_cannot_be_read_is_skipped_and_listed(place, capsys):
    (place / "a" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (place / "b" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    source = dataset(f"image-folder:{place}")
    first, second = (
        source.take([i for i, name in enumerate(source.table["class"]) if name == label]) for label in "ab"
    )
    answers, part, skipped = answered(None, first, chosen=second, thresholds=())
    assert len(part) == len(answers.labels) == 5
    assert list(skipped) == ["a/2.png", "b/2.png"]
    assert "error: a/2.png skipped: " in capsys.readouterr().err
    assert answers.notes == (
        "1 of 6 records could not be read: they are not scored.",
        "1 of 6 records could not be read: no threshold is chosen on them.",
    )


def test_where_only_a_choosing_record_cannot_be_read_all_are_scored(place):
    (place / "b" / "2.png").write_bytes(b"no picture")
    source = dataset(f"image-folder:{place}")
    first, second = (source.take(np.flatnonzero(source.table["class"] == label)) for label in "ab")
    answers, _, skipped = answered(None, first, chosen=second, thresholds=())
    assert list(skipped) == ["b/2.png"]
    assert answers.notes == ("1 of 6 records could not be read: no threshold is chosen on them.",)


def test_a_link_to_nowhere_is_skipped_too(place, monkeypatch):
    (place / "a" / "gone.png").symlink_to(place / "nowhere.png")

    def sizes(network, scored, **options):
        scored.pictures((8, 8))
        return halves(network, scored)

    monkeypatch.setattr(answering, "network_answers", sizes)
    _, part, skipped = answered(None, dataset(f"image-folder:{place}"), chosen=None, thresholds=())
    assert list(skipped) == ["a/gone.png"]
    assert len(part) == 12


def test_where_all_can_be_read_nothing_is_read_twice(place, monkeypatch):
    source = dataset(f"image-folder:{place}")
    monkeypatch.setattr(type(source), "readable", None)
    _, part, skipped = answered(None, source, chosen=None, thresholds=())
    assert part is source
    assert skipped == {}
