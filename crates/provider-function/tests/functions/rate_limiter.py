"""
title: Rate Limiter
author: transom
version: 0.1.2
"""

import time
from typing import Optional
from pydantic import BaseModel, Field


class Filter:
    class Valves(BaseModel):
        priority: int = Field(default=-10, description="Before the other filters.")
        requests_per_minute: Optional[int] = Field(default=5, description="How many requests a user may make in a minute.")
        window_seconds: int = Field(default=60)
        spare_admins: bool = Field(default=True)

    def __init__(self):
        self.file_handler = False
        self.valves = self.Valves()
        self.user_requests = {}

    def prune_requests(self, user_id: str):
        now = time.time()
        self.user_requests[user_id] = [
            at for at in self.user_requests.get(user_id, []) if now - at < self.valves.window_seconds
        ]

    def inlet(self, body: dict, __user__: Optional[dict] = None) -> dict:
        print(f"inlet:{__name__}")
        if __user__ and __user__.get("role") == "admin" and self.valves.spare_admins:
            return body
        user_id = __user__["id"] if __user__ and "id" in __user__ else "default_user"
        self.prune_requests(user_id)
        if len(self.user_requests[user_id]) >= self.valves.requests_per_minute:
            raise Exception(f"Rate limit exceeded: {self.valves.requests_per_minute} requests a minute. Please try again later.")
        self.user_requests[user_id].append(time.time())
        return body
