r"""Every equation at random points inside of its printed condition, where it holds, and outside, where it does not.

The condition is read from the text that is printed. Both sides are computed from the papers' equations, solved by
nested root finding (`tests/oracle.py`), and from what a symbol means in the notation table; nothing of `derive` but
the statement itself takes part. A limit is a point far out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from mpmath import diff, exp, inf, mp, mpf, sqrt
from mpmath import pi as circle
from sympy import Float, Indexed, N, Poly, Sum, Symbol
from sympy.core.function import AppliedUndef

from taskalign.derive import Equation, catalogue, sections

from .. import oracle

DIGITS = 20
#: what a limit sets: the far value, and one that is not far
FAR = {
    ("ridge", "0"): 0,
    ("kappa", r"\infty"): 10**14,
    ("tau", r"\infty"): 10**14,
    ("tau", "0"): mpf(10) ** -12,
    ("alpha", r"\infty"): 10**14,
    ("s", "0"): 10**14,
    ("alpha_test", r"\infty"): 10**30,
}
EXACT, LIMIT = mpf(10) ** -12, mpf(10) ** -5

#: equations that are tested elsewhere: inequalities and matrices, steps of the iteration, windows of thresholds
ELSEWHERE = {
    "test_ordering": {"corollary_4_1_lower", "corollary_4_1_upper", "spike", "corollary_4_2", "worst_spike"},
    "test_ordering, order of the ends": {"top_spike_is_best"},
    "test_error": {"metric_population", "centering", "inverse_cka"},
    "test_scalar": {"bend", "halley_step", "D_next", "U_next", "E_next", "D2_next", "U2_next"},
    "test_identities": {"dg_above", "dg_below", "dg_ridge"},
    "test_long_context": {"soft_transition", "threshold_window", "threshold_a", "threshold_bias"},
    "tests/models/test_simulate.py": {"e_train"},
}
SKIPPED = set().union(*ELSEWHERE.values())
EQUATIONS = [equation for equation in catalogue().values() if equation.name not in SKIPPED]

#: one side of a bound, and where it is attained
BOUNDS = {
    "t_upper_above": ("t", "at most"),
    "t_upper_below": ("t", "at most"),
    "sigma_upper": ("sigma", "at most"),
    "t_level_lower": ("t", "at least"),
    "t_level_upper": ("t", "at most"),
}

ISOTROPIC, UNIT, TWO_ATOMS, TWO_UNIT_ATOMS = "isotropic", "C_train = I", "two atoms", "two atoms of mean one"
#: phrases beside the relations of a condition
PHRASES = {
    "$@C_train = @c_train I$": {"spectrum": ISOTROPIC},
    "$@C_train = I$": {"spectrum": UNIT},
    "eigenvalues $@c_train/@rank_fraction$, a share $@rank_fraction$ of them, and zero": {"spectrum": TWO_ATOMS},
    "eigenvalues $1/@rank_fraction$, a share $@rank_fraction$ of them, and zero": {"spectrum": TWO_UNIT_ATOMS},
    "fresh tasks of covariance $@C_test$": {"tasks": "fresh"},
    "fresh tasks of a freshly rotated covariance": {"tasks": "rotated"},
    "the pretraining tasks themselves, $@c_test = @c_train$": {"tasks": "training"},
    "$@M$ at $@sigma$": {"z": "sigma"},
    "$@F$ at $@sigma$": {"z": "sigma"},
    "$@M$ at $@s$": {"z": "s"},
    "$@M$ at $2@s$": {"z": "2 s"},
    # where these sums tend to is checked by themselves below
    "spectral sums at $@t = @sigma$": {"root": "sigma"},
    "$@t$ with $@D = @kappa$": {"root": "kappa"},
    "$@t$ with $@D = @tau$": {"root": "tau"},
    "$@t$ with $@D = @fewest < @rank_fraction$": {"root": "fewest"},
    r"$@mean_inverse < \infty$": {},
    r"$|@tau - 1| \sim \sqrt{@ridge}$": {"window": "peak"},
}
#: what the introduction of a section says of all its equations
SECTIONS = {"low_rank": {"spectrum": TWO_UNIT_ATOMS}, "lu_isotropic": {"spectrum": UNIT}}


# --- conditions ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Relation:
    """Left-hand side, sign and right-hand side, as printed between two signs."""

    left: str
    sign: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"

    def holds(self, point: Mapping[str, Any], margin: float = 0.04) -> bool | None:
        """None where it is too close to tell."""
        left, right = (value_of(side, point) for side in (self.left, self.right))
        if self.sign == ">":
            left, right = right, left
        if abs(left - right) < margin * min(1, max(abs(left), abs(right))):
            return None if max(left, right) > 0 else False
        return bool(left < right)


@dataclass(frozen=True)
class Condition:
    """What a printed condition sets and demands."""

    settings: Mapping[str, str]
    relations: tuple[Relation, ...]

    @property
    def far(self) -> bool:
        """Whether it is a limit."""
        limits = [r for r in self.relations if r.sign in (r"\to", r"\uparrow") and (r.left, r.right) != ("@ridge", "0")]
        return bool(limits) or "window" in self.settings


def value_of(side: str, point: Mapping[str, Any]) -> Any:
    """Number of one side of a relation."""
    python = re.sub(r"(@\w+) (?=@)", r"\1 * ", side.replace(r"\min", "min"))
    assert not re.search(r"[^\w\s@(),*]", python), side
    return eval(re.sub(r"@(\w+)", r"point['\1']", python), {"min": min, "point": point})


def read(equation: Equation) -> Condition:
    """The condition of an equation; every word of it is known, or this fails."""
    text, settings = equation.condition, dict(SECTIONS.get(equation.section, {}))
    for phrase, meaning in PHRASES.items():
        if phrase in text:
            settings |= meaning
            text = text.replace(phrase, "")
    relations = []
    for formula in re.findall(r"\$([^$]*)\$", text):
        parts = re.split(r"\s*(<|>|=|\\to|\\uparrow)\s*", formula)
        relations += [Relation(*parts[k : k + 3]) for k in range(0, len(parts) - 2, 2)]
    assert re.sub(r"\$[^$]*\$|[,\s]", "", text) == "", equation.condition
    assert relations or not text.strip(", ")
    return Condition(settings, tuple(relations))


# --- points ---------------------------------------------------------------------------------------------------------
def drawn(rng: random.Random) -> dict[str, Any]:
    """All parameters at random, far from where a regime ends."""
    point: dict[str, Any] = {name: mpf(rng.uniform(*ends)) for name, ends in RANGES.items()}
    point["ridge"] = rng.choice([mpf(0), mpf(rng.uniform(0.05, 0.5))])
    point["rank_fraction"] = rng.choice([mpf(1), mpf(rng.uniform(0.2, 0.8))])
    return point


RANGES = {
    "alpha": (0.5, 5), "tau": (0.05, 2.5), "kappa": (0.05, 2.5), "rho": (0.2, 1), "alpha_test": (0.5, 5),
    "rho_test": (0.2, 1), "c": (0.3, 2), "c_train": (0.6, 2), "c_test": (0.6, 2), "ridge_ratio": (0.2, 2),
    "task_eigenvalue": (0.2, 2), "y": (-1, 1), "yhat": (-1, 1), "reference": (0.3, 2), "other": (0.2, 0.8),
}  # fmt: skip


def point_for(equation: Equation, rng: random.Random, broken: Relation | str | None = None) -> World:
    """Inside the condition; or outside of one part of it, inside of the others."""
    condition = read(equation)
    settings = {k: v for k, v in condition.settings.items() if k != broken}
    for _ in range(4000):
        point = drawn(rng)
        if settings.get("spectrum") in (UNIT, TWO_UNIT_ATOMS):
            point["c_train"] = mpf(1)
        if settings.get("spectrum") in (ISOTROPIC, UNIT):
            point["rank_fraction"] = mpf(1)
        if settings.get("spectrum") in (TWO_ATOMS, TWO_UNIT_ATOMS) and point["rank_fraction"] == 1:
            continue
        if settings.get("tasks") == "training":
            point["c_test"] = point["c_train"]
        if equation.section in ("limits", "long_context", "thresholds"):
            # the introduction: tests without noise; kinks are those of long contexts
            point["rho_test"] = mpf(0)
        if equation.name.startswith("kink"):
            point |= {"alpha": mpf(10) ** 24, "alpha_test": mpf(10) ** 30, "rho": mpf(0), "ridge": mpf(0)}
        for relation in condition.relations:
            set_by(relation, point, rng, broken=relation == broken)
        point["s"] = (point["rho"] + point["c_train"]) / point["alpha"]
        for relation in condition.relations:  # what follows others
            if relation.sign == "=" and relation.right.startswith("@ridge_ratio"):
                point["ridge"] = point["ridge_ratio"] * point["s"] if relation != broken else mpf("0.3")
        if "window" in settings:
            point["ridge"] = mpf(10) ** -16 if broken is None else mpf("0.3")
            point["tau"] = 1 + rng.uniform(-2, 2) * sqrt(point["ridge"])
        elif point["ridge"] == 0 and abs(point["tau"] - 1) < 0.05:
            continue
        point["fewest"] = min(point["kappa"], point["tau"])
        if settings.get("root") == "fewest" and not point["fewest"] < point["rank_fraction"] - mpf("0.05"):
            continue
        if settings.get("root") == "fewest":
            point |= {"alpha": mpf(10) ** 14, "ridge": mpf(0)}
        judged = [(r.holds(point), r == broken) for r in condition.relations if r.sign in ("<", ">")]
        if all(held is not None and held != outside for held, outside in judged):
            return World(point, settings.get("spectrum", ""), settings, rng.random())
    raise AssertionError(f"no point for {equation.condition}")


def set_by(relation: Relation, point: dict[str, Any], rng: random.Random, *, broken: bool) -> None:
    """Equalities and limits set a parameter; strict relations with zero may have to."""
    name, right = relation.left.removeprefix("@"), relation.right
    if relation.sign == r"\to" and not broken:
        key = "alpha" if name == "s" else name
        point[key] = mpf(FAR[name, right])
    elif relation.sign == r"\to" and name == "ridge":
        point["ridge"] = mpf("0.3")
    elif relation.sign == r"\uparrow":
        point[name] = point["rank_fraction"] / 2 if broken else point["rank_fraction"] - mpf(10) ** -9
    elif relation.sign == "=" and not broken and not right.startswith("@ridge_ratio"):
        point[name] = mpf(value_of(right, point))
    elif relation.sign == ">" and right == "0":
        point[name] = mpf(0) if broken else mpf(rng.uniform(0.2, 0.5))


# --- what every symbol is worth -----------------------------------------------------------------------------------
@dataclass
class World:
    """A spectrum, a test covariance and the parameters, solved by the papers' equations."""

    point: dict[str, Any]
    kind: str
    settings: Mapping[str, str]
    seed: float
    known: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng, p = random.Random(self.seed), self.point
        rank, level = p["rank_fraction"], p["c_train"]
        if self.kind in (ISOTROPIC, UNIT):
            self.c, self.w = [level] * 2, [mpf("0.25"), mpf("0.75")]
        elif self.kind in (TWO_ATOMS, TWO_UNIT_ATOMS):
            self.c, self.w = [mpf(0), level / rank], [1 - rank, rank]
        else:
            self.c = [mpf(rng.uniform(0.2, 0.5)), mpf(rng.uniform(0.8, 3))]
            share = mpf(rng.uniform(0.3, 0.7))
            self.w = [rank * share, rank * (1 - share)]
            if rank < 1:
                self.c, self.w = [mpf(0), *self.c], [1 - rank, *self.w]
            mean = self.mean(lambda c: c)
            self.c = [level * c / mean for c in self.c]
        if self.kind:  # the eigenvalue
            p["c"] = self.c[-1]
        x = [mpf(rng.uniform(0.2, 2)) for _ in self.c]
        scale = p["c_test"] / sum(w * y for w, y in zip(self.w, x, strict=True))
        self.x = [scale * y for y in x]

    def mean(self, f: Callable[[mpf], mpf]) -> mpf:
        return sum(w * f(c) for c, w in zip(self.c, self.w, strict=True))

    def tested(self, f: Callable[[mpf], mpf]) -> mpf:
        """Mean against the test covariance."""
        return sum(w * x * f(c) for c, w, x in zip(self.c, self.w, self.x, strict=True))

    @cached_property
    def solved(self) -> oracle.Oracle:
        names = ("alpha", "tau", "kappa", "rho", "ridge")
        return oracle.solve(self.c, self.w, **{name: self.point[name] for name in names}, digits=DIGITS)

    @cached_property
    def z(self) -> mpf:
        """Where the resolvent and what follows from it are taken."""
        at = self.settings.get("z", "sigma")
        return {"s": self.point["s"], "2 s": 2 * self.point["s"], "sigma": self.solved.sigma}[at]

    def a(self, z: mpf, kappa: mpf | None = None) -> mpf:
        key = ("a", z, kappa)
        if key not in self.known:
            self.known[key] = oracle.memorisation(self.c, self.w, kappa or self.point["kappa"], z)
        return self.known[key]

    def F(self, z: mpf, c: mpf) -> mpf:
        return 1 / (self.a(z) * c + z)

    def M(self, z: mpf, kappa: mpf | None = None) -> mpf:
        a = self.a(z, kappa)
        return self.mean(lambda c: 1 / (a * c + z))

    def phi(self, z: mpf) -> mpf:
        a = self.a(z)
        return self.mean(lambda c: c / (a * c + z))

    def phi_TM(self, z: mpf) -> mpf:
        """By the formula of Sherman and Morrison."""
        return self.phi(z) / (1 + self.phi(z) / self.point["kappa"])

    def overlap(self, z: mpf) -> mpf:
        a = self.a(z)
        ways = {
            "fresh": lambda: self.tested(lambda c: 1 / (a * c + z)),
            "rotated": lambda: self.point["c_test"] * self.M(z),
            "training": lambda: self.phi_TM(z),
        }
        return ways[self.settings.get("tasks", "fresh")]()

    def within(self, z: mpf) -> mpf:
        """Unlearned dimensions of the non-zero eigenvalues."""
        a = self.a(z)
        return sum(w * z / (a * c + z) for c, w in zip(self.c, self.w, strict=True) if c > 0)

    def K(self, c: mpf) -> mpf:
        return self.solved.K(c)

    def slope(self, f: Callable[[mpf], mpf]) -> mpf:
        """Derivative in z of a function of it."""
        return diff(f, self.z, h=self.z * mpf(10) ** -20)

    def __getitem__(self, name: str) -> Any:
        if name in self.point:
            return self.point[name]
        if name not in self.known:
            self.known[name] = TRUTH[name](self)
        return self.known[name]


