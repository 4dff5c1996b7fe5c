"""The bytes of an uploaded file: kept as they came, and read back, block by block."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

from clients.postgres import Connection
from sql import query

_PIECE_BYTES: Final = 1024 * 1024


def keep_content(connection: Connection, upload_id: UUID, *, content: Path) -> None:
    """Keep the bytes of an upload, in the transaction that is open; they go to the server block by block.

    The binary format of COPY: a signature, flags and an extension's length, then for each row the number of its fields
    and each field after its length, then -1 (the Postgres manual, page of COPY, "Binary Format").
    """
    byte_count = content.stat().st_size
    with connection.cursor() as cursor, cursor.copy(query("uploads/copy_content")) as copy, content.open("rb") as file:
        copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0))
        copy.write(struct.pack("!hi16si", 2, 16, upload_id.bytes, byte_count))
        while block := file.read(_PIECE_BYTES):
            copy.write(block)
        copy.write(struct.pack("!h", -1))


def read_content(connection: Connection, upload_id: UUID, *, byte_count: int) -> Iterator[bytes]:
    """Give the kept bytes of an upload, piece by piece."""
    for start in range(0, byte_count, _PIECE_BYTES):
        row = connection.execute(
            query("uploads/read_piece"), {"upload_id": upload_id, "start": start + 1, "byte_count": _PIECE_BYTES}
        ).fetchone()
        yield row["piece"] if row else b""
