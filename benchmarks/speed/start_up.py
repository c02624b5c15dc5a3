"""Start-up: whole processes, and what they load."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

_POINT = "alpha=2.0, tau=0.5, kappa=1.0, rho=0.1"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import taskalign": [sys.executable, "-c", "import taskalign"],
    "taskalign --help": [str(Path(sys.executable).with_name("taskalign")), "--help"],
    "first ta.icl_error": [
        sys.executable,
        "-c",
        f"import taskalign as ta; ta.icl_error(ta.Spectrum.power_law(100, 1.0), [1.0] * 100, {_POINT})",
    ],
    "first torch icl_error": [
        sys.executable,
        "-c",
        f"import taskalign as ta, torch; ta.icl_error(ta.Spectrum(torch.rand(100)), torch.ones(100), {_POINT})",
    ],
    "import torch": [sys.executable, "-c", "import torch"],
}


def measure() -> dict[str, float]:
    """Least seconds of each of ten processes, with warm caches."""
    found = {}
    for name, command in COMMANDS.items():
        times = []
        for _ in range(11):
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - start)
        found[name] = min(times[1:])
    return found
