"""Tokens, by the name of the environment variable that holds them. Nothing else in the project sees where they are."""

import os

from domain.errors import ConfigurationError


def token(credential: str) -> str:
    """Return the token that the environment variable `credential` holds.

    Raises ConfigurationError, naming the variable but never a value, when it is not set.
    """
    value = os.environ.get(credential, "").strip()
    if not value:
        raise ConfigurationError(
            f"The environment variable {credential}, which should hold the account's token, is not set; set it and "
            "run the same command again."
        )
    return value
