"""A real worker process, spoken to as the server speaks to it."""

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

LIMITS = {
    "memory_bytes": 2 << 30,
    "cpu_seconds": 10,
    "open_files": 256,
    "file_bytes": 1 << 20,
    "output_bytes": 1 << 20,
}
ADA = {"id": "u1", "name": "Ada", "email": "ada@example.com", "role": "user"}


class Failed(Exception):
    """The worker's `error`; `said` is the whole of it."""

    def __init__(self, said):
        super().__init__(said.get("words"))
        self.said = said


class Worker:
    def __init__(self, source, valves=None, answers=None, limits=None):
        program = Path(__file__).resolve().parent.parent / "transom_worker.py"
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-u", str(program)],
            cwd=self._folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        # A worker that says nothing more fails its test instead of holding it up.
        self._patience = threading.Timer(30, self._process.kill)
        self._patience.daemon = True
        self._patience.start()
        self._number = 0
        # What the server says to questions, by their `what`.
        self.answers = answers or {}
        self.asked = []
        try:
            self.about = self.ask(
                op="load", function="test", source=source, valves=valves or {}, path=[], limits={**LIMITS, **(limits or {})}
            )["end"]
        except BaseException:
            self.close()
            raise

    def send(self, message):
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def receive(self):
        line = self._process.stdout.readline()
        if not line:
            raise EOFError(self._process.stderr.read().decode())
        return json.loads(line)

    def begin(self, **message):
        """Starts a call and gives its number."""
        number, self._number = self._number, self._number + 1
        self.send({"id": number, **message})
        return number

    def finish(self, number):
        """Everything that a call sends until its end, `end` included."""
        seen = {"text": [], "data": [], "frame": []}
        while True:
            message = self.receive()
            if "ask" in message:
                self._answer(message)
            elif message.get("id") != number:
                continue
            elif "error" in message:
                raise Failed({**message["error"], "seen": seen})
            elif "end" in message:
                return {**seen, "end": message["end"]}
            else:
                for kind, into in seen.items():
                    into.extend([message[kind]] if kind in message else [])

    def _answer(self, message):
        self.asked.append((message["what"], message["payload"]))
        for answer in self.answers[message["what"]](message["payload"]):
            self.send({"answer": message["ask"], **answer})

    def ask(self, **message):
        return self.finish(self.begin(**message))

    def pipe(self, body=None, **more):
        context = {"user": ADA, "metadata": {}, **more.pop("context", {})}
        return self.ask(op="pipe", body=body or {"model": "test", "messages": []}, context=context, **more)

    def hook(self, op, body, **context):
        return self.ask(op=op, body=body, context={"user": ADA, "metadata": {}, **context})["end"]

    def close(self):
        self._patience.cancel()
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process.stdout.close()
        self.log = self._process.stderr.read().decode()
        self._process.stderr.close()
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
