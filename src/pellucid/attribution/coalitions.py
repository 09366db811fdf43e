"""Which parts of an input are kept in each perturbed copy: all subsets, or designs that say most with few."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from pellucid.core.randomness import generator

Masks = NDArray[np.bool_]  # (row, part): what is kept
_EVERY = 12  # parts whose subsets are few enough to look at all


def all_fit(count: int, samples: int) -> bool:
    """Return whether all subsets of `count` parts are looked at, rather than a sample of them."""
    return count <= _EVERY or 2 ** min(count, 64) <= samples


def every(count: int) -> Masks:
    """Return all subsets, shape (2^count, part): row r keeps the parts whose bit is set in r."""
    return np.asarray((np.arange(2**count)[:, None] >> np.arange(count)) % 2 == 1)


def group_size(count: int, samples: int) -> int:
    """Return how many parts in a row `folded` takes as a group: a power of two, 1 where the rows need no groups.

    Two groups' worth of columns stay free of parts and of products within a group: they say how large the rest is.
    """
    order, size = _order(count), 1
    while samples < 2 * order and order // (2 * size) - 3 >= -(-count // (2 * size)):
        size *= 2
    return size


def folded(count: int, samples: int, seed: int) -> Masks:
    """Return at most `samples` different subsets, by Hadamard matrices and their complements.

    Within a block, the rows of a matrix, each pair of parts is kept and dropped together equally often; with the
    complements the main effects are free of all pairwise products (fold-over). The first block stands before its
    complements, for half a fold-over says less than a whole block; of further blocks each row comes with its own. Each
    block draws its columns and their signs anew.

    Where the rows are too few for a whole fold-over, parts that follow each other share a group of columns that makes
    the block alone free of products: those of two parts of a group equal columns that no part has.
    """
    draw = generator(seed)
    order, size = _order(count), group_size(count, samples)
    first = _block(count, order, size, draw)
    rows = [first, ~first]
    while sum(map(len, rows)) < samples:
        block = _block(count, order, size, draw)
        rows.append(np.stack([block, ~block], 1).reshape(-1, count))
    return np.unique(np.concatenate(rows)[:samples], axis=0)


def _order(count: int) -> int:
    return 1 << count.bit_length()  # of Sylvester's matrix: a column for each part beside the constant one


def _block(count: int, order: int, size: int, draw: np.random.Generator) -> Masks:
    number = order // size  # of groups of columns
    # What two rows say about a group differs where the last bits of their numbers do: these come in turn.
    rows = (draw.permuted(np.tile(np.arange(number)[:, None], size), axis=0) * size + np.arange(size)).ravel()
    groups, part = 1 + draw.permutation(number - 1), np.arange(count)
    if size > 1:  # the third is the product of the first two: no row is the complement of another
        third = (groups == groups[0] ^ groups[1]).argmax()
        groups[[2, third]] = groups[[third, 2]]
    places = draw.permuted(np.tile(np.arange(size), (number, 1)), axis=1)
    # The product of columns a and b is column a ^ b: within a group less than `size`, where no part is.
    columns = groups[part // size] * size + places[part // size, part % size]
    odd = np.bitwise_count(rows[:, None] & columns) % 2 == 1
    return np.asarray(odd ^ (draw.random(count) < 0.5))


def kernel_weighted(count: int, samples: int, seed: int) -> tuple[Masks, NDArray[np.float64]]:
    """Return at most `samples` different subsets, neither empty nor whole, and their share of the Shapley kernel.

    The kernel of a size s, summed over the subsets of that size, is (n - 1) / (s (n - s)). The smallest sizes and
    their complements are taken whole as long as the kernel's share of what is left has room for them; of the others
    subsets are drawn with their complements, sizes evenly over the kernel, and those drawn twice count twice.

    Returns
    -------
    masks
        Shape (row, part).
    weights
        Shape (row,), summing to 1.
    """
    draw = generator(seed)
    sizes = np.arange(1, count // 2 + 1)
    kernel = np.where(2 * sizes == count, 1, 2) * (count - 1) / (sizes * (count - sizes))
    kernel /= kernel.sum()
    masks, weights, left = [], [], samples
    while len(sizes) and _number(count, int(sizes[0])) <= left * kernel[0] / kernel.sum():
        masks.append(_of_size(count, int(sizes[0])))
        number = len(masks[-1])
        weights.append(np.full(number, kernel[0] / number))
        sizes, kernel, left = sizes[1:], kernel[1:], left - number
    if len(sizes) and left > 1:
        drawn = _drawn(count, sizes, kernel, left // 2, draw)
        rows, times = np.unique(np.concatenate([drawn, ~drawn]), axis=0, return_counts=True)
        masks.append(rows)
        weights.append(kernel.sum() * times / times.sum())
    return np.concatenate(masks), np.concatenate(weights)


def _number(count: int, size: int) -> int:
    return comb(count, size) * (1 if 2 * size == count else 2)


def _of_size(count: int, size: int) -> Masks:
    """Return the subsets of a size and their complements."""
    rows = np.array(list(combinations(range(count), size)))
    masks = np.zeros((len(rows), count), dtype=np.bool_)
    np.put_along_axis(masks, rows, True, axis=1)
    return masks if 2 * size == count else np.concatenate([masks, ~masks])


def _drawn(
    count: int, sizes: NDArray[np.int64], kernel: NDArray[np.float64], number: int, draw: np.random.Generator
) -> Masks:
    """Return random subsets whose sizes follow the kernel as evenly as their number allows."""
    places = (np.arange(number) + draw.random()) / number * kernel.sum()
    chosen = sizes[np.minimum(np.searchsorted(kernel.cumsum(), places), len(sizes) - 1)]
    ranks = draw.random((number, count)).argsort(1).argsort(1)
    return np.asarray(ranks < chosen[:, None])
