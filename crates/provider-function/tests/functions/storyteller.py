"""
title: Storyteller
author: transom
version: 0.1
"""

import random
import time
from typing import Generator


class Pipe:
    def __init__(self):
        self.type = "pipe"
        self.id = "storyteller"
        self.name = "Storyteller"

    def pipe(self, body: dict, __user__: dict) -> Generator[str, None, None]:
        random.seed(7)
        yield f"Once upon a time {__user__['name']} asked: "
        for word in body["messages"][-1]["content"].split():
            time.sleep(0.001)
            yield word + " "
        yield "The end."
