from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from pellucid.attribution.parts import Parts, parts_of, superpixels
from pellucid.attribution.question import Question
from pellucid.attribution.run import Run
from pellucid.core.errors import InvalidInputError, MissingExtraError


def asked(shape, parts=None, number=None, samples=None):
    x = torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)
    samples = torch.arange(len(x)) if samples is None else torch.tensor(samples)
    question = Question(module=nn.Identity(), inputs=(x,), options={} if parts is None else {"parts": parts})
    run = Run(question, (x[samples],), samples, torch.zeros(len(samples), 1, dtype=torch.int64), bytes_a_row=1)
    return parts_of(run, number)


def test_channels_have_equal_windows():
    parts = asked((2, 2, 6), number=3)
    assert parts.count == 6
    assert parts.labels[1].tolist() == [[0, 0, 1, 1, 2, 2], [3, 3, 4, 4, 5, 5]]
    uneven = asked((1, 1, 10), number=4).labels[0, 0]
    assert uneven.bincount().tolist() == [3, 2, 3, 2]


@pytest.mark.parametrize(("shape", "count"), [((1, 12, 4096), 192), ((1, 3, 5), 15), ((1, 7), 7)])
def test_there_are_sixteen_windows_at_most_one_a_sample_or_a_part_for_each_feature(shape, count):
    parts = asked(shape)
    assert parts.count == count
    assert parts.labels.shape == shape
    assert parts.labels.unique().tolist() == list(range(count))


def test_more_windows_than_samples_are_refused():
    with pytest.raises(InvalidInputError, match="at most one a sample, 5 for each channel; got 6"):
        asked((1, 2, 5), number=6)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([[7], [3]], [[[1], [0]]] * 3),
        ([4, 4, 9, -5], [[[0, 0, 1, -1]]] * 3),
        ([[[0, 0, 1, 1]]], [[[0, 0, 1, 1]]] * 3),
        ([[[0], [1]], [[1], [0]], [[2], [0]]], [[[0], [1]], [[1], [0]], [[2], [0]]]),
    ],
    ids=["leads", "windows", "one for all", "each its own"],
)
def test_a_label_map_is_numbered_and_may_be_broadcast(labels, expected):
    parts = asked((3, 2, 4), torch.tensor(labels))
    assert parts.labels.tolist() == expected
    assert parts.count == torch.tensor(expected).max() + 1


def test_a_run_of_some_samples_has_their_parts_and_the_count_of_all():
    labels = torch.tensor([[[0], [1]], [[1], [0]], [[2], [0]]])
    parts = asked((3, 2, 4), labels, samples=[2, 0])
    assert parts.count == 3
    assert [numbers.tolist() for numbers in parts.present] == [[0, 2], [0, 1]]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (torch.zeros(2, 4), "whole numbers; got torch.float32"),
        (torch.zeros(3, 4, dtype=torch.int64), r"one input, \(2, 4\), or of all, \(3, 2, 4\).*got \(3, 4\)"),
        (torch.zeros(2, 2, 4, dtype=torch.int64), r"got \(2, 2, 4\)"),
        (torch.zeros(1, 3, 2, 4, dtype=torch.int64), r"got \(1, 3, 2, 4\)"),
        (torch.tensor(1), r"got \(\)"),
        ([[0], [1]], "a tensor of labels; got list"),
        (5, "A number is a setting"),
        (torch.tensor([1, 1, -1, -1]), "two or more; sample 0 has 1"),
        (torch.tensor([[[0], [1]], [[1], [1]], [[2], [0]]]), "two or more; sample 1 has 1"),
    ],
)
def test_wrong_label_maps_are_refused(labels, words):
    with pytest.raises(InvalidInputError, match=words):
        asked((3, 2, 4), labels)


def test_what_is_not_kept_is_replaced_and_negative_labels_never_are():
    parts = Parts(torch.tensor([[[0, 0, 2, -1]]]), 3, (2, 4))
    x, start = torch.arange(8.0).reshape(2, 4) + 1, torch.full((2, 4), -9.0)
    masked = parts.masked(0, torch.tensor([[True, True], [False, True], [False, False]]), x, start)
    assert torch.equal(masked[0], x)
    assert masked[1].tolist() == [[-9, -9, 3, 4], [-9, -9, 7, 8]]
    assert masked[2].tolist() == [[-9, -9, -9, 4], [-9, -9, -9, 8]]


def test_weights_are_spread_evenly_and_keep_their_sum():
    parts = Parts(torch.tensor([[[0, 0, 2, -1]]]), 3, (2, 4))
    spread = parts.spread(torch.tensor([[[8.0, 5.0, 3.0], [4.0, 0.0, -1.0]]]))
    assert spread.shape == (1, 2, 2, 4)
    assert spread[0, 0].tolist() == [[2, 2, 1.5, 0]] * 2
    assert spread[0, 1].tolist() == [[1, 1, -0.5, 0]] * 2


IMAGES = {
    "noise": lambda *shape: torch.randn(shape, generator=torch.Generator().manual_seed(0)),
    "flat": torch.zeros,
    "slope": lambda *shape: torch.linspace(-2, 1, torch.Size(shape).numel()).reshape(shape),
}


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("shape", [(2, 12, 12), (3, 40, 70), (1, 8, 9, 10)])
@pytest.mark.parametrize("number", [4, 20])
def test_superpixels_are_never_more_and_never_far_fewer(kind, shape, number):
    labels = superpixels(IMAGES[kind](*shape), number)
    assert labels.shape == shape[1:]
    assert number / 2 <= len(labels.unique()) <= number
    assert labels.unique().tolist() == list(range(len(labels.unique())))


def test_superpixels_follow_an_edge():
    image = torch.zeros(1, 40, 40)
    image[:, :, 17:] = 1
    labels = superpixels(image, 16)
    assert not set(labels[:, :17].unique().tolist()) & set(labels[:, 17:].unique().tolist())


def test_images_have_superpixels_for_all_channels():
    parts = asked((2, 3, 30, 30), number=9)
    assert parts.count == 9
    assert parts.labels.shape == (2, 1, 30, 30)
    assert asked((1, 3, 60, 60)).count == 50
    with pytest.raises(InvalidInputError, match="4 superpixels or more; got 3"):
        asked((2, 3, 30, 30), number=3)


def test_superpixels_without_scikit_image_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(MissingExtraError, match=r"pellucid\[image\]"):
        superpixels(torch.zeros(1, 9, 9), 4)
