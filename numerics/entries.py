"""Eigenvalues, and what is taken along eigenvectors, as matrices: sums over a spectrum become traces.

Eigenvectors have no derivative where eigenvalues repeat, but the trace of a rational function of a covariance has
every derivative. So where derivatives in a covariance are wanted, the formulas, written for eigenvalues, are evaluated
on the covariance itself, in the basis of its eigenvectors. That basis is not differentiated.
"""

from __future__ import annotations

from typing import Any


class Entries:
    r"""A matrix in the eigenbasis of a covariance, for formulas that are written for the vector of its diagonal.

    Its value is diagonal but for a test covariance; its derivatives are not. Products are those of matrices, arrays
    of shape `(..., d)` or `(..., 1)` stand for diagonal matrices, and the sum over the last axis is the trace:
    $\sum_i w_i \gamma_i f(c_i)$ becomes $\mathrm{Tr}[W \Gamma f(C)]$.

    Attributes:
        matrix: shape `(..., d, d)`.
        one: the identity, shape `(d, d)`.
    """

    #: NumPy leaves operations to this class
    __array_ufunc__ = None

    def __init__(self, matrix: Any, one: Any) -> None:
        self.matrix = matrix
        self.one = one

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the vector that it stands for."""
        return tuple(self.matrix.shape[:-1])

    @property
    def ndim(self) -> int:
        """Axes of the vector that it stands for."""
        return self.matrix.ndim - 1

    @property
    def diagonal(self) -> Any:
        """The vector that it stands for, shape `(..., d)`."""
        return self.matrix.diagonal(0, -2, -1)

    def of(self, matrix: Any) -> Entries:
        """Another matrix in the same basis."""
        return Entries(matrix, self.one)

    def sum(self, axis: int = -1) -> Any:
        """Trace; the axis must be the last."""
        assert axis == -1
        return self.diagonal.sum(-1)

    def __add__(self, other: Any) -> Entries:
        if isinstance(other, Entries):
            return self.of(self.matrix + other.matrix)
        return self.of(self.matrix + _column(other) * self.one)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Entries:
        if isinstance(other, Entries):
            return self.of(self.matrix @ other.matrix)
        return self.of(self.matrix * _column(other))

    __rmul__ = __mul__

    def __neg__(self) -> Entries:
        return self.of(-self.matrix)

    def __sub__(self, other: Any) -> Entries:
        return self + (-other)

    def __rsub__(self, other: Any) -> Entries:
        return other + (-self)

    def __truediv__(self, other: Any) -> Entries:
        if isinstance(other, Entries):
            return self * other.inverse()
        return self.of(self.matrix / _column(other))

    def __rtruediv__(self, other: Any) -> Entries:
        return other * self.inverse()

    def __pow__(self, exponent: int) -> Entries:
        assert exponent == 2
        return self * self

    def inverse(self) -> Entries:
        """Inverse of a matrix whose value is diagonal, exact in its derivatives up to the third order.

        Newton's iteration from the inverse of the diagonal: two steps leave the fourth power of what is off it.
        """
        first = 1 / self.diagonal
        found = 2 * first[..., None] * self.one - first[..., :, None] * self.matrix * first[..., None, :]
        return self.of(2 * found - found @ (self.matrix @ found))

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """An operator with a tensor on one side; compared one by one, which torch.compile can follow."""
        from torch import Tensor

        left, right = args
        if func in (Tensor.__radd__, Tensor.__rsub__, Tensor.__rmul__, Tensor.__rdiv__, Tensor.__rtruediv__):
            left, right = right, left
        if func in (Tensor.add, Tensor.__add__, Tensor.__radd__):
            return left.__add__(right) if isinstance(left, Entries) else right.__radd__(left)
        if func in (Tensor.sub, Tensor.__sub__, Tensor.__rsub__):
            return left.__sub__(right) if isinstance(left, Entries) else right.__rsub__(left)
        if func in (Tensor.mul, Tensor.__mul__, Tensor.__rmul__):
            return left.__mul__(right) if isinstance(left, Entries) else right.__rmul__(left)
        if func in (Tensor.div, Tensor.__truediv__, Tensor.__rdiv__, Tensor.__rtruediv__):
            return left.__truediv__(right) if isinstance(left, Entries) else right.__rtruediv__(left)
        return NotImplemented


def _column(value: Any) -> Any:
    return value if isinstance(value, int | float) else value[..., None]
