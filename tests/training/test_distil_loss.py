"""The distillation loss beside torch's own divergence, beside numbers worked out by hand, and its gradient."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, log_softmax, softmax

from pellucid.training.distil_loss import distillation_loss


def logits(seed: int, records: int = 7, classes: int = 4) -> torch.Tensor:
    return 3 * torch.randn(records, classes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def one_hot(records: int = 7, classes: int = 4) -> torch.Tensor:
    return torch.eye(classes, dtype=torch.float64)[torch.arange(records) % classes]


@pytest.mark.parametrize(("temperature", "soft", "hard"), [(2.0, 0.25, 0.75), (1.0, 1.0, 0.0), (5.0, 0.0, 1.0)])
def test_it_is_torchs_divergence_and_cross_entropy(temperature: float, soft: float, hard: float) -> None:
    student, teacher, labels = logits(0), logits(1), one_hot()
    divergence = nn.KLDivLoss(reduction="batchmean")(
        log_softmax(student / temperature, dim=1), softmax(teacher / temperature, dim=1)
    )
    wanted = soft * temperature**2 * divergence + hard * cross_entropy(student, labels.argmax(dim=1))
    found = distillation_loss(student, teacher, labels, temperature, soft, hard)
    torch.testing.assert_close(found, wanted, rtol=1e-13, atol=0)


def test_by_hand() -> None:
    # At T = 2 the teacher says 3/4 and 1/4, the student 1/2 and 1/2; the student's own cross-entropy is log 2.
    teacher = torch.tensor([[2 * math.log(3), 0.0]], dtype=torch.float64)
    student = torch.zeros(1, 2, dtype=torch.float64)
    labels = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    divergence = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    found = distillation_loss(student, teacher, labels, 2.0, 0.25, 0.75)
    assert float(found) == pytest.approx(0.25 * 4 * divergence + 0.75 * math.log(2), abs=1e-15)
    # Twice the records, the same mean; more classes do not divide it.
    doubled = student.repeat(2, 1), teacher.repeat(2, 1)
    twice = distillation_loss(*doubled, labels.repeat(2, 1), 2.0, 0.25, 0.75)
    assert float(twice) == pytest.approx(float(found), abs=1e-15)
    # A sigmoid a class: 3/4 beside 1/2 for the first class, 1/2 beside 1/2 for the second.
    single = distillation_loss(student, teacher, labels, 2.0, 0.25, 0.75, exclusive=False)
    assert float(single) == pytest.approx(0.25 * 4 * divergence / 2 + 0.75 * math.log(2), abs=1e-15)


def test_the_sigmoid_form_is_the_softmax_form_of_two_outcomes() -> None:
    student, teacher = logits(2), logits(3)
    labels = (logits(4) > 0).double()
    pair_s, pair_t = (
        torch.stack([value, torch.zeros_like(value)], dim=2).reshape(-1, 2) for value in (student, teacher)
    )
    both = torch.stack([labels, 1 - labels], dim=2).reshape(-1, 2)
    found = distillation_loss(student, teacher, labels, 3.0, 0.4, 0.6, exclusive=False)
    torch.testing.assert_close(found, distillation_loss(pair_s, pair_t, both, 3.0, 0.4, 0.6), rtol=1e-13, atol=0)
    only_hard = distillation_loss(student, teacher, labels, 3.0, 0.0, 1.0, exclusive=False)
    torch.testing.assert_close(only_hard, binary_cross_entropy_with_logits(student, labels), rtol=1e-13, atol=0)


def test_a_student_that_agrees_has_no_soft_loss_and_gradients_do_not_fall_with_temperature() -> None:
    teacher, labels = logits(5), one_hot()
    for exclusive in (True, False):
        assert float(distillation_loss(teacher, teacher, labels, 2.0, 1.0, 0.0, exclusive=exclusive)) == 0.0
    student = logits(6).requires_grad_()
    sizes = []
    for temperature in (50.0, 100.0):
        (gradient,) = torch.autograd.grad(distillation_loss(student, teacher, labels, temperature, 1.0, 0.0), student)
        sizes.append(float(gradient.norm()))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.05)


def test_logits_far_out_stay_finite() -> None:
    student, teacher = 400 * logits(7), -400 * logits(7)
    for exclusive in (True, False):
        assert math.isfinite(float(distillation_loss(student, teacher, one_hot(), 1.0, 1.0, 1.0, exclusive=exclusive)))
