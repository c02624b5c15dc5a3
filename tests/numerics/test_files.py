"""Files are written whole or not at all."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from taskalign.numerics.files import lock, whole_file


@pytest.mark.parametrize("beside", [None, "other"])
def test_file_is_put_in_place_at_the_end(tmp_path, beside):
    path = tmp_path / "file"
    path.write_text("old")
    with whole_file(path, beside and tmp_path / beside) as part:
        assert part == tmp_path / (beside or ".file.part")
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_interruption_leaves_the_old_file(tmp_path, written, error):
    path = tmp_path / "file"
    path.write_text("old")

    def write():
        with whole_file(path) as part:
            if written:
                part.write_text("new")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_what_stands_in_the_way_is_named_and_left(tmp_path):
    (tmp_path / ".file.part").mkdir()
    with pytest.raises(IsADirectoryError), whole_file(tmp_path / "file") as part:
        part.write_text("new")
    assert os.listdir(tmp_path) == [".file.part"]


def test_bytes_are_on_the_disk_before_the_name_and_then_the_name(tmp_path, monkeypatch):
    """A machine that stops may otherwise leave an empty file under the name, or no name."""
    steps = []
    path = tmp_path / "file"

    def fsync(handle):
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else f"file of {os.fstat(handle).st_size}"
        steps.append((kind, path.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with whole_file(path) as part:
        part.write_text("new")
        assert not steps
    assert steps == [("file of 3", False), ("folder", True)]


@pytest.mark.parametrize("fails", ["file", "folder"])
@pytest.mark.parametrize(("number", "raised"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_only_what_a_file_system_cannot_do_is_passed_over(tmp_path, monkeypatch, fails, number, raised):
    def fsync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode) == (fails == "folder"):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    path, opened = tmp_path / "file", len(os.listdir("/proc/self/fd"))
    if raised:
        with pytest.raises(OSError, match=os.strerror(number)), whole_file(path) as part:
            part.write_text("new")
    else:
        with whole_file(path) as part:
            part.write_text("new")
        assert path.read_text() == "new"
    assert len(os.listdir("/proc/self/fd")) == opened


def test_lock_is_held_until_the_process_ends(tmp_path):
    path = tmp_path / "lock"
    code = (
        "import sys; from taskalign.numerics.files import lock\n"
        "file = open(sys.argv[1], 'w'); lock(file); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with path.open("w") as file, pytest.raises(BlockingIOError):
            lock(file)
        process.kill()
        process.wait()
        with path.open("w") as file:
            lock(file)
            lock(file.fileno())