def share(w: World, j: int, k: int) -> mpf:
    """Mean of a product of learned and unlearned shares."""
    t = w["t"]
    return w.mean(lambda c: c**j * t**k / (c + t) ** (j + k))


def scalar(w: World, trace: mpf) -> mpf:
    return w["rho_test"] + (w["rho_test"] + trace) / w["alpha_test"] * w["Qbar"]


def peak(w: World) -> mpf:
    """Where the slope of K vanishes."""
    if w["P0"] <= 0:
        return mpf(0)
    high = mpf(1)
    while diff(w.K, high) > 0:
        high *= 2
    return oracle.root(lambda c: -diff(w.K, c), mpf(10) ** -20, high)


def pair(w: World) -> mpf:
    c1, c2, a, sigma = w["c1"], w["c2"], w["a"], w["sigma"]
    return (w.K(c1) - w.K(c2)) * (a * c1 + sigma) ** 2 * (a * c2 + sigma) ** 2 / (c2 - c1)


def gaussian(w: World) -> mpf:
    """Squared distance of (y, yhat), by the inverse of its covariance matrix."""
    pair = mp.matrix([w["y"], w["yhat"]])
    return (pair.T * covariance(w) ** -1 * pair)[0]


def covariance(w: World) -> Any:
    return mp.matrix([[w["var_y"], w["cov"]], [w["cov"], w["var_yhat"]]])


