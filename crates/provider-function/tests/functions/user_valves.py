"""
title: Polite Pipe
author: transom
version: 0.1
"""

from typing import Literal
from pydantic import BaseModel, Field


class Pipe:
    class Valves(BaseModel):
        GREETING: str = Field(default="Hello", description="How everybody is greeted.")
        SHOUT: bool = False

    class UserValves(BaseModel):
        nickname: str = Field(default="", description="What you want to be called.")
        tone: Literal["formal", "casual"] = Field(default="formal")
        signs: int = Field(default=1, ge=0, le=5)

    def __init__(self):
        self.valves = self.Valves()
        self.user_valves = self.UserValves()

    def pipe(self, body: dict, __user__: dict = {}):
        valves = __user__.get("valves", self.user_valves)
        name = valves.nickname or __user__["name"]
        end = "!" * valves.signs if valves.tone == "casual" else "."
        text = f"{self.valves.GREETING}, {name}{end}"
        return text.upper() if self.valves.SHOUT else text
