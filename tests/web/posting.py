"""Signed posts to a receiver, and a receiver in a process of its own, as it is run in production."""

import asyncio
import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]
SECRET, OTHER_SECRET, TOKEN = "CANARY-app-secret", "CANARY-instagram-secret", "CANARY-verify-token"
PATH = "/webhooks/meta"
_READY_WITHIN_SECONDS = 60
_END_WITHIN_SECONDS = 60


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Hub-Signature-256": signature(body, secret)}


def event(number: int) -> bytes:
    """One message of one person as the platform writes it."""
    message = {"sender": {"id": str(10**16 + number)}, "recipient": {"id": "1001"}, "timestamp": 1795000000000 + number}
    entry = {"id": "1001", "time": 1795000000000, "messaging": [message | {"message": {"mid": f"m_{number}"}}]}
    return json.dumps({"object": "page", "entry": [entry]}, separators=(",", ":")).encode()


def stored(url: str) -> list[bytes]:
    """The bodies in the inbox, oldest first."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT body FROM windowcast.receipt_inbox ORDER BY receipt_id").fetchall()
    return [bytes(row[0]) for row in rows]


def counted(metrics: str, name: str) -> float:
    """Read one figure out of the text of /metrics."""
    (found,) = re.findall(rf"^windowcast_webhook_{re.escape(name)} (\S+)$", metrics, re.MULTILINE)
    return float(found)


def raw_request(body: bytes, *, head: str = "") -> bytes:
    """A signed post as bytes on the wire; `head` are more lines of it."""
    lines = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: {signature(body)}\r\n{head}"
    return f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Served:
    """A receiver in a process of its own."""

    process: subprocess.Popen
    url: str
    errors: Path

    @property
    def base(self) -> str:
        return self.url.removesuffix(PATH)

    @property
    def port(self) -> int:
        return urlsplit(self.url).port

    @property
    def log(self) -> str:
        return self.errors.read_text()

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def start(database: str, folder: Path, *words: str, **settings) -> subprocess.Popen:
    """Start `windowcast webhooks serve` on a free port; its log goes to `folder / "log"`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WINDOWCAST_")}
    given = {
        "DATABASE_URL": database,
        "HOME": str(folder / "home"),
        "META_APP_SECRETS": f"{SECRET}, {OTHER_SECRET}",
        "META_VERIFY_TOKEN": TOKEN,
    } | settings
    named = {f"WINDOWCAST_{name}": str(value) for name, value in given.items()}
    program = "import sys; from cli.main import main; sys.exit(main())"
    with (folder / "log").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", program, "webhooks", "serve", "--port", "0", *words],
            env=environment | named | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )


@contextmanager
def serving(database: str, folder: Path, *words: str, **settings):
    """Run a receiver while the block lasts; afterwards look for secrets and signatures in what it said."""
    folder.mkdir(parents=True, exist_ok=True)
    process = start(database, folder, "--json", *words, **settings)
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the receiver did not start: {(folder / 'log').read_text()}")
        yield Served(process, json.loads(line)["receiver_url"], folder / "log")
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            said, _ = process.communicate(timeout=_END_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
    assert said == b""
    assert_nothing_secret_in((folder / "log").read_text())


@asynccontextmanager
async def serving_beside(*given, **settings):
    """Do what `serving` does while this process's own loop goes on."""
    manager = serving(*given, **settings)
    served = await asyncio.to_thread(manager.__enter__)
    try:
        yield served
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


def assert_nothing_secret_in(text: str) -> None:
    assert "CANARY" not in text
    assert re.search(r"[0-9a-f]{64}", text) is None


def wait_until(condition, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())
