"""
title: OpenAI Compatible Proxy
author: transom
author_url: https://example.com/transom
version: 1.3.0
license: MIT
requirements: httpx
description: Passes chats on to any OpenAI-compatible API, streamed with httpx.
"""

import json
import os
from typing import AsyncGenerator, Union

import httpx
from pydantic import BaseModel, Field


class Pipe:
    class Valves(BaseModel):
        NAME_PREFIX: str = Field(default="PROXY/", description="Put in front of the models' names.")
        API_BASE_URL: str = Field(default="https://api.openai.com/v1", description="Where the API is.")
        API_KEY: str = Field(default="", description="The key for it.")
        MODEL_FILTER: str = Field(default="", description="Only models whose id has this in it.")

    def __init__(self):
        self.type = "manifold"
        self.valves = self.Valves(**{"API_KEY": os.getenv("PROXY_API_KEY", "")})

    def _headers(self) -> dict:
        return {"Authorization": f"Bearer {self.valves.API_KEY}", "Content-Type": "application/json"}

    async def pipes(self):
        if not self.valves.API_KEY:
            return [{"id": "error", "name": "API key not provided."}]
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                r = await client.get(f"{self.valves.API_BASE_URL}/models", headers=self._headers())
                r.raise_for_status()
            return [
                {"id": model["id"], "name": f'{self.valves.NAME_PREFIX}{model.get("name", model["id"])}'}
                for model in r.json()["data"]
                if self.valves.MODEL_FILTER in model["id"]
            ]
        except Exception as e:
            print(f"proxy: {e}")
            return [{"id": "error", "name": "Could not fetch the models, check the valves."}]

    async def pipe(self, body: dict, __user__: dict) -> Union[str, dict, AsyncGenerator[str, None]]:
        model_id = body["model"][body["model"].find(".") + 1 :]
        payload = {**body, "model": model_id, "user": __user__["id"]}
        url = f"{self.valves.API_BASE_URL}/chat/completions"
        try:
            if body.get("stream", False):

                async def event_stream():
                    async with httpx.AsyncClient(timeout=None) as client:
                        async with client.stream("POST", url, json=payload, headers=self._headers()) as r:
                            if r.status_code != 200:
                                text = (await r.aread()).decode()
                                yield f"Error: {json.loads(text)['error']['message']}"
                                return
                            async for line in r.aiter_lines():
                                yield line

                return event_stream()

            async with httpx.AsyncClient(timeout=None) as client:
                r = await client.post(url, json=payload, headers=self._headers())
                r.raise_for_status()
                return r.json()
        except Exception as e:
            return f"Error: {e}"
