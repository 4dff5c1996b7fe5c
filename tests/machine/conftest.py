"""What these tests need of the machine; where it is missing they fail and name it, and none is skipped."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "flows"))

from picture import Picture
from prefect_machine import own_prefect, prefect_login, prefect_server

from command_line import command, platform, shop

# Fixtures, which pytest finds among the names of this file.
__all__ = ["command", "own_prefect", "platform", "prefect_login", "prefect_server", "shop"]

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class Browser:
    """A browser without a window and without a network: whatever a page asks for from elsewhere fails."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder

    def document(self, page: Path, *options: str) -> str:
        """The page's DOM as the browser has made it, as HTML."""
        return self._run(page, "--dump-dom", *options)

    def picture(self, page: Path, *options: str, width: int = 1000, height: int = 1500) -> Picture:
        """What the page looks like."""
        path = self._folder / f"{page.stem}.png"
        path.unlink(missing_ok=True)
        self._run(page, f"--screenshot={path}", f"--window-size={width},{height}", "--hide-scrollbars", *options)
        return Picture(path.read_bytes())

    def printed(self, page: Path) -> bytes:
        """The page as a PDF."""
        path = self._folder / f"{page.stem}.pdf"
        path.unlink(missing_ok=True)
        self._run(page, f"--print-to-pdf={path}")
        return path.read_bytes()

    def _run(self, page: Path, *options: str) -> str:
        always = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--proxy-server=127.0.0.1:9")
        # Chromium's own background calls are not the page's.
        quiet = ("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage")
        run = subprocess.run(
            [self._program, *always, *quiet, f"--user-data-dir={self._folder / 'profile'}", *options, page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout


@pytest.fixture(scope="session")
def browser(browser_program, tmp_path_factory):
    return Browser(browser_program, tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="session")
def browser_program():
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.fail(f"No browser was found ({', '.join(_NAMES)}): `apt-get install -y chromium` brings one.")
    return program
