"""Where the modules of the package stand in the repository."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

#: import name of a room -> its folder
ROOMS = {name: ROOT / folder for name, folder in PYPROJECT["tool"]["setuptools"]["package-dir"].items()}


def module_files() -> dict[str, Path]:
    """Import name of every module of the package, packages included -> its file."""
    files = {}
    for room, folder in ROOMS.items():
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            files[".".join((room, *parts)).removesuffix(".__init__")] = file
    return files


def checked_modules() -> list[str]:
    """The modules whose calls the suite checks for argument types and array shapes.

    Not those that numba compiles, which takes plain functions only: modules that import it, and the generated
    ones, whose functions it is given. Not those that use SymPy, for whose classes beartype stumbles over
    `A | B`. No packages either: naming one names all below it, and they define nothing.
    """
    return [
        name
        for name, file in module_files().items()
        if file.name != "__init__.py"
        and file.parent.name != "generated"
        and not re.search(
            r"^\s*((import|from) (numba|sympy)\b|from \.(\.numerics\.)?jit\b)", file.read_text(), re.MULTILINE
        )
    ]
