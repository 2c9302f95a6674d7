"""What a pipe may give back, and how it is sent."""

import textwrap
import unittest

from tests.worker import Failed, Worker

CHUNK = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "hi"}}]}
WHOLE = {"id": "c", "object": "chat.completion", "choices": [{"message": {"content": "hi"}}]}


def pipe(body, before=""):
    """A function whose `pipe` has this body."""
    return f"{before}\nimport json\nclass Pipe:\n{textwrap.indent(textwrap.dedent(body), '    ')}"


class Answers(unittest.TestCase):
    def said(self, code, before=""):
        with Worker(pipe(code, before)) as worker:
            return worker.pipe()

    def test_text_is_sent_as_text(self):
        self.assertEqual(self.said("def pipe(self, body): return 'hi'")["text"], ["hi"])
        self.assertEqual(self.said("async def pipe(self, body): return 'hi'")["text"], ["hi"])
        self.assertEqual(self.said("async def pipe(self, body): return 42")["text"], ["42"])
        self.assertEqual(self.said("async def pipe(self, body): pass")["text"], [])

    def test_a_dict_or_a_model_ends_the_answer(self):
        self.assertEqual(self.said(f"def pipe(self, body): return {WHOLE}")["end"], WHOLE)
        model = "from pydantic import BaseModel\nclass Answer(BaseModel):\n    choices: list = [1]"
        self.assertEqual(self.said("async def pipe(self, body): return Answer()", model)["end"], {"choices": [1]})

    def test_generators_of_every_kind_are_sent_in_pieces(self):
        for code in (
            "def pipe(self, body):\n    yield 'a'\n    yield 'b'",
            "async def pipe(self, body):\n    yield 'a'\n    yield 'b'",
            "def pipe(self, body): return (x for x in 'ab')",
            "def pipe(self, body): return iter(['a', 'b'])",
            "async def pipe(self, body):\n    async def two():\n        yield 'a'\n        yield 'b'\n    return two()",
            "def pipe(self, body): return ['a', b'b']",
        ):
            self.assertEqual(self.said(code)["text"], ["a", "b"], code)

    def test_data_lines_are_passed_on_and_what_is_between_them_is_not(self):
        for lines in (
            ["data: 1", "", "data: 2", "data: [DONE]"],
            [b"data: 1", b"", b": keep-alive", b"data: 2", b"data: [DONE]"],
            ["data: 1\n\ndata: 2\n\n", "event: end\n", "data: [DONE]\n\n"],
        ):
            said = self.said(f"def pipe(self, body): return iter({lines})")
            self.assertEqual((said["data"], said["text"]), (["1", "2", "[DONE]"], []), lines)

    def test_dicts_in_a_stream_are_frames(self):
        self.assertEqual(self.said(f"def pipe(self, body): yield {CHUNK}")["frame"], [CHUNK])
        event = {"event": {"type": "status", "data": {"description": "x"}}}
        self.assertEqual(self.said(f"def pipe(self, body): yield {event}")["frame"], [event])

    def test_responses_are_read(self):
        before = "from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse"
        split = "def pipe(self, body): return StreamingResponse(iter([b'data: 1\\n\\nda', b'ta: gr\\xc3', b'\\xbc\\n\\ndata: [DONE]']))"
        self.assertEqual(self.said(split, before)["data"], ["1", "grü", "[DONE]"])
        self.assertEqual(self.said(f"def pipe(self, body): return JSONResponse({WHOLE})", before)["end"], WHOLE)
        with self.assertRaisesRegex(Failed, "too much") as refused:
            self.said("def pipe(self, body): return JSONResponse({'error': {'message': 'too much'}}, 429)", before)
        self.assertEqual(refused.exception.said["status"], 429)

    def test_what_is_raised_is_said_in_its_own_words(self):
        for code, words, status in (
            ("raise ValueError('the pipe broke')", "the pipe broke", 400),
            ("from fastapi import HTTPException; raise HTTPException(418, 'a teapot')", "a teapot", 418),
            ("return body['nothing']", "KeyError: 'nothing'", 400),
            ("raise SystemExit(3)", "3", 400),
        ):
            with self.assertRaises(Failed) as failed:
                self.said(f"async def pipe(self, body): {code}")
            self.assertEqual((failed.exception.said["words"], failed.exception.said["status"]), (words, status))

    def test_an_error_in_a_stream_comes_after_its_pieces(self):
        for kind in ("async def", "def"):
            with self.assertRaisesRegex(Failed, "midway") as failed:
                self.said(f"{kind} pipe(self, body):\n    yield 'a'\n    raise ValueError('midway')")
            self.assertEqual(failed.exception.said["seen"]["text"], ["a"])

    def test_what_it_prints_is_no_part_of_the_protocol(self):
        with Worker(pipe("def pipe(self, body):\n    print('{\"id\": 1, \"text\": \"forged\"}')\n    return 'hi'")) as worker:
            self.assertEqual(worker.pipe()["text"], ["hi"])
        self.assertIn("forged", worker.log)
