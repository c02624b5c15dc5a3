"""Scans: what their folder holds, and what becomes of it when things go wrong."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest

import taskalign as ta
from taskalign.numerics import InputError
from taskalign.proofs_check import scan, scanning
from taskalign.proofs_check.adversary import Adversary
from taskalign.proofs_check.chunks import ChunkFolder, ScanFolderError
from taskalign.proofs_check.families import PowerLaw, TwoAtoms
from taskalign.proofs_check.points import Grid, RandomPoints

from .scan_tools import CHUNK, SIZE, SLOW, contents, run, small, start_slow, wait_for_chunks


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Folder and contents of a scan that nothing disturbed."""
    out = tmp_path_factory.mktemp("reference")
    return run(out), contents(out)


def test_dataset_is_one_table_in_the_order_of_the_points(reference):
    result, files = reference
    table = pyarrow.dataset.dataset(result.path).to_table()
    assert table.num_rows == SIZE
    assert table.equals(result.table())
    points = RandomPoints(SIZE, seed=4, ranges=TwoAtoms().ranges).columns(0, SIZE)
    for name, values in points.items():
        np.testing.assert_array_equal(table[name].to_numpy(), values)
    assert len(files) == SIZE // CHUNK + 1
    assert result.failing == SIZE - np.sum(table["holds"].to_numpy()) > 0


def test_metadata_says_where_the_rows_come_from(reference):
    result, files = reference
    said = None
    for name in files:
        if name.endswith(".parquet"):
            metadata = pa.parquet.read_schema(result.path / name).metadata
            said = json.loads(metadata[b"taskalign"])
            place = int(name.split("-")[1])
            assert metadata[b"taskalign.rows"] == b"%d:%d" % (place * CHUNK, (place + 1) * CHUNK)
            assert said["version"] == ta.__version__
            assert said["points"]["seed"] == 4
            assert said["points"]["ranges"]["alpha"] == [0.1, 1e4]
            assert said["spectrum"] == {"kind": "two-atoms"}
    manifest = json.loads(files["_manifest.json"])
    assert manifest["scan"] == said
    assert (manifest["points"], manifest["chunks"]) == (SIZE, SIZE // CHUNK)
    assert sorted(manifest["sha256"]) == sorted(name for name in files if name.endswith(".parquet"))


@pytest.mark.parametrize("more", [{"jobs": 1}, {"jobs": 2}, {"jobs": 5}])
def test_files_do_not_depend_on_how_many_work(tmp_path, reference, more):
    run(tmp_path, **more)
    assert contents(tmp_path) == reference[1]


def test_rows_do_not_depend_on_the_size_of_the_chunks(tmp_path, reference):
    table = run(tmp_path, chunk=777).table()
    assert table.replace_schema_metadata(None).equals(reference[0].table().replace_schema_metadata(None))


def test_rows_are_those_of_ordering(tmp_path):
    spectrum = ta.Spectrum.power_law(20, 1.2)
    axes = {"alpha": np.geomspace(1, 1e4, 7), "tau": [0.1, 0.5, 0.9, 2], "kappa": [0.3, 3], "rho": [0, 0.1, 2]}
    table = scan(axes, spectrum=spectrum, out=tmp_path, chunk=50).table()
    columns = {name: table[name].to_numpy() for name in ("alpha", "tau", "kappa", "rho")}
    expected = ta.ordering(spectrum, **columns)
    assert table.num_rows == 7 * 4 * 2 * 3
    assert 0 < expected.holds.sum() < table.num_rows
    for name in ("holds", "peak", "tau_order", "optimal_spike"):
        np.testing.assert_array_equal(np.array(table[name].to_pylist()), getattr(expected, name))


def test_spectrum_may_come_with_the_grid(tmp_path):
    axes = {"alpha": [50], "tau": [0.3], "kappa": [1], "rho": [1]}
    assert scan(axes | {"spectrum": ta.Spectrum([0.0, 2.0])}, out=tmp_path).failing == 1


# --- interruptions --------------------------------------------------------------------------------------------
def test_killed_again_and_again_it_ends_with_the_same_bytes(tmp_path, reference):
    for chunks in (3, 8, 15):
        process = start_slow(tmp_path)
        wait_for_chunks(process, tmp_path, chunks)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert set(contents(tmp_path)) != set(reference[1])
    result = run(tmp_path)
    assert 0 < result.computed < SIZE
    assert contents(tmp_path) == reference[1]


def test_interrupt_keeps_what_was_finished(tmp_path, reference):
    process = start_slow(tmp_path)
    wait_for_chunks(process, tmp_path, 4)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert errors.strip().endswith("KeyboardInterrupt")
    assert run(tmp_path).computed <= SIZE - 4 * CHUNK
    assert contents(tmp_path) == reference[1]


def watched(monkeypatch, hold):
    """Places whose chunks are begun, and ended; before each is computed `hold` is called with its place."""
    begun, ended = [], []
    compute = scanning.Plan.compute

    def held(plan, place):
        begun.append(place)
        hold(place)
        data = compute(plan, place)
        ended.append(place)
        return data

    monkeypatch.setattr(scanning.Plan, "compute", held)
    return begun, ended


def test_no_chunk_begins_after_an_interrupt_and_none_is_left_at_work(tmp_path, monkeypatch):
    stopped = threading.Event()

    def hold(place):
        if place:
            assert stopped.wait(60)
            time.sleep(1)

    begun, ended = watched(monkeypatch, hold)

    def stop(done, size):
        if done:
            stopped.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, jobs=2, progress=stop)
    assert sorted(begun) == sorted(ended) == [0, 1, 2]


