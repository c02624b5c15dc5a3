"""The arrows between the rooms, and a few habits, read off the source.

derive -> numerics -> { models, proofs_check } -> taskalign (face and command line); no arrow runs back.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from .source_tree import ROOT, module_files

#: what each room may import of the package besides itself; the face may import everything
ALLOWED = {
    "taskalign.derive": (),
    "taskalign.numerics": ("taskalign.derive",),
    "taskalign.models": ("taskalign.derive", "taskalign.numerics"),
    "taskalign.proofs_check": ("taskalign.derive", "taskalign.numerics"),
}

#: derive is symbolic only
NUMERICAL = ("numpy", "scipy", "numba", "torch", "jax", "flint")

#: slow to import or optional, so imported where they are used
LAZY = ("torch", "jax", "dask", "matplotlib")

#: the modules of numerics that turn expressions into code; the others evaluate without SymPy
COMPILERS = re.compile(r"\.(compile\w*|export|printing|programs|generate)$")

LONGEST = 800


@dataclass(frozen=True)
class Import:
    """One imported module."""

    target: str
    line: int
    deferred: bool  # inside a function, or for type checkers only


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imports(source: str, module: str, *, is_package: bool = False) -> Iterator[Import]:
    """Every import in the source of `module`, relative ones resolved.

    `from x import y` counts as `x.y`, since y may be a module.
    """

    def walk(node: ast.AST, deferred: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, deferred) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            climb = node.level - is_package
            origin = ".".join(module.split(".")[: -climb or None]) if node.level else ""
            base = ".".join(filter(None, (origin, node.module)))
            yield from (Import(f"{base}.{alias.name}", node.lineno, deferred) for alias in node.names)
        deferred = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for name, value in ast.iter_fields(node):
            later = deferred or (name == "body" and is_type_checking(node))
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from walk(child, later)

    yield from walk(ast.parse(source), False)


def within(target: str, packages: tuple[str, ...]) -> bool:
    return any(target == package or target.startswith(package + ".") for package in packages)


def wrong_imports(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What is wrong with the imports of one module, a line each."""
    room = next((room for room in ALLOWED if within(module, (room,))), "taskalign")
    wrong = []
    for found in imports(source, module, is_package=is_package):
        target = found.target

        def complain(why: str, found: Import = found) -> None:
            wrong.append(f"{module}:{found.line} imports {found.target}: {why}")

        if room in ALLOWED and within(target, ("taskalign",)) and not within(target, (room, *ALLOWED[room])):
            complain("against the direction of the arrows")
        if room == "taskalign.derive" and within(target, NUMERICAL):
            complain("derive is symbolic only")
        if found.deferred:
            continue
        if (
            room == "taskalign.numerics"
            and within(target, ("sympy", "taskalign.derive"))
            and not COMPILERS.search(module)
        ):
            complain("evaluating must not load SymPy")
        library = target.partition(".")[0]
        backend = room == "taskalign.numerics" and library in module.rpartition(".")[2]
        if library in LAZY and not backend:
            complain("not at the top of a module")
    return wrong


