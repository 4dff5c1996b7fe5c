"""Tokens, by the name of what holds them: an environment variable, or a Secret block of the Prefect server.

Nothing else in the project sees where they are.
"""

import os
import re
from typing import Final

from clients.prefect_server import read_secret
from domain.errors import ConfigurationError, UsageError

_BLOCK: Final = re.compile(r"secret/([a-z0-9][a-z0-9-]*)")


def check_credential(credential: str) -> None:
    """Raise UsageError, without repeating what may be a token, unless this can be the name of what holds one."""
    if not credential.isidentifier() and not _BLOCK.fullmatch(credential):
        raise UsageError(
            "--credential names what holds the token and is never the token itself: an environment variable, such as "
            "PAGE_TOKEN, or a Secret block of the Prefect server, such as secret/page-token."
        )


def token(credential: str) -> str:
    """Return the token that the environment variable or the Secret block `credential` holds.

    Raises ConfigurationError, naming it but never a value, when it holds none, and what `open_server` raises.
    """
    block = _BLOCK.fullmatch(credential)
    if block is not None:
        return _token_of_block(block[1])
    value = os.environ.get(credential, "").strip()
    if not value:
        raise ConfigurationError(
            f"The environment variable {credential}, which should hold the account's token, is not set; set it and "
            "run the same command again."
        )
    return value


def _token_of_block(name: str) -> str:
    if not os.environ.get("PREFECT_API_URL"):
        raise ConfigurationError(
            f"The account's token is in the Secret block {name} of a Prefect server: set PREFECT_API_URL to that "
            "server and run the same command again."
        )
    value = (read_secret(name) or "").strip()
    if not value:
        raise ConfigurationError(
            f"The Prefect server has no Secret block {name} with the account's token in it; make it on the server's "
            "page Blocks and run the same command again."
        )
    return value
