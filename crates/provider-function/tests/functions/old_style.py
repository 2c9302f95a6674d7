"""
title: From Long Ago
author: transom
version: 0.0.9
"""

from typing import Union, Generator, Iterator
from pydantic import BaseModel
from apps.webui.models.users import Users
from utils.misc import get_last_user_message
from main import generate_chat_completions


class Pipe:
    class Valves(BaseModel):
        MODEL: str = "gpt-4-turbo"

    def __init__(self):
        self.valves = self.Valves()

    def pipes(self):
        return [{"id": "whisper", "name": "Whisper"}]

    async def pipe(self, body: dict, __user__: dict, __task__: str = None) -> Union[str, Generator, Iterator]:
        # As before 0.9: models are asked without await.
        user = Users.get_user_by_id(__user__["id"])
        if not user:
            return "Who are you?"
        question = get_last_user_message(body["messages"])
        answer = await generate_chat_completions(
            {"model": self.valves.MODEL, "messages": [{"role": "user", "content": question.lower()}], "stream": False}, user=user
        )
        return f"{user.name} ({user.role}): {answer['choices'][0]['message']['content']}"
