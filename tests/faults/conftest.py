"""What the fault tests share: a sandbox process, Postgres servers that may be restarted, and scenes on both."""

import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import servers
from sandbox.process import running_sandbox

# These are no test modules, and their assertions should say as much as those of one. They are imported after this.
pytest.register_assert_rewrite("scene", "soak", "twice")


@pytest.fixture(scope="session")
def sandbox_process():
    with running_sandbox() as client:
        yield client


@pytest.fixture
def sandbox(sandbox_process):
    """A Messenger Platform in a process of its own, without faults."""
    sandbox_process.clear_faults()
    return sandbox_process


@pytest.fixture(scope="session", autouse=True)
def _token():
    from scene import TOKEN

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
        yield


@pytest.fixture(scope="session")
def private_servers():
    """Postgres servers by version that a test may restart under its senders."""
    started: dict[str, servers.Server] = {}

    def get(version: str) -> servers.Server:
        if version not in started:
            place = servers.memory()
            started[version] = (
                servers.private_18(place=place)
                if version == "18"
                else servers.installed(servers.found_15(), place=place)
            )
            started[version].make_template()
        return started[version]

    yield get
    for server in started.values():
        server.stop()


@pytest.fixture
def make_scene(private_servers, sandbox, tmp_path):
    """Make scenes, each in a fresh database of a private server."""
    with making_scenes(private_servers, sandbox, tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def make_module_scene(private_servers, sandbox_process, tmp_path_factory):
    """Make scenes that last as long as the module, for runs whose one end many tests look at."""
    with making_scenes(private_servers, sandbox_process, tmp_path_factory.mktemp("scenes")) as make:
        yield make


@contextmanager
def making_scenes(private_servers, sandbox, folder):
    from scene import Scene

    made: list[tuple[servers.Server, str]] = []

    def make(*, version="18", server=None, platform=sandbox, **fields):
        chosen = server or private_servers(version)
        made.append((chosen, chosen.create()))
        return Scene(chosen.url(made[-1][1]), platform, folder, **fields)

    yield make
    for server, name in made:
        server.drop(name)