def swallowed(source: str) -> list[int]:
    """Lines of `except:`, and of handlers of every exception that do nothing."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            idle = all(isinstance(s, ast.Pass | ast.Continue) or is_constant(s) for s in node.body)
            if node.type is None or (names_everything(node.type) and idle):
                lines.append(node.lineno)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            lines += [argument.lineno for argument in node.args if names_everything(argument)]
    return lines


def is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def names_everything(node: ast.expr) -> bool:
    return any(isinstance(n, ast.Name) and n.id in {"Exception", "BaseException"} for n in ast.walk(node))


def python_files():
    """All Python files of the project: hidden folders, such as a virtual environment, are not its own."""
    folders = [folder for folder in ROOT.iterdir() if folder.name not in {"build", "dist"}]
    return sorted(file for folder in folders if folder.name[0] != "." for file in folder.rglob("*.py"))


def named(file):
    return str(file.relative_to(ROOT))


MODULES = module_files()
FILES = python_files()


@pytest.mark.parametrize(("module", "file"), MODULES.items(), ids=list(MODULES))
def test_imports_follow_the_arrows(module, file):
    assert not wrong_imports(file.read_text(), module, is_package=file.name == "__init__.py")


@pytest.mark.parametrize("file", FILES, ids=named)
def test_no_exception_is_swallowed(file):
    assert not swallowed(file.read_text())


@pytest.mark.parametrize("file", [file for file in FILES if file.parent.name != "generated"], ids=named)
def test_file_is_short(file):
    assert len(file.read_text().splitlines()) <= LONGEST


def test_nothing_at_the_top_shadows_the_package():
    assert not list(ROOT.glob("taskalign")) + list(ROOT.glob("taskalign.py*"))


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import taskalign", "sympy torch jax numba matplotlib scipy numpy"),
        ("import taskalign.derive", "torch jax numba matplotlib scipy numpy"),
        ("import taskalign.numerics", "sympy torch jax numba matplotlib"),
        (
            "import taskalign as t; t.icl_error(t.Spectrum([1.0]), [1.0], alpha=2, tau=4, kappa=1, rho=0)",
            "sympy torch jax matplotlib",
        ),
    ],
    ids=["taskalign", "derive", "numerics", "evaluation"],
)
def test_loads_no_more_than_it_needs(code, absent):
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not set(absent.split()) & set(loaded.stdout.split())


# The rules themselves: each must fire on what it forbids, and only there.


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("taskalign.derive.scalar", "import numpy as np"),
        ("taskalign.derive.scalar", "def f():\n    from scipy import linalg"),
        ("taskalign.derive.scalar", "from ..numerics import Spectrum"),
        ("taskalign.derive.scalar", "from .. import models"),
        ("taskalign.derive.scalar", "import taskalign"),
        ("taskalign.numerics.spectrum", "from ..derive import K"),
        ("taskalign.numerics.spectrum", "from .. import derive"),
        ("taskalign.numerics.spectrum", "if True:\n    import sympy"),
        ("taskalign.numerics.spectrum", "def f():\n    from ..models import simulate"),
        ("taskalign.numerics.spectrum", "import torch"),
        ("taskalign.numerics.generated.scalars_torch", "from ...derive import K"),
        ("taskalign.numerics.generated.scalars_jax", "import torch"),
        ("taskalign.models.transformer", "import torch.nn as nn"),
        ("taskalign.models.transformer", "def f():\n    from taskalign.proofs_check import certify"),
        ("taskalign.proofs_check.scan", "from ..models import simulate"),
        ("taskalign.proofs_check.scan", "class A:\n    from dask import delayed"),
        ("taskalign.cli", "from matplotlib import pyplot"),
    ],
)
def test_wrong_import_is_found(module, source):
    assert len(wrong_imports(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("taskalign.derive.scalar", "import sympy\nfrom . import notation\nfrom .equation import Equation"),
        ("taskalign.numerics.spectrum", "import numpy, scipy, numba\nfrom .errors import ConvergenceError"),
        ("taskalign.numerics.spectrum", "def f():\n    import torch, sympy\n    from ..derive import K"),
        ("taskalign.numerics.spectrum", "import typing\nif typing.TYPE_CHECKING:\n    import sympy"),
        ("taskalign.numerics.generate", "from ..derive import K\nimport sympy"),
        ("taskalign.numerics.compiled", "from ..derive import K\nimport sympy"),
        ("taskalign.numerics.generated.scalars_torch", "import torch"),
        ("taskalign.models.simulation", "from ..numerics import Spectrum\nfrom ..derive import K"),
        ("taskalign.cli", "from taskalign.proofs_check import scan\nfrom taskalign import models"),
        ("taskalign.models.mathematics", "import torchlike, daskette"),
    ],
)
def test_right_import_passes(module, source):
    assert not wrong_imports(source, module)


def test_relative_imports_of_a_package_are_resolved():
    source = "from . import a\nfrom .b import c\nfrom ..d import e"
    found = imports(source, "taskalign.numerics", is_package=True)
    assert [i.target for i in found] == ["taskalign.numerics.a", "taskalign.numerics.b.c", "taskalign.d.e"]


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept:\n    raise",
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept (ValueError, BaseException) as e:\n    ...",
        "for i in x:\n    try:\n        f()\n    except Exception:\n        continue",
        "with contextlib.suppress(Exception):\n    f()",
    ],
)
def test_swallowed_exception_is_found(source):
    assert len(swallowed(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept ValueError:\n    pass",
        "try:\n    f()\nexcept Exception:\n    log()\n    raise",
        "with suppress(FileNotFoundError):\n    f()",
    ],
)
def test_handled_exception_passes(source):
    assert not swallowed(source)
