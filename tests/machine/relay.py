"""Carries connections between a network namespace and this machine, over sockets in a folder that both see.

`relay.py outside FOLDER PORT...` is the machine's end: whoever connects to FOLDER/PORT reaches 127.0.0.1:PORT.
`relay.py inside FOLDER PORT... NAME` runs in a namespace whose only interface is its own loopback: it calls the machine
NAME, and its 127.0.0.1:PORT leads to FOLDER/PORT. So every part has the same addresses on both sides.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
from pathlib import Path

_BYTES = 1 << 16


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, connect) -> None:
    with contextlib.suppress(OSError):
        far_reader, far_writer = await connect()
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
    writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_BYTES):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        writer.close()
    else:
        with contextlib.suppress(OSError):
            writer.write_eof()


async def outside(folder: Path, ports: list[int]) -> None:
    for port in ports:
        await asyncio.start_unix_server(
            lambda reader, writer, port=port: carry(
                reader, writer, connect=lambda: asyncio.open_connection("127.0.0.1", port)
            ),
            folder / str(port),
        )


async def inside(folder: Path, ports: list[int]) -> None:
    for port in ports:
        await asyncio.start_server(
            lambda reader, writer, port=port: carry(
                reader, writer, connect=lambda: asyncio.open_unix_connection(folder / str(port))
            ),
            "127.0.0.1",
            port,
        )


async def main(side: str, folder: Path, *words: str) -> None:
    if side == "inside":
        await inside(folder, [int(word) for word in words[:-1]])
    else:
        await outside(folder, [int(word) for word in words])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def become_a_machine(name: str) -> None:
    """Give this namespace a name and its loopback."""
    socket.sethostname(name)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


if __name__ == "__main__":
    if sys.argv[1] == "inside":
        become_a_machine(sys.argv[-1])
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
