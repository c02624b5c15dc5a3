"""The folder of a scan: Parquet files that are written whole and name their own checksum, a manifest, a lock."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..numerics.errors import InputError
from ..numerics.files import lock, whole_file

#: readers of datasets skip names that begin with an underscore or a dot
MANIFEST = "_manifest.json"
LOCK = ".lock"
#: most files of a scan: their numbers have eight digits, so that their names sort
MOST = 10**8

#: keys in the metadata of each file: the description of the scan, and which rows of it these are, "first:end"
_SCAN, _ROWS = b"taskalign", b"taskalign.rows"
_NAME = re.compile(r"chunk-(\d{8})-([0-9a-f]{16})\.parquet")
#: files that an interruption leaves behind
_PARTS = frozenset({".chunk.part", f".{MANIFEST}.part"})


class ScanFolderError(InputError):
    """The folder of a scan cannot be used or written; what was finished is kept."""


def encode(columns: Mapping[str, np.ndarray], description: str, rows: tuple[int, int]) -> bytes:
    """A Parquet file with the description and the place of its rows in its metadata; equal input gives equal bytes."""
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    table = table.replace_schema_metadata({_SCAN: description.encode(), _ROWS: _text(rows)})
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, version="2.6", compression="zstd", compression_level=1, row_group_size=max(1, table.num_rows)
    )
    return sink.getvalue().to_pybytes()


def as_text(description: Mapping[str, Any]) -> str:
    """The description as JSON, in one way only."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)


def bounds(place: int, chunk: int, size: int) -> tuple[int, int]:
    """First of the points in a chunk, and the first after it."""
    return place * chunk, min((place + 1) * chunk, size)


def _text(rows: tuple[int, int]) -> bytes:
    return b"%d:%d" % rows


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Chunk(NamedTuple):
    """A file that is named like a chunk.

    Attributes:
        file: where it is.
        place: its number, from its name.
        whole: whether its bytes are those of the checksum in its name.
        description, rows: what it says about itself; None where it cannot be read or says nothing.
    """

    file: Path
    place: int
    whole: bool
    description: str | None
    rows: tuple[int, int] | None

    @classmethod
    def read(cls, file: Path) -> Chunk:
        """The chunk in a file.

        Raises:
            OSError: it cannot be read.
        """
        name = _NAME.fullmatch(file.name)
        assert name is not None
        data = file.read_bytes()
        try:
            metadata = pq.read_schema(pa.BufferReader(data)).metadata or {}
        except (pa.ArrowException, OSError):  # how Arrow says that this is no Parquet file
            metadata = {}
        description = metadata.get(_SCAN)
        rows = re.fullmatch(rb"(\d+):(\d+)", metadata.get(_ROWS, b""))
        return cls(
            file,
            int(name[1]),
            _digest(data)[:16] == name[2],
            None if description is None else description.decode(errors="replace"),
            None if rows is None else (int(rows[1]), int(rows[2])),
        )

    def holds(self, description: str, chunk: int, size: int) -> bool:
        """Whether it holds the rows that belong at its place in a scan of `size` points."""
        return self.whole and (self.description, self.rows) == (description, bounds(self.place, chunk, size))


