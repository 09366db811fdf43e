from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from pellucid.core.errors import InvalidInputError
from pellucid.core.randomness import generator, torch_generator


def test_the_same_seed_gives_the_same_numbers():
    assert generator(7).random() == generator(7).random()
    assert torch.equal(torch.rand(3, generator=torch_generator(7)), torch.rand(3, generator=torch_generator(7)))


def test_streams_named_by_equally_many_integers_are_independent():
    draws = {generator(seed, *stream).random() for seed in (7, 8) for stream in ((0, 0), (0, 1), (1, 0), (1, 1))}
    assert len(draws) == 8


def test_zeros_at_the_end_count_for_nothing():
    assert generator(7, 1).random() == generator(7, 1, 0).random()


def test_global_state_is_left_alone():
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002 -- the legacy state is what must not move
    generator(1).random(100)
    torch.rand(100, generator=torch_generator(1))
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002 -- as above
    assert torch.equal(torch.get_rng_state(), before[2])


@pytest.mark.parametrize("seed", [-1, 1.0, "7", None, True])
@pytest.mark.parametrize("made", [generator, torch_generator])
def test_a_seed_is_an_integer_of_0_or_more(seed, made):
    with pytest.raises(InvalidInputError, match="seed must be an integer of 0 or more"):
        made(seed)
