"""One call of a function: what it is handed, and how its answer is read."""

import asyncio
import contextvars
import functools
import inspect
import json
import threading

import transom_ask
import transom_call
import transom_events
from transom_limits import Cancelled, CpuLimit, cpu_of, interrupt


# What functions expect to find in any metadata; a caller of the API need not say any of it.
_METADATA = {
    "chat_id": "",
    "session_id": None,
    "message_id": None,
    "filter_ids": [],
    "tool_ids": None,
    "files": [],
    "features": {},
    "variables": {},
    "params": {},
    "direct": False,
}


class Call:
    """What surrounds one run of `pipe`, `pipes`, `inlet`, `stream` or `outlet`."""

    def __init__(self, worker, message):
        context = message.get("context") or {}
        self.number = message["id"]
        self.body = message.get("body")
        self.streamed = bool(message.get("stream"))
        self.user = context.get("user") or {}
        self.files = context.get("files") or []
        self.metadata = _METADATA | {"user_id": self.user.get("id")} | (context.get("metadata") or {})
        if "stream" in message:
            # Pipes take it for granted, and clients leave it out where they want none.
            self.body.setdefault("stream", self.streamed)
        if isinstance(self.body, dict) and isinstance(self.body.get("metadata"), dict):
            # A filter finds the same object in both places, and what it puts into one is in the other.
            self.metadata |= self.body["metadata"]
            self.body["metadata"] = self.metadata
        self.context = context
        self._worker = worker
        self._listed = None
        # Whether it yields lines of an event stream; `None` as long as nobody can know.
        self._sse = None
        self._held = []

    # What goes to the caller.

    def text(self, text):
        if text:
            self._worker.wire.send({"id": self.number, "text": text})

    def frame(self, frame):
        self._worker.wire.send({"id": self.number, "frame": frame})

    def line(self, line):
        """A `data:` line in OpenAI's shape; what else such a stream has between them is left out."""
        if line.startswith("data:"):
            self._sse = True
            self._worker.wire.send({"id": self.number, "data": line[5:].strip()})

    def piece(self, piece):
        """What a pipe yields."""
        if isinstance(piece, (bytes, bytearray)):
            piece = piece.decode("utf-8", "replace")
        if isinstance(piece, str):
            self._words(piece)
        elif hasattr(piece, "model_dump"):
            self.frame(piece.model_dump(mode="json"))
        elif isinstance(piece, dict):
            if isinstance(piece.get("event"), dict):
                self.emit_now(piece["event"])
            else:
                self.frame(piece)
        elif piece is not None:
            self.text(str(piece))

    def _words(self, piece):
        if piece.lstrip().startswith("data:"):
            self._held.clear()
            for line in piece.splitlines():
                self.line(line.strip())
        elif self._sse is not False and (not piece.strip() or piece.startswith((": ", "event:", "id:", "retry:"))):
            # Between `data:` lines it says nothing. Before the first of them it may be text that only looks like it.
            if self._sse is None:
                self._held.append(piece)
        else:
            self.flush()
            self._sse = False if self._sse is None else self._sse
            self.text(piece)

    def flush(self):
        """Says what was held back."""
        held, self._held = "".join(self._held), []
        self.text(held)

    def emit_now(self, event):
        found = transom_events.frames(event)
        if isinstance(found, str):
            self.text(found)
        elif found is not None:
            self.frame(found)

    async def emit(self, event):
        self.emit_now(event)

    async def ask_somebody(self, event):
        """There is nobody at a screen who could answer."""
        self.emit_now(event)

    # What is asked of the server: see `transom_call`.

    def ask_now(self, what, payload):
        return transom_ask.now(self._worker.asked, self.number, what, payload)

    def models(self):
        if self._listed is None:
            self._listed = {entry["id"]: entry for entry in self.ask_now("models", {})}
        return self._listed

    async def complete(self, body):
        return await transom_ask.later(self._worker.asked, self.number, "complete", body)

    def complete_streamed(self, body):
        return transom_ask.pieces(self._worker.asked, self.number, "complete", body)

    async def embed(self, texts, *_, **__):
        """A vector for a text, or a list of them for a list."""
        one = isinstance(texts, str)
        vectors = await transom_ask.later(self._worker.asked, self.number, "embed", {"texts": [texts] if one else list(texts)})
        return vectors[0] if one else vectors

    # What the function's parameters name.

    def arguments(self, handler, **given):
        """The arguments that a handler's signature names, and no other."""
        function = self._worker.function
        named = inspect.signature(handler).parameters
        made = {
            "__user__": lambda: self._user(function),
            "__metadata__": lambda: self.metadata,
            "__model__": lambda: self.context.get("model"),
            "__body__": lambda: self.body,
            "__features__": lambda: self.metadata.get("features") or {},
            "__messages__": lambda: (self.body or {}).get("messages") or [],
            "__files__": lambda: self.files,
            "__chat_id__": lambda: self.metadata.get("chat_id"),
            "__session_id__": lambda: self.metadata.get("session_id"),
            "__message_id__": lambda: self.metadata.get("message_id"),
            "__task__": lambda: self.metadata.get("task"),
            "__task_body__": lambda: self.metadata.get("task_body"),
            "__event_emitter__": lambda: self.emit,
            "__event_call__": lambda: self.ask_somebody,
            "__request__": self._request,
            "__tools__": dict,
            "__oauth_token__": lambda: None,
            "__id__": lambda: function.id,
        }
        arguments = {name: value for name, value in given.items() if name in named}
        arguments.update({name: make() for name, make in made.items() if name in named})
        # A pipe may call its first parameter what it likes.
        if given and not any(name in named for name in given):
            first = next(iter(named.values()), None)
            if first is not None and first.kind in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD) and first.name not in made:
                arguments[first.name] = next(iter(given.values()))
        return arguments

    def _user(self, function):
        user = dict(self.user)
        valves = function.user_valves(self.context.get("user_valves"))
        if valves is not None:
            user["valves"] = valves
        return user

    def _request(self):
        import transom_request

        return transom_request.make(self, self.context.get("request") or {})


