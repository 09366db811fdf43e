from __future__ import annotations

from math import comb

import numpy as np
import pytest

from pellucid.attribution.coalitions import all_fit, every, folded, group_size, kernel_weighted


def test_every_subset_comes_once_in_the_order_of_its_bits():
    masks = every(3)
    assert (masks @ [1, 2, 4]).tolist() == list(range(8))


def test_twelve_parts_are_enumerated_and_more_where_the_samples_allow():
    assert all_fit(12, 8)
    assert not all_fit(13, 8191)
    assert all_fit(13, 8192)
    assert not all_fit(5000, 10_000)


@pytest.mark.parametrize(("count", "samples"), [(13, 64), (40, 1000), (192, 1024), (255, 512), (256, 2048)])
def test_a_folded_design_has_complements_and_no_row_twice(count, samples):
    masks = folded(count, samples, seed=0)
    assert masks.shape[1] == count
    assert 0.95 * samples <= len(masks) <= samples
    rows = {row.tobytes() for row in masks}
    assert len(rows) == len(masks)
    assert {(~row).tobytes() for row in masks} == rows
    assert (masks.mean(0) == 0.5).all()


@pytest.mark.parametrize("samples", [256, 512])
def test_parts_of_a_whole_block_are_kept_independently(samples):
    signs = 2.0 * folded(192, samples, seed=3) - 1
    assert np.array_equal(signs.T @ signs, samples * np.eye(192))


def test_a_block_comes_before_its_complements_and_later_rows_with_theirs():
    def alone(samples):
        masks = folded(192, samples, seed=0)
        rows = {row.tobytes() for row in masks}
        return sum((~row).tobytes() not in rows for row in masks)

    assert [alone(samples) for samples in (200, 256, 400, 512, 600, 601)] == [200, 256, 112, 0, 0, 1]


def test_parts_are_grouped_where_rows_are_few_and_columns_are_left():
    assert [group_size(192, samples) for samples in (100, 256, 511, 512)] == [16, 16, 16, 1]
    assert [group_size(count, 8) for count in (13, 40, 54, 120, 240, 255)] == [1, 8, 2, 2, 4, 1]


def test_products_within_a_group_are_apart_from_all_parts():
    signs = 2.0 * folded(192, 256, seed=3) - 1
    first, second = np.triu_indices(16, 1)
    for start in range(0, 192, 16):
        assert not (signs.T @ (signs[:, start + first] * signs[:, start + second])).any()
    assert (signs.T @ (signs[:, :1] * signs[:, 16:32])).any()


@pytest.mark.parametrize("count", [16, 64])
def test_a_block_in_groups_has_no_complements(count):
    for seed in range(20):
        masks = folded(count, 2 * count, seed)
        assert len(masks) == 2 * count
        assert len(np.unique(np.concatenate([masks, ~masks]), axis=0)) == 4 * count


def test_what_rows_say_about_a_group_comes_evenly():
    masks = folded(192, 128, seed=1)
    ways = masks.reshape(128, 12, 16)
    ways = (ways ^ ways[:, :, :1]).reshape(128, -1)  # a group and its complement say the same
    assert np.unique(ways, axis=0, return_counts=True)[1].tolist() == [8] * 16


def test_designs_follow_from_the_seed():
    assert np.array_equal(folded(20, 100, 1), folded(20, 100, 1))
    assert not np.array_equal(folded(20, 100, 1), folded(20, 100, 2))
    one, two = kernel_weighted(20, 100, 1), kernel_weighted(20, 100, 1)
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])
    assert not np.array_equal(one[0], kernel_weighted(20, 100, 2)[0])


@pytest.mark.parametrize("count", [5, 6])
def test_with_room_for_all_the_weights_are_the_shapley_kernel(count):
    masks, weights = kernel_weighted(count, 2**count, seed=0)
    assert len({row.tobytes() for row in masks}) == len(masks) == 2**count - 2
    sizes = masks.sum(1)
    kernel = np.array([(count - 1) / (comb(count, s) * s * (count - s)) for s in sizes])
    assert np.allclose(weights, kernel / kernel.sum(), rtol=1e-12)


@pytest.mark.parametrize(("count", "samples"), [(14, 200), (20, 1000), (192, 2046), (30, 6)])
def test_drawn_coalitions_carry_the_kernel_of_their_sizes(count, samples):
    masks, weights = kernel_weighted(count, samples, seed=0)
    assert len({row.tobytes() for row in masks}) == len(masks) <= samples
    assert weights.sum() == pytest.approx(1)
    sizes = masks.sum(1)
    assert sizes.min() >= 1
    assert sizes.max() <= count - 1
    rows = dict(zip((row.tobytes() for row in masks), weights, strict=True))
    for mask, weight in zip(masks, weights, strict=True):
        assert rows[(~mask).tobytes()] == pytest.approx(weight)
    kernel = 1 / (np.arange(1, count) * np.arange(count - 1, 0, -1))
    found = np.array([weights[sizes == size].sum() for size in range(1, count)])
    assert np.abs(found - kernel / kernel.sum()).max() < 2 / samples


def test_small_sizes_are_taken_whole_where_they_fit():
    masks, _ = kernel_weighted(20, 2046, seed=0)
    sizes = masks.sum(1)
    assert (sizes == 1).sum() == (sizes == 19).sum() == 20
    assert (sizes == 2).sum() == (sizes == 18).sum() == 190
    assert (sizes == 3).sum() < comb(20, 3)
