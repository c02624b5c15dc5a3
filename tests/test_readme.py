"""What README shows, works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .readme import README, ROOT, python, shell


def test_the_python_examples_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    assert python().count("assert ") == 3
    exec(compile(python(), "README.md", "exec"), names)
    assert eval("alpha.grad is not None and eigenvalues.grad is not None", names)


def groups() -> list[list[str]]:
    """The commands of each block, which may use the files of those before them."""
    found = []
    for block in shell():
        lines = block.replace("\\\n", " ").splitlines()
        found.append([line.partition("  #")[0] for line in lines if line.startswith(".venv/bin/taskalign")])
    return found


def commands() -> list[str]:
    return [line for group in groups() for line in group]


@pytest.mark.parametrize("group", [group for group in groups() if group and " report " not in group[0]])
def test_the_commands_run(group: list[str], tmp_path: Path) -> None:
    for command in group:
        words = [sys.executable, "-m", "taskalign", *shlex.split(command)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()


def test_the_main_job_is_the_one_of_the_makefile() -> None:
    (command,) = (shlex.split(line)[1:] for line in commands() if " report " in line)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    (made,) = (shlex.split(line)[1:] for line in makefile.splitlines() if "/taskalign report" in line)
    assert command == made


def test_the_packages_that_readme_names_are_the_ones_that_ci_installs() -> None:
    (installed,) = re.findall(
        r"^packages=\((.*)\)$", (ROOT / ".ci/run").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    (asked,) = re.findall(r"apt install --no-install-recommends ([^`#\n]+)", README)
    assert set(asked.split()) == set(installed.split()) - {"git", "ca-certificates"}


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
