"""`__event_emitter__` and `__event_call__`.

An API caller has a stream and no screen. What fits the stream is sent: text, sources, and for clients that show them
status, files and notifications. What needs a screen is dropped; what asks somebody is answered at once as by nobody.
"""

# What is sent on as `{"event": …}`, which clients of Open WebUI's stream show or skip.
_SHOWN = {"status", "files", "chat:message:files", "notification", "embeds", "chat:message:embeds", "replace", "chat:message"}


def frames(event):
    """What an event is in the stream: at most one of text (`str`) and frame (`dict`)."""
    if not isinstance(event, dict):
        return None
    kind, data = event.get("type"), event.get("data")
    data = data if isinstance(data, dict) else {}
    if kind in ("message", "chat:message:delta"):
        return data.get("content") or None
    if kind in ("source", "citation"):
        # One that runs code has no passage to show.
        return {"sources": [data]} if "document" in data or "source" in data else None
    if kind in _SHOWN:
        return {"event": {"type": kind, "data": data}}
    return None
