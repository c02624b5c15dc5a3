"""Points per second and peak memory of scans: `python benchmarks/scan.py`. Memory must not grow with the points."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

SPECTRA = ("two atoms", "100 eigenvalues", "two atoms, drawn", "power laws of 100, drawn")
SIZES = (100_000, 1_000_000, 3_000_000)


def measure(name: str, size: int) -> dict[str, float]:
    """Scan once in this process: seconds, and peak memory in MB."""
    from taskalign.numerics import Spectrum
    from taskalign.proofs_check import scan
    from taskalign.proofs_check.families import PowerLaw, TwoAtoms
    from taskalign.proofs_check.points import RandomPoints

    spectrum = {
        "two atoms": Spectrum([0.0, 2.0]),
        "100 eigenvalues": Spectrum.power_law(100, 0.9),
        "two atoms, drawn": TwoAtoms(),
        "power laws of 100, drawn": PowerLaw(100),
    }[name]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        scan(RandomPoints(size, seed=1), spectrum=spectrum, out=folder)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "peak": peak / (1024 if sys.platform != "darwin" else 1024**2)}


def main() -> None:
    """Print a line for each spectrum and number of points, each measured in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    one = parser.parse_args().one
    if one:
        print(json.dumps(measure(one[0], int(one[1]))))
        return
    print(f"{os.cpu_count()} processors")
    print(f"{'spectrum':26}{'points':>10}{'seconds':>10}{'points/s':>12}{'peak MB':>10}")
    for name in SPECTRA:
        for size in SIZES:
            command = [sys.executable, __file__, "--one", name, str(size)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            rate = size / found["seconds"]
            print(f"{name:26}{size:>10}{found['seconds']:>10.2f}{rate:>12,.0f}{found['peak']:>10.0f}", flush=True)


if __name__ == "__main__":
    main()
