"""
title: Think Tags
author: transom
version: 0.2
description: Turns <think>…</think> of a streamed answer into reasoning, and takes it out of what goes back to the model.
"""

import re
from pydantic import BaseModel

THINKING = re.compile(r"<think>.*?</think>\s*", re.DOTALL)


class Filter:
    class Valves(BaseModel):
        priority: int = 0
        hide: bool = False

    def __init__(self):
        self.valves = self.Valves()
        self.thinking = {}

    async def inlet(self, body: dict) -> dict:
        for message in body.get("messages", []):
            if message.get("role") == "assistant" and isinstance(message.get("content"), str):
                message["content"] = THINKING.sub("", message["content"])
        return body

    async def stream(self, event: dict, __metadata__: dict = None) -> dict:
        key = event.get("id", "")
        for choice in event.get("choices", []):
            delta = choice.get("delta", {})
            content = delta.get("content")
            if not content:
                if choice.get("finish_reason"):
                    self.thinking.pop(key, None)
                continue
            if "<think>" in content:
                self.thinking[key] = True
                content = content.replace("<think>", "")
            if self.thinking.get(key):
                thought, closed, content = content.partition("</think>")
                if closed:
                    self.thinking[key] = False
                if not self.valves.hide:
                    delta["reasoning_content"] = thought
            delta["content"] = content
        return event

    async def outlet(self, body: dict) -> dict:
        for message in body["messages"]:
            if message["role"] == "assistant":
                message["content"] = THINKING.sub("", message["content"])
        return body