def mean_map(w: World, c: mpf) -> mpf:
    return 1 - w["sigma"] * w.F(w["sigma"], c)


def spread(w: World) -> mpf:
    mean = w.tested(lambda c: mean_map(w, c)) / w["c_test"]
    return w.tested(lambda c: (mean_map(w, c) - mean) ** 2)


def context_noise(w: World) -> mpf:
    return (w["rho_test"] + w["c_test"]) / w["alpha_test"]


TRUTH: dict[str, Callable[[World], Any]] = {
    "eigenvalues": lambda w: w.c, "weights": lambda w: w.w, "test": lambda w: w.x, "m": lambda w: len(w.c),
    # the fixed point
    "z": lambda w: w.z, "sigma": lambda w: w.solved.sigma, "effective_ridge": lambda w: w.solved.effective_ridge,
    "q": lambda w: w.solved.q, "Qbar": lambda w: w.solved.Qbar,
    "a": lambda w: w.a(w.z), "b": lambda w: w.slope(w.a), "M": lambda w: w.M(w.z), "dM": lambda w: w.slope(w.M),
    "F": lambda w: w.F(w.z, w["c"]), "dF": lambda w: w.slope(lambda z: w.F(z, w["c"])),
    "phi": lambda w: w.phi(w.z), "dphi": lambda w: w.slope(w.phi),
    "phi_TM": lambda w: w.phi_TM(w.z), "dphi_TM": lambda w: w.slope(w.phi_TM),
    "K": lambda w: w.K(w["c"]),
    "t": lambda w: w.solved.sigma / w.solved.a,
    "learned": lambda w: w["c"] / (w["c"] + w["t"]), "unlearned": lambda w: w["t"] / (w["c"] + w["t"]),
    "D": lambda w: share(w, 1, 0), "U": lambda w: share(w, 0, 1), "E": lambda w: share(w, 1, 1),
    "D2": lambda w: share(w, 2, 0), "U2": lambda w: share(w, 0, 2),
    "E_learned": lambda w: share(w, 2, 1), "E_unlearned": lambda w: share(w, 1, 2),
    **{f"T{k}": lambda w, k=k: w.mean(lambda c: c**k / (c + w["t"]) ** 3) for k in range(4)},
    "gap_kappa": lambda w: w["kappa"] - w["D"], "gap_tau": lambda w: w["tau"] - w["D"],
    "g": lambda w: mpf(0), "h": lambda w: mpf(0),
    "dh": lambda w: 1 + w["t"] / w["kappa"] * (
        w["tau"] * w["ridge"] / w["effective_ridge"] ** 2 + w["s"] * w["U"] / w["sigma"] ** 2
    ),
    # the stable forms
    "ridge_share": lambda w: w["effective_ridge"] * w["M"] - 1 + w["tau"],
    "larger_share": lambda w: max(w["ridge_share"], w["effective_ridge"] * w["M"]),
    "den": lambda w: w["kappa"] * w["a"] + w["E"],
    "A2": lambda w: w["M"] + w["sigma"] * w["dM"],
    "R2": lambda w: 1 - 2 * w["sigma"] * w["M"] - w["sigma"] ** 2 * w["dM"],
    "N": lambda w: w["rho"] + w["sigma"] - w["sigma"] ** 2 * w["M"] - w["effective_ridge"] * w["R2"],
    "slack": lambda w: w["tau"] - 1 + 2 * w["effective_ridge"] * w["M"] + w["effective_ridge"] ** 2 * w["dM"],
    "a_less": lambda w: w["a"] - w["effective_ridge"] * w["b"],
    "A": lambda w: w["q"] * w["s"] + w["sigma"] ** 2,
    "B": lambda w: w["q"] * w["a_less"] + w["sigma"] ** 2 * w["b"],
    # order of K
    "P": lambda w: diff(w.K, w["c"]) * (w["a"] * w["c"] + w["sigma"]) ** 3,
    "P0": lambda w: diff(w.K, 0) * w["sigma"] ** 3,
    "beta": lambda w: w["sigma"] * w["b"] / w["a"],
    "peak": peak, "c1": lambda w: w["c"], "c2": lambda w: w["c"] + w["other"], "pair": pair,
    # errors
    "e_scalar": lambda w: scalar(w, w["c_test"]),
    "e_misalign": lambda w: w.tested(w.K), "metric_misalignment": lambda w: w.tested(w.K),
    "e_icl": lambda w: w["e_scalar"] + w["e_misalign"],
    "metric_resolvent": lambda w: w.tested(lambda c: w.F(w["sigma"], c)),
    # with the context and the noise of pretraining the error on its tasks is tau q
    "misalign_TM": lambda w: w["tau"] * w["q"] - w["rho"] - w["s"] * w["Qbar"],
    "misalign_IDG": lambda w: w.mean(lambda c: c * w.K(c)),
    "misalign_ODG": lambda w: w["c_train"] * w.mean(w.K),
    **{f"e_{k}": lambda w, k=k: scalar(w, w["c_train"]) + w[f"misalign_{k}"] for k in ("TM", "IDG", "ODG")},
    "A_TM": lambda w: evaluated("A_TM", w), "B_TM": lambda w: evaluated("B_TM", w),
    # the law of the predictions, for fresh tasks where no others are named
    "overlap": lambda w: w.overlap(w.z), "d_overlap": lambda w: w.slope(w.overlap),
    "var_y": lambda w: w["rho_test"] + w["c_test"],
    "cov": lambda w: w.tested(lambda c: mean_map(w, c)),
    "Q": lambda w: w["e_misalign"] - w["c_test"] + 2 * w["cov"],
    "var_yhat": lambda w: w["e_icl"] - w["var_y"] + 2 * w["cov"],
    "slope_given_label": lambda w: w["cov"] / w["var_y"], "slope_given_clean": lambda w: w["cov"] / w["c_test"],
    "var_given_label": lambda w: mp.det(covariance(w)) / w["var_y"],
    "var_given_clean": lambda w: w["var_yhat"] - w["cov"] ** 2 / w["c_test"],
    "mahalanobis": gaussian,
    "density": lambda w: exp(-w["mahalanobis"] / 2) / (2 * circle * sqrt(mp.det(covariance(w)))),
    "leverage": lambda w: w["D"] / w["kappa"] if w.settings.get("tasks") == "training" else mpf(0),
    "novelty": lambda w: 1 - w["leverage"],
    "mean_map": lambda w: mean_map(w, w["c"]),
    "recovered": lambda w: w.tested(lambda c: mean_map(w, c) ** 2),
    "bias": lambda w: w.tested(lambda c: (1 - mean_map(w, c)) ** 2),
    "V_task": lambda w: w["b"] * w.tested(lambda c: c * (1 - mean_map(w, c)) ** 2),
    "V_train": lambda w: w["e_misalign"] - w["bias"] - w["V_task"],
    "V_ctx": lambda w: context_noise(w) * w["R2"],
    "V_int": lambda w: context_noise(w) * w["Qbar"] - w["V_ctx"],
    "var_given_query": lambda w: w["V_task"] + w["V_train"] + w["V_int"] + w["V_ctx"],
    "departure": lambda w: mean_map(w, w["c"]) - mean_map(w, w["reference"]),
    "mean_departure": lambda w: w["cov"] / w["c_test"] - mean_map(w, w["reference"]),
    "spread": lambda w: (w["mean_map"] - w["cov"] / w["c_test"]) ** 2, "V_spread": spread,
    # implicit regularisation
    "layer_variance": lambda w: w["q"] * (w["task_eigenvalue"] + w["s"]) / (w["task_eigenvalue"] + w["sigma"]) ** 2,
    "ridge_samples": lambda w: w["effective_ridge"] - w["ridge"],
    "tasks_factor": lambda w: 1 / w["a"], "implicit_ridge": lambda w: w["sigma"] / w["a"],
    "ridge_tasks": lambda w: w["sigma"] / w["a"] - w["sigma"],
    # closed forms
    "mu": lambda w: w.M(w["s"], w["kappa"] / w["tau"]),
    "noise_share": lambda w: w["s"] * w.M(w["s"], w["kappa"] / min(w["tau"], 1)),
    "task_ridge": lambda w: w["tau"] * w["ridge"] / w["kappa"], "noise_std": lambda w: sqrt(w["rho"]),
    "V": lambda w: w.within(w.z), "dV": lambda w: w.slope(w.within),
    "order_m": lambda w: w["c_train"] - w["sigma"] * w["phi_TM"],
    "order_m0": lambda w: w["c_train"] - w["sigma"] * w["phi"],
    "order_m_bar": lambda w: w["c_train"] - w["sigma"] * w["M"],
    "order_Q": lambda w: w["misalign_TM"] - 1 + 2 * w["order_m"],
    "order_Q0": lambda w: w["misalign_IDG"] - 1 + 2 * w["order_m0"],
    # long contexts
    "eta": lambda w: w["effective_ridge"] / w["sigma"],
    "tasks_rank": lambda w: min(w["kappa"], w["rank_fraction"]),
    # on the kernel nothing is learned, and the bias is one; at the same s without label noise
    "variance_gain": lambda w: World(
        {**w.point, "rho": mpf(0), "alpha": w["c_train"] / w["s"]}, w.kind, w.settings, w.seed
    ).K(mpf(0)),
    "mean_inverse": lambda w: sum(x / c for c, x in zip(w.c, w.w, strict=True) if c > 0),
}  # fmt: skip