def test_few_chunks_wait_to_be_written(tmp_path, monkeypatch):
    begun, _ = watched(monkeypatch, lambda place: None)
    ahead = []

    def progress(done, size):
        time.sleep(0.1 if done == CHUNK else 0.0)
        ahead.append(len(begun) - done // CHUNK)

    run(tmp_path, jobs=2, progress=progress)
    assert 0 < max(ahead) <= 4


def test_finished_scan_is_not_computed_again(tmp_path, reference):
    run(tmp_path)
    calls = []
    assert run(tmp_path, progress=lambda *said: calls.append(said)).computed == 0
    assert calls == [(SIZE, SIZE)]
    assert contents(tmp_path) == reference[1]


def truncate(file):
    file.write_bytes(file.read_bytes()[:-100])


def alter(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def empty(file):
    file.write_bytes(b"")


def exchange(file):
    other = sorted(file.parent.glob("chunk-*.parquet"))[7]
    file.write_bytes(other.read_bytes())


@pytest.mark.parametrize("damage", [truncate, alter, empty, exchange, os.unlink])
def test_damaged_chunk_is_computed_anew(tmp_path, reference, damage):
    run(tmp_path)
    damage(sorted(tmp_path.glob("chunk-*.parquet"))[5])
    (tmp_path / ".chunk.part").write_bytes(b"left behind")
    assert run(tmp_path).computed == CHUNK
    assert contents(tmp_path) == reference[1]


def test_chunk_of_another_scan_is_neither_taken_nor_removed(tmp_path, reference):
    small(tmp_path / "other")
    run(tmp_path / "this")
    (stranger,) = (tmp_path / "other").glob("chunk-00000002-*.parquet")
    (place,) = (tmp_path / "this").glob("chunk-00000002-*.parquet")
    place.unlink()
    copy = tmp_path / "this" / stranger.name
    copy.write_bytes(stranger.read_bytes())
    before = contents(tmp_path / "this")
    with pytest.raises(ScanFolderError, match=f"{copy} is of another scan, with another chunk"):
        run(tmp_path / "this")
    assert contents(tmp_path / "this") == before
    copy.unlink()
    assert run(tmp_path / "this").computed == CHUNK
    assert contents(tmp_path / "this") == reference[1]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"scan": {"chunk": 100}}',
        '{"scan": {"chunk": 0}, "points": 1, "chunks": 1}',
        '{"scan": {"chunk": "1"}, "points": 1, "chunks": 1}',
        '{"scan": {"chunk": 100, "margin": NaN}, "points": 1, "chunks": 1}',
    ],
)
def test_unreadable_manifest_is_written_anew(tmp_path, reference, text):
    run(tmp_path)
    (tmp_path / "_manifest.json").write_text(text)
    assert run(tmp_path).computed == 0
    assert contents(tmp_path) == reference[1]


