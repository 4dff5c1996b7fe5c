"""A web server on loopback that gives a file in every way, and in every wrong one."""

import asyncio
import gzip
import threading

from aiohttp import web

from clients.sources import fetch

CONTENT = b"user_id\n12345\n"

SECRET = "sig=CANARY-signature"


async def give(_request):
    return web.Response(body=CONTENT)


async def drip(request):
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"1")
        await asyncio.sleep(0.05)


async def flood(request):
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"1" * 65_536)


async def lead(request):
    return web.Response(status=302, headers={"Location": request.query["to"]})


async def circle(_request):
    return web.Response(status=307, headers={"Location": "/circle"})


async def status(request):
    return web.Response(status=int(request.match_info["status"]))


async def packed(request):
    content = gzip.compress(CONTENT) if "whole" in request.query else b"\x1f\x8b\x08nonsense"
    return web.Response(body=content, headers={"Content-Encoding": "gzip"})


async def bomb(_request):
    return web.Response(body=gzip.compress(bytes(20_000_000)), headers={"Content-Encoding": "gzip"})


async def page(_request):
    return web.Response(text="<!doctype html><title>Log in</title>", content_type="text/html")


async def table_as_page(_request):
    return web.Response(body=CONTENT, content_type="text/html")


async def named(request):
    return web.Response(body=CONTENT, headers={"Content-Disposition": request.query["as"]})


class WebServer:
    """An aiohttp server in a thread of its own, on a port that was free."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_exception):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self):
        app = web.Application()
        app.add_routes(
            [
                web.get("/list.csv", give),
                web.get("/download.php", give),
                web.get("/drip", drip),
                web.get("/flood.csv", flood),
                web.get("/lead", lead),
                web.get("/circle", circle),
                web.get("/status/{status}", status),
                web.get("/packed.csv", packed),
                web.get("/bomb.csv", bomb),
                web.get("/page.xlsx", page),
                web.get("/table.csv", table_as_page),
                web.get("/named", named),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"


def fetch_here(address, folder, **limits):
    return fetch(address, folder, **{"most_bytes": 1_000_000, "seconds": 20, **limits})
