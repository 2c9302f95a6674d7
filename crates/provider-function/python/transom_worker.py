"""The process of one function: reads calls, runs them at once, writes what they give. Started by the server, see `worker.rs`.

Every message is a line of JSON. The first that comes is `{"id": 0, "op": "load", …}`; then come calls with numbers of
their own. A call is answered by any number of `text`, `data` and `frame`, and at last by `end` or `error`.
"""

import os
import sys

# Started with `-I`, which keeps everything but the standard library and the environment's packages away.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import asyncio  # noqa: E402
import signal  # noqa: E402
import threading  # noqa: E402
import traceback  # noqa: E402

import transom_ask  # noqa: E402
import transom_call  # noqa: E402
import transom_files  # noqa: E402
import transom_imports  # noqa: E402
import transom_run  # noqa: E402
from transom_limits import Cancelled, Limits  # noqa: E402
from transom_load import Function, LoadError, checked, words  # noqa: E402
from transom_wire import Wire  # noqa: E402

_BEAT_SECONDS = 1


class Worker:
    def __init__(self, wire):
        self.wire = wire
        self.asked = transom_ask.Asked(wire)
        self.function = None
        self._limits = None
        self._loop = asyncio.get_running_loop()
        self._tasks = {}
        self._filters = {}
        self._beating = False

    def read(self):
        """The reading thread: answers go straight to who waits, everything else to the loop."""
        try:
            for message in self.wire.lines():
                if "answer" in message:
                    self.asked.answered(message)
                else:
                    self._loop.call_soon_threadsafe(self._take, message)
        finally:
            # The server is gone or wants no more; there is nobody to tell anything. What functions started ends too.
            if os.getpgrp() == os.getpid():
                os.killpg(0, signal.SIGKILL)
            os._exit(0)

    def _take(self, message):
        op, number = message["op"], message.get("id")
        if op == "cancel":
            # Says that the loop is alive; the call's end follows when it has ended.
            self.wire.send({"id": number, "heard": True})
            task = self._tasks.get(number)
            if task:
                task.cancel()
            elif self._filters.pop(number, None):
                self.wire.send({"id": number, "end": None})
        elif op == "valves":
            self._set_valves(message["values"])
        elif op == "open":
            self._filters[number] = transom_run.Call(self, message)
        else:
            task = self._loop.create_task(self._answer(op, message))
            task.add_done_callback(lambda task: self._ended(number, task))
            self._tasks[number] = task
            if not self._beating:
                self._beating = True
                self._beat()

    def _beat(self):
        if self._limits:
            self._limits.beat()
            for thread in list(transom_run.threads):
                thread.look(self._limits.cpu)
        self._beating = bool(self._tasks)
        if self._beating:
            self._loop.call_later(_BEAT_SECONDS, self._beat)

    async def _answer(self, op, message):
        number = message["id"]
        try:
            self.wire.send({"id": number, "end": await getattr(self, f"_{op}")(message)})
        except BaseException as error:
            self.wire.send({"id": number, "error": self._told(error)})

    def _ended(self, number, task):
        self._tasks.pop(number, None)
        if task.cancelled():
            # Before its first step, so that it could not say so itself.
            self.wire.send({"id": number, "error": self._told(asyncio.CancelledError())})

    def _told(self, error):
        """An error as the server is told of it. Its trace goes to the log, for who writes the function."""
        if isinstance(error, (asyncio.CancelledError, Cancelled)):
            return {"words": "the call was cancelled", "status": 499}
        if isinstance(error, LoadError):
            return {"words": error.reason, "line": error.line}
        limit = self._limits.words(error) if self._limits else None
        if limit:
            return {"words": limit, "status": 500}
        traceback.print_exception(error)
        status = getattr(error, "status_code", None)
        return {"words": words(error), "status": status if isinstance(status, int) and 400 <= status < 600 else 400}

    async def _load(self, message):
        self._limits = Limits(message["limits"])
        self.wire.longest = self._limits.output
        self._limits.apply()
        sys.path[1:1] = message["path"]
        transom_imports.install()
        try:
            self.function = Function(message["function"], message["source"])
        except (Exception, transom_run.CpuLimit) as error:
            if isinstance(error, LoadError):
                raise
            raise LoadError(self._limits.words(error) or words(error)) from error
        self._set_valves(message["valves"])
        return self.function.about()

    def _set_valves(self, values):
        try:
            self.function.set_valves(values)
        except Exception as error:
            # Stored by an earlier version of the code; the function runs with what it began with.
            print(f"the stored valves do not fit: {words(error)}", file=sys.stderr)
            self.function.set_valves({})

    async def _check(self, message):
        cls = self.function.valves_class(message["which"])
        return checked(cls, message["values"]) if cls else message["values"]

    async def _pipes(self, message):
        call = transom_run.Call(self, message)
        transom_call.enter(call)
        instance = self.function.instance
        found = instance.pipes
        if callable(found):
            found = await transom_run.result(found, call.arguments(found))
        prefix = getattr(instance, "name", "")
        prefix = prefix if isinstance(prefix, str) else ""
        return [
            {"sub_id": str(entry["id"]), "name": f"{prefix}{entry.get('name') or entry['id']}"}
            for entry in found or []
            if isinstance(entry, dict) and entry.get("id")
        ]

    async def _pipe(self, message):
        call = transom_run.Call(self, message)
        transom_call.enter(call)
        handler = self.function.instance.pipe
        return await transom_run.answer(call, await transom_run.result(handler, call.arguments(handler, body=call.body)))

    async def _inlet(self, message):
        return await self._changed(transom_run.Call(self, message), self.function.instance.inlet)

    async def _outlet(self, message):
        return await self._changed(transom_run.Call(self, message), self.function.instance.outlet)

    async def _changed(self, call, handler):
        transom_call.enter(call)
        found = await transom_run.result(handler, call.arguments(handler, body=call.body))
        # A handler that gives nothing back has changed what it was given.
        return call.body if found is None else found

    async def _chunk(self, message):
        call = self._filters[message["of"]]
        transom_call.enter(call)
        handler = self.function.instance.stream
        # In the loop, even where it is not async: it only looks at a few words, and there are many of them.
        found = handler(**call.arguments(handler, event=message["chunk"]))
        if asyncio.iscoroutine(found):
            found = await found
        return found


async def main():
    # Threads of functions need no large stacks, and their addresses count as memory.
    threading.stack_size(2 << 20)
    worker = Worker(Wire())
    threading.Thread(target=worker.read, daemon=True).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    transom_files.install()
    asyncio.run(main())
