"""
title: Context Clip Filter
author: transom
version: 0.1
"""

from pydantic import BaseModel, Field
from typing import Optional
from open_webui.utils.misc import pop_system_message


class Filter:
    class Valves(BaseModel):
        priority: int = Field(default=0, description="Priority level for the filter operations.")
        n_last_messages: int = Field(default=4, description="Number of last messages to retain.")
        pass

    class UserValves(BaseModel):
        pass

    def __init__(self):
        self.valves = self.Valves()
        pass

    def inlet(self, body: dict, __user__: Optional[dict] = None) -> dict:
        system_prompt, messages = pop_system_message(body["messages"])
        messages = messages[-self.valves.n_last_messages :]
        # A conversation begins with the user.
        while messages and messages[0]["role"] != "user":
            messages.pop(0)
        if system_prompt:
            messages.insert(0, system_prompt)
        body["messages"] = messages
        return body