# --- more points ------------------------------------------------------------------------------------------------
def longer(size, out, **more):
    return scan(RandomPoints(size, seed=4), **{"spectrum": TwoAtoms(), "out": out, "chunk": CHUNK, **more})


@pytest.mark.parametrize(
    ("before", "computed"), [(SIZE - 1, CHUNK), (SIZE - CHUNK, CHUNK), (SIZE - CHUNK - 1, 2 * CHUNK), (1, SIZE)]
)
def test_scan_is_made_longer(tmp_path, reference, before, computed):
    longer(before, tmp_path)
    assert run(tmp_path).computed == computed
    assert contents(tmp_path) == reference[1]


def test_scan_is_made_longer_without_its_manifest(tmp_path, reference):
    longer(SIZE - 50, tmp_path)
    (tmp_path / "_manifest.json").unlink()
    assert run(tmp_path).computed == CHUNK
    assert contents(tmp_path) == reference[1]


@pytest.mark.parametrize("manifest", [True, False])
@pytest.mark.parametrize("size", [SIZE - 1, 2 * CHUNK])
def test_scan_is_not_made_shorter(tmp_path, reference, manifest, size):
    run(tmp_path)
    if not manifest:
        (tmp_path / "_manifest.json").unlink()
    before = contents(tmp_path)
    with pytest.raises(
        ScanFolderError, match=rf"^out: {tmp_path} holds {SIZE} points of this scan and {size} are asked"
    ):
        longer(size, tmp_path)
    assert contents(tmp_path) == before


def test_longer_scan_that_was_interrupted_can_be_given_up(tmp_path):
    """Nothing beyond the shorter one is there yet."""
    longer(SIZE - CHUNK, tmp_path)
    before = contents(tmp_path)

    def stop(done, size):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, progress=stop)
    assert longer(SIZE - CHUNK, tmp_path).computed == 0
    assert contents(tmp_path) == before


def test_adversarial_scan_is_made_longer(tmp_path):
    for size, folder in ((5, "one"), (9, "one"), (9, "other")):
        found = scan(Adversary(size, steps=3), out=tmp_path / folder, chunk=4)
    assert found.size == 9
    assert contents(tmp_path / "one") == contents(tmp_path / "other")
    assert scan(Adversary(9, steps=3), out=tmp_path / "one", chunk=4).computed == 0


def test_grid_is_not_made_longer(tmp_path):
    axes = {"alpha": [1.0, 2.0], "tau": [0.5], "kappa": [1.0], "rho": [0.1]}
    scan(axes, spectrum=ta.Spectrum([0.0, 2.0]), out=tmp_path)
    before = contents(tmp_path)
    message = r"holds another scan, with another points\.axes\.tau: give a new folder \(a grid cannot be made longer"
    with pytest.raises(ScanFolderError, match=message):
        scan(axes | {"tau": [0.5, 0.7]}, spectrum=ta.Spectrum([0.0, 2.0]), out=tmp_path)
    with pytest.raises(ScanFolderError, match=r"another margin, points\.axes\.tau: give a new folder$"):
        scan(axes | {"tau": [0.5, 0.7]}, spectrum=ta.Spectrum([0.0, 2.0]), out=tmp_path, margin=1e-3)
    assert contents(tmp_path) == before