def value(expression: Any, w: World) -> mpf:
    """Number of an expression, each symbol by what it means."""

    def number(x: Any) -> Any:
        return x if x in (inf, -inf) else Float(x, 2 * DIGITS)

    def written_out(total: Sum) -> Any:
        index = total.limits[0][0]
        return sum(total.function.subs(index, k) for k in range(1, len(w.c) + 1))

    expression = expression.replace(lambda e: isinstance(e, Sum), written_out)
    entries = {x: number(w[str(x.base)][int(x.indices[0]) - 1]) for x in expression.atoms(Indexed)}
    expression = expression.xreplace(entries)
    expression = expression.xreplace({x: number(w[x.name]) for x in expression.atoms(Symbol)})
    expression = expression.replace(lambda e: isinstance(e, AppliedUndef), lambda e: number(w.K(mpf(str(e.args[0])))))
    found = N(expression, DIGITS)
    return mpf(str(found)) if found.is_finite and found.is_real else inf


def evaluated(name: str, w: World) -> mpf:
    return value(catalogue()[name].rhs, w)


def distance(equation: Equation, w: World) -> mpf:
    """Of the two sides, relative to them where they are large."""
    with mp.workdps(2 * DIGITS + 20):
        if equation.name == "tau_order":  # at this tau, the effective ridge is s
            tau = value(equation.rhs, w)
            at = World({**w.point, "tau": tau}, w.kind, w.settings, w.seed)
            return abs(at.solved.effective_ridge / w["s"] - 1)
        if equation.name == "layer_given_tasks":
            x = w["task_eigenvalue"]
            return abs(value(equation.rhs, w) - x / (x + w["sigma"]))
        if equation.name == "layer_mean":
            return abs(value(equation.rhs, w) - mean_map(w, w["c"]))
        left, right = value(equation.lhs, w), value(equation.rhs, w)
        if not (abs(left) < inf and abs(right) < inf):
            return inf
        # at a kink both vanish
        return abs(left - right) / max(0 if equation.name.startswith("kink") else 1, abs(left), abs(right))


