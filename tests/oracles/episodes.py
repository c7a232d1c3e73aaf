"""What methods of episodes minimise, in float64 NumPy, with gradients in closed form."""

from __future__ import annotations

import numpy as np
from scipy import special


def prototype_logits(support, labels, queries, ways):
    """Minus the squared distances to class means (Snell et al., eq. 1 and 2)."""
    logits = np.empty((len(queries), ways))
    for c in range(ways):
        own = support[labels == c]
        mean = own.mean(axis=0) if len(own) else np.zeros(support.shape[1])
        logits[:, c] = -((queries - mean) ** 2).sum(axis=1)
    return logits


def mean_cross_entropy(logits, labels):
    return -special.log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()


class Softmax:
    """A linear classifier, weights [d, k] and bias [k] as one vector."""

    def __init__(self, inputs, labels, ways):
        self.rows = np.hstack([inputs, np.ones((len(inputs), 1))])
        self.labels, self.ways = labels, ways

    def probs(self, theta):
        return special.softmax(self.rows @ theta.reshape(-1, self.ways), axis=1)

    def loss(self, theta):
        return mean_cross_entropy(self.rows @ theta.reshape(-1, self.ways), self.labels)

    def gradient(self, theta):
        gaps = self.probs(theta) - np.eye(self.ways)[self.labels]
        return (self.rows.T @ gaps / len(self.rows)).ravel()

    def hessian(self, theta):
        probs, size = self.probs(theta), theta.size
        blocks = probs[:, :, None] * (np.eye(self.ways) - probs[:, None, :])
        full = np.einsum("ni,nj,nkl->ikjl", self.rows, self.rows, blocks) / len(self.rows)
        return full.reshape(size, size)


def maml(theta, support, queries, *, steps, rate, first_order=False):
    """Loss of the queries after the inner steps on the support, and its gradient at the start.

    The gradient is the product of the steps' Jacobians, I - rate · Hessian (Finn et al., alg. 2);
    in first order these count as I.
    """
    jacobian = np.eye(theta.size)
    for _ in range(steps):
        step = np.eye(theta.size) - (0 if first_order else rate) * support.hessian(theta)
        jacobian = step @ jacobian
        theta = theta - rate * support.gradient(theta)
    return queries.loss(theta), jacobian.T @ queries.gradient(theta)
