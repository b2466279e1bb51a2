"""Text files in whatever encoding, as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from core.data.problems import MAX_EXAMPLES, Problem
from core.errors import DataError

HEAD_BYTES: Final = 65_536
CHUNK_BYTES: Final = 4_194_304


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, unpacking gzip."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def text_head(path: Path) -> str:
    """The beginning of a UTF-8 file, without a byte order mark."""
    with open_bytes(path) as stream:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(stream.read(HEAD_BYTES))


def as_utf8(path: Path, scratch: Path) -> tuple[Path, list[Problem]]:
    """Return the file itself if it is UTF-8, else a copy in UTF-8 and a warning.

    Raises:
        DataError: If a compressed file is damaged.
    """
    with open_bytes(path) as stream:
        start = stream.read(2)
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return _recode(path, scratch, "utf-16"), []
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_bytes(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        copy = _recode(path, scratch, "utf-8")
        return copy, [_encoding_problem(path)]
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} is damaged: {error}. Download it again.") from error
    return path, []


def _recode(path: Path, scratch: Path, encoding: str) -> Path:
    """Write a UTF-8 copy; bytes that are not valid are read as Western European."""
    copy = scratch / f"{len(list(scratch.iterdir()))}-{path.name.removesuffix('.gz')}"
    decoder = codecs.getincrementaldecoder(encoding)("western-european")
    with open_bytes(path) as source, copy.open("w", encoding="utf-8", newline="") as target:
        while chunk := source.read(CHUNK_BYTES):
            target.write(decoder.decode(chunk))
        target.write(decoder.decode(b"", final=True))
    return copy


def _western_european(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are not UTF-8 as Windows-1252, or Latin-1 where that has a gap."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    try:
        return wrong.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return wrong.decode("latin-1"), error.end


codecs.register_error("western-european", _western_european)


def _encoding_problem(path: Path) -> Problem:
    """Count the lines that are not UTF-8 and show the first ones."""
    count = 0
    rows: list[dict[str, Any]] = []
    with open_bytes(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.isascii() or line.decode("utf-8", "replace").encode() == line:
                continue
            count += 1
            if len(rows) < MAX_EXAMPLES:
                rows.append({"line": number, "text": line.decode("latin-1").rstrip()[:200]})
    return Problem(
        title=f"{path.name} is not UTF-8 throughout",
        count=count,
        rows=rows,
        severity="warning",
        fix="These bytes are read as Latin-1 (Western European). If letters look wrong, save the "
        "file as UTF-8 and import it again.",
    )