# --- tests ------------------------------------------------------------------------------------------------------------
def usable(equation: Equation, w: World) -> bool:
    if equation.name == "tau_order":
        return w["ridge"] < w["s"] - mpf("0.05") and value(equation.rhs, w) > 0.05
    return equation.name not in ("larger_share", "ridge_share", "effective_ridge_stable") or w["ridge"] > 0


def worlds(equation: Equation, count: int, broken: Relation | str | None = None) -> Iterator[World]:
    rng = random.Random(f"{equation.name} {broken}")
    while count:
        w = point_for(equation, rng, broken)
        if usable(equation, w):
            count -= 1
            yield w


def at_the_root(w: World) -> bool:
    """Whether the sums are where the condition says."""
    root = w.settings.get("root")
    return not root or abs((w["t"] / w["sigma"] if root == "sigma" else w["D"] / w[root]) - 1) < LIMIT


@pytest.mark.parametrize("equation", [e for e in EQUATIONS if e.name not in BOUNDS], ids=lambda e: e.name)
def test_holds_where_it_says(equation: Equation) -> None:
    condition = read(equation)
    for w in worlds(equation, 3):
        assert distance(equation, w) < (LIMIT if condition.far else EXACT), (w.point, w.c, w.w)
        assert at_the_root(w)


