"""Stand-alone modules: chosen equations for a given spectrum, with no dependency on taskalign."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib import metadata

from sympy import Eq, Expr

from ..derive import catalogue, error, resolvent, stable
from ..derive import notation as n
from . import array_solver
from .alignment import aligned
from .arrays import Array, as_numpy
from .errors import InputError
from .generate import functions
from .printing import NAMESPACE, function_source, inputs
from .programs import PROGRAMS
from .spectrum import Spectrum

TARGETS = ("numpy", "torch")
#: what the solver gives, by the symbol that stands for it
_SOLVED = (n.t, n.s, n.sigma, n.effective_ridge, n.a, n.b, n.M, n.dM, n.q, n.Qbar, n.A, n.B)
_GIVEN = (n.alpha, n.tau, n.kappa, n.rho, n.ridge, n.alpha_test, n.rho_test, n.c_train, n.c_test, n.rank_fraction)
#: what is computed from these where an equation needs it
_DERIVED = {e.lhs: e for e in (resolvent.resolvent, resolvent.dF, stable.K, error.e_scalar, error.e_misalign)}

_HEADER = '''"""Theory of in-context learning for one spectrum.

evaluate(alpha=, tau=, kappa=, rho=) gives a dictionary of: {names}.
Written by taskalign {version}; it needs {target} alone.
"""

import contextlib
import sys

{imports}

EIGENVALUES = {eigenvalues}
WEIGHTS = {weights}
TEST = {test}


def _array(name, value):
    """Real numbers in double precision; what is cut off elsewhere, imaginary parts and masks, is refused."""
    {given}
    if {is_complex} or hasattr(value, "mask"):
        raise ValueError(f"{{name}}: must be real numbers, not masked")
    return {convert}
'''

_EVALUATE = '''
def evaluate(*, alpha, tau, kappa, rho, ridge=0.0, alpha_test=None, rho_test=None, test=None):
    """The chosen equations, by name; the parameters broadcast against each other.

    alpha: context length per dimension; tau: contexts per squared dimension; kappa: tasks per dimension; rho: variance
    of the label noise; ridge: explicit ridge. At test: alpha_test, rho_test (as in training if not given), and test,
    the test covariance along the eigenvectors of the training covariance. Equations that run along the spectrum have
    it as their last axis.
    """
    given = {{"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}}
    given["alpha_test"] = alpha if alpha_test is None else alpha_test
    given["rho_test"] = rho if rho_test is None else rho_test
    known = dict(zip(given, {ns}.broadcast_{arrays}(*(_array(*pair) for pair in given.items())), strict=True))
    for name, value in known.items():
        allowed = value >= 0 if name in ("rho", "ridge", "rho_test") else value > 0
        if not bool(({ns}.isfinite(value) & allowed).all()):
            raise ValueError(f"{{name}}: must be finite and > 0 (rho, ridge and rho_test: >= 0)")
    if bool(((known["tau"] == 1) & (known["ridge"] == 0)).any()):
        raise ValueError("tau: 1 without a ridge is not allowed, the error diverges there")
    named = {{"eigenvalues": EIGENVALUES, "weights": WEIGHTS, "test": TEST if test is None else test}}
    eigenvalues, weights, gamma = (_array(*pair) for pair in named.items())
    if gamma.shape[-1] != eigenvalues.shape[-1] or not bool((gamma >= 0).all()):
        raise ValueError(f"test: must be {{eigenvalues.shape[-1]}} numbers >= 0")
    support = {support}
    known |= {{"eigenvalues": eigenvalues, "weights": weights, "test": gamma}}
    known |= {{"rank_fraction": (weights * support).sum(-1), "c_train": (weights * eigenvalues).sum(-1)}}
    known["c_test"] = (weights * gamma).sum(-1)
    spectrum = (eigenvalues, weights, support, (weights * (1 - support)).sum(-1), known["rank_fraction"])
    s = summary_noise(known["rho"], known["c_train"], known["alpha"])
    parameters = (s, known["kappa"], known["tau"], known["ridge"])
    with {quiet}:  # what is not finite is found below
        solved, lost, passes = solve(
            {ns}, sys.modules[__name__], spectrum, parameters, known["rho"], known["c_train"]{recorded}
        )
    if bool(lost.any()):
        raise ArithmeticError(complaint({ns}, lost, passes, s.dtype))
    known |= solved | {{"b": solved["da"], "z": solved["sigma"]}}
    return _chosen(*({asarray} for name in {inputs}))
'''


def export_module(spectrum: Spectrum, equations: Sequence[str], target: str = "numpy", test: Array = None) -> str:
    """Source of a module that evaluates chosen equations for a spectrum, and needs the array library alone.

    Args:
        spectrum: spectrum of C_train, a single one; written into the module in full precision.
        equations: names in `taskalign.derive.catalogue()`, or of what the fixed point is made of ("M", "q", "sigma",
            "effective_ridge", ...); each is evaluated at the fixed point, with c running along the spectrum.
        target: "numpy" or "torch".
        test: C_test along the eigenvectors; the spectrum itself if not given. Can be given anew at each call.

    Raises:
        InputError: an unknown target or equation, or an equation that needs more than the fixed point gives.
    """
    if target not in TARGETS:
        raise InputError(f"target: {target!r} is not one of {', '.join(TARGETS)}")
    if spectrum.batch_shape:
        raise InputError(f"spectrum: a batch {spectrum.batch_shape} is not allowed, give a single spectrum")
    names = list(dict.fromkeys(equations))
    if not names:
        raise InputError("equations: an empty list is not allowed")
    gamma = as_numpy(aligned(spectrum, test).test)
    values = {f"value_{name}": _explicit(name) for name in names}
    needed = sorted({symbol for expression in values.values() for symbol in inputs(expression)})
    chosen = function_source("_chosen", needed, values, list(values), target)
    pairs = ", ".join(f'"{name}": {value}' for name, value in zip(names, values, strict=True))
    chosen = chosen.replace(f"return {', '.join(values)}", f"return {{{pairs}}}")
    solver = inspect.getsource(array_solver).partition('"""\n\n')[2].strip()
    used = {"summary_noise"} | {program.name for program in PROGRAMS if f"algebra.{program.name}(" in solver}
    numpy = target == "numpy"
    namespace, imports = NAMESPACE[target]
    header = _HEADER.format(
        names=", ".join(names),
        version=metadata.version("taskalign"),
        target=target,
        imports=imports,
        eigenvalues=as_numpy(spectrum.eigenvalues).tolist(),
        weights=as_numpy(spectrum.weights).tolist(),
        test=gamma.tolist(),
        given="array = np.asarray(value)" if numpy else "array = torch.as_tensor(value)",
        is_complex='array.dtype.kind not in "fiubO"' if numpy else "array.is_complex()",
        # as_tensor alone has made plain numbers single
        convert="array.astype(float)" if numpy else "torch.as_tensor(value, dtype=torch.float64)",
    )
    evaluate = _EVALUATE.format(
        ns=namespace,
        arrays="arrays" if numpy else "tensors",
        asarray="np.asarray(known[name])" if numpy else "known[name]",
        quiet='np.errstate(all="ignore")' if numpy else "contextlib.nullcontext()",
        recorded="" if numpy else ", 2, torch.Tensor.detach",
        support="(eigenvalues > 0).astype(float)" if numpy else "(eigenvalues > 0).double()",
        inputs=tuple(needed),
    )
    return "\n\n".join([header, *functions(target, used), solver + "\n", chosen, evaluate.lstrip()])


