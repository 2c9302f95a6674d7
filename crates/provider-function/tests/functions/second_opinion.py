"""
title: Second Opinion
author: transom
version: 0.5.0
required_open_webui_version: 0.5.0
description: Asks one model for a draft and another to improve it.
"""

import json
from fastapi import Request
from pydantic import BaseModel, Field

from open_webui.models.users import Users
from open_webui.utils.chat import generate_chat_completion


class Pipe:
    class Valves(BaseModel):
        DRAFT_MODEL: str = Field(default="gpt-4-turbo")
        REVIEW_MODEL: str = Field(default="gpt-4o-mini")

    def __init__(self):
        self.valves = self.Valves()

    async def pipe(self, body: dict, __user__: dict, __request__: Request, __event_emitter__=None):
        user = await Users.get_user_by_id(__user__["id"])
        if __event_emitter__:
            await __event_emitter__({"type": "status", "data": {"description": "Drafting", "done": False}})
        draft = await generate_chat_completion(
            __request__, {"model": self.valves.DRAFT_MODEL, "messages": body["messages"], "stream": False}, user
        )
        text = draft["choices"][0]["message"]["content"]
        review = {
            "model": self.valves.REVIEW_MODEL,
            "messages": [{"role": "user", "content": f"Improve: {text}"}],
            "stream": body.get("stream", False),
        }
        if not review["stream"]:
            return await generate_chat_completion(__request__, review, user=user)
        response = await generate_chat_completion(__request__, review, user)
        return self.relay(response)

    async def relay(self, response):
        async for chunk in response.body_iterator:
            for line in chunk.decode("utf-8").splitlines():
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue
                choices = json.loads(line[len("data: ") :]).get("choices") or []
                if choices and choices[0]["delta"].get("content"):
                    yield choices[0]["delta"]["content"]
