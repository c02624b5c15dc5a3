"""What README shows, read from it; as a program, run in the environment of README's first command.

Only the standard library: that environment has no pytest.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """All code blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def shell() -> list[str]:
    """The shell blocks, without what sets the system up, which comes before."""
    kept = [re.sub(r"^(make|apt) .*\n", "", block, flags=re.MULTILINE) for block in blocks("sh")]
    return [block for block in kept if block.strip()]


def checked(line: str) -> str:
    """A line `expression  # value` becomes the assertion that it has this value."""
    shown = re.fullmatch(r"(\w[^#=]*?)\s*#\s*(\(.*?\)|True|False)(:.*)?", line)
    return f"assert ({shown[1]}) == {shown[2]}" if shown else line


def python() -> str:
    """All Python blocks as one program, with the values that are shown checked."""
    return "\n".join(checked(line) for example in blocks("python") for line in example.splitlines())


def main() -> None:
    """Run all blocks in a temporary folder that looks like the checkout, so that no results stay behind."""
    with tempfile.TemporaryDirectory() as name:
        for entry in (".venv", "examples", "pyproject.toml", "constraints.txt"):
            (Path(name) / entry).symlink_to(ROOT / entry)
        for block in shell():
            print(block, end="", flush=True)
            # an editable install must know the checkout by its own name
            folder = ROOT if " pip install " in block else name
            subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([sys.executable, "-"], cwd=name, check=True, text=True, input=python())
    print(f"README: {len(shell())} shell blocks and {len(blocks('python'))} Python blocks ran")


if __name__ == "__main__":
    main()
