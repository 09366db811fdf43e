from __future__ import annotations

import pytest
import torch

from pellucid.attribution.occluding.windows import grid
from pellucid.core.errors import InvalidInputError


def spans(shape, window=None, stride=None, *, each=False, centred=False):
    found = grid(shape, window, stride, each=each, centred=centred)
    return [[(span.start, span.stop) for span in axis.spans] for axis in found.axes]


def test_windows_begin_at_the_first_sample_and_the_last_is_clipped():
    assert spans((2, 10), 4, 3) == [[(0, 4), (3, 7), (6, 10)]]
    assert spans((2, 11), 4, 3) == [[(0, 4), (3, 7), (6, 10), (9, 11)]]
    assert spans((2, 5, 6), (5, 2), (1, 2)) == [[(0, 5)], [(0, 2), (2, 4), (4, 6)]]


def test_centred_windows_lie_around_every_so_many_samples():
    assert spans((2, 5), 3, 1, centred=True) == [[(0, 2), (0, 3), (1, 4), (2, 5), (3, 5)]]
    assert spans((2, 7), 4, 3, centred=True) == [[(0, 2), (1, 5), (4, 7)]]


def test_by_default_a_sixteenth_and_half_of_that():
    found = spans((12, 4096))[0]
    assert found[:2] == [(0, 256), (128, 384)]
    assert found[-1][1] == 4096
    assert spans((2, 5)) == [[(n, n + 1) for n in range(5)]]


def test_a_window_larger_than_the_axis_takes_all_of_it():
    assert spans((2, 5, 20), 9, 9) == [[(0, 5)], [(0, 9), (9, 18), (18, 20)]]


def test_channels_together_or_each():
    together, apart = (grid((3, 4), 2, 2, each=each, centred=False).windows for each in (False, True))
    assert together == [(slice(0, 3), slice(0, 2)), (slice(0, 3), slice(2, 4))]
    assert len(apart) == 6
    assert apart[1:3] == [(slice(0, 1), slice(2, 4)), (slice(1, 2), slice(0, 2))]


def test_features_are_windows_of_their_own():
    found = grid((3,), 64, 32, each=False, centred=False)
    assert found.windows == [(slice(n, n + 1),) for n in range(3)]
    assert found.spread(torch.tensor([[1.0], [2.0], [3.0]])).tolist() == [[1, 2, 3]]


def test_a_sample_has_the_mean_of_the_windows_that_cover_it():
    found = grid((2, 5), 3, 2, each=False, centred=False).spread(torch.tensor([[1.0, 10.0], [3.0, 30.0]]))
    assert found.tolist() == [[[1, 1, 2, 3, 3]], [[10, 10, 20, 30, 30]]]


@pytest.mark.parametrize("each", [False, True])
def test_the_mean_in_two_dimensions_is_that_of_counting(each):
    shape = (2, 7, 6)
    windows = grid(shape, (3, 4), (2, 3), each=each, centred=False)
    answers = torch.randn(len(windows.windows), 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    total, count = torch.zeros(shape, dtype=torch.float64), torch.zeros(shape)
    for window, answer in zip(windows.windows, answers, strict=True):
        total[window] += answer
        count[window] += 1
    assert (count > 0).all()
    assert torch.allclose(windows.spread(answers)[0].expand(shape), total / count, atol=1e-14)


def test_centred_windows_answer_for_the_nearest_samples():
    answers = torch.arange(3.0)[:, None]
    assert grid((1, 7), 4, 3, each=False, centred=True).spread(answers).tolist() == [[[0, 0, 1, 1, 1, 2, 2]]]


def test_refusals():
    with pytest.raises(InvalidInputError, match="one for each of the input's 2 axes"):
        grid((1, 4, 4), (3,), None, each=False, centred=False)
    with pytest.raises(InvalidInputError, match="stride must be at most the window, 2 along an axis of 4"):
        grid((1, 4), 2, 3, each=False, centred=False)
