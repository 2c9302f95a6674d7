"""
title: Upstream Models
author: transom
version: 0.4.1
requirements: aiohttp
"""

from typing import List
import aiohttp
from pydantic import BaseModel, Field
from fastapi.responses import StreamingResponse


class Pipe:
    class Valves(BaseModel):
        BASE_URL: str = Field(default="")
        ALLOWED: List[str] = Field(default=[], description="Ids to offer; empty for all")

    def __init__(self):
        self.type = "manifold"
        self.id = "upstream_models"
        self.name = "upstream: "
        self.valves = self.Valves()

    async def get_models(self):
        async with aiohttp.ClientSession(trust_env=True) as session:
            async with session.get(f"{self.valves.BASE_URL}/models") as response:
                response.raise_for_status()
                return (await response.json())["data"]

    async def pipes(self) -> List[dict]:
        models = await self.get_models()
        return [{"id": m["id"], "name": m["id"]} for m in models if not self.valves.ALLOWED or m["id"] in self.valves.ALLOWED]

    async def pipe(self, body: dict, __metadata__: dict = {}):
        body["model"] = body["model"].removeprefix(__metadata__.get("prefix", "")).split(".", 1)[-1]

        async def relay():
            async with aiohttp.ClientSession() as session:
                async with session.post(f"{self.valves.BASE_URL}/chat/completions", json=body) as response:
                    async for data in response.content.iter_any():
                        yield data

        if body.get("stream"):
            return StreamingResponse(relay(), media_type="text/event-stream")
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{self.valves.BASE_URL}/chat/completions", json=body) as response:
                return await response.json()
