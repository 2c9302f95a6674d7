"""What a function is loaded as, what it is handed, and what it may ask."""

import unittest

from tests.worker import ADA, Failed, Worker

FULL = '''
"""
title: Full
version: 1.2: with a colon
requirements: numpy, tiktoken
"""
from typing import Literal
from pydantic import BaseModel, Field

class Pipe:
    class Valves(BaseModel):
        TIMES: int = Field(default=1, ge=1)
        KIND: Literal["a", "b"] = "a"

    class UserValves(BaseModel):
        tone: str = "calm"

    def __init__(self):
        self.valves = self.Valves()

    async def pipe(self, body, __user__, __metadata__, __model__, __messages__, __files__, __chat_id__, __session_id__, __message_id__,
                   __event_emitter__, __event_call__, __request__, __tools__, __task__, __task_body__, __id__, other=7):
        await __event_emitter__({"type": "status", "data": {"description": "d"}})
        asked = await __event_call__({"type": "input", "data": {"title": "?"}})
        return {
            "user": {k: v for k, v in __user__.items() if k != "valves"}, "tone": __user__["valves"].tone, "metadata": __metadata__,
            "model": __model__, "messages": __messages__, "files": __files__, "ids": [__chat_id__, __session_id__, __message_id__, __id__],
            "asked": asked, "path": __request__.url.path, "tools": __tools__, "task": [__task__, __task_body__], "other": other,
            "valves": self.valves.model_dump(),
        }
'''
FILTER = """
class Filter:
    def __init__(self):
        self.seen = {}

    def inlet(self, body, __metadata__):
        body["messages"].append({"role": "user", "content": __metadata__["chat_id"]})

    def stream(self, event, __chat_id__=None):
        if event.get("drop"):
            return None
        self.seen[__chat_id__] = self.seen.get(__chat_id__, 0) + 1
        return {**event, "n": self.seen[__chat_id__]}

    async def outlet(self, body: dict) -> dict:
        return {**body, "done": True}
"""
ASKING = """
from open_webui.models.users import Users
from open_webui.models.models import Models
from open_webui.utils.chat import generate_chat_completion

class Pipe:
    async def pipe(self, body, __request__):
        if body["model"] == "test.sync":
            return Users.get_user_by_id("u2").name + " " + Models.get_model_by_id("m").name
        try:
            answer = await generate_chat_completion(__request__, {"model": "other", "messages": [], "stream": body.get("stream", False)})
        except Exception as error:
            return f"{type(error).__name__} {error.status_code}: {error}"
        if not hasattr(answer, "body_iterator"):
            return answer
        return "".join([piece.decode() async for piece in answer.body_iterator])
"""


class Loading(unittest.TestCase):
    def test_what_it_says_of_itself(self):
        with Worker(FULL) as worker:
            about = worker.about
        self.assertEqual((about["type"], about["manifold"], about["inlet"]), ("pipe", False, False))
        self.assertEqual(about["manifest"], {"title": "Full", "version": "1.2: with a colon", "requirements": "numpy, tiktoken"})
        self.assertEqual(about["valves"]["properties"]["KIND"]["enum"], ["a", "b"])
        self.assertEqual(about["user_valves"]["properties"]["tone"]["default"], "calm")

    def test_code_that_does_not_load_says_why_and_where(self):
        for source, words, line in (
            ("class Pipe(:\n", "invalid syntax", 1),
            ("x = 1\n", "the code has no class Pipe, Filter or Action", None),
            ("import os\n\nimport no_such_thing\n", "No module named 'no_such_thing'", 3),
            ("class Pipe:\n    def __init__(self):\n        self.x = 1 / 0\n", "division by zero", 3),
            ("\nfrom open_webui.routers.images import image_generations\n", "open_webui.routers is not offered", 2),
        ):
            with self.assertRaises(Failed) as failed:
                Worker(source).close()
            self.assertIn(words, failed.exception.said["words"])
            self.assertEqual(failed.exception.said["line"], line)

    def test_valves_are_set_checked_and_left_aside_where_they_no_longer_fit(self):
        with Worker(FULL, valves={"TIMES": 3}) as worker:
            self.assertEqual(worker.pipe()["end"]["valves"], {"TIMES": 3, "KIND": "a"})
            self.assertEqual(worker.ask(op="check", which="admin", values={"TIMES": "4"})["end"], {"TIMES": 4})
            with self.assertRaisesRegex(Failed, "greater than or equal to 1"):
                worker.ask(op="check", which="admin", values={"TIMES": 0})
            worker.send({"op": "valves", "values": {"TIMES": "many"}})
            self.assertEqual(worker.pipe()["end"]["valves"], {"TIMES": 1, "KIND": "a"})


