"""What a running call asks of the server, and waits for: see `Call` in `transom_run`.

Answers are read by a thread of their own, so that a function may wait for one in any thread and any event loop, and even
in the worker's own loop without `await`.
"""

import asyncio
import concurrent.futures
import itertools
import threading

# A lookup without `await` holds up every other call of the worker.
_PATIENCE_SECONDS = 30


class Asked:
    """The questions that wait for an answer."""

    def __init__(self, wire):
        self._wire = wire
        self._numbers = itertools.count(1)
        self._waiting = {}
        self._lock = threading.Lock()

    def put(self, call, what, payload, take):
        """Asks; `take` is called with each message of the answer, in the reading thread. Gives the question's number."""
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = take
        try:
            self._wire.send({"ask": number, "id": call, "what": what, "payload": payload})
        except BaseException:
            self.forget(number)
            raise
        return number

    def forget(self, number):
        """Wants no more of an answer; whether it had not ended."""
        with self._lock:
            return self._waiting.pop(number, None) is not None

    def drop(self, number):
        """The same, and the server is told."""
        if self.forget(number):
            self._wire.send({"drop": number})

    def answered(self, message):
        """Hands a message of the server on. One with a `piece` has others after it."""
        number = message["answer"]
        with self._lock:
            take = self._waiting.get(number) if "piece" in message else self._waiting.pop(number, None)
        if take:
            take(message)


def _value(message):
    error = message.get("error")
    if error is not None:
        # Not earlier: this is the shim's, and most functions never need it.
        from open_webui.utils.chat import CompletionError

        raise CompletionError(error["words"], error["status"])
    return message.get("value")


def now(asked, call, what, payload):
    """An answer, waited for where this is called."""
    future = concurrent.futures.Future()
    number = asked.put(call, what, payload, future.set_result)
    try:
        return _value(future.result(_PATIENCE_SECONDS))
    except concurrent.futures.TimeoutError:
        asked.drop(number)
        raise TimeoutError(f"the server did not answer the question for {what} within {_PATIENCE_SECONDS} s") from None


async def later(asked, call, what, payload):
    """An answer, awaited."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def take(message):
        loop.call_soon_threadsafe(lambda: future.done() or future.set_result(message))

    number = asked.put(call, what, payload, take)
    try:
        return _value(await future)
    finally:
        asked.drop(number)


async def pieces(asked, call, what, payload):
    """An answer in pieces, as they come."""
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue()
    number = asked.put(call, what, payload, lambda message: loop.call_soon_threadsafe(queue.put_nowait, message))
    try:
        while "piece" in (message := await queue.get()):
            yield message["piece"].encode()
        _value(message)
    finally:
        asked.drop(number)
