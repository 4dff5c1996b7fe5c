"""How long a command takes to start, beside what importing the heavy libraries at the top would cost."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "windowcast --help": "import sys; from cli.main import main; main(['--help'])",
    "windowcast submit --help": "import sys; from cli.main import main; main(['submit', '--help'])",
    "import prefect": "import prefect.flows",
    "import great_expectations": "import great_expectations",
}


def main() -> None:
    """Print the second fastest of five starts of each."""
    print(f"{datetime.now(UTC):%Y-%m-%d} start-up, second fastest of five")
    for name, code in COMMANDS.items():
        print(f"  {name:<28} {sorted(seconds(code) for _ in range(5))[1]:.2f} s")


def seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
