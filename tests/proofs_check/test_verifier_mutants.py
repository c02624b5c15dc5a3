"""Every small change of the verifier is noticed: it is the one file that a sceptic trusts.

Changes are made in its syntax tree, one at a time, and a set of certificates with known verdicts is run against each.
A change that makes no difference to any file is listed, with the reason.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from taskalign.proofs_check import verify_certificate as verifier
from taskalign.proofs_check.certificate import FOLDER

from .test_verify import FAILS, HALVES, consistent

SOURCE = Path(verifier.__file__).read_text(encoding="utf-8")

# --- changes --------------------------------------------------------------------------------------------------------
_COMPARISONS: dict[type, list[type]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.Is: [ast.IsNot],
}
_ARITHMETIC: dict[type, list[type]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult, ast.Div],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.LShift: [ast.RShift],
    ast.BitOr: [ast.BitAnd],
}
_NAMES = {"min": "max", "max": "min", "all": "any", "low": "high", "high": "low", "D_low": "D_high", "D_high": "D_low"}


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """What one node may become."""

    def like(**fields: Any) -> ast.AST:
        other = copy.deepcopy(node)
        for name, value in fields.items():
            setattr(other, name, value)
        return other

    match node:
        case ast.Compare(ops=ops):
            for k, op in enumerate(ops):
                for other in _COMPARISONS[type(op)]:
                    yield like(ops=[*ops[:k], other(), *ops[k + 1 :]])
        case ast.BinOp(op=op):
            for other in _ARITHMETIC[type(op)]:
                yield like(op=other())
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.BoolOp(op=op, values=values):
            yield like(op=ast.Or() if isinstance(op, ast.And) else ast.And())
            for k in range(len(values)):
                rest = [*values[:k], *values[k + 1 :]]
                yield rest[0] if len(rest) == 1 else like(values=rest)
        case ast.Constant(value=bool(value)):
            yield like(value=not value)
        case ast.Constant(value=int(value)):
            yield like(value=value + 1)
            yield like(value=value - 1)
        case ast.Constant(value=str(value)):
            yield like(value=value + "x")
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.If():
            yield like(test=ast.Constant(True))
            yield like(test=ast.Constant(False))
        case ast.Name(id=name) if name in _NAMES:
            yield like(id=_NAMES[name])
        case ast.Attribute(attr=name) if name in _NAMES:
            yield like(attr=_NAMES[name])
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield ast.Pass()
        case ast.Tuple(elts=[first, second], ctx=ast.Load()):
            yield first
            yield second
            if not ast.unparse(first).endswith("Error"):  # exceptions have no order
                yield like(elts=[second, first])


def is_message(node: ast.AST) -> bool:
    """Text for the reader alone: the reason of a refusal, a line of `main`, and documentation."""
    if isinstance(node, ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        return called in ("require", "Refused", "ValueError", "print")
    return False


def places(node: ast.AST, where: str = "module") -> Iterator[tuple[str, ast.AST, str, int | None]]:
    """Every node that may be changed: the function it is in, its parent, and where it is in that."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "decorator_list", "ctx", "op", "ops"):
            continue
        for k, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            documentation = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            message = is_message(node) and name == "args" and isinstance(child, ast.Constant | ast.JoinedStr)
            if not isinstance(child, ast.AST) or documentation or message:
                continue
            inside = where
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = child.name if where == "module" else f"{where}.{child.name}"
            yield inside, node, name, k
            yield from places(child, inside)


TREE = ast.parse(SOURCE)
PLACES: dict[str, list[tuple[ast.AST, str, int | None]]] = {}
for function, parent, field, index in places(TREE):
    PLACES.setdefault(function, []).append((parent, field, index))


