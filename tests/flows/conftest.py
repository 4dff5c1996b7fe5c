"""A Prefect server with everything deployed, for the whole session; beside it the command and its sandbox."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from prefect_machine import named_server, own_prefect, prefect_login, prefect_server
from told_place import Receiver

from command_line import collected_garbage, command, platform, shop

# Fixtures, which pytest finds among the names of this file.
__all__ = [
    "collected_garbage",
    "command",
    "named_server",
    "own_prefect",
    "platform",
    "prefect_login",
    "prefect_server",
    "shop",
]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()
