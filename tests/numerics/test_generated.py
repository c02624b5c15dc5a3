"""The checked-in evaluators are what derive gives today."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskalign.numerics import generate, kernel


@pytest.mark.parametrize("target", generate.TARGETS)
def test_generated_afresh(target: str) -> None:
    checked_in = (generate.FOLDER / f"{target}_algebra.py").read_text(encoding="utf-8")
    assert generate.module_source(target) == checked_in, "run `make generate`"


def test_nothing_else_is_in_the_folder() -> None:
    found = {path.name for path in generate.FOLDER.glob("*.py")}
    assert found == {f"{target}_algebra.py" for target in generate.TARGETS} | {"__init__.py"}


def test_the_kernel_takes_all_that_is_generated_for_it() -> None:
    source = (generate.FOLDER / "numba_algebra.py").read_text(encoding="utf-8")
    generated = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    kernel_tree = ast.parse(Path(kernel.__file__).read_text(encoding="utf-8"))
    taken = {ast.unparse(node) for node in ast.walk(kernel_tree) if isinstance(node, ast.Attribute)}
    assert generated == {name.removeprefix("algebra.") for name in taken if name.startswith("algebra.")}


def test_the_kernel_is_compiled_anew_when_its_algebra_changes() -> None:
    assert generate.digest() == kernel.ALGEBRA, "run `make generate`"


def test_the_same_whatever_the_seed_of_the_hash() -> None:
    code = "from taskalign.numerics import generate as g; print(g.module_source('torch'))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
