"""The child beside the receiver: started again when it dies, less and less often, and ended with the receiver."""

import asyncio
import sys
import time
from contextlib import asynccontextmanager, suppress

import psutil
import pytest

from web.follower import Follower

DIES = "import sys, time; open(sys.argv[1], 'a').write(f'{time.monotonic()}\\n'); sys.exit(3)"
LIVES = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"


@asynccontextmanager
async def following(follower):
    task = asyncio.create_task(follower.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_child_that_dies_is_started_again_after_growing_waits(tmp_path, caplog):
    starts = tmp_path / "starts"
    follower = Follower([sys.executable, "-c", DIES, str(starts)], first_wait_seconds=0.2)

    async with following(follower):
        for _ in range(200):
            await asyncio.sleep(0.05)
            if follower.start_count == 4:
                break
    at = [float(line) for line in starts.read_text().splitlines()]
    waits = [record.again_in_seconds for record in caplog.records]

    assert follower.start_count == 4
    assert waits[:3] == [0.2, 0.4, 0.8]
    assert at[2] - at[1] >= 0.4
    assert {record.exit_code for record in caplog.records} == {3}
    assert not follower.is_running


@pytest.mark.parametrize("ending", ["cancelled", "killed"])
async def test_a_child_that_lives_is_said_to_run_until_it_ends(tmp_path, ending):
    follower = Follower([sys.executable, "-c", LIVES, str(tmp_path / "pid")], first_wait_seconds=30)

    async with following(follower):
        deadline = time.monotonic() + 10
        for _ in range(200):
            await asyncio.sleep(0.05)
            if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
                break
        assert time.monotonic() < deadline
        child = psutil.Process(int((tmp_path / "pid").read_text()))
        was_running = (follower.is_running, child.is_running())
        if ending == "killed":
            child.kill()
            for _ in range(200):
                await asyncio.sleep(0.05)
                if not follower.is_running:
                    break
            assert not follower.is_running

    assert was_running == (True, True)
    assert not child.is_running()
    assert not follower.is_running
