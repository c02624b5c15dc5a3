r"""Check a certificate about the ordering of K, with exact integer arithmetic and nothing else.

    python verify_certificate.py FILE

This file stands alone: it needs Python and its standard library. Exit code 0: proved; 1: refused, with the reason in
one line; 2: the file cannot be read. What is larger than BYTES or SIZE, below, is not checked: that bounds the time.

What is certified. Pretraining tasks have a covariance with eigenvalues c_i of weights w_i. With (alpha, tau, kappa,
rho), no ridge, the theory gives each eigenvalue c an error K(c). "ordering-holds" claims K(c_1) >= K(c_2) >= ... for
c_1 < c_2 < ..., "ordering-fails" that K(c_i) < K(c_j) for some i < j. Where a tolerance is given, the eigenvalues are
further apart than that part of the largest; closer ones were one to whoever wrote it. As in arXiv 2509.26551:

    F(z) = 1/(a c + z), M(z) = mean of F, a = 1 - 1/kappa + z M/kappa, a prime is a derivative in z,
    s = (rho + mean of c)/alpha, sigma = s + lt, lt M(sigma) = 1 - tau for tau < 1, lt = 0 for tau > 1,
    q = (rho + sigma - sigma^2 M - lt R2)/(tau - 1 + 2 lt M + lt^2 M'), R2 = 1 - 2 sigma M - sigma^2 M',
    K = q F + (q lt - sigma^2) F', all at z = sigma.

How. Put t = sigma/a and D(t) = mean of c/(c+t), U = 1 - D. Then kappa a = kappa - D, sigma M = U, and t is the root of

    g(t) = t (kappa - D) - s kappa                       for tau > 1,
    g(t) = t (kappa - D)(tau - D)/(1 - D) - s kappa      for tau < 1 (lt U = (1 - tau) sigma).

Where D < min(kappa, tau, 1) each factor, t/(1 - D) = 1/(mean of 1/(c+t)) included, is positive and increases with t,
and D falls. So D(low) < min(kappa, tau, 1) and g(low) <= 0 <= g(high) put the root between low and high. D, hence g,
is rational at a rational t: these signs are exact. K is then a chain of sums, products and quotients of positive
numbers, each of them between two rationals; it is in `bounds_of_K`, with U2 = U - E, D2 = D - E, K = (A + B c)/(a c +
sigma)^2.
"""

# ruff: noqa: B905, RUF007

import json
import os
import sys
from fractions import Fraction

FORMAT = "taskalign ordering certificate 1"
FIELDS = {"format", "claim", "alpha", "tau", "kappa", "rho", "eigenvalues", "weights", "t", "K"}

PLACES = 60  # at most so many decimal places
BITS = 256  # binary digits to which ranges are rounded outwards
BYTES, SIZE, DIGITS = 1 << 22, 300_000, 4000  # at most: of a file, of what it says, of a bound before the point


class Refused(Exception):
    """The certificate proves nothing; the message says why."""


class Positive:
    """A number >= 0 that lies between two rationals; so do sums, products and quotients of such numbers."""

    def __init__(self, low, high=None):
        self.low, self.high = rounded(low, down=True), rounded(low if high is None else high, down=False)

    def __add__(self, other):
        return Positive(self.low + other.low, self.high + other.high)

    def __mul__(self, other):
        return Positive(self.low * other.low, self.high * other.high)

    def __truediv__(self, other):
        return Positive(self.low / other.high, self.high / other.low)


