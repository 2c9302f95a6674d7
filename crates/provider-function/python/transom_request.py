"""The `__request__` of a call: a Starlette request that knows the HTTP request's head, and an `app` with what functions read of it.

It holds no credential: the server leaves `authorization`, cookies and the like out before it hands the head on.
"""

from urllib.parse import unquote, urlsplit

import transom_imports

# What functions put on `app.state` stays there for the calls to come, as long as the worker runs.
_shared = {}


class _Config:
    """Open WebUI's settings, of which none is handed to functions."""

    def __getattr__(self, name):
        raise AttributeError(transom_imports.sentence(f"__request__.app.state.config.{name}"))


class _State:
    """`app.state`: what functions put there, and the few things of the server that they commonly read."""

    __slots__ = ("_call", "__dict__")

    def __init__(self, call):
        self._call = call
        self.__dict__ = _shared

    def __getattr__(self, name):
        if name == "MODELS":
            return self._call.models()
        if name == "EMBEDDING_FUNCTION":
            return self._call.embed
        if name == "config":
            return _Config()
        raise AttributeError(transom_imports.sentence(f"__request__.app.state.{name}"))


class _App:
    def __init__(self, call):
        self.state = _State(call)


def make(call, head):
    """The request of `call`, whose `head` is `{method, url, headers, client}`."""
    from starlette.requests import Request

    url = urlsplit(head.get("url") or "http://localhost/api/chat/completions")
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in head.get("headers") or []]
    port = url.port or (443 if url.scheme == "https" else 80)
    return Request(
        {
            "type": "http",
            "http_version": "1.1",
            "method": head.get("method") or "POST",
            "scheme": url.scheme,
            "server": (url.hostname or "localhost", port),
            "client": (head["client"], 0) if head.get("client") else None,
            "path": unquote(url.path),
            "raw_path": url.path.encode("latin-1", "replace"),
            "query_string": url.query.encode("latin-1", "replace"),
            "root_path": "",
            "headers": headers,
            "state": {},
            "app": _App(call),
            "transom.call": call,
        },
        _receive(call),
    )


def _receive(call):
    """Reads the body as it was sent to the function."""

    async def receive():
        import json

        return {"type": "http.request", "body": json.dumps(call.body or {}).encode(), "more_body": False}

    return receive
