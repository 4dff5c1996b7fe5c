"""`python -m sandbox`: serve until SIGTERM or SIGINT; prints one JSON line {"url", "pid"} when ready."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from sandbox.errors import ControlError
from sandbox.server import ServerSettings, serve


def read_settings(arguments: list[str] | None = None) -> ServerSettings:
    """Return the settings that the command line gives; exits with 2 if they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 (the default) is any free one")
    parser.add_argument("--log", type=Path, help="append accepted messages and POSTs to this file as JSON lines")
    parser.add_argument("--ready-file", type=Path, help="write the JSON line there too, when ready")
    parser.add_argument("--webhook-url", help="POST webhook bodies to this URL (loopback addresses only)")
    parser.add_argument(
        "--app-secret-env",
        metavar="NAME",
        default="WINDOWCAST_META_APP_SECRETS",
        help="sign with the first secret in this environment variable, of accounts that are given none (%(default)s)",
    )
    parser.add_argument("--scene", type=Path, help="begin with the accounts, people and settings in this JSON file")
    parser.add_argument("--seed", type=int, help="make ids, shuffled orders and what people do the same each time")
    parser.add_argument("--parent-pid", type=int, help="end when this process is no longer the parent")
    parser.add_argument("--keep-alive-seconds", type=float, default=75.0, help="close idle connections after this")
    given = parser.parse_args(arguments)
    return ServerSettings(
        port=given.port,
        log_path=given.log,
        webhook_url=given.webhook_url,
        ready_path=given.ready_file,
        parent_pid=given.parent_pid,
        keep_alive_seconds=given.keep_alive_seconds,
        app_secret=os.environ.get(given.app_secret_env, "").split(",")[0].strip() or None,
        seed=given.seed,
        scene_path=given.scene,
    )


def _announce(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Serve, and return the exit code."""
    try:
        asyncio.run(serve(read_settings(), announce=_announce))
    except (ControlError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
