"""How a process ends in the end: when its parent is gone, even by a kill, and whatever its threads wait for."""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

_LOOK_EVERY_SECONDS: Final = 0.5


def end_within(seconds: float) -> None:
    """See that this process ends within so many seconds, whatever its threads wait for; its exit code is then 1."""
    timer = threading.Timer(seconds, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


def when_gone(parent: int, act: Callable[[], None]) -> None:
    """Call `act`, in a thread of its own, as soon as this process no longer has this parent."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_SECONDS)
        act()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