def _explicit(name: str) -> Expr:
    """An equation's right-hand side in what the solver gives, with c along the spectrum."""
    equations = catalogue()
    solved = {symbol.name: symbol for symbol in _SOLVED}
    if name in solved:
        return solved[name]
    if name not in equations:
        raise InputError(
            f"equations: {name!r} is neither in the catalogue (`taskalign latex --list`) nor one of {', '.join(solved)}"
        )
    equation = equations[name]
    if not isinstance(equation.statement, Eq):
        raise InputError(f"equations: {name} has no right-hand side to evaluate")
    expression = equation.lhs if equation.lhs in _SOLVED else _DERIVED.get(equation.lhs, equation).rhs
    for _ in _DERIVED:
        expression = expression.subs({symbol: e.rhs for symbol, e in _DERIVED.items()})
    expression = expression.replace(n.K_of, lambda c: _DERIVED[n.K].rhs.subs(n.c, c))
    expression = expression.subs(n.c, n.eigenvalues[n.i])
    known = {symbol.name for symbol in (*_SOLVED, *_GIVEN, n.z)} | {"eigenvalues", "weights", "test"}
    missing = inputs(expression) - known
    if missing:
        raise InputError(f"equations: {name} needs {', '.join(sorted(missing))}, which the fixed point does not give")
    return expression