class Calls(unittest.TestCase):
    def test_a_pipe_is_handed_what_its_parameters_name(self):
        body = {"model": "test", "messages": [{"role": "user", "content": "q"}]}
        context = {
            "metadata": {"chat_id": "c", "session_id": "s", "message_id": "m", "task": "title_generation", "task_body": {"x": 1}},
            "model": {"id": "test"},
            "files": [{"id": "f"}],
            "request": {"method": "POST", "url": "http://h/api/chat/completions", "headers": []},
            "user_valves": {"tone": "loud"},
        }
        with Worker(FULL) as worker:
            said = worker.pipe(body, context=context)
            self.assertEqual(worker.pipe()["end"]["tone"], "calm")
        end = said["end"]
        self.assertEqual((end["user"], end["tone"]), (ADA, "loud"))
        self.assertEqual(end["metadata"] | context["metadata"], end["metadata"])
        self.assertEqual((end["metadata"]["user_id"], end["metadata"]["features"]), ("u1", {}))
        self.assertEqual((end["model"], end["messages"], end["files"]), ({"id": "test"}, body["messages"], [{"id": "f"}]))
        self.assertEqual((end["ids"], end["task"]), (["c", "s", "m", "test"], ["title_generation", {"x": 1}]))
        self.assertEqual((end["asked"], end["path"], end["tools"], end["other"]), (None, "/api/chat/completions", {}, 7))
        self.assertEqual(said["frame"], [{"event": {"type": "status", "data": {"description": "d"}}}])

    def test_the_body_is_handed_under_any_name(self):
        with Worker("class Pipe:\n    def pipe(self, request_body): return request_body['model']") as worker:
            self.assertEqual(worker.pipe()["text"], ["test"])

    def test_a_filter_changes_requests_chunks_and_conversations(self):
        with Worker(FILTER) as worker:
            changed = worker.hook("inlet", {"messages": []}, metadata={"chat_id": "c1"})
            self.assertEqual(changed["messages"][0]["content"], "c1")
            self.assertEqual(worker.hook("outlet", {"messages": []}), {"messages": [], "done": True})
            first = worker.begin(op="open", context={"metadata": {"chat_id": "c1"}})
            second = worker.begin(op="open", context={"metadata": {"chat_id": "c2"}})
            counted = [worker.ask(op="chunk", of=of, chunk={"id": "x"})["end"]["n"] for of in (first, first, second)]
            self.assertEqual(counted, [1, 2, 1])
            self.assertIsNone(worker.ask(op="chunk", of=first, chunk={"drop": True})["end"])

    def test_calls_run_at_once_and_one_that_is_cancelled_ends_alone(self):
        source = "import asyncio\nclass Pipe:\n    def __init__(self): self.gate = asyncio.Event()\n    async def pipe(self, body):\n        if body['model'] == 'open': self.gate.set()\n        await self.gate.wait()\n        return body['model']"
        with Worker(source) as worker:
            waiting, dropped = (worker.begin(op="pipe", body={"model": name}, context={}) for name in ("a", "b"))
            worker.send({"op": "cancel", "id": dropped})
            with self.assertRaisesRegex(Failed, "cancelled"):
                worker.finish(dropped)
            opener = worker.begin(op="pipe", body={"model": "open"}, context={})
            self.assertEqual(worker.finish(waiting)["text"], ["a"])
            del opener


class Asking(unittest.TestCase):
    def test_another_models_answer_comes_whole_or_in_pieces(self):
        answers = {"complete": lambda body: [{"piece": "data: 1\n\n"}, {"piece": "data: 2\n\n"}, {"value": None}] if body["stream"] else [{"value": {"whole": 1}}]}
        with Worker(ASKING, answers=answers) as worker:
            self.assertEqual(worker.pipe()["end"], {"whole": 1})
            self.assertEqual(worker.pipe({"model": "test", "stream": True})["data"], ["1", "2"])
            self.assertEqual(worker.asked[0], ("complete", {"model": "other", "messages": [], "stream": False}))

    def test_a_refusal_is_an_exception_that_the_function_may_catch(self):
        for stream in (False, True):
            with Worker(ASKING, answers={"complete": lambda _: [{"error": {"words": "not yours", "status": 404}}]}) as worker:
                said = worker.pipe({"model": "test", "stream": stream})
                self.assertEqual(said["text"], ["CompletionError 404: not yours"])

    def test_lookups_without_await_do_not_stop_the_reader(self):
        answers = {"user": lambda asked: [{"value": {"id": asked["id"], "name": "Bob"}}], "models": lambda _: [{"value": [{"id": "m", "name": "Em"}]}]}
        with Worker(ASKING, answers=answers) as worker:
            self.assertEqual(worker.pipe({"model": "test.sync"})["text"], ["Bob Em"])
