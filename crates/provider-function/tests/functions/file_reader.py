"""
title: Whole Files
author: transom
version: 0.1
description: Puts whole files into the prompt in place of the passages that fit best.
"""

from typing import List, Optional
from pydantic import BaseModel
from open_webui.models.files import Files
from open_webui.utils.misc import add_or_update_system_message

file_handler = True


class Filter:
    class Valves(BaseModel):
        priority: int = 0
        max_chars: int = 20000

    def __init__(self):
        self.valves = self.Valves()

    async def inlet(self, body: dict, __files__: Optional[List[dict]] = None, __event_emitter__=None) -> dict:
        texts = []
        for item in __files__ or []:
            file = await Files.get_file_by_id(item["id"])
            if file is None:
                continue
            text = (file.data or {}).get("content", "")[: self.valves.max_chars]
            texts.append(f"<file name={file.filename!r}>\n{text}\n</file>")
            await __event_emitter__(
                {
                    "type": "source",
                    "data": {"source": {"id": file.id, "name": file.filename}, "document": [text], "metadata": [{"source": file.filename}]},
                }
            )
        if texts:
            body["messages"] = add_or_update_system_message("Answer from these files.\n" + "\n".join(texts), body["messages"])
        return body
