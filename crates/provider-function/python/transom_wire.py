"""JSON lines to and from the server.

The two pipes that the process was started with are taken away before any function runs: what a function prints goes to
the log, and nothing that it reads or prints can be mistaken for a message.
"""

import json
import os
import threading

from transom_limits import OutputLimit


def _plain(value):
    """What JSON does not know: models of pydantic as their fields, everything else as text."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)


class Wire:
    def __init__(self):
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.dup(1)
        self._lock = threading.Lock()
        # No line may be longer, once the server has said so.
        self.longest = 1 << 20
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)

    def lines(self):
        """Messages as they come, until the server closes the pipe."""
        for line in self._in:
            yield json.loads(line)

    def send(self, message):
        # A lone surrogate is no text anywhere else; it becomes a question mark.
        line = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)
        line = line.encode("utf-8", "replace") + b"\n"
        if len(line) > self.longest:
            raise OutputLimit
        with self._lock:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._out, rest) :]
