"""
title: Prompt Enhancer
author: transom
version: 0.6.4
description: Has a model rewrite the question before it is asked.
"""

import re
from typing import Any, Callable, Optional
from fastapi import Request
from pydantic import BaseModel, Field
from open_webui.constants import TASKS
from open_webui.main import generate_chat_completions
from open_webui.models.users import User
from open_webui.utils.misc import get_last_user_message


class Filter:
    class Valves(BaseModel):
        priority: int = 0
        model_id: Optional[str] = Field(default=None, description="Empty for the model that is asked.")
        show_enhanced: bool = Field(default=True)

    def __init__(self):
        self.valves = self.Valves()

    async def inlet(
        self,
        body: dict,
        __event_emitter__: Callable[[Any], Any],
        __user__: Optional[dict] = None,
        __model__: Optional[dict] = None,
        __metadata__: Optional[dict] = None,
        __task__=None,
        __request__: Optional[Request] = None,
    ) -> dict:
        if __metadata__.get("task") in (TASKS.TITLE_GENERATION, TASKS.TAGS_GENERATION):
            return body
        user_message = get_last_user_message(body["messages"])
        payload = {
            "model": self.valves.model_id or __model__["id"],
            "messages": [
                {"role": "system", "content": "You improve prompts."},
                {"role": "user", "content": f"Enhance this prompt: {user_message}"},
            ],
            "stream": False,
        }
        await __event_emitter__({"type": "status", "data": {"description": "Enhancing", "done": False}})
        response = await generate_chat_completions(__request__, payload, user=User(**__user__))
        enhanced = re.sub(r"<think>.*?</think>", "", response["choices"][0]["message"]["content"], flags=re.S).strip()
        body["messages"][-1]["content"] = enhanced
        __metadata__["enhanced_from"] = user_message
        if self.valves.show_enhanced:
            await __event_emitter__({"type": "message", "data": {"content": f"> {enhanced}\n\n"}})
        await __event_emitter__({"type": "status", "data": {"description": "Enhanced", "done": True}})
        return body
