"""Time and peak memory of pretraining, matrix-free and dense: `python benchmarks/simulate.py [--large]`.

Each run has a process of its own. On a machine that does other work, the processor's seconds are the ones to compare;
`OMP_NUM_THREADS=1` gives those of one thread.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

POINT = {"alpha": 2, "tau": 4, "kappa": 1, "rho": 0.01}
#: dimensions, and those that the dense solver is asked for too: it holds 4 d^2 x d(d+1) numbers
SIZES, LARGE, DENSE = (40, 80, 120), (200, 300), (40, 80)


def measure(d: int, solver: str) -> dict[str, float]:
    """Pretrain once in this process: seconds, peak memory in MB, and the error on fresh tasks."""
    import taskalign as ta
    from taskalign.models import pretrain

    dense = solver == "dense"
    spectrum = ta.Spectrum.power_law(d, 0.9)
    pretrain(ta.Spectrum.isotropic(), d=4, **POINT, dense=dense)  # loads and compiles
    start, processor = time.perf_counter(), time.process_time()
    learned = pretrain(spectrum, d=d, **POINT, dense=dense)
    seconds = {"seconds": time.perf_counter() - start, "processor": time.process_time() - processor}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    return seconds | {"peak": peak, "iterations": learned.iterations, "error": learned.fresh_task_error()}


def measured(d: int, solver: str) -> dict[str, float]:
    """The same in a process of its own; the least time of three for the quick ones."""
    command = [sys.executable, __file__, "--one", str(d), solver]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(3 if d <= 80 and solver == "matrix-free" else 1)
    ]
    return min(runs, key=lambda run: run["seconds"])


def main() -> None:
    """Print a line for each dimension and solver, and below each dense one how the two compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="d = 200 and 300 too")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(int(given.one[0]), given.one[1])))
        return
    print(f"{os.cpu_count()} processors, OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS', 'not set')}; {POINT}")
    print(f"{'d':>4} {'solver':12} {'contexts':>9} {'steps':>6} {'seconds':>9} {'processor s':>12} {'peak MB':>8}")
    for d in SIZES + LARGE * given.large:
        found = {solver: measured(d, solver) for solver in ("matrix-free", "dense")[: 1 + (d in DENSE)]}
        for solver, run in found.items():
            numbers = f"{run['iterations']:>6} {run['seconds']:>9.3f} {run['processor']:>12.3f} {run['peak']:>8.0f}"
            print(f"{d:>4} {solver:12} {POINT['tau'] * d * d:>9} {numbers}", flush=True)
        if "dense" in found:
            free, dense = found["matrix-free"], found["dense"]
            ratios = [dense[name] / free[name] for name in ("seconds", "processor")]
            apart = abs(free["error"] / dense["error"] - 1)
            print(f"     {ratios[0]:.0f} times faster ({ratios[1]:.0f} by processor), errors differ by {apart:.1e}")


if __name__ == "__main__":
    main()
