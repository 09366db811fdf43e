from __future__ import annotations

import numpy as np

from pellucid.datasets.cleaning import cleaned, dealt_anew, together
from pellucid.datasets.contents import contents
from pellucid.datasets.dataset import dataset
from pellucid.datasets.duplicates import Pair, Twins


def test_shared_patients_and_shared_twins_join():
    groups = together(["p", "q", "q", "r", "s"], np.array([0, 0, 1, 2, 3]))
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_the_test_keeps_its_records_and_training_loses_theirs(folders):
    source = dataset(f"image-folder:{folders}")
    read = contents(source)
    place = {name: position for position, name in enumerate(source.table.index)}
    test = [place[f"Testing/no_tumor/{item}.png"] for item in range(3)]
    training = [place[f"Training/no_tumor/{item}.png"] for item in range(6)]
    content = np.arange(len(source))
    content[training[0]] = content[test[0]]  # in training too
    content[test[1]] = content[test[0]]  # twice in the test
    content[training[2]] = content[training[1]]  # twice in training
    pairs = (Pair(training[3], training[4], 0.99, exact=False), Pair(test[2], training[5], 0.98, exact=False))
    _, content = np.unique(content, return_inverse=True)
    conflict = place["Training/glioma_tumor/0.png"]
    found = cleaned(read, Twins(content.astype(np.int64), pairs), [conflict], [10])
    assert found.dropped == {
        "conflicting label": 1,
        "repeat in the test": 1,
        "repeat in training": 1,
        "twin or patient in the test": 2,
    }
    gone = set(range(len(source))) - set(found.kept.tolist())
    assert gone == {conflict, test[1], training[2], training[0], training[5]}
    by_place = dict(zip(found.kept.tolist(), zip(found.patients, found.folds, strict=True), strict=True))
    assert by_place[training[3]] == by_place[training[4]]
    assert by_place[test[2]][1] == 10
    assert all(name.startswith("cluster-") for name in found.patients)
    assert {fold for position, (_, fold) in by_place.items() if position not in test} == set(range(1, 11))


def test_folds_of_a_sound_set_stay_as_they_were():
    source = dataset("simulated:70", sampling_rate=100)
    found = cleaned(contents(source), Twins(np.arange(70), ()), [], [10])
    assert found.folds == tuple(source.table["fold"])
    assert found.patients == tuple(source.table["patient"])
    assert found.dropped == {}


def test_dealt_anew_keeps_what_is_alike_in_one_fold(folders):
    source = dataset(f"image-folder:{folders}")
    content = np.arange(72)
    content[40] = 3
    content = np.unique(content, return_inverse=True)[1].astype(np.int64)
    alike = Twins(content, tuple(Pair(10, other, 0.9, exact=False) for other in (20, 30, 50)))
    found = dealt_anew(contents(source), Twins(content, ()), alike, [5])
    assert found.dropped == {"conflicting label": 1, "repeat": 1}
    assert set(range(72)) - set(found.kept.tolist()) == {5, 40}
    fold = dict(zip(found.kept.tolist(), found.folds, strict=True))
    assert len({fold[position] for position in (10, 20, 30, 50)}) == 1
    assert set(found.folds) == set(range(1, 11))
    assert len(set(found.patients)) == 67
