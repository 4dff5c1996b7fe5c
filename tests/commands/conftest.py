"""Commands run in this process, on a fresh database and the sandbox; no Prefect server is configured."""

from command_line import command, own_prefect, platform, shop

# Fixtures, which pytest finds among the names of this file.
__all__ = ["command", "own_prefect", "platform", "shop"]
