"""Consistency of a student with its teacher, and class balance (self-ensembling)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from xferlab.losses._arrays import check_shapes, log_mean_probs, mask_padding, widen


def consistency_loss(
    student_logits: Float[Array, "n k"],
    teacher_logits: Float[Array, "n k"],
    *,
    confidence_threshold: float | Float[Array, ""] = 0.968,
) -> Float[Array, " n"]:
    r"""Squared difference between student and teacher predictions where the teacher is confident.

        loss_i = [max_c t_{ic} > h] (1/k) \sum_c (s_{ic} - t_{ic})^2

    with s, t the softmax of the logits and h the threshold. Unconfident examples count as zeros:
    the mean over the batch divides by n, not by the number of confident ones.

    Args:
        student_logits: class logits, [n, k].
        teacher_logits: class logits of the same examples, [n, k]. No gradient is stopped here; a
            teacher that is an average of students has none to stop.
        confidence_threshold: h; below zero every example counts.

    Returns:
        One loss per example in [0, 2/k], [n].

    Raises:
        ValueError: a wrong shape.

    >>> student, teacher = jnp.zeros((2, 2)), jnp.array([[50.0, 0.0], [1.0, 0.0]])
    >>> consistency_loss(student, teacher).tolist()  # the second teacher is at 0.73
    [0.25, 0.0]

    References:
        French, Mackiewicz, Fisher: Self-ensembling for visual domain adaptation, ICLR 2018,
        arXiv:1706.05208 (`french2018self`). Tarvainen, Valpola: Mean teachers are better role
        models, NIPS 2017, arXiv:1703.01780 (`tarvainen2017mean`).

    Differences from the paper's code:
        Its threshold has more digits, 0.96837722.
    """
    check_shapes(
        ("student_logits", student_logits, "n k"), ("teacher_logits", teacher_logits, "n k")
    )
    dtype, student_logits, teacher_logits = widen(student_logits, teacher_logits)
    teacher = jax.nn.softmax(teacher_logits)
    squares = jnp.mean((jax.nn.softmax(student_logits) - teacher) ** 2, axis=1)
    confident = jnp.max(teacher, axis=1) > confidence_threshold
    return jnp.where(confident, squares, 0).astype(dtype)


def class_balance_loss(
    logits: Float[Array, "n k"], *, where: Bool[Array, " n"] | None = None
) -> Float[Array, ""]:
    r"""Binary cross entropy of the mean prediction against the uniform one, summed over classes.

        loss = -\sum_c [(1/k) log q_c + (1 - 1/k) log(1 - q_c)],   q = mean_i softmax(logits_i)

    It is smallest where the mean prediction is uniform.

    Args:
        logits: class logits of the student, [n, k], k at least 2.
        where: examples that count, [n]; the others are padding. Default: all.

    Returns:
        A positive scalar, at least k times the entropy of a coin that shows heads 1/k of the time.

    Raises:
        ValueError: a wrong shape, a single class, or a `where` that is not boolean.

    >>> round(float(class_balance_loss(jnp.zeros((3, 2)))), 4)  # 2 log 2
    1.3863

    References:
        French, Mackiewicz, Fisher: Self-ensembling for visual domain adaptation, ICLR 2018,
        arXiv:1706.05208 (`french2018self`).

    Differences from the paper's code:
        It multiplies by the share of confident examples, by 0.005, and with the consistency by 3;
        all three are the caller's. It adds 1e-6 inside the logarithms, which come from the logits
        here.
    """
    check_shapes(("logits", logits, "n k"), ("where", where, "n"))
    classes = logits.shape[1]
    if classes < 2:
        raise ValueError(f"logits: expected shape [n, k] with k of at least 2, got {logits.shape}")
    dtype, logits = widen(logits)
    log_probs = log_mean_probs(*mask_padding(logits, where))
    others = ~jnp.eye(classes, dtype=bool)
    log_rest = jax.nn.logsumexp(
        jnp.broadcast_to(log_probs, (classes, classes)), axis=1, where=others
    )
    return (-jnp.mean(log_probs) - (1 - 1 / classes) * jnp.sum(log_rest)).astype(dtype)
