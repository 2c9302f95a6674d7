import unittest

from transom_events import frames


class Events(unittest.TestCase):
    def test_text_is_text(self):
        self.assertEqual(frames({"type": "message", "data": {"content": "hi"}}), "hi")
        self.assertEqual(frames({"type": "chat:message:delta", "data": {"content": "hi"}}), "hi")

    def test_a_citation_has_the_shape_of_the_servers_own(self):
        data = {"source": {"name": "a"}, "document": ["text"], "metadata": [{"source": "a"}]}
        for kind in ("citation", "source"):
            self.assertEqual(frames({"type": kind, "data": data}), {"sources": [data]})

    def test_what_clients_show_beside_the_text_is_an_event(self):
        for kind in ("status", "notification", "files", "replace", "embeds"):
            self.assertEqual(frames({"type": kind, "data": {"x": 1}}), {"event": {"type": kind, "data": {"x": 1}}})

    def test_the_rest_is_nothing(self):
        code = {"type": "source", "data": {"type": "code_execution", "code": "1"}}
        for event in (code, {"type": "chat:title", "data": {"title": "t"}}, {"type": "execute", "data": {"code": "alert()"}}, {"data": {}}, "x", None):
            self.assertIsNone(frames(event))
        self.assertIsNone(frames({"type": "message", "data": {"content": ""}}))
