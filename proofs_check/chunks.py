"""The folder of a scan: Parquet files that are written whole and name their own checksum, a manifest, a lock."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..numerics.errors import InputError

#: readers of datasets skip names that begin with an underscore or a dot
MANIFEST = "_manifest.json"
LOCK = ".lock"
#: key of the description in the metadata of each file
KEY = b"taskalign"

_NAME = re.compile(r"chunk-(\d{8})-([0-9a-f]{16})\.parquet")


class ScanFolderError(InputError):
    """The folder of a scan cannot be used or written; what was finished is kept."""


def encode(columns: Mapping[str, np.ndarray], description: str) -> bytes:
    """A Parquet file with the description in its metadata; equal input gives equal bytes."""
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    table = table.replace_schema_metadata({KEY: description.encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, version="2.6", compression="zstd", compression_level=1, row_group_size=max(1, table.num_rows)
    )
    return sink.getvalue().to_pybytes()


def as_text(description: Mapping[str, Any]) -> str:
    """The description as JSON, in one way only."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class ChunkFolder:
    """Where the chunks of one scan are.

    Args:
        path: the folder, made when it is locked.
        description: of the scan, as `as_text` makes it.
        count: number of chunks.
    """

    path: Path
    description: str
    count: int

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder alone. The lock falls with the process that holds it, however that ends.

        Raises:
            ScanFolderError: it cannot be written, another scan holds it, or it holds something else.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ScanFolderError(f"out: {self.path}: {error.strerror or error}") from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ScanFolderError(f"out: {self.path} is in use by another scan") from None
            self._require_own()
            yield
        finally:
            os.close(handle)

    def _require_own(self) -> None:
        manifest = read_manifest(self.path)
        if manifest is None:
            foreign = [file.name for file in sorted(self.path.iterdir()) if file.name[0] not in "._"]
            foreign = [name for name in foreign if not _NAME.fullmatch(name)]
            if foreign:
                raise ScanFolderError(f"out: {self.path} holds other things, such as {foreign[0]}: give a new folder")
            return
        if as_text(manifest["scan"]) != self.description:
            ours = json.loads(self.description)
            differing = [
                key for key in sorted({*ours, *manifest["scan"]}) if ours.get(key) != manifest["scan"].get(key)
            ]
            raise ScanFolderError(
                f"out: {self.path} holds another scan, with another {' and '.join(differing)}: give a new folder"
            )

    def finished(self) -> set[int]:
        """Places of the chunks that are whole; what is not is removed, and so are leavings of an interruption."""
        self._write_manifest(None)
        whole: dict[int, Path] = {}
        for file in sorted(self.path.iterdir()):
            name = _NAME.fullmatch(file.name)
            if name and int(name[1]) not in whole and self._is_whole(file, name[2]):
                whole[int(name[1])] = file
            elif name or file.name.endswith(".part"):
                file.unlink()
        return set(whole)

    def _is_whole(self, file: Path, digest: str) -> bool:
        data = file.read_bytes()
        if _digest(data)[:16] != digest:
            return False
        metadata = pq.read_schema(pa.BufferReader(data)).metadata or {}
        return metadata.get(KEY) == self.description.encode()

    def write(self, place: int, data: bytes) -> None:
        """Write one chunk, or nothing.

        Raises:
            ScanFolderError: the disk is full, or cannot be written for another reason.
        """
        self._put(f"chunk-{place:08d}-{_digest(data)[:16]}.parquet", data)

    def finish(self) -> None:
        """Complete the manifest: every chunk with its checksum."""
        chunks = {file.name: _digest(file.read_bytes()) for file in chunk_files(self.path)}
        self._write_manifest(chunks)

    def _write_manifest(self, chunks: Mapping[str, str] | None) -> None:
        manifest = {"scan": json.loads(self.description), "chunks": self.count, "sha256": chunks}
        self._put(MANIFEST, (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())

    def _put(self, name: str, data: bytes) -> None:
        beside = self.path / f".{name.partition('-')[0]}.part"
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path / name)
            folder = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            beside.unlink(missing_ok=True)
            done = len(chunk_files(self.path))
            raise ScanFolderError(
                f"out: {self.path}: {error.strerror or error}; {done} of {self.count} chunks are saved,"
                " the same command goes on from there"
            ) from None


def chunk_files(path: Path) -> list[Path]:
    """The chunks in a folder, in their order."""
    return sorted(file for file in path.iterdir() if _NAME.fullmatch(file.name))


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest of a folder; None where there is none, or none that can be read."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("scan"), dict) else None
