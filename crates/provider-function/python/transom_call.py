"""The call that a function is answering, for those that are handed no `__request__`: which one, and what it may ask.

The worker makes one `Call` for each pipe, inlet or outlet that it runs and sets it for the time of the run. What a
function asks of the server (another model's answer, a user, the list of models) goes through the call, because the server
answers it with the grants of the call's own user and of nobody else.

A call has

* `user`, `files` and `body`: the values of `__user__` (without its valves), `__files__` and the hook's own argument;
* `await complete(body)`, another model's whole answer as a dict, and `complete_streamed(body)`, the bytes of its
  `data:` lines as an async generator; both raise `open_webui.utils.chat.CompletionError` where it is refused;
* `await embed(text or texts, prefix=None, user=None)`, vectors;
* `models()`, the models that the user sees by their ids, and `ask_now("user", {"id": …})` or `ask_now("file", …)`, a user
  or a file as a dict, or `None`. These are called without `await`, from the event loop's thread as from others: they wait
  for the server's answer, which therefore has to be read by a thread of its own.
"""

import contextvars

_current = contextvars.ContextVar("transom_call", default=None)


class NoCall(RuntimeError):
    """Something was asked of the server while no call was running, or in a thread that the function started itself."""

    def __init__(self, what):
        super().__init__(
            f"{what} needs a running call: use it inside pipe, pipes, inlet or outlet, and pass __request__ on to threads of your own"
        )


def enter(call):
    """Makes `call` the current one of this task or thread; what comes back is for `leave`."""
    return _current.set(call)


def leave(token):
    _current.reset(token)


def current(what):
    """The call that is running here. `what` names the thing that needs it, for the error."""
    call = _current.get()
    if call is None:
        raise NoCall(what)
    return call


def of(request, what):
    """The call that a `__request__` belongs to, or else the current one."""
    scope = getattr(request, "scope", None)
    call = scope.get("transom.call") if isinstance(scope, dict) else None
    return call or current(what)
