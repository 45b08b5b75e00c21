r"""Attention between the cells of a field, in three forms.

With queries, keys and values Q, K, V, (n, d) each for every head, n cells:

* ``galerkin``: ``Q (K^T V) / n``, K and V normalized over d: linear in n;
* ``fourier``: ``(Q K^T) V / n``, Q and K normalized over d;
* ``softmax``: ``softmax(Q K^T / sqrt d) V``.

The first two are those of Cao, *Choose a transformer: Fourier or Galerkin* (NeurIPS 2021).
"""

from dataclasses import dataclass
from math import prod, sqrt

from ...emu import Node, ops
from .layer import Layer, Parameter, Scope

#: The forms of attention.
FORMS = ("galerkin", "fourier", "softmax")


@dataclass(frozen=True, kw_only=True)
class Attention(Layer):
    """Attention of several heads between all cells of a sample.

    Parameters
    ----------
    channels
        Of the field, a multiple of ``heads``.
    heads
        How many.
    form
        One of `FORMS`.
    """

    channels: int
    heads: int
    form: str

    @property
    def _normalized(self) -> tuple[str, ...]:
        return {"galerkin": ("key", "value"), "fourier": ("query", "key"), "softmax": ()}[self.form]

    def parameters(self) -> dict[str, Parameter]:
        """Return four matrices with their biases, and gains and biases of normalizations."""
        c = self.channels
        found = {}
        for name in ("query", "key", "value", "output"):
            found[f"{name}_weight"] = Parameter(shape=(c, c), deviation=sqrt(1 / c))
            found[f"{name}_bias"] = Parameter(shape=(c,))
        for name in self._normalized:
            found[f"{name}_gain"] = Parameter(shape=(c // self.heads,), mean=1.0)
            found[f"{name}_shift"] = Parameter(shape=(c // self.heads,))
        return found

    def apply(self, scope: Scope, x: Node) -> Node:
        """Return what the cells gather from each other."""
        batch, *space, _ = x.shape
        cells = prod(space)
        q, k, v = (self._head(scope, name, x, cells) for name in ("query", "key", "value"))
        if self.form == "galerkin":
            inner = _product(scope, "keys_values", ops.transpose(k, (0, 2, 1)), v)
            found = _product(scope, "gathered", q, ops.scale(inner, 1 / cells))
        else:
            factor = 1 / cells if self.form == "fourier" else 1 / sqrt(self.channels // self.heads)
            scores = _product(scope, "queries_keys", q, ops.transpose(k, (0, 2, 1)))
            weights = ops.scale(scores, factor)
            weights = ops.softmax(weights) if self.form == "softmax" else weights
            found = _product(scope, "gathered", weights, v)
        size = self.channels // self.heads
        together = ops.transpose(ops.reshape(found, (batch, self.heads, cells, size)), (0, 2, 1, 3))
        rows = ops.reshape(together, (batch * cells, self.channels))
        return ops.reshape(self._linear(scope, "output", rows), x.shape)

    def _head(self, scope: Scope, name: str, x: Node, cells: int) -> Node:
        """Queries, keys or values: (B heads, cells, channels / heads)."""
        batch, size = x.shape[0], self.channels // self.heads
        rows = ops.reshape(scope.activation("input", x), (batch * cells, self.channels))
        y = _biased_product(scope, name, rows)
        apart = ops.transpose(ops.reshape(y, (batch, cells, self.heads, size)), (0, 2, 1, 3))
        y = ops.reshape(apart, (batch * self.heads, cells, size))
        if name in self._normalized:
            gain, shift = (scope.parameter(f"{name}_{part}") for part in ("gain", "shift"))
            y = ops.layer_norm(y, gain, shift)
        return y

    def _linear(self, scope: Scope, name: str, rows: Node) -> Node:
        return _biased_product(scope, name, scope.activation(f"{name}_input", rows))


def _biased_product(scope: Scope, name: str, rows: Node) -> Node:
    """``rows W + b`` with the parameters called ``name``."""
    product = ops.matmul(rows, scope.weight(f"{name}_weight", axis=1))
    return ops.add(product, scope.parameter(f"{name}_bias"))


def _product(scope: Scope, name: str, a: Node, b: Node) -> Node:
    """The product of two activations, batch by batch."""
    left, right = scope.activation(f"{name}/left", a), scope.activation(f"{name}/right", b)
    return ops.batched_matmul(left, right)
