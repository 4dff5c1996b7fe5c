"""F33: while Postgres is away or slow nothing is called stored, and what is sent again is kept once."""

import asyncio

import psycopg
from posting import PATH, counted, event, signed, stored
from receiving import asking, make_receiver

from tasks.inbox import InboxLimits


async def post(http, number: int) -> int:
    answer = await http.post(PATH, content=event(number), headers=signed(event(number)))
    assert answer.content == b""
    return answer.status_code


async def until(condition, seconds: float = 60) -> None:
    for _ in range(int(seconds / 0.05)):
        if await condition():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError


async def test_f33_while_postgres_is_stopped_bodies_are_refused_in_time_and_stored_when_it_is_back(private_server):
    url = private_server.url(private_server.create())

    async def is_taken() -> bool:
        return await post(http, 1) == 200

    async def is_ready() -> bool:
        return (await http.get("/readyz")).status_code == 200

    async with asking(make_receiver(url, inbox_limits=InboxLimits())) as http:
        before = await post(http, 0)
        private_server.halt()
        try:
            # Far above what it waits for Postgres, and far below what a caller waits for: a stop against a hang.
            async with asyncio.timeout(20):
                first = await post(http, 1)
            flood = await asyncio.gather(*(post(http, number) for number in range(2, 50)))
            ready, alive = await http.get("/readyz"), await http.get("/healthz")
        finally:
            private_server.resume()
        await until(is_taken)
        again = await asyncio.gather(*(post(http, number) for number in range(50)))
        await until(is_ready)
        metrics = (await http.get("/metrics")).text

    assert (before, first, set(flood), set(again)) == (200, 503, {503}, {200})
    assert (ready.status_code, ready.json()) == (503, {"database": "away", "inbox": "has room", "reconcile": "off"})
    assert alive.status_code == 200
    assert sorted(stored(url)) == sorted(event(number) for number in range(50))
    assert counted(metrics, 'refused_total{why="service_away"}') >= 49


async def test_a_restart_of_postgres_is_waited_for_if_it_is_quick(private_server):
    url = private_server.url(private_server.create())

    async with asking(make_receiver(url, inbox_limits=InboxLimits(patience_seconds=30, away_seconds=20))) as http:
        before = await post(http, 0)
        await asyncio.to_thread(private_server.restart_hard)
        answer = await http.post(PATH, content=event(1), headers=signed(event(1)))

    assert (before, answer.status_code) == (200, 200)
    assert stored(url) == [event(0), event(1)]


async def test_a_database_that_only_reads_is_away_until_it_writes_again(inbox):
    async with asking(make_receiver(inbox)) as http:
        before = await post(http, 0)
        with psycopg.connect(inbox, autocommit=True) as connection:
            name = connection.info.dbname
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            try:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name = 'windowcast inbox'"
                )
                during = await post(http, 1)
            finally:
                connection.execute("SET default_transaction_read_only = off")
                connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await asyncio.sleep(0.6)
        after = await post(http, 1)

    assert (before, during, after) == (200, 503, 200)


async def test_what_waits_is_bounded_and_is_stored_though_nobody_waits_for_it_any_more(inbox):
    limits = InboxLimits(most_bodies=2, patience_seconds=0.5)

    async with asking(make_receiver(inbox, inbox_limits=limits)) as http:
        with psycopg.connect(inbox) as holder:
            holder.execute("LOCK TABLE windowcast.receipt_inbox IN SHARE MODE")
            written = asyncio.create_task(post(http, 0))
            await asyncio.sleep(0.05)
            waiting = [asyncio.create_task(post(http, number)) for number in (1, 2)]
            await asyncio.sleep(0.05)
            full = await post(http, 3)
            ready = await http.get("/readyz")
            late = await asyncio.gather(written, *waiting)
            stuck = await post(http, 4)
            holder.rollback()

        async def is_stored() -> bool:
            return len(stored(inbox)) == 3

        await until(is_stored)
        after = await post(http, 5)
        metrics = (await http.get("/metrics")).text

    assert (full, late, stuck, after) == (503, [503] * 3, 503, 200)
    assert (ready.status_code, ready.json()["inbox"]) == (503, "full")
    assert sorted(stored(inbox)) == sorted(event(number) for number in (0, 1, 2, 5))
    assert counted(metrics, 'refused_total{why="inbox_full"}') == 1
    assert counted(metrics, "queue_bodies") == 0


async def test_what_waits_is_bounded_in_bytes_too(inbox):
    limits = InboxLimits(most_bytes=150_000, patience_seconds=5)
    body = b"x" * 90_000

    async with asking(make_receiver(inbox, inbox_limits=limits)) as http:
        with psycopg.connect(inbox) as holder:
            holder.execute("LOCK TABLE windowcast.receipt_inbox IN SHARE MODE")
            posts = []
            for letter in (b"a", b"b", b"c"):
                one = body + letter
                posts.append(asyncio.create_task(http.post(PATH, content=one, headers=signed(one))))
                await asyncio.sleep(0.05)
            holder.rollback()
        answers = [(await one).status_code for one in posts]
        after = await post(http, 1)

    assert answers == [200, 200, 503]
    assert after == 200


async def test_the_silence_and_what_waits_are_shown(inbox):
    receiver = make_receiver(inbox)
    async with asking(receiver) as http:
        silent = (await http.get("/metrics")).text
        await post(http, 0)
        await receiver.watch.look()
        heard = (await http.get("/metrics")).text
        with psycopg.connect(inbox) as connection:
            connection.execute("UPDATE windowcast.receipt_inbox SET received_at = received_at - interval '1 hour'")
        await receiver.watch.look()
        silent_again = (await http.get("/metrics")).text
        ready = await http.get("/readyz")

    assert str(counted(silent, "silence_seconds")) == "nan"
    assert 0 <= counted(heard, "silence_seconds") < 60
    assert 3600 <= counted(silent_again, "silence_seconds") < 3700
    assert [counted(text, "inbox_waiting_rows") for text in (silent, heard)] == [0, 1]
    assert counted(heard, "campaigns_sending") == 0
    assert (ready.status_code, ready.json()["database"]) == (200, "answers")
