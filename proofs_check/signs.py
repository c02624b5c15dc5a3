"""Signs of expressions that follow from the signs of their parts. No numbers are put in."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import NamedTuple

from sympy import Abs, Add, Dummy, Expr, Integer, Mul, Number, Pow, Rational, Sum, expand
from sympy.core.relational import Relational

from ..derive import notation as n
from .relations import excess, ge, gt, is_equation


class Sign(NamedTuple):
    """Of a real number: `direction` 1 or -1, `strict` when it is known not to be zero; zero has direction 0."""

    direction: int
    strict: bool


class Signs:
    """What is known of signs.

    Args:
        relations: inequalities that hold.
    """

    def __init__(self, relations: Iterable[Relational]) -> None:
        self._known: dict[Expr, Sign] = {}
        for relation in relations:
            self.learn(relation)

    def learn(self, relation: Relational) -> None:
        """Add a relation that holds; of equations only those to zero say something here."""
        if is_equation(relation):
            if relation.rhs == 0 and relation.lhs != 0:
                self._known[_primitive(relation.lhs)[0]] = Sign(0, False)
            return
        difference, strict = excess(relation)
        key, direction = _primitive(difference)
        known = self._known.get(key)
        self._known[key] = Sign(direction, strict or (known is not None and known.strict))

    def implies(self, relation: Relational) -> bool:
        """Whether an inequality follows from the sign of its difference."""
        if is_equation(relation):
            return False
        difference, strict = excess(relation)
        sign = self.of(difference)
        return sign is not None and sign.direction >= 0 and (sign.strict or not strict)

    def of(self, expression: Expr) -> Sign | None:
        """The sign, or None where it does not follow."""
        if isinstance(expression, Number):
            return Sign(int(bool(expression > 0)) - int(bool(expression < 0)), bool(expression != 0))
        sign = self._looked_up(expression)
        if sign is not None:
            return sign
        if isinstance(expression, Mul):
            return self._product(expression)
        if isinstance(expression, Add):
            return self._sum([self.of(term) for term in expression.args])
        if isinstance(expression, Pow):
            return self._power(expression)
        if isinstance(expression, Abs):
            inside = self.of(expression.args[0])
            return Sign(1, inside is not None and inside.strict)
        if isinstance(expression, Sum):
            return self._mean(expression)
        return None

    def _product(self, product: Expr) -> Sign | None:
        signs = {factor: self.of(factor) for factor in product.args}
        unknown = [factor for factor, sign in signs.items() if sign is None]
        found = [sign for sign in signs.values() if sign is not None]
        if unknown:
            # of some factors the sign is known of the product alone
            together = self._looked_up(Mul(*unknown))
            if together is None:
                return None
            found.append(together)
        return Sign(prod(sign.direction for sign in found), all(sign.strict for sign in found))

    def _looked_up(self, expression: Expr) -> Sign | None:
        key, direction = _primitive(expression)
        if key not in self._known:
            return None
        sign = self._known[key]
        return Sign(sign.direction * direction, sign.strict)

    @staticmethod
    def _sum(signs: list[Sign | None]) -> Sign | None:
        known = [sign for sign in signs if sign is not None]
        directions = {sign.direction for sign in known if sign.direction}
        if len(known) < len(signs) or len(directions) > 1:
            return None
        return Sign(directions.pop() if directions else 0, any(sign.strict for sign in known))

    def _power(self, power: Expr) -> Sign | None:
        base, exponent = power.args
        sign = self.of(base)
        if isinstance(exponent, Integer):
            if exponent < 0 and (sign is None or not sign.strict):
                return None
            if exponent % 2 == 0:
                # everything here is real
                return Sign(1, sign is not None and sign.strict)
            return sign
        if isinstance(exponent, Rational) and exponent > 0 and sign is not None and sign.direction >= 0:
            return sign
        return None

    def _mean(self, total: Expr) -> Sign | None:
        """A mean over the spectrum; positive also where its function is so at positive eigenvalues alone.

        The mean eigenvalue is positive, so that not all eigenvalues are zero.
        """
        index, first, last = total.limits[0]
        if (index, first, last) != (n.i, 1, n.m):
            return None
        weight, test = Dummy(real=True), Dummy(real=True)
        summand = total.function.subs({n.weights[index]: weight, n.test[index]: test})
        summand = summand.subs(n.eigenvalues[index], n.c)
        everywhere = self.given(gt(weight, 0), ge(test, 0)).of(summand)
        inside = self.given(gt(weight, 0), ge(test, 0), gt(n.c, 0)).of(summand)
        if everywhere is None or inside is None:
            return everywhere
        return Sign(everywhere.direction, everywhere.strict or inside.strict)

    def given(self, *relations: Relational) -> Signs:
        """These signs, and what further inequalities say."""
        more = Signs(())
        more._known = dict(self._known)
        for relation in relations:
            more.learn(relation)
        return more


def _primitive(expression: Expr) -> tuple[Expr, int]:
    """A form that is the same for all multiples of an expression, and the sign of the multiple."""
    expression, direction = expand(expression), 1
    if expression.could_extract_minus_sign():
        expression, direction = -expression, -1
    content, primitive = expression.as_content_primitive()
    return primitive, direction if content > 0 else -direction
