"""Commands run in this process, on a fresh database and the sandbox; their flows use a temporary Prefect server."""

from command_line import collected_garbage, command, platform, shop  # noqa: F401  # fixtures
