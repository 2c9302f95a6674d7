"""
title: Reason
author: transom
version: 0.3.1
description: Think before answering, where the user wants it.
"""

from __future__ import annotations
from typing import Literal, Optional
from pydantic import BaseModel
from open_webui.models.models import Models
from open_webui.models.chats import Chats


class Filter:
    class Valves(BaseModel):
        MODEL: str = ""
        REASONING_EFFORT: Literal["low", "medium", "high", "not set"] = "high"

    class UserValves(BaseModel):
        effort: Literal["", "low", "medium", "high"] = ""

    def __init__(self) -> None:
        self.valves = self.Valves()
        self.toggle = True
        self.icon = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="

    async def inlet(
        self, body: dict, __event_emitter__, __metadata__: Optional[dict] = None, __user__: Optional[dict] = None
    ) -> dict:
        effort = __user__["valves"].effort or self.valves.REASONING_EFFORT
        if self.valves.MODEL and await Models.get_model_by_id(self.valves.MODEL):
            body["model"] = self.valves.MODEL
        if effort != "not set":
            body["reasoning_effort"] = effort
        await __event_emitter__({"type": "status", "data": {"description": f"Thinking: {effort}", "done": True}})
        if await Chats.get_chat_by_id((__metadata__ or {}).get("chat_id")):
            body["store"] = True
        return body
