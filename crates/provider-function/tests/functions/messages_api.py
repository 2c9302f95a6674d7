"""
title: Messages API
authors: transom
version: 0.2.4
license: MIT
description: Speaks to an API that is not OpenAI's, and puts its events into text.
"""

import json
import time
from typing import List, Union, Generator, Iterator

import requests
from pydantic import BaseModel, Field
from open_webui.utils.misc import pop_system_message


class Pipe:
    class Valves(BaseModel):
        BASE_URL: str = Field(default="https://api.example.com")
        API_KEY: str = Field(default="")

    def __init__(self):
        self.type = "manifold"
        self.id = "messages"
        self.name = "messages/"
        self.valves = self.Valves()

    def pipes(self) -> List[dict]:
        return [{"id": name, "name": name} for name in ("small-3", "large-3")]

    def pipe(self, body: dict) -> Union[str, Generator, Iterator]:
        system_message, messages = pop_system_message(body["messages"])
        processed = []
        for message in messages:
            content = message["content"]
            if isinstance(content, str):
                content = [{"type": "text", "text": content}]
            processed.append({"role": message["role"], "content": content})
        payload = {
            "model": body["model"][body["model"].find(".") + 1 :],
            "messages": processed,
            "max_tokens": body.get("max_tokens", 4096),
            **({"system": str(system_message["content"])} if system_message else {}),
            "stream": body.get("stream", False),
        }
        headers = {"x-api-key": self.valves.API_KEY, "content-type": "application/json"}
        url = f"{self.valves.BASE_URL}/messages"
        try:
            if body.get("stream", False):
                return self.stream_response(url, headers, payload)
            return self.non_stream_response(url, headers, payload)
        except requests.exceptions.RequestException as e:
            return f"Error: Request failed: {e}"

    def stream_response(self, url, headers, payload):
        with requests.post(url, headers=headers, json=payload, stream=True, timeout=(3.05, 60)) as response:
            if response.status_code != 200:
                raise Exception(f"HTTP Error {response.status_code}: {response.text}")
            for line in response.iter_lines():
                if not line:
                    continue
                line = line.decode("utf-8")
                if line.startswith("data: "):
                    data = json.loads(line[6:])
                    if data["type"] == "content_block_delta":
                        yield data["delta"]["text"]
                    elif data["type"] == "message_stop":
                        break
                    time.sleep(0.001)

    def non_stream_response(self, url, headers, payload):
        response = requests.post(url, headers=headers, json=payload, timeout=(3.05, 60))
        if response.status_code != 200:
            raise Exception(f"HTTP Error {response.status_code}: {response.text}")
        return "".join(block["text"] for block in response.json()["content"] if block["type"] == "text")
