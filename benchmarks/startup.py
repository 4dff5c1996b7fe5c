"""How long people wait for a start: of the help, of `up --sandbox` in an empty home, of imports of heavy packages.

Arguments: folders of other checkouts, each with its .venv, whose `up` is then run in turns with ours.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from parts.home import Home
from parts.stage import Bars

STARTS = 5
UPS = 3
UP_SECONDS = 12.0
COMMANDS = {
    "windowcast --help": "import sys; from cli.main import main; main(['--help'])",
    "windowcast submit --help": "import sys; from cli.main import main; main(['submit', '--help'])",
    "import prefect": "import prefect.flows",
    "import great_expectations": "import great_expectations",
}


def main() -> None:
    """Print the second fastest of each, and hold `up` to its bar."""
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    bars = Bars(f"start-up, second fastest of {STARTS}, of `up` of {UPS} in turns; load before: {load}")
    for name, code in COMMANDS.items():
        bars.say(f"{name:<28} {sorted(seconds(code) for _ in range(STARTS))[1]:.2f} s")
    roots = [ROOT, *(Path(word).resolve() for word in sys.argv[1:])]
    ready = {root: [] for root in roots}
    for _ in range(UPS):
        for root in roots:
            ready[root].append(seconds_until_ready(root))
    for root in roots[1:]:
        bars.say(f"windowcast up --sandbox      {sorted(ready[root])[1]:.1f} s to Ready ({root})")
    ours = sorted(ready[ROOT])[1]
    bars.check(
        f"windowcast up --sandbox      {ours:.1f} s to Ready", holds=ours <= UP_SECONDS, bar=f"at most {UP_SECONDS:g} s"
    )
    bars.end()


def seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - started


def seconds_until_ready(root: Path) -> float:
    """Run `up --sandbox` in an empty home; return the seconds from Enter to "Ready"."""
    home = Home(root)
    started = time.perf_counter()
    with home.start("up", "--sandbox", "--port", "0", "--receiver-port", "0", "--sandbox-port", "0") as up:
        printed = []
        for line in up.stdout:
            printed.append(line)
            if line.startswith("Ready"):
                break
        took = time.perf_counter() - started
        up.send_signal(signal.SIGINT)
        up.communicate()
    assert "".join(printed[-1:]).startswith("Ready"), "".join(printed)
    shutil.rmtree(home.folder)
    return took


if __name__ == "__main__":
    main()
