"""How a command ended, in this process or in one of its own."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Ended:
    """Its exit code, what it printed for results and what it said to people."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)
