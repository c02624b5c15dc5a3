"""The examples in docstrings run.

Not through pytest's own collection: it would import `numerics/solve.py` as `numerics.solve`, where
`from ..derive import` leads nowhere. Docstrings are read from the source, so that no decorator can hide one.
"""

import ast
import doctest
import importlib

import pytest

from .source_tree import module_files

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def docstrings(source):
    """(name, line, docstring) of the module and of each class and function in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text and ">>>" in text:
                yield getattr(node, "name", "module"), node.body[0].lineno, text


def examples():
    for module, file in module_files().items():
        for name, line, text in docstrings(file.read_text()):
            yield pytest.param(module, file, line, text, id=f"{module}:{name}")


@pytest.mark.parametrize(("module", "file", "line", "text"), list(examples()))
def test_docstring(module, file, line, text):
    names = dict(vars(importlib.import_module(module)))
    test = doctest.DocTestParser().get_doctest(text, names, module, str(file), line - 1)
    report = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append)
    assert result.attempted
    assert not result.failed, "".join(report)
