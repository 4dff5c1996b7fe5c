"""The command of a checkout, run as its user would: from an empty folder, with a home and settings of its own."""

import os
import subprocess
import tempfile
from pathlib import Path


class Home:
    """An empty home of the checkout at `root`, and commands that use it."""

    def __init__(self, root: Path, **settings: str) -> None:
        self.root = root
        self.folder = Path(tempfile.mkdtemp(prefix="windowcast-bench-"))
        others = {name: text for name, text in os.environ.items() if not name.startswith(("WINDOWCAST_", "PREFECT_"))}
        self.environment = {**others, "WINDOWCAST_HOME": str(self.folder / "home"), **settings}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command; all that it prints can be read from its stdout."""
        command = [str(self.root / ".venv" / "bin" / "windowcast"), *words]
        printed = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, env=self.environment, cwd=self.folder, text=True, **printed)

    def run(self, *words: str) -> None:
        """Run a command to its end; it must succeed."""
        with self.start(*words) as process:
            printed, _ = process.communicate()
        assert process.returncode == 0, printed
