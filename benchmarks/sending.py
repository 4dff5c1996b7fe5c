"""Sending, unpaced and paced, to the sandbox and to a trivial server; every intent and outcome durable."""

import asyncio
import json
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import servers
from clients.graph.messenger import GraphMessenger, Route
from clients.postgres import connect
from domain.pace import Timing
from factories import TOKEN, World, user_id
from tasks.campaigns import schedule_campaign, start_campaign
from tasks.sending import send_share
from tasks.share import ShareOrder
from tasks.submission import find_row_problems, find_target, make_messages, open_campaign, read_list, stage_list

TIMING = Timing(read_timeout_seconds=20, margin_seconds=30)


def main() -> None:
    """Print messages a second for each latency, with the most messages that a kill could leave uncertain."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    server = servers.embedded(durable=True)
    server.make_template()
    print(f"{datetime.now(UTC):%Y-%m-%d} sending {count} messages, one process, fsync and synchronous_commit on")
    try:
        for latency in (0.0, 0.1):
            rate = asyncio.run(unpaced(server, count, latency))
            print(
                f"  trivial server, {latency * 1000:>3.0f} ms: {rate:>7.0f} messages/s  (a kill: at most 200 uncertain)"
            )
    finally:
        server.stop()


async def unpaced(server, count: int, latency: float) -> float:
    url = server.url(server.create())
    async with trivial_server(latency) as base_url:
        with connect(url) as connection:
            order = prepared(connection, count)
        route = Route(order.account.channel, order.account.external_id, token=TOKEN)
        async with GraphMessenger(route, base_url=base_url, version="v25.0") as messenger:
            started = time.perf_counter()
            report = await send_share(url, messenger, order=order)
            seconds = time.perf_counter() - started
    if report.accepted != count:
        raise RuntimeError(f"{report.accepted} of {count} were accepted")
    return count / seconds


def prepared(connection, count: int) -> ShareOrder:
    folder = Path(tempfile.mkdtemp(prefix="windowcast-bench-"))
    world = World(connection)
    account = world.account()
    template = world.template(folder, text="Hello!")
    world.people_write(account, range(count))
    submission = world.submission(account, template, user_ids=tuple(user_id(number) for number in range(count)))
    target = find_target(connection, submission)
    given = read_list(submission, folder=folder)
    campaign_id = open_campaign(connection, submission, target=target, sha256=given.sha256)
    can_judge = stage_list(connection, campaign_id, target=target, given=given)
    find_row_problems(connection, campaign_id, template=template)
    make_messages(connection, campaign_id, target=target, given=given, can_judge=can_judge)
    schedule_campaign(connection, campaign_id)
    start_campaign(connection, campaign_id, timing=TIMING)
    connection.execute("ANALYZE")
    return ShareOrder(campaign_id=campaign_id, account=account, template=template, timing=TIMING, limit=count)


@asynccontextmanager
async def trivial_server(latency: float):
    """A server in a process of its own that accepts everything after `latency` seconds."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "serve", str(latency), stdout=asyncio.subprocess.PIPE
    )
    try:
        yield json.loads(await process.stdout.readline())["url"]
    finally:
        process.terminate()
        await process.wait()


async def serve(latency: float) -> None:
    from aiohttp import web

    numbers = iter(range(1, 1 << 60))

    async def accept(request: web.Request) -> web.Response:
        await request.read()
        if latency:
            await asyncio.sleep(latency)
        return web.json_response({"recipient_id": "1", "message_id": f"m{next(numbers)}"})

    app = web.Application()
    app.router.add_post("/{version}/{page}/messages", accept)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(json.dumps({"url": f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(float(sys.argv[2])))
    else:
        main()