def rounded(x, down):
    """A rational of few digits next to x, on one side of it."""
    n, d = x.numerator, x.denominator
    shift = max(0, BITS - n.bit_length() + d.bit_length())
    return Fraction((n << shift) // d if down else -((-n << shift) // d), 1 << shift)


def mean(weights, ranges):
    """Mean of numbers in ranges."""
    return sum((Positive(w) * x for w, x in zip(weights, ranges)), Positive(Fraction(0)))


def bounds_of_K(c, w, alpha, tau, kappa, rho, low, high):
    """K(c_i) as a list of Positive, once it is proved that the root is between low and high."""
    s = (rho + sum(x * y for x, y in zip(w, c))) / alpha
    D_low, D_high = (sum(x * y / (y + t) for x, y in zip(w, c)) for t in (low, high))

    def g(t, D):
        return t * (kappa - D) * ((tau - D) / (1 - D) if tau < 1 else 1) - s * kappa

    require(D_low < min(kappa, tau, 1), "t: the lower end is not on the branch D < min(kappa, tau, 1)")
    require(g(low, D_low) <= 0 <= g(high, D_high), "t: the root is not between the ends")

    t, gap = Positive(low, high), Positive(kappa - D_low, kappa - D_high)
    learned = [Positive(x) / (Positive(x) + t) for x in c]
    unlearned = [t / (Positive(x) + t) for x in c]
    D, U = mean(w, learned), mean(w, unlearned)
    D2, U2 = mean(w, [x * x for x in learned]), mean(w, [x * x for x in unlearned])
    E = mean(w, [x * y for x, y in zip(learned, unlearned)])  # -t D'(t)
    sigma = t * gap / Positive(kappa) if tau < 1 else Positive(s)
    lt = Positive(1 - tau) * sigma / U if tau < 1 else Positive(Fraction(0))
    surplus = Positive(max(tau - 1, Fraction(0)))
    s, kappa, rho = Positive(s), Positive(kappa), Positive(rho)
    a, den = gap / kappa, gap + E
    b = E / (t * den)  # a'
    A2 = kappa * b  # M + sigma M'
    R2 = (D * E + gap * D2) / den
    fall = (U * E + gap * U2) / (den * sigma * sigma)  # -M'
    q = (rho + s * R2 + sigma * sigma * A2) / (surplus + lt * (A2 + s * fall))
    A = q * s + sigma * sigma
    B = q * (a * gap / den + s * b) + sigma * sigma * b  # the factor of q is a - lt b
    return [(A + B * x) / ((a * x + sigma) * (a * x + sigma)) for x in map(Positive, c)]


def require(condition, reason):
    """Refuse unless the condition holds."""
    if not condition:
        raise Refused(reason)


def written(x, places=None):
    """A rational as text: in lowest terms, or cut to so many decimal places."""
    if places is None:
        return str(x)
    n = int(x * 10**places)
    return f"{n // 10**places}.{n % 10**places:0{places}d}"


def number(text, name, places=None):
    """The number >= 0 in a text, which must be written in the one way that `written` writes it."""
    require(isinstance(text, str) and text and set(text) <= set("0123456789./"), f"{name}: not a number in text")
    try:
        value = Fraction(text)
        canonical = written(value, places)
    except (ValueError, ZeroDivisionError):
        raise Refused(f"{name}: not a number") from None
    require(canonical == text, f"{name}: not in lowest terms, or not with the decimal places of t")
    return value


def outward(x, places):
    """A range as two texts with so many decimal places."""
    require(x.high < 10**DIGITS, f"K: a bound has more than {DIGITS} digits before the point")
    return [written(x.low, places), written(Fraction(-(-x.high * 10**places // 1), 10**places), places)]


def check(certificate):
    """The statement that a certificate proves; raises Refused if it proves none."""
    require(isinstance(certificate, dict) and set(certificate) - {"tolerance"} == FIELDS, f"fields: {sorted(FIELDS)}")
    require(len(json.dumps(certificate)) <= SIZE, f"size: more than {SIZE} characters")
    require(certificate["format"] == FORMAT, f"format: must be {FORMAT!r}")
    claim, t, K = certificate["claim"], certificate["t"], certificate["K"]
    require(claim in ("ordering-holds", "ordering-fails"), "claim: must be ordering-holds or ordering-fails")
    alpha, tau, kappa, rho = (number(certificate[name], name) for name in ("alpha", "tau", "kappa", "rho"))
    require(alpha > 0 and tau > 0 and kappa > 0 and tau != 1, "alpha, tau, kappa: must be > 0, and tau not 1")
    for name in ("eigenvalues", "weights", "t", "K"):
        require(isinstance(certificate[name], list) and certificate[name], f"{name}: must be a list, not empty")
    c, w = ([number(x, name) for x in certificate[name]] for name in ("eigenvalues", "weights"))
    apart = number(certificate.get("tolerance", "0"), "tolerance") * c[-1]
    increasing = c[-1] > 0 and all(y - x > apart for x, y in zip(c, c[1:]))
    require(increasing, "eigenvalues: must increase by more than the tolerance, the last be > 0")
    require(len(w) == len(c) and min(w) > 0 and sum(w) == 1, "weights: must be one each, > 0, and sum to 1")
    places = len(str(t[0]).partition(".")[2])
    require(0 < places <= PLACES and len(t) == 2, f"t: must be two numbers with 1 to {PLACES} decimal places")
    low, high = (number(x, "t", places) for x in t)
    require(low > 0 and high - low == Fraction(1, 10**places), "t: must be > 0, the ends one unit apart")
    found = bounds_of_K(c, w, alpha, tau, kappa, rho, low, high)
    require([outward(x, places) for x in found] == K, "K: not the bounds that follow, rounded to the places of t")
    neighbours = list(zip(c, found, c[1:], found[1:]))
    if claim == "ordering-holds":
        for x, K_x, y, K_y in neighbours:
            require(K_x.low >= K_y.high, f"claim: K({x}) >= K({y}) is not proved")
        return f"{claim}: K falls along {len(c)} eigenvalues from {c[0]} to {c[-1]}"
    for (x, K_x, y, K_y), (_, upper), (lower, _) in zip(neighbours, K, K[1:]):
        if K_x.high < K_y.low:
            return f"{claim}: K({x}) <= {upper} < {lower} <= K({y})"
    raise Refused("claim: no K(c_i) < K(c_j) with c_i < c_j is proved")


def load(path):
    """The certificate in a file; raises OSError or ValueError if it cannot be read, Refused if a field stands twice."""

    def once(pairs):
        require(len(dict(pairs)) == len(pairs), "fields: one stands twice")
        return dict(pairs)

    if os.path.exists(path) and not (os.path.isfile(path) and os.path.getsize(path) <= BYTES):
        raise ValueError(f"not a file of at most {BYTES} bytes")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file, object_pairs_hook=once)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def main(arguments):
    """Run as a program; the exit code is the result."""
    if len(arguments) != 1:
        print("give one file: python verify_certificate.py FILE", file=sys.stderr)
        return 2
    try:
        print(f"proved {check(load(arguments[0]))}")
    except Refused as reason:
        print(f"refused {reason}")
        return 1
    except (OSError, ValueError) as error:
        print(f"cannot read {arguments[0]}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
