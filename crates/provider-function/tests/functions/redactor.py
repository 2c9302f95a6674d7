"""
title: Redactor
author: transom
version: 1.0.1
description: Masks e-mail addresses and card numbers on the way in and, chunk by chunk, on the way out.
"""

import re
from typing import Optional
from pydantic import BaseModel, Field

PATTERNS = {
    "[email]": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w"),
    "[card]": re.compile(r"\b(?:\d[ -]?){12,15}\d\b"),
}


class Filter:
    class Valves(BaseModel):
        priority: int = Field(default=100)
        redact_input: bool = True

    def __init__(self):
        self.valves = self.Valves()
        self.buffers = {}

    def redact(self, text: str) -> str:
        for mask, pattern in PATTERNS.items():
            text = pattern.sub(mask, text)
        return text

    def inlet(self, body: dict, __user__: Optional[dict] = None) -> dict:
        if self.valves.redact_input:
            for message in body["messages"]:
                if isinstance(message["content"], str):
                    message["content"] = self.redact(message["content"])
        return body

    def stream(self, event: dict) -> dict:
        # What may be the beginning of something to mask waits for its end: all after the last space.
        key = event.get("id")
        for choice in event.get("choices", []):
            delta = choice.get("delta", {})
            text = self.buffers.pop(key, "") + (delta.get("content") or "")
            if choice.get("finish_reason") is None:
                cut = text.rfind(" ") + 1
                text, rest = text[:cut], text[cut:]
                if rest:
                    self.buffers[key] = rest
            if text or "content" in delta:
                delta["content"] = self.redact(text)
        return event

    def outlet(self, body: dict, __user__: Optional[dict] = None) -> dict:
        for message in body["messages"]:
            if message.get("role") == "assistant":
                message["content"] = self.redact(message["content"])
        return body