# --- refusals ---------------------------------------------------------------------------------------------------
def test_out_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ScanFolderError, match="out: "):
        small(tmp_path / "file")


@pytest.mark.parametrize(
    ("grid", "more", "named"),
    [
        (RandomPoints(5, ranges={"ratio": (0.1, 1.0)}), {"spectrum": ta.Spectrum([1.0])}, "ratio"),
        (Grid({"alpha": [1], "tau": [2], "kappa": [1], "rho": [1]}), {"spectrum": PowerLaw(5)}, "exponent"),
        (RandomPoints(5), {}, "spectrum"),
        (RandomPoints(5), {"spectrum": TwoAtoms(), "chunk": 0}, "chunk"),
        (RandomPoints(5), {"spectrum": TwoAtoms(), "jobs": 0}, "jobs: 0"),
        (RandomPoints(5), {"spectrum": TwoAtoms(), "jobs": -2}, "jobs: -2"),
        (RandomPoints(5), {"spectrum": TwoAtoms(), "jobs": True}, "jobs: True"),
        (RandomPoints(5), {"spectrum": TwoAtoms(), "wait": float("nan")}, "wait: nan"),
        (RandomPoints(5), {"spectrum": TwoAtoms(), "wait": -1.0}, "wait: -1"),
        (RandomPoints(5), {"spectrum": TwoAtoms(), "margin": float("nan")}, "margin"),
        (RandomPoints(5), {"spectrum": ta.Spectrum.batch(np.ones((2, 3)))}, "spectrum"),
    ],
)
def test_bad_input_is_named(tmp_path, grid, more, named):
    with pytest.raises(InputError, match=named):
        scan(grid, out=tmp_path / "new", **more)
    assert not (tmp_path / "new").exists()


def test_error_in_a_chunk_reaches_the_caller(tmp_path):
    with pytest.raises(InputError, match="share"):
        scan(RandomPoints(50, ranges={"share": (0.5, 2.0)}), spectrum=TwoAtoms(), out=tmp_path, chunk=10)


# --- full disk --------------------------------------------------------------------------------------------------
def test_full_disk_is_one_line_and_loses_nothing(tmp_path):
    """The kernel itself says that the disk is full: the file is written to /dev/full."""
    part = tmp_path / ".chunk.part"

    def progress(done, size):
        if done == 20:
            part.symlink_to("/dev/full")

    with pytest.raises(ScanFolderError) as caught:
        small(tmp_path, progress=progress, jobs=1)
    message = str(caught.value)
    assert os.strerror(errno.ENOSPC) in message
    assert "2 of 3 chunks are saved" in message
    assert "\n" not in message
    assert not part.is_symlink()
    assert small(tmp_path).computed == 10
    undisturbed = tmp_path / "undisturbed"
    small(undisturbed)
    assert contents(undisturbed) == {
        file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file() and file.name != ".lock"
    }


def test_chunk_that_is_cut_off_in_writing_leaves_no_file(tmp_path):
    """A limit on the size of files stops a write in its midst."""
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))\n" + SLOW
    found = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert found.returncode == 1
    last = found.stderr.strip().splitlines()[-1]
    assert os.strerror(errno.EFBIG) in last
    assert not list(tmp_path.glob("*.parquet"))
    assert not list(tmp_path.glob(".*.part"))


def test_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ScanFolderError, match="Permission denied"):
        small(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [".lock"]


def test_lock_falls_when_a_scan_fails(tmp_path):
    folder = ChunkFolder(tmp_path, "{}", 1, 1)
    with pytest.raises(RuntimeError), folder.locked():
        raise RuntimeError
    with folder.locked(), pytest.raises(ScanFolderError), ChunkFolder(tmp_path, "{}", 1, 1).locked():
        pass
