"""What the tests of scans share."""

import subprocess
import sys
import time

import taskalign as ta
from taskalign.proofs_check import scan
from taskalign.proofs_check.families import TwoAtoms
from taskalign.proofs_check.points import RandomPoints

SIZE, CHUNK = 3000, 100

#: the same scan as `reference`, slowed down so that it can be met in the middle
SLOW = f"""
import sys, time
from taskalign.proofs_check.families import TwoAtoms
from taskalign.proofs_check.points import RandomPoints
from taskalign.proofs_check import scan

def progress(done, size):
    print(done, size, flush=True)
    time.sleep(0.03)

scan(RandomPoints({SIZE}, seed=4), spectrum=TwoAtoms(), out=sys.argv[1], chunk={CHUNK}, progress=progress)
"""


def run(out, **more):
    """The scan that the tests compare with."""
    return scan(RandomPoints(SIZE, seed=4), **{"spectrum": TwoAtoms(), "out": out, "chunk": CHUNK, **more})


def small(out, **more):
    """A scan of three chunks."""
    return scan(RandomPoints(30, seed=1), **{"spectrum": ta.Spectrum([0.0, 2.0]), "out": out, "chunk": 10, **more})


def contents(folder):
    """Name -> bytes of all files but the lock."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != ".lock"}


def start_slow(out):
    """The slow scan in another process."""
    return subprocess.Popen(
        [sys.executable, "-c", SLOW, str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_chunks(process, out, count):
    """Until `count` chunks are there; fails when the process ends before."""
    for _ in range(6000):
        if len(list(out.glob("chunk-*.parquet"))) >= count:
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    raise AssertionError("the scan does not advance")
