"""
title: Draft, then Final
author: transom
version: 0.1
description: Shows a draft while it works, and puts the final text in its place.
"""

from typing import Any, Awaitable, Callable


class Pipe:
    async def pipe(self, body: dict, __event_emitter__: Callable[[dict], Awaitable[Any]]):
        for word in ("first ", "thoughts"):
            await __event_emitter__({"type": "message", "data": {"content": word}})
        await __event_emitter__({"type": "replace", "data": {"content": "The final text."}})
        return ""
