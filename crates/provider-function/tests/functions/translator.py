"""
title: Auto Translate
author: transom
version: 0.2.0
description: The model reads and writes one language, the user another.
"""

from typing import Optional
import re
import requests
from pydantic import BaseModel, Field
from open_webui.utils.misc import get_last_assistant_message, get_last_user_message


class Filter:
    class Valves(BaseModel):
        priority: int = 0
        BASE_URL: str = "http://localhost:5000/v1"
        MODEL: str = "gpt-4o-mini"
        source_user: Optional[str] = "auto"
        target_user: Optional[str] = "de"
        target_assistant: Optional[str] = "en"

    def __init__(self) -> None:
        self.valves = self.Valves()

    def translate(self, text: str, source: str, target: str) -> str:
        # Code stays as it is.
        parts = re.split(r"(```.*?```)", text, flags=re.DOTALL)
        for i, part in enumerate(parts):
            if part.startswith("```") or not part.strip():
                continue
            r = requests.post(
                f"{self.valves.BASE_URL}/chat/completions",
                json={
                    "model": self.valves.MODEL,
                    "messages": [
                        {"role": "system", "content": f"Translate from {source} to {target}."},
                        {"role": "user", "content": part},
                    ],
                    "stream": False,
                },
                timeout=20,
            )
            r.raise_for_status()
            parts[i] = r.json()["choices"][0]["message"]["content"]
        return "".join(parts)

    async def inlet(self, body: dict, __user__: Optional[dict] = None) -> dict:
        messages = body["messages"]
        user_message = get_last_user_message(messages)
        if user_message and self.valves.source_user != self.valves.target_assistant:
            translated = self.translate(user_message, self.valves.source_user, self.valves.target_assistant)
            for message in reversed(messages):
                if message["role"] == "user":
                    message["content"] = translated
                    break
        return {**body, "messages": messages}

    async def outlet(self, body: dict, __user__: Optional[dict] = None) -> dict:
        messages = body["messages"]
        assistant_message = get_last_assistant_message(messages)
        if assistant_message and self.valves.target_assistant != self.valves.target_user:
            translated = self.translate(assistant_message, self.valves.target_assistant, self.valves.target_user)
            for message in reversed(messages):
                if message["role"] == "assistant":
                    message["content"] = translated
                    break
        return {**body, "messages": messages}
