"""
title: Simple Upstream
author: transom
version: 0.2
"""

from pydantic import BaseModel, Field
from typing import Union, Generator, Iterator
import requests


class Pipe:
    class Valves(BaseModel):
        API_BASE_URL: str = Field(default="http://localhost:11434/v1")
        MODEL: str = Field(default="gpt-4-turbo")
        pass

    def __init__(self):
        self.id = "simple_upstream"
        self.name = "Simple Upstream"
        self.valves = self.Valves()
        pass

    def pipe(self, body: dict) -> Union[str, Generator, Iterator]:
        payload = {**body, "model": self.valves.MODEL}
        # The older servers choke on what they do not know.
        for key in ["user", "chat_id", "title"]:
            payload.pop(key, None)
        print(payload)
        try:
            r = requests.post(
                url=f"{self.valves.API_BASE_URL}/chat/completions",
                json=payload,
                headers={"Content-Type": "application/json"},
                stream=body["stream"],
            )
            r.raise_for_status()
            if body["stream"]:
                return r.iter_lines()
            else:
                return r.json()
        except Exception as e:
            return f"Error: {e}"
