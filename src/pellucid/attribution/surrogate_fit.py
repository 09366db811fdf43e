"""A linear model in the place of a network: weighted ridge, the Lasso path, and how well they fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_ROUNDING = np.finfo(np.float64).eps ** 2 * 64  # a sum of squares of no more is a constant's
_REFIT = 1e-3  # ridge after the Lasso path
_PENALTIES = np.concatenate([[0.0], np.logspace(-6, 3, 37)])  # times the mean squared singular value
_RATIOS = np.array([0.1, 0.3, 1.0, 3.0])  # of what is fitted beside the parts, in sum of squares


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A linear model of each target: value = intercept + masks @ weights.

    Attributes
    ----------
    weights
        Shape (part, target).
    intercept, r2
        Shape (target,); R2 is weighted.
    """

    weights: Array
    intercept: Array
    r2: Array


def fitted(masks: NDArray[np.bool_], values: Array, importance: Array, kept: int | None, group: int = 1) -> Linear:
    """Return the linear model that fits `values` best.

    Parameters
    ----------
    masks
        Shape (row, part).
    values
        Shape (row, target).
    importance
        Of each row, shape (row,).
    kept
        How many weights may differ from zero; None: all, by ridge, or by least squares where `masks` are all there are.
    group
        For the ridge: so many parts in a row have their pairwise products fitted beside them; 1: none.
    """
    share = importance / importance.sum()
    design = masks.astype(np.float64)
    means, middle = share @ design, share @ values
    root = np.sqrt(importance)[:, None]
    scaled, wanted = root * (design - means), root * (values - middle)
    if kept is not None:
        weights = sparse(scaled, wanted, kept)
    elif len(masks) < 2 ** masks.shape[1]:
        beside = None
        if group > 1:
            centring = root * (np.eye(len(masks)) - share)
            beside = centring @ products(design - means, group) @ centring.T
        weights = ridge(scaled, wanted, share, opposite(masks), beside)
    else:
        weights = np.linalg.lstsq(scaled, wanted, rcond=None)[0]
    rest, spread = ((wanted - scaled @ weights) ** 2).sum(0), (wanted**2).sum(0)
    varies = spread > _ROUNDING * importance @ values**2
    weights = weights * varies
    r2 = np.where(varies, 1 - rest / np.where(varies, spread, 1), 1.0)
    return Linear(weights, middle - means @ weights, r2)


def effective(importance: Array) -> float:
    """Return how many rows of equal importance would say as much: (sum p)^2 / sum p^2."""
    return float(importance.sum() ** 2 / (importance**2).sum())


def opposite(masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each row which row is its complement, shape (row,); itself where there is none."""
    place = {mask.tobytes(): row for row, mask in enumerate(masks)}
    return np.array([place.get((~mask).tobytes(), row) for row, mask in enumerate(masks)])


def products(design: Array, size: int) -> Array:
    """Return the inner products of rows, (row, row), over all products of two columns of one group.

    Parameters
    ----------
    design
        Shape (row, part), centred.
    size
        Of a group: so many columns that follow each other.
    """
    found = np.zeros((len(design), len(design)))
    for first in range(0, design.shape[1], size):
        own = design[:, first : first + size]
        found += ((own @ own.T) ** 2 - own**2 @ (own**2).T) / 2
    return found


def ridge(design: Array, wanted: Array, share: Array, partner: NDArray[np.int64], beside: Array | None = None) -> Array:
    """Return ridge weights, (part, target), with the penalty of each target that leaves rows out best.

    A row is left out together with its complement. Alone it would leave the main effects out of balance, and the
    pairwise products, which a whole fold-over keeps out of them, would pass for noise: too high a penalty.

    Parameters
    ----------
    design, wanted
        Shapes (row, part), (row, target): centred by weighted means and scaled by the roots of the weights.
    share
        Leverage that the intercept adds to each row, shape (row,).
    partner
        As `opposite` gives it.
    beside
        Inner products of rows, (row, row), over columns that are fitted beside those of `design` and then dropped;
        how strongly they are shrunk, and whether they help, is chosen like the penalty.
    """
    weights, least = np.zeros((design.shape[1], wanted.shape[1])), np.full(wanted.shape[1], np.inf)
    rounding = np.finfo(np.float64).eps * (wanted**2).sum(0)  # what fits exactly alone needs nothing beside it
    for left, squares in bases(design, beside):
        penalties = _PENALTIES * squares.mean()
        errors = np.stack([left_out(left, wanted, share, partner, squares / (squares + p)) for p in penalties])
        shrunk = (left.T @ wanted) / (squares[:, None] + penalties[errors.argmin(0)])
        better = errors.min(0) + rounding < least
        weights[:, better] = (design.T @ (left @ shrunk))[:, better]
        least = np.minimum(least, errors.min(0))
    return weights


def bases(design: Array, beside: Array | None) -> Iterator[tuple[Array, Array]]:
    """Yield left singular vectors (row, rank) and squared singular values: alone, then with more and more beside."""
    left, singular, _ = np.linalg.svd(design, full_matrices=False)
    seen = singular > singular.max() * max(design.shape) * np.finfo(np.float64).eps
    if seen.any():
        yield left[:, seen], singular[seen] ** 2
    if beside is not None and seen.any() and np.trace(beside) > 0:
        own = design @ design.T
        for ratio in _RATIOS * np.trace(own) / np.trace(beside):
            squares, left = np.linalg.eigh(own + ratio * beside)
            seen = squares > squares.max() * len(squares) * np.finfo(np.float64).eps
            yield left[:, seen], squares[seen]


def left_out(left: Array, wanted: Array, share: Array, partner: NDArray[np.int64], shrunk: Array) -> Array:
    """Return the squared error of each target, (target,), every row predicted without itself and its partner.

    No fit is repeated: the residuals e of the rows left out become (1 - H)^-1 e, H their block of the hat matrix.

    Parameters
    ----------
    left, shrunk
        Left singular vectors (row, rank), and s^2 / (s^2 + penalty) of each.
    """
    residual = wanted - left @ (shrunk[:, None] * (left.T @ wanted))
    free = 1 - share - left**2 @ shrunk
    bound = np.sqrt(share * share[partner]) + (left * left[partner]) @ shrunk
    bound[partner == np.arange(len(partner))] = 0
    block = free * free[partner] - bound**2
    if min(free.min(), block.min()) < 1e-6:  # rows that only they decide: nothing is left to predict them
        return np.full(wanted.shape[1], np.inf)
    alone = (free[partner, None] * residual + bound[:, None] * residual[partner]) / block[:, None]
    return np.asarray((alone**2).sum(0))


def sparse(design: Array, wanted: Array, kept: int) -> Array:
    """Return weights with at most `kept` of each target's not zero: chosen on the Lasso path, then fitted again."""
    from sklearn.linear_model import lars_path

    weights = np.zeros((design.shape[1], wanted.shape[1]))
    for target, column in enumerate(wanted.T):
        _, _, path = lars_path(design, column, method="lasso")
        chosen = next(step.nonzero()[0] for step in path.T[::-1] if np.count_nonzero(step) <= kept)
        some = design[:, chosen]
        weights[chosen, target] = np.linalg.solve(some.T @ some + _REFIT * np.eye(len(chosen)), some.T @ column)
    return weights