def mutants(where: str) -> Iterator[tuple[str, Any]]:
    """Description and code of every change in one function; the tree is as it was after each."""
    seen: dict[str, int] = {}
    for parent, name, k in PLACES[where]:
        held = getattr(parent, name)
        node = held if k is None else held[k]
        for other in changed(node):
            text = f"{shortened(ast.unparse(node))} -> {shortened(ast.unparse(ast.fix_missing_locations(other)))}"
            seen[text] = seen.get(text, 0) + 1
            setattr(parent, name, other if k is None else [*held[:k], other, *held[k + 1 :]])
            try:
                code = compile(ast.fix_missing_locations(TREE), "mutant", "exec")
            finally:
                setattr(parent, name, held)
            yield f"{text} ({seen[text]})" if seen[text] > 1 else text, code


def shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else f"{line[:50]} ... {line[-15:]}"


def loaded(code: Any) -> Any:
    module = ModuleType("verify_certificate")
    with contextlib.redirect_stderr(io.StringIO()):  # what a change makes it say on import
        exec(code, vars(module))
    return module


# --- known verdicts ---------------------------------------------------------------------------------------------------
def shipped(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())


F = Fraction
HALF = shipped("fails-half-rank")
TWO, THREE = [F(0), F(2)], [F(1, 7), F(2, 3), F(5)]
ABOVE = {"alpha": F(3), "tau": F(4), "kappa": F(4, 5), "rho": F(1, 3)}
ACCEPTED = [
    HALF,
    *map(shipped, ("fails-three-eigenvalues", "fails-noise-free", "holds-half-rank", "fails-noise-free-short")),
    consistent(THREE, [F(1, 2), F(1, 6), F(1, 3)], 25, "ordering-holds", **ABOVE),
    consistent(THREE, [F(1, 2), F(1, 6), F(1, 3)], 20, "ordering-holds", **ABOVE | {"tau": F(3, 2)}),
    consistent(THREE, [F(1, 2), F(1, 6), F(1, 3)], 60, "ordering-holds", **ABOVE | {"tau": F(1, 2)}),
]


def without(entries: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if key != name}


REFUSED: list[tuple[Any, str]] = [
    ([], "fields"),
    (without(HALF, "rho"), "fields"),
    (HALF | {"ridge": "0"}, "fields"),
    (sorted(HALF), "fields"),
    (HALF | {"format": "taskalign ordering certificate 2"}, "format"),
    (HALF | {"claim": "ordering"}, "claim: must"),
    (HALF | {"claim": "ordering-holds"}, r"claim: K\(0\) >= K\(2\) is not proved"),
    (shipped("holds-half-rank") | {"claim": "ordering-fails"}, "claim: no K"),
    *((HALF | {name: "0"}, "alpha, tau, kappa") for name in ("alpha", "tau", "kappa")),
    (HALF | {"tau": "1"}, "alpha, tau, kappa"),
    *((HALF | {name: []}, f"{name}: must be a list") for name in ("eigenvalues", "weights", "t", "K")),
    *((HALF | {name: "12"}, f"{name}: must be a list") for name in ("eigenvalues", "weights", "t", "K")),
    (HALF | {"eigenvalues": ["2", "0"]}, "eigenvalues: must increase"),
    (HALF | {"eigenvalues": ["2", "2"]}, "eigenvalues: must increase"),
    (HALF | {"eigenvalues": ["0", "2", "1"], "weights": ["1/3"] * 3}, "eigenvalues: must increase"),
    (HALF | {"eigenvalues": ["0"], "weights": ["1"]}, "eigenvalues: must increase"),
    (HALF | {"tolerance": "1"}, "eigenvalues: must increase"),
    (HALF | {"tolerance": "x"}, "tolerance: not a number in text"),
    (HALF | {"t": ["x", "y"]}, "t: must be two"),
    (HALF | {"t": ["1.x", "1.y"]}, "t: not a number in text"),
    (HALF | {"alpha": "1x"}, "alpha: not a number in text"),
    (HALF | {"weights": ["1/2", "1/3"]}, "weights"),
    (HALF | {"weights": ["1"]}, "weights"),
    (HALF | {"weights": ["1/2", "1/4", "1/4"]}, "weights"),
    (HALF | {"weights": ["0", "1"]}, "weights"),
    (HALF | {"t": HALF["t"][:1]}, "t: must be two"),
    (HALF | {"t": [*HALF["t"], HALF["t"][1]]}, "t: must be two"),
    (HALF | {"t": ["1", "2"]}, "t: must be two"),
    (HALF | {"t": ["0." + "0" * 61, "0." + "0" * 60 + "1"]}, "t: must be two"),
    (HALF | {"t": HALF["t"][::-1]}, "t: must be > 0"),
    (HALF | {"t": [HALF["t"][0]] * 2}, "t: must be > 0"),
    (HALF | {"t": ["0.0", "0.1"]}, "t: must be > 0"),
    (HALF | {"t": ["0.1", "0.2"]}, "t: the lower end is not on the branch"),
    (HALF | {"t": ["1.5", "1.6"]}, "t: the root"),
    (HALF | {"t": ["1.7", "1.8"]}, "t: the root"),
    (HALF | {"K": HALF["K"][::-1]}, "K: not the bounds"),
    (HALF | {"K": [HALF["K"][0]]}, "K: not the bounds"),
    (HALF | {"alpha": "5e1"}, "alpha: not a number in text"),
    (HALF | {"alpha": ""}, "alpha: not a number in text"),
    (HALF | {"alpha": 50}, "alpha: not a number in text"),
    (HALF | {"alpha": None}, "alpha: not a number in text"),
    (HALF | {"alpha": "1/0"}, "alpha: not a number$"),
    (HALF | {"alpha": "1/2/3"}, "alpha: not a number$"),
    (HALF | {"alpha": "100/2"}, "alpha: not in lowest terms"),
    *(
        (consistent([F(1), F(1) + F(1, 10**9)], HALVES, 4, claim, **FAILS | {"tau": tau}), "claim")
        for claim in ("ordering-holds", "ordering-fails")
        for tau in (F(3, 10), F(4))
    ),
    *(
        (
            consistent([F(1, 2), F(2)], weights, 12, "ordering-holds", **ABOVE | {"alpha": F(1, 2), "kappa": F(5)}),
            "weights",
        )
        for weights in ([F(1), F(1)], [F(1, 4), F(1, 4)])
    ),
]


