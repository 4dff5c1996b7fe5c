"""Where flows run: on the server that `PREFECT_API_URL` names, or beside a temporary one in this process."""

import os
from pathlib import Path


def has_server() -> bool:
    """Say whether a Prefect server is named."""
    return bool(os.environ.get("PREFECT_API_URL"))


def prepare(home: Path) -> None:
    """Set Prefect up before its first import: without a server, a temporary one with a home of its own, and quiet.

    What somebody has set in the environment stays as it is.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_CLI_PROMPT", "false")
    if has_server():
        return
    folder = home / "prefect"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PREFECT_HOME"] = str(folder)
    os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "true")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_ENABLED", "false")
