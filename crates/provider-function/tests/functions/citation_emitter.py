"""
title: Wiki Lookup
author: transom
version: 0.3.0
description: Answers from a tiny encyclopedia and cites it.
"""

from datetime import datetime
from typing import Any, Awaitable, Callable, Optional
from pydantic import BaseModel, Field

ARTICLES = {
    "transom": ("https://wiki.example.com/Transom", "A transom is the beam that separates a door from the window above it."),
    "lintel": ("https://wiki.example.com/Lintel", "A lintel is a beam that carries the load over an opening."),
}


class EventEmitter:
    def __init__(self, event_emitter: Callable[[dict], Any] = None):
        self.event_emitter = event_emitter

    async def emit(self, description="Unknown State", status="in_progress", done=False):
        if self.event_emitter:
            await self.event_emitter(
                {"type": "status", "data": {"status": status, "description": description, "done": done}}
            )


class Pipe:
    class Valves(BaseModel):
        MAX_ARTICLES: int = Field(default=3)

    def __init__(self):
        self.valves = self.Valves()

    async def pipe(
        self,
        body: dict,
        __user__: Optional[dict] = None,
        __event_emitter__: Callable[[dict], Awaitable[None]] = None,
    ) -> str:
        emitter = EventEmitter(__event_emitter__)
        question = body["messages"][-1]["content"].lower()
        await emitter.emit("Looking it up")
        found = [(name, *article) for name, article in ARTICLES.items() if name in question][: self.valves.MAX_ARTICLES]
        if not found:
            await emitter.emit("Nothing found", "complete", True)
            return "I do not know."
        for name, url, text in found:
            await __event_emitter__(
                {
                    "type": "citation",
                    "data": {
                        "document": [text],
                        "metadata": [{"date_accessed": datetime(2025, 1, 1).isoformat(), "source": name.title(), "url": url}],
                        "source": {"name": name.title(), "url": url},
                    },
                }
            )
        await emitter.emit(f"Found {len(found)}", "complete", True)
        return " ".join(f"{text} [{number}]" for number, (_, _, text) in enumerate(found, 1))
