"""
title: Picture Router
author: transom
version: 0.1.1
required_open_webui_version: 0.3.8
"""

from typing import Callable, Awaitable, Any, Optional
from pydantic import BaseModel, Field
from open_webui.utils.misc import get_last_user_message_item


class Filter:
    class Valves(BaseModel):
        priority: int = Field(default=0)
        vision_model_id: str = Field(default="")
        skip_models: list[str] = Field(default_factory=list)

    def __init__(self):
        self.valves = self.Valves()

    async def inlet(
        self,
        body: dict,
        __event_emitter__: Callable[[Any], Awaitable[None]],
        __model__: Optional[dict] = None,
        __user__: Optional[dict] = None,
    ) -> dict:
        if __model__["id"] in self.valves.skip_models or not self.valves.vision_model_id:
            return body
        item = get_last_user_message_item(body.get("messages") or [])
        content = (item or {}).get("content")
        if isinstance(content, list) and any(part.get("type") == "image_url" for part in content):
            body["model"] = self.valves.vision_model_id
            await __event_emitter__(
                {"type": "status", "data": {"description": f"Request routed to {self.valves.vision_model_id}", "done": True}}
            )
        return body