def refuses(module: Any, entries: Any, reason: str) -> bool:
    try:
        module.check(entries)
    except module.Refused as why:
        return bool(re.match(reason, str(why)))
    return False


def run(module: Any, *arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = module.main(list(arguments))
    return code, out.getvalue(), err.getvalue()


def size_of(entries: Any) -> int:
    return len(json.dumps(entries))


def verdicts(module: Any, folder: Path) -> Iterator[bool]:
    """Each of them is true of the verifier."""
    yield module.check(HALF) == ("ordering-fails: K(0) <= 1.265206757137304351682 < 1.955765314699058063058 <= K(2)")
    for entries in ACCEPTED:
        yield module.check(entries).startswith(entries["claim"] + ": K")
    yield module.check(ACCEPTED[-1]) == "ordering-holds: K falls along 3 eigenvalues from 1/7 to 5"
    for entries, reason in REFUSED:
        yield refuses(module, entries, reason)
    yield from roots(module)
    yield from claims(module)
    yield from numbers(module)
    yield from files(module, folder)


def roots(module: Any) -> Iterator[bool]:
    """The root may be an end; the lower end must be on the branch, and not on its border."""
    one, at_one = [[F(1)], [F(1)]], {"alpha": F(4), "tau": F(4), "kappa": F(1), "rho": F(1)}  # D = 1/2, g = 0 at t = 1
    for low, high in ((F(9, 10), F(1)), (F(1), F(11, 10))):
        yield len(module.bounds_of_K(*one, **at_one, low=low, high=high)) == 1
    for name, other in (("kappa", "tau"), ("tau", "kappa")):
        # D(1) = 1/2; below it, one of the two factors of g alone is negative
        point = {"alpha": F(1), "rho": F(0), name: F(1, 2), other: F(3, 4)}
        for low in (F(1), F(9, 10)):
            try:
                module.bounds_of_K(*one, **point, low=low, high=F(100))
                yield False
            except module.Refused as why:
                yield "not on the branch" in str(why)


def claims(module: Any) -> Iterator[bool]:
    """What two ranges of K prove: those that touch prove that K does not rise, those that overlap nothing."""
    for first, second, holds, fails in (
        ((2, 3), (1, 2), True, False),
        ((1, 2), (2, 3), False, False),
        ((1, 3), (2, 4), False, False),
        ((2, 4), (1, 3), False, False),
        ((1, 4), (2, 3), False, False),
        ((2, 3), (1, 4), False, False),
        ((1, 2), (3, 4), False, True),
        ((3, 4), (1, 2), True, False),
    ):
        with pytest.MonkeyPatch.context() as patch:
            ranges = [module.Positive(F(low), F(high)) for low, high in (first, second)]
            patch.setattr(module, "bounds_of_K", lambda *_, ranges=ranges: ranges)
            entries = HALF | {"K": [[f"{x}.{'0' * 21}" for x in bounds] for bounds in (first, second)]}
            for claim, proved in (("ordering-holds", holds), ("ordering-fails", fails)):
                yield proved is not refuses(module, entries | {"claim": claim}, "claim: ")


def numbers(module: Any) -> Iterator[bool]:
    """Roundings are outward and tight, and numbers have one form."""
    third = module.Positive(F(1, 3))
    yield third.low < F(1, 3) < third.high and third.high - third.low < F(1, 2**250)
    yield module.rounded(F(3), True) == module.rounded(F(3), False) == 3
    one = module.Positive(F(2), F(3))
    yield (one.low, one.high) == (2, 3)
    large = 2**300 + 1
    yield module.rounded(F(large), True) == large == module.rounded(F(large), False)
    for x, y in ((F(10**40, 3), F(1, 7)), (F(1, 3 * 10**90), F(5, 7))):
        for down, bound in ((True, -1), (False, 1)):
            error = module.rounded(x, down) / x - 1
            yield 0 < bound * error < F(1, 2**250)
            yield module.rounded(x, down).numerator.bit_length() <= 258
        ranges = module.Positive(x), module.Positive(y)
        for exact, found in (
            (x + y, ranges[0] + ranges[1]),
            (x * y, ranges[0] * ranges[1]),
            (x / y, ranges[0] / ranges[1]),
            (x / 3 + 2 * y / 3, module.mean([F(1, 3), F(2, 3)], ranges)),
        ):
            yield found.low < exact < found.high and found.high / found.low - 1 < F(1, 2**248)
    yield module.outward(third, 2) == ["0.33", "0.34"]
    yield module.outward(module.Positive(F(1, 4)), 2) == ["0.25", "0.25"]
    yield module.outward(module.Positive(F(10**4000 - 1)), 1)[0].startswith("9")
    for low in (10**4000 - 1, 10**4000):
        try:
            module.outward(module.Positive(F(low), F(10**4000)), 1)
            yield False
        except module.Refused:
            yield True
    yield (module.written(F(2, 4)), module.written(F(5, 4), 3), module.written(F(7), 1)) == ("1/2", "1.250", "7.0")
    for text in ("01", "1.", "1.0", "2/4", "2/1"):
        try:
            module.number(text, "x")
            yield False
        except module.Refused:
            yield True
    yield module.number("1.50", "x", 2) == F(3, 2)


def files(module: Any, folder: Path) -> Iterator[bool]:
    """Exit codes, and what is read at all."""
    good, bad, twice = folder / "good.json", folder / "bad.json", folder / "twice.json"
    good.write_text(json.dumps(HALF))
    bad.write_text(json.dumps(HALF | {"rho": "2"}))
    twice.write_text(json.dumps(HALF)[:-1] + ', "claim": "ordering-fails"}')
    code, out, err = run(module, str(good))
    yield code == 0 and out.startswith("proved ordering-fails: ") and not err
    yield run(module, str(bad)) == (1, "refused t: the root is not between the ends\n", "")
    yield run(module, str(twice)) == (1, "refused fields: one stands twice\n", "")
    for arguments in ((), (str(good), str(good))):
        code, out, err = run(module, *arguments)
        yield code == 2 and not out and "give one file" in err
    (folder / "latin.json").write_bytes(b'{"\xff": 1}')
    (folder / "deep.json").write_text("[" * 100_000)
    if not (folder / "fifo").exists():
        os.mkfifo(folder / "fifo")
        os.open(folder / "fifo", os.O_RDWR)  # so that reading it would fail, and not wait, under a change
        with (folder / "large.json").open("w") as file:
            file.write(json.dumps(HALF) + " " * (2**22 + 1 - size_of(HALF)))
        with (folder / "full.json").open("w") as file:
            file.write(json.dumps(HALF) + " " * (2**22 - size_of(HALF)))
    for name, message in (
        ("missing.json", "No such file"),
        ("latin.json", "can't decode"),
        ("deep.json", "nested too deeply"),
        ("large.json", "not a file of at most 4194304 bytes"),
        (".", "not a file of at most"),
    ):
        code, out, err = run(module, str(folder / name))
        yield code == 2 and not out and message in err and len(err.splitlines()) == 1 and str(folder / name) in err
    yield run(module, str(folder / "full.json"))[0] == 0
    # characters of all that a certificate says: one more than is allowed, and as many
    for more, reason in ((1, "size: more than 300000 characters"), (0, "alpha: not a number")):
        filled = HALF | {"alpha": "1" + "x" * (300_000 + more - size_of(HALF | {"alpha": "1"}))}
        yield size_of(filled) == 300_000 + more and refuses(module, filled, reason)


#: function -> a change in it -> why no file shows it
EQUIVALENT: dict[str, dict[str, str]] = {
    "module": {
        "256 -> 257": "any number of bits is sound, and one more or less shows in no decimal place",
        "256 -> 255": "likewise",
    },
    "rounded": {"0 -> 1": "a number of more than BITS digits keeps one digit more"},
    "bounds_of_K": {
        "1 -> 2": "of min(kappa, tau, 1): D < 1 wherever t > 0",
        "tau < 1 -> tau <= 1": "tau is not 1",
        "tau < 1 -> tau <= 1 (2)": "tau is not 1",
    },
    "bounds_of_K.g": {"tau < 1 -> tau <= 1": "tau is not 1"},
    "number": {
        "set(text) <= set('0123456789./') -> set(text) < set('0123456789./')": "no number has both a point and a slash",
    },
    "check": {
        "('ordering-holds', 'ordering-fails') -> ('ordering-fails', 'ordering-holds')": "the order of a set",
        "0 -> -1 (6)": "of t[0]: both ends have as many places, or one of them is refused",
    },
}


def noticed(code: Any, folder: Path) -> bool:
    """Whether a verdict is another, or an exception is raised that is none of the verifier's."""
    try:
        return not (all(verdicts(loaded(code), folder)) and runs_as_a_program(code, folder / "good.json"))
    except (Exception, SystemExit):
        return True


def runs_as_a_program(code: Any, path: Path) -> bool:
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        patch.setattr(sys, "argv", ["verify_certificate.py", str(path)])
        try:
            exec(code, {"__name__": "__main__"})
        except SystemExit as end:
            return end.code == 0 and out.getvalue().startswith("proved")
    return False


def test_the_verdicts_are_those_of_the_verifier(tmp_path: Path) -> None:
    assert all(verdicts(verifier, tmp_path))
    assert not noticed(compile(TREE, "unchanged", "exec"), tmp_path)


def test_every_part_of_the_file_is_changed() -> None:
    defined = {node.name for node in ast.walk(TREE) if isinstance(node, ast.FunctionDef)}
    assert {where.rpartition(".")[2] for where in PLACES} >= defined
    assert EQUIVALENT.keys() <= PLACES.keys()


@pytest.mark.parametrize("where", PLACES)
def test_every_change_is_noticed(where: str, tmp_path: Path) -> None:
    survivors = {text for text, code in mutants(where) if not noticed(code, tmp_path)}
    assert survivors == EQUIVALENT.get(where, {}).keys()
