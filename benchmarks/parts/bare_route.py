"""What a receiver costs at least: a FastAPI route that reads the body and answers, under the same server."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def bare_route() -> AsyncIterator[str]:
    """Run one in a process of its own, and give its address."""
    child = await asyncio.create_subprocess_exec(sys.executable, __file__, stdout=asyncio.subprocess.PIPE)
    try:
        yield json.loads(await child.stdout.readline())["url"]
    finally:
        child.terminate()
        await child.wait()


def main() -> None:
    import socket

    import uvicorn
    from fastapi import FastAPI, Request
    from fastapi.responses import Response

    app = FastAPI()

    @app.post("/webhooks/meta")
    async def receive(request: Request) -> Response:
        await request.body()
        return Response()

    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}/webhooks/meta"}), flush=True)
    config = uvicorn.Config(app, http="httptools", loop="uvloop", ws="none", access_log=False, log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
