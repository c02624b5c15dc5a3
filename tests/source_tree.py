"""Where the modules of the package stand in the repository."""

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
