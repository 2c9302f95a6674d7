"""
title: Deep Agent
author: transom
version: 2.0
description: Plans, works on the parts at once, and tells what it does.
"""

import asyncio
import logging
from typing import AsyncGenerator, Any, Callable, Awaitable
from pydantic import BaseModel, Field

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


class Pipe:
    class Valves(BaseModel):
        STEPS: int = Field(default=3, ge=1, le=10)
        STEP_SECONDS: float = Field(default=0.01)

    def __init__(self):
        self.name = "Deep Agent"
        self.valves = self.Valves()
        self.__current_event_emitter__ = None

    async def emit_status(self, emitter, description: str, done: bool = False):
        await emitter({"type": "status", "data": {"description": description, "done": done, "hidden": False}})

    async def work(self, number: int, topic: str) -> str:
        await asyncio.sleep(self.valves.STEP_SECONDS)
        return f"{number}. {topic.split()[number % len(topic.split())]}"

    async def pipe(
        self,
        body: dict,
        __user__: dict,
        __event_emitter__: Callable[[dict], Awaitable[None]],
        __event_call__: Callable[[dict], Awaitable[Any]] = None,
        __task__=None,
        __chat_id__: str = None,
    ) -> AsyncGenerator[str, None]:
        if __task__ is not None:
            yield f"A title for {__task__}"
            return
        topic = body["messages"][-1]["content"]
        confirmed = await __event_call__(
            {"type": "confirmation", "data": {"title": "Really?", "message": f"Work on {topic}?"}}
        )
        if not confirmed:
            logger.info("nobody there to ask, going on")
        await self.emit_status(__event_emitter__, f"Planning {self.valves.STEPS} steps")
        yield "<details><summary>Plan</summary></details>\n"
        parts = [asyncio.create_task(self.work(n, topic)) for n in range(self.valves.STEPS)]
        for n, part in enumerate(parts, 1):
            yield f"{await part}\n"
            await self.emit_status(__event_emitter__, f"Step {n} of {len(parts)}")
        await self.emit_status(__event_emitter__, "Done", done=True)
        await __event_emitter__({"type": "notification", "data": {"type": "success", "content": "All steps done"}})
        await __event_emitter__({"type": "chat:title", "data": {"title": topic}})