@dataclass(frozen=True)
class ChunkFolder:
    """Where the chunks of one scan are.

    Args:
        path: the folder, made when it is locked.
        description: of the scan, but for its size, as `as_text` makes it.
        size: number of points.
        chunk: points of a file; the last may have fewer.
    """

    path: Path
    description: str
    size: int
    chunk: int

    @property
    def count(self) -> int:
        """Number of chunks."""
        return -(-self.size // self.chunk)

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
                lock(handle)
            except BlockingIOError:
                raise ScanFolderError(f"out: {self.path} is in use by another scan") from None
            self._require_own()
            yield
        finally:
            os.close(handle)

    def _require_own(self) -> None:
        for file in sorted(self.path.iterdir()):
            ours = _NAME.fullmatch(file.name) or file.name in _PARTS or file.name == MANIFEST
            if ours and not file.is_file():
                raise ScanFolderError(f"out: {file} is not a file (a folder, or a link to nothing): move it away")
        manifest = read_manifest(self.path)
        if manifest is not None:
            self._require_same(manifest["scan"], f"{self.path} holds")
            return
        foreign = [file.name for file in sorted(self.path.iterdir()) if file.name[0] not in "._"]
        foreign = [name for name in foreign if not _NAME.fullmatch(name)]
        if foreign:
            raise ScanFolderError(f"out: {self.path} holds other things, such as {foreign[0]}: give a new folder")

    def _require_same(self, theirs: Any, where: str) -> None:
        """Raise, with what differs, unless the description is that of this scan."""
        if isinstance(theirs, dict) and as_text(theirs) == self.description:
            return
        ours, theirs = _flat(json.loads(self.description)), _flat(theirs)
        differing = [key for key in sorted({*ours, *theirs}) if ours.get(key) != theirs.get(key)]
        grid = all(key.startswith("points.axes.") for key in differing)
        named = ", ".join(differing[:3]) + (", ..." if differing[3:] else "")
        raise ScanFolderError(
            f"out: {where} another scan, with another {named}: give a new folder"
            + (" (a grid cannot be made longer, its points are numbered otherwise then)" if grid else "")
        )

    def finished(self) -> set[int]:
        """Places of the chunks that are whole; what is not is removed, and so are leavings of an interruption.

        Raises:
            ScanFolderError: a chunk is of another scan, or of a longer one; nothing is removed then.
        """
        try:
            found = [Chunk.read(file) for file in chunk_files(self.path)]
            for chunk in found:
                if chunk.description is not None and chunk.description != self.description:
                    self._require_same(_parsed(chunk.description), f"{chunk.file} is of")
            self._require_longest(found)
            whole: dict[int, Chunk] = {}
            for chunk in found:
                if chunk.place not in whole and chunk.holds(self.description, self.chunk, self.size):
                    whole[chunk.place] = chunk
                else:
                    chunk.file.unlink()
            for name in _PARTS:
                (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise ScanFolderError(f"out: {error.filename or self.path}: {error.strerror or error}") from None
        self._write_manifest(None)
        return set(whole)

    def _require_longest(self, found: list[Chunk]) -> None:
        """Raise where there are rows beyond the last point: they would be lost."""
        ends = [
            chunk.rows[1] for chunk in found if chunk.rows and chunk.holds(self.description, self.chunk, chunk.rows[1])
        ]
        if max(ends, default=0) > self.size:
            raise ScanFolderError(
                f"out: {self.path} holds {max(ends)} points of this scan and {self.size} are asked for:"
                " ask for at least as many, or give a new folder"
            )

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

    def saved(self) -> str:
        """How much is there, and how to go on, for messages."""
        return f"{len(chunk_files(self.path))} of {self.count} chunks are saved, the same command goes on from there"

    def _write_manifest(self, chunks: Mapping[str, str] | None) -> None:
        manifest = {"scan": json.loads(self.description), "points": self.size, "chunks": self.count, "sha256": chunks}
        self._put(MANIFEST, (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())

    def _put(self, name: str, data: bytes) -> None:
        beside = self.path / f".{name.partition('-')[0]}.part"
        try:
            with whole_file(self.path / name, beside):
                beside.write_bytes(data)
        except OSError as error:
            raise ScanFolderError(f"out: {self.path}: {error.strerror or error}; {self.saved()}") from None


def chunk_files(path: Path) -> list[Path]:
    """The chunks in a folder, in their order."""
    return sorted(file for file in path.iterdir() if _NAME.fullmatch(file.name) and file.is_file())


def row_count(file: Path) -> int:
    """Rows of a chunk; 0 where it is damaged."""
    try:
        return pq.read_metadata(file).num_rows
    except (pa.ArrowException, OSError):
        return 0


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest of a folder; None where there is none, or none that can be read."""
    try:
        manifest = _parsed((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    kinds = {"scan": dict, "points": int, "chunks": int}
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(key), kind) for key, kind in kinds.items()):
        return None
    chunk = manifest["scan"].get("chunk")
    return manifest if isinstance(chunk, int) and chunk > 0 else None


def _parsed(text: str) -> Any:
    """What a JSON text says; None where it is none."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_constant=refuse)  # NaN is no JSON
    except (ValueError, RecursionError):
        return None


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """Entries of nested mappings as JSON, `a.b` for the entry b of the entry a."""
    if not isinstance(value, Mapping):
        return {name or "description": json.dumps(value)}
    return {
        inner: entry for key in value for inner, entry in _flat(value[key], f"{name}.{key}" if name else key).items()
    }
