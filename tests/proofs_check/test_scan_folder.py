"""The folder of a scan: what in it is taken, refused, removed or left alone."""

import os

import pytest

import taskalign as ta
from taskalign.numerics import InputError
from taskalign.proofs_check import scan
from taskalign.proofs_check.chunks import ScanFolderError
from taskalign.proofs_check.families import TwoAtoms
from taskalign.proofs_check.points import RandomPoints
from taskalign.proofs_check.scanning import saved_rows
from taskalign.proofs_check.summary import summarise

from .scan_tools import CHUNK, SIZE, contents, run, small, start_slow, wait_for_chunks


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Folder and contents of a scan that nothing disturbed."""
    out = tmp_path_factory.mktemp("reference")
    return run(out), contents(out)


# --- chunks in the wrong place ------------------------------------------------------------------------------------
def chunk_at(folder, place):
    (found,) = folder.glob(f"chunk-{place:08d}-*.parquet")
    return found


def named(file, place):
    """The name that a file would have at another place."""
    return file.with_name(f"chunk-{place:08d}-{file.stem.split('-')[2]}.parquet")


def swap(folder):
    first, second = chunk_at(folder, 3), chunk_at(folder, 8)
    first.rename(named(first, 8))
    second.rename(named(second, 3))
    return 2


def copy_over(folder):
    chunk_at(folder, 3).unlink()
    named(chunk_at(folder, 2), 3).write_bytes(chunk_at(folder, 2).read_bytes())
    return 1


def copy_beyond(folder):
    named(chunk_at(folder, 2), 99).write_bytes(chunk_at(folder, 2).read_bytes())
    return 0


def copy_beside(folder):
    named(chunk_at(folder, 2), 3).write_bytes(chunk_at(folder, 2).read_bytes())
    return 0


@pytest.mark.parametrize("misplace", [swap, copy_over, copy_beyond, copy_beside])
def test_chunk_in_the_wrong_place_is_not_counted(tmp_path, reference, misplace):
    run(tmp_path)
    missing = misplace(tmp_path)
    with pytest.raises(InputError, match=r"summary: .*chunk-\d{8}-.* is damaged, misplaced or of another scan"):
        summarise(tmp_path)
    calls = []
    result = run(tmp_path, progress=lambda *said: calls.append(said))
    assert calls[0] == (SIZE - missing * CHUNK, SIZE)
    assert result.computed == missing * CHUNK
    assert contents(tmp_path) == reference[1]
    assert result.table().equals(reference[0].table())


# --- refusals ---------------------------------------------------------------------------------------------------
def test_second_scan_into_the_same_folder_is_refused(tmp_path):
    process = start_slow(tmp_path)
    wait_for_chunks(process, tmp_path, 1)
    with pytest.raises(ScanFolderError, match="in use by another scan"):
        run(tmp_path)
    process.kill()
    process.communicate()
    assert run(tmp_path).table().num_rows == SIZE


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"spectrum": ta.Spectrum([0.0, 3.0])}, "spectrum"),
        ({"chunk": 11}, "chunk"),
        ({"margin": 1e-3}, "margin"),
    ],
)
@pytest.mark.parametrize("manifest", [None, "missing", "unreadable"])
def test_folder_of_another_scan_is_refused(tmp_path, more, named, manifest):
    small(tmp_path)
    if manifest:
        (tmp_path / "_manifest.json").unlink()
    if manifest == "unreadable":
        (tmp_path / "_manifest.json").write_text("{")
    before = contents(tmp_path)
    with pytest.raises(ScanFolderError, match=f"another {named}"):
        small(tmp_path, **more)
    assert contents(tmp_path) == before


def test_manifest_of_another_scan_does_not_make_the_chunks_foreign(tmp_path):
    small(tmp_path / "this")
    small(tmp_path / "other", margin=1e-3)
    (tmp_path / "this" / "_manifest.json").write_bytes((tmp_path / "other" / "_manifest.json").read_bytes())
    before = contents(tmp_path / "this")
    for more in ({}, {"margin": 1e-3}):
        with pytest.raises(ScanFolderError, match="another margin"):
            small(tmp_path / "this", **more)
        assert contents(tmp_path / "this") == before
    with pytest.raises(InputError, match=r"summary: .* is damaged, misplaced or of another scan"):
        summarise(tmp_path / "this")


def test_only_own_leavings_are_removed(tmp_path):
    kept = [".mine.part", "_keep.part", ".chunk.part.part", "_notes", ".hidden"]
    for name in kept:
        (tmp_path / name).write_text("precious")
    for name in (".chunk.part", "._manifest.json.part"):
        (tmp_path / name).write_text("left behind")
    small(tmp_path)
    (tmp_path / ".chunk.part").write_text("left behind")
    assert small(tmp_path).computed == 0
    names = {file.name for file in tmp_path.iterdir() if not file.name.startswith("chunk-")}
    assert names == {*kept, "_manifest.json", ".lock"}
    assert all((tmp_path / name).read_text() == "precious" for name in kept)


NAME = "chunk-00000001-0123456789abcdef.parquet"


@pytest.mark.parametrize("name", [NAME, ".chunk.part", "._manifest.json.part", "_manifest.json", ".lock"])
@pytest.mark.parametrize("make", [os.mkdir, lambda path: os.symlink("nowhere/at/all", path), os.mkfifo])
def test_what_is_no_file_where_one_belongs_is_one_line(tmp_path, name, make):
    if name == ".lock" and make is os.mkfifo:
        return  # as good a lock as a file
    make(tmp_path / name)
    with pytest.raises(ScanFolderError, match=r"^out: ") as caught:
        small(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert os.path.lexists(tmp_path / name)
    if name == NAME:
        with pytest.raises(InputError, match=r"^summary: "):
            summarise(tmp_path)


def test_summary_reads_the_files_alone(tmp_path):
    small(tmp_path)
    (tmp_path / NAME).mkdir()
    assert summarise(tmp_path).rows == 30
    assert saved_rows(tmp_path) == 30
    for file in tmp_path.glob("chunk-00000002-*.parquet"):
        file.write_bytes(file.read_bytes()[:-9])
    assert saved_rows(tmp_path) == 20


def test_chunk_that_is_a_link_to_one_is_taken(tmp_path, reference):
    run(tmp_path / "scan")
    file = chunk_at(tmp_path / "scan", 4)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert run(tmp_path / "scan").computed == 0
    assert contents(tmp_path / "scan") == reference[1]


def test_more_files_than_names_is_refused(tmp_path):
    with pytest.raises(InputError, match="chunk: 1 is not allowed for 100000001 points"):
        scan(RandomPoints(10**8 + 1), spectrum=TwoAtoms(), out=tmp_path / "new", chunk=1)
    assert not (tmp_path / "new").exists()


def test_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ScanFolderError, match=r"thesis\.tex"):
        small(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "precious"
