"""What a student learns from: the labels, and the answers of a teacher softened by a temperature."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, log_softmax, logsigmoid


def distillation_loss(
    student_logits: Float[Tensor, "record class"],
    teacher_logits: Float[Tensor, "record class"],
    labels: Float[Tensor, "record class"],
    temperature: float,
    soft: float,
    hard: float,
    *,
    exclusive: bool = True,
) -> Float[Tensor, ""]:
    """Return soft T^2 (1/B) sum_b sum_j q_bj (log q_bj - log s_bj) + hard CE.

    Here q = softmax(teacher / T), s = softmax(student / T), B is the number of records, and CE the mean cross-entropy
    of the student, at temperature 1, with the labels.

    Parameters
    ----------
    student_logits, teacher_logits
        (record, class). The teacher's are constants.
    labels
        (record, class), 0 or 1; exactly one a record where classes exclude each other.
    temperature
        T, above 0: the larger, the more the teacher's small probabilities count. T^2 keeps the gradient's size, which
        falls as 1/T^2.
    soft, hard
        Weights of the two terms.
    exclusive
        False for a sigmoid a class: each class is then a distribution of two outcomes, q = sigmoid(teacher / T) with
        1 - q, and both terms are the mean over records and classes, as binary cross-entropy is.

    Notes
    -----
    Source: Hinton, Vinyals and Dean 2015, arXiv 1503.02531, section 2. Departures from the published report of the
    brain-slice networks, whose formula is wrong in three places: it lacks the minus sign of the cross-entropy, divides
    by the number of classes in place of the records, and takes both factors from the teacher, so that the student would
    not enter it. Its entropy of q, which this divergence has and the formula has not, is constant: gradients are equal.
    """
    if not exclusive:
        divergence = _bernoulli(student_logits / temperature, teacher_logits / temperature)
        hard_loss = binary_cross_entropy_with_logits(student_logits, labels)
    else:
        divergence = _categorical(student_logits / temperature, teacher_logits / temperature)
        hard_loss = cross_entropy(student_logits, labels.argmax(dim=1))
    return soft * temperature**2 * divergence + hard * hard_loss


def _categorical(student: Float[Tensor, "record class"], teacher: Float[Tensor, "record class"]) -> Float[Tensor, ""]:
    log_q, log_s = log_softmax(teacher, dim=1), log_softmax(student, dim=1)
    return (log_q.exp() * (log_q - log_s)).sum(dim=1).mean()


def _bernoulli(student: Float[Tensor, "record class"], teacher: Float[Tensor, "record class"]) -> Float[Tensor, ""]:
    has = logsigmoid(teacher).exp() * (logsigmoid(teacher) - logsigmoid(student))
    has_not = logsigmoid(-teacher).exp() * (logsigmoid(-teacher) - logsigmoid(-student))
    return (has + has_not).mean()
