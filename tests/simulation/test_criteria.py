from __future__ import annotations

import numpy as np

from pellucid.simulation import criteria, tables

Q, BLOCKED = 0.084, 0.135


def test_gaussians_by_hand():
    values = criteria.gaussians(np.array([0.5, 0.7]), np.array([0.5]), np.array([0.2]))
    np.testing.assert_allclose(values, [[1.0], [np.exp(-0.5)]])


def test_the_phase_is_bent_by_the_warp_and_keeps_its_ends():
    straight = criteria.normal_basis(np.array([0.0, Q]), Q, 1.0)
    np.testing.assert_allclose(criteria.normal_basis(np.array([0.0, Q]), Q, 1.3), straight)
    np.testing.assert_allclose(
        criteria.normal_basis(np.array([0.25 * Q]), Q, 2.0), criteria.normal_basis(np.array([0.0625 * Q]), Q, 1.0)
    )


def test_the_mean_hearts_meet_their_criteria():
    assert criteria.normal_qrs(tables.QRS.amplitudes[None]).all()
    assert criteria.upright_t(tables.T.amplitudes[None]).all()
    assert criteria.right_block(tables.QRS.amplitudes, tables.RIGHT.amplitudes[None], Q, BLOCKED, 1.0).all()
    assert criteria.left_block(tables.QRS_CLBBB.amplitudes[None], 0.143).all()


def test_a_left_axis_an_inverted_t_and_a_dominant_v1_are_refused():
    left = tables.QRS.amplitudes.copy()
    left[:, criteria.II] -= 0.3
    mirrored = tables.QRS.amplitudes.copy()
    mirrored[:, criteria.V1] *= -1
    assert not criteria.normal_qrs(np.stack([left, mirrored])).any()
    assert not criteria.upright_t(-tables.T.amplitudes[None]).any()


def test_blocks_that_do_not_look_like_one_are_refused():
    candidates = np.stack([np.zeros((7, 8)), 0.3 * tables.RIGHT.amplitudes])
    assert not criteria.right_block(tables.QRS.amplitudes, candidates, Q, BLOCKED, 1.0).any()
    flipped = tables.QRS_CLBBB.amplitudes * np.where(np.arange(8) == criteria.V1, -1, 1)
    deep_q = tables.QRS_CLBBB.amplitudes.copy()
    deep_q[1, [criteria.I, criteria.V6]] = -0.4
    assert not criteria.left_block(np.stack([flipped, deep_q]), 0.143).any()


def test_each_candidate_is_judged_by_itself():
    candidates = np.stack([np.zeros((7, 8)), tables.RIGHT.amplitudes])
    np.testing.assert_array_equal(
        criteria.right_block(tables.QRS.amplitudes, candidates, Q, BLOCKED, 1.0), [False, True]
    )