_BY_DEFINITION = "its symbol is defined without that"
_SMALL = "beside the effective ridge, which diverges, a ridge does not count"
_ALL_RIDGE = "the effective ridge is then all of the effective noise, and the other side has the same limit"
#: equation, part of its condition -> why it holds without that, too
WIDER = {
    ("isotropic_mu", r"@ridge \to 0"): _BY_DEFINITION,
    ("isotropic_mu", "@tau < 1"): _BY_DEFINITION,
    ("lu_share_below", r"@ridge \to 0"): _BY_DEFINITION,
    ("lu_noise_above", r"@ridge \to 0"): _BY_DEFINITION,
    ("lu_noise_below", r"@ridge \to 0"): _BY_DEFINITION,
    ("two_atom_M", "spectrum"): "an identity in the memorisation factor, for every spectrum",
    ("two_atom_dM", "spectrum"): "an identity in the memorisation factor, for every spectrum",
    ("lu_e_icl_above", r"@ridge \to 0"): "an identity in D and Qbar",
    ("lu_e_icl_above", "@tau > 1"): "an identity in D and Qbar",
    ("lu_e_icl_below", r"@ridge \to 0"): "an identity in D and Qbar",
    ("lu_e_icl_below", "@tau < 1"): "an identity in D and Qbar",
    ("lu_e_TM_above", "@c_test = 1"): "tasks of pretraining do not know C_test",
    ("lu_e_TM_below", "@c_test = 1"): "tasks of pretraining do not know C_test",
    ("many_contexts_effective_ridge", r"@tau \to \infty"): "without a ridge there is none for every tau above one",
    **{(f"no_contexts_{name}", r"@ridge \to 0"): _SMALL for name in ("effective_ridge", "q", "K", "Qbar")},
    ("variance_gain", "@rho = 0"): "what is amplified is the bias without label noise",
    ("variance_gain", "@ridge = @ridge_ratio @s"): _ALL_RIDGE,
    ("variance_gain", r"@tau > \min(@kappa, @rank_fraction)"): _ALL_RIDGE,
    ("noise_ODG", "@ridge = @ridge_ratio @s"): _ALL_RIDGE,
    ("noise_ODG", r"@tau > \min(@kappa, @rank_fraction)"): _ALL_RIDGE,
    ("duality_contexts", r"@kappa \to \infty"): "the same for every number of tasks that is not fewest",
}


def parts(equation: Equation) -> list[Relation | str]:
    """What restricts an equation: its relations, and a spectrum of a certain kind."""
    condition = read(equation)
    # what is above zero may come down to it
    found: list[Relation | str] = [r for r in condition.relations if (r.sign, r.right) != (">", "0")]
    own = "spectrum" in condition.settings and "spectrum" not in SECTIONS.get(equation.section, {})
    return [*found, "spectrum"] if own else found


OUTSIDE = [(e, part) for e in EQUATIONS if e.name not in BOUNDS for part in parts(e)]


@pytest.mark.parametrize(("equation", "part"), OUTSIDE, ids=lambda x: getattr(x, "name", None) or str(x))
def test_does_not_hold_where_its_condition_does_not(equation: Equation, part: Relation | str) -> None:
    """Each part of the condition is needed: with the others alone the equation is wrong."""
    least = 10 * (LIMIT if read(equation).far else EXACT)
    wrong = [not at_the_root(w) or distance(equation, w) > least for w in worlds(equation, 2, part)]
    assert all(wrong) != ((equation.name, str(part)) in WIDER)