async def result(handler, arguments):
    """What a handler gives back. One that is not async runs in a thread."""
    if inspect.iscoroutinefunction(handler) or inspect.isasyncgenfunction(handler):
        found = handler(**arguments)
    else:
        found = await in_thread(functools.partial(handler, **arguments))
    return await found if inspect.isawaitable(found) else found


async def answer(call, found):
    """Sends what a pipe gave back. A dict is the end of the answer; everything else has been sent in pieces."""
    if hasattr(found, "body_iterator"):
        await _relay(call, found.body_iterator)
    elif hasattr(found, "body") and hasattr(found, "status_code"):
        return _response(found)
    elif hasattr(found, "__aiter__"):
        async for piece in found:
            call.piece(piece)
        call.flush()
    elif inspect.isgenerator(found) or hasattr(found, "__next__"):
        # Whatever it waits for, it waits for in a thread.
        await in_thread(lambda: _drain(call, found))
    elif hasattr(found, "model_dump"):
        return found.model_dump(mode="json")
    elif isinstance(found, dict):
        return found
    elif isinstance(found, (list, tuple)):
        for piece in found:
            call.piece(piece)
        call.flush()
    else:
        call.piece(found)
        call.flush()
    return None


def _drain(call, iterator):
    try:
        for piece in iterator:
            call.piece(piece)
        call.flush()
    finally:
        close = getattr(iterator, "close", None)
        if close:
            close()


async def _relay(call, iterator):
    """The body of a `StreamingResponse`, which may be split anywhere."""
    rest = b""
    try:
        async for part in iterator:
            rest += part.encode() if isinstance(part, str) else bytes(part)
            *lines, rest = rest.split(b"\n")
            for line in lines:
                call.line(line.decode("utf-8", "replace").strip())
        call.line(rest.decode("utf-8", "replace").strip())
    finally:
        close = getattr(iterator, "aclose", None)
        if close:
            await close()


class Refused(Exception):
    def __init__(self, words, status):
        super().__init__(words)
        self.status_code = status


def _response(response):
    """The body of a response that is no stream."""
    text = bytes(response.body).decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if response.status_code >= 400:
        words = found.get("detail") or found.get("error") if isinstance(found, dict) else found
        words = words.get("message") if isinstance(words, dict) and "message" in words else words
        raise Refused(words if isinstance(words, str) else json.dumps(words), response.status_code)
    return found if isinstance(found, dict) else {"content": text}


# The threads that run now, for the beat that looks after their processor time.
threads = set()


class _Thread:
    """Runs something in a thread of its own, which can be interrupted and is never used again."""

    def __init__(self, work):
        self._loop = asyncio.get_running_loop()
        self._work = work
        self._lock = threading.Lock()
        self._over = False
        self._begun = 0.0
        self.done = self._loop.create_future()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), daemon=True)
        threads.add(self)
        self._thread.start()

    def _run(self):
        value = error = None
        try:
            value = self._work()
        except StopIteration as stop:
            # A future cannot hold one.
            error = RuntimeError(str(stop))
        except BaseException as raised:
            error = raised
        while not self._over:
            try:
                with self._lock:
                    self._over = True
            except BaseException:
                # An interruption that came too late to interrupt anything.
                pass
        self._loop.call_soon_threadsafe(self._finish, value, error)

    def _finish(self, value, error):
        threads.discard(self)
        if error is None:
            self.done.set_result(value)
        else:
            self.done.set_exception(error)

    def interrupt(self, error):
        with self._lock:
            if not self._over:
                interrupt(self._thread.ident, error)

    def look(self, cpu_seconds):
        """Interrupts it when it has used more processor time than one call may."""
        with self._lock:
            exceeded = not self._over and cpu_of(self._thread.ident) > cpu_seconds
        if exceeded:
            self.interrupt(CpuLimit)


async def in_thread(work):
    """What `work` gives back, run in a thread. When this is cancelled, the thread is interrupted and waited for."""
    thread = _Thread(work)
    try:
        return await asyncio.shield(thread.done)
    except asyncio.CancelledError:
        thread.interrupt(Cancelled)
        await asyncio.wait([thread.done])
        thread.done.cancelled() or thread.done.exception()
        raise