def one_eigenvalue(name: str, w: World) -> World:
    """Where a bound is attained; the lower one, where the rank is nearly exhausted."""
    point, kind = dict(w.point), TWO_ATOMS
    if name in ("t_upper_below", "sigma_upper"):
        point["rank_fraction"], kind = mpf(1), ISOTROPIC
    if name == "sigma_upper":
        point["kappa"] = mpf(10) ** 14
    if name == "t_level_lower":
        nearly = point["rank_fraction"] - mpf(10) ** -9
        point |= {"kappa": nearly, "fewest": nearly, "tau": mpf(3), "alpha": mpf(10) ** 24}
        kind = w.kind
    return World(point, kind, w.settings, w.seed)


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(name: str) -> None:
    equation, (symbol, side) = catalogue()[name], BOUNDS[name]
    for place, w in enumerate(worlds(equation, 3)):
        at = one_eigenvalue(name, w) if place == 2 else w
        with mp.workdps(60):
            gap = value(equation.rhs, at) / at[symbol] - 1
        if place == 2:
            assert abs(gap) < LIMIT
        else:
            assert (gap if side == "at most" else -gap) > 1e-6


# --- what remarks and introductions say -----------------------------------------------------------------------------
def near(left: mpf, right: mpf, tolerance: mpf = LIMIT) -> bool:
    return abs(left - right) <= tolerance * max(1, abs(left), abs(right))


def balance(w: World, lt: mpf) -> mpf:
    """Noise s + lt less what t, the ridge and the number of tasks make of it; zero at the root."""
    drift = w["kappa"] - w["tau"] + w["tau"] * w["ridge"] / lt + w["s"] * w["U"] / (w["s"] + lt)
    return w["s"] + lt - w["t"] / w["kappa"] * drift


def at_ratio(w: World, ratio: mpf) -> World:
    """The same with another ratio of ridge and noise."""
    point = {**w.point, "ridge_ratio": ratio, "ridge": ratio * w["s"]}
    return World(point, w.kind, w.settings, w.seed)


def ends(w: World, name: str, first: Callable[[World], mpf] | None, last: mpf) -> bool:
    """A quantity for the ridge first and for the noise first."""
    small, large = at_ratio(w, mpf(10) ** -7), at_ratio(w, mpf(10) ** 7)
    return (first is None or near(small[name], first(w), mpf(10) ** -4)) and near(large[name], last, mpf(10) ** -4)


def opposite_roots(w: World, name: str, unknown: str) -> bool:
    """Of the quadratic of an equation, and the quantity is the positive one."""
    equation = catalogue()[name]
    polynomial = Poly(equation.lhs - equation.rhs, Symbol(unknown, positive=True))
    two, _, none = (value(coefficient, w) for coefficient in polynomial.all_coeffs())
    return two * none < 0 < w[unknown]


#: equation (or section and equation that it stands before) -> what is printed, and whether it is so
CLAIMS: list[tuple[str, str, Callable[[World], bool]]] = [
    ("phi", "$1 - @z @M = @a @phi$", lambda w: near(1 - w["z"] * w["M"], w["a"] * w["phi"], EXACT)),
    ("effective_ridge_fixed_point", r"$@effective_ridge \ge @ridge$", lambda w: w["effective_ridge"] >= w["ridge"]),
    ("t", "$@a @c + @z = @a(@c + @t)$", lambda w: near(w["a"] * w["c"] + w["z"], w["a"] * (w["c"] + w["t"]), EXACT)),
    ("g_above", r"At the root $@D < \min(@kappa, @tau, 1)$ without ridge", lambda w: w["D"] < min(w["kappa"], 1)),
    ("g_below", r"At the root $@D < \min(@kappa, @tau, 1)$", lambda w: w["D"] < min(w["kappa"], w["tau"])),
    (
        "gap_at_root_below",
        "The two gaps have the product $@kappa @s @U/@t$ and the difference $@kappa - @tau$.",
        lambda w: near(w["gap_kappa"] * w["gap_tau"], w["kappa"] * w["s"] * w["U"] / w["t"], EXACT),
    ),
    (
        "noise_balance",
        "At the root $@t$, $@h$ is zero; it is increasing and concave in $@effective_ridge$.",
        lambda w: (
            near(balance(w, w["effective_ridge"]), mpf(0), EXACT)
            and all(diff(lambda x: balance(w, x), x) > 0 > diff(lambda x: balance(w, x), x, 2) for x in (0.01, 0.5, 9))
        ),
    ),
    (
        "larger_share",
        "The shares $@effective_ridge @M$ and $@tau @ridge/@effective_ridge$ differ by $1 - @tau$ and have the product"
        " $@tau @ridge @M$.",
        lambda w: near(w["effective_ridge"] * w["M"] - w["tau"] * w["ridge"] / w["effective_ridge"], 1 - w["tau"]),
    ),
    (
        "ordering_polynomial",
        r"$\mathrm{d}@K/\mathrm{d}@c = @P(@c)/(@a @c + @sigma)^3$ and $@P$ is linear and falling: at most one peak.",
        lambda w: (
            evaluated("ordering_polynomial", World({**w.point, "c": mpf(3)}, "", w.settings, w.seed))
            < evaluated("ordering_polynomial", World({**w.point, "c": mpf(1)}, "", w.settings, w.seed))
        ),
    ),
    (
        "ordering_polynomial_at_zero",
        r"Negative for $@effective_ridge \le @s$, in particular for $@ridge \to 0$, $@tau > 1$",
        lambda w: w["effective_ridge"] > w["s"] or w["P0"] < 0,
    ),
    (
        "tau_order",
        r"$@tau \ge @tau_order$ is the same as $@effective_ridge \le @s$",
        lambda w: (
            (w["tau"] >= evaluated("tau_order", World(dict(w.point), w.kind, {**w.settings, "z": "2 s"}, w.seed)))
            == (w["effective_ridge"] <= w["s"])
        ),
    ),
    (
        "isotropic_polynomial",
        "Its two roots have opposite signs; the trace is the positive one.",
        lambda w: opposite_roots(w, "isotropic_polynomial", "M"),
    ),
    (
        "two_atom_polynomial",
        "Its two roots have opposite signs; $@a$ is the positive one.",
        lambda w: opposite_roots(w, "two_atom_polynomial", "a"),
    ),
    (
        "low_rank_V",
        "$@V^2 + (@kappa - @rank_fraction + @kappa @rank_fraction @sigma) @V = @kappa @{rank_fraction}^2 @sigma$",
        lambda w: near(
            w["V"] ** 2 + (w["kappa"] - w["rank_fraction"] * (1 - w["kappa"] * w["sigma"])) * w["V"],
            w["kappa"] * w["rank_fraction"] ** 2 * w["sigma"],
            EXACT,
        ),
    ),
    (
        "stable_misalign_ODG",
        "this is $1 - 2@order_m_bar + @Qbar$",
        lambda w: near(w["misalign_ODG"], 1 - 2 * w["order_m_bar"] + w["Qbar"], EXACT),
    ),
    ("ridge_tasks", "$@sigma(@tasks_factor - 1)$", lambda w: near(w["ridge_tasks"], w["sigma"] * (1 / w["a"] - 1))),
    ("many_contexts_effective_ridge", "$@M < 1/@sigma$", lambda w: w["M"] < 1 / w["sigma"]),
    (
        "many_contexts_K",
        "With $@sigma = @s + @ridge$; this is $-@sigma^2 @dF$ along one eigenvector",
        lambda w: near(w["sigma"], w["s"] + w["ridge"]) and near(w["K"], -(w["sigma"] ** 2) * w["dF"]),
    ),
    (
        "long_contexts_few_contexts_q",
        "Here $@effective_ridge = @sigma = @t(@kappa-@tau)/@kappa$ keeps a positive limit",
        lambda w: (
            near(w["effective_ridge"], w["sigma"]) and near(w["sigma"], w["t"] * (w["kappa"] - w["tau"]) / w["kappa"])
        ),
    ),
    (
        "no_contexts_Qbar",
        "the prediction is zero and the error is $@rho_test + @c_test$",
        lambda w: near(w["e_icl"], w["rho_test"] + w["c_test"]),
    ),
    (
        "eta",
        r"For $@ridge_ratio \to 0$ it is zero where $@tau > 1$, and $(1-@tau)/(1-@tasks_rank)$ where $@tau < 1$; for"
        r" $@ridge_ratio \to \infty$ it is one.",
        lambda w: ends(w, "eta", lambda w: (1 - w["tau"]) / (1 - w["tasks_rank"]) if w["tau"] < 1 else mpf(0), mpf(1)),
    ),
    (
        "long_context_slack",
        r"For $@ridge_ratio \to 0$ it is $@tau - 1$ where $@tau > 1$ and"
        r" $(1-@tau)(@tau-@tasks_rank)/(1-@tasks_rank)$ where $@tau < 1$; for $@ridge_ratio \to \infty$ it is"
        " $@tau - @tasks_rank$.",
        lambda w: ends(
            w,
            "slack",
            lambda w: (
                w["tau"] - 1 if w["tau"] > 1 else (1 - w["tau"]) * (w["tau"] - w["tasks_rank"]) / (1 - w["tasks_rank"])
            ),
            w["tau"] - w["tasks_rank"],
        ),
    ),
    ("variance_gain", r"One for $@ridge_ratio \to \infty$.", lambda w: ends(w, "variance_gain", None, mpf(1))),
    (
        "few_tasks_ODG",
        r"$@e_TM$ vanishes in this phase, and with $@kappa > @rank_fraction$ so does $@e_IDG$.",
        lambda w: w["e_TM"] < LIMIT and (w["kappa"] < w["rank_fraction"] or w["e_IDG"] < LIMIT),
    ),
    (
        "few_contexts_TM",
        "$@tau@q$ with $@q = @sigma$",
        lambda w: near(w["q"], w["sigma"]) and near(w["e_TM"], w["tau"] * w["q"]),
    ),
    ("noise_few_contexts_TM", r"$@tau @q - @rho$", lambda w: near(w["e_TM"], w["tau"] * w["q"] - w["rho"])),
    (
        "peak_effective_ridge",
        r"At $@tau = 1$ it is $\sqrt{@ridge/@M}$.",
        lambda w: near(
            evaluated("peak_effective_ridge", World({**w.point, "tau": mpf(1)}, w.kind, w.settings, w.seed))
            / sqrt(w["ridge"] / w["M"]),
            mpf(1),
        ),
    ),
]


@pytest.mark.parametrize(("name", "printed", "holds"), CLAIMS, ids=lambda x: x if isinstance(x, str) else "")
def test_remarks(name: str, printed: str, holds: Callable[[World], bool]) -> None:
    """What is printed with an equation, or in the introduction of its section, is so at random points."""
    equation = catalogue()[name]
    part = sections()[equation.section]
    assert any(printed in text for text in (equation.remark, part.introduction, *part.before.values()))
    for w in worlds(equation, 4):
        with mp.workdps(60):
            assert holds(w), w.point
