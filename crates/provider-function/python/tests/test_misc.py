import io
import unittest
from datetime import timedelta

from open_webui.utils import misc


def conversation():
    return [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "three"}]},
    ]


class Misc(unittest.TestCase):
    def test_the_last_messages_are_found_by_their_role(self):
        messages = conversation()
        self.assertEqual(misc.get_last_user_message(messages), "three")
        self.assertIs(misc.get_last_user_message_item(messages), messages[3])
        self.assertEqual(misc.get_last_assistant_message(messages), "two")
        self.assertIsNone(misc.get_last_user_message([]))

    def test_the_system_message_is_taken_out_and_the_list_left_as_it_is(self):
        messages = conversation()
        system, others = misc.pop_system_message(messages)
        self.assertEqual(system["content"], "be kind")
        self.assertEqual([message["role"] for message in others], ["user", "assistant", "user"])
        self.assertEqual(len(messages), 4)
        self.assertEqual(misc.pop_system_message([]), (None, []))

    def test_a_system_message_is_put_before_after_or_made(self):
        before = misc.add_or_update_system_message("always", conversation())
        self.assertEqual(before[0]["content"], "always\nbe kind")
        after = misc.add_or_update_system_message("always", conversation(), append=True)
        self.assertEqual(after[0]["content"], "be kind\nalways")
        self.assertEqual(misc.add_or_update_system_message("x", []), [{"role": "system", "content": "x"}])

    def test_text_goes_into_the_parts_of_a_message(self):
        messages = misc.add_or_update_user_message("more", conversation())
        self.assertEqual(messages[-1]["content"][1]["text"], "three\nmore")
        messages = misc.prepend_to_first_user_message_content("first", conversation())
        self.assertEqual(messages[1]["content"], "first\none")
        picture = {"role": "user", "content": [{"type": "image_url"}]}
        self.assertEqual(misc.update_message_content(picture, "seen")["content"][1]["text"], "seen")

    def test_an_answer_is_gone_on_with_or_begun(self):
        messages = misc.append_or_update_assistant_message("three", conversation()[:3])
        self.assertEqual(messages[-1]["content"], "two\nthree")
        messages = misc.append_or_update_assistant_message("two", conversation()[:2])
        self.assertEqual(messages[-1], {"role": "assistant", "content": "two"})

    def test_a_history_is_walked_to_its_beginning_and_a_ring_ends(self):
        history = {"a": {"id": "a", "parentId": None}, "b": {"id": "b", "parentId": "a"}}
        self.assertEqual([message["id"] for message in misc.get_message_list(history, "b")], ["a", "b"])
        ring = {"a": {"id": "a", "parentId": "b"}, "b": {"id": "b", "parentId": "a"}}
        self.assertEqual(len(misc.get_message_list(ring, "a")), 2)
        self.assertEqual(misc.get_message_list(None, "a"), [])

    def test_templates_have_openais_shape(self):
        chunk = misc.openai_chat_chunk_message_template("m", "hi")
        self.assertEqual(chunk["object"], "chat.completion.chunk")
        self.assertEqual(chunk["choices"][0]["delta"], {"content": "hi"})
        self.assertIsNone(chunk["choices"][0]["finish_reason"])
        last = misc.openai_chat_chunk_message_template("m", usage={"total_tokens": 1})
        self.assertEqual((last["choices"][0]["finish_reason"], last["usage"]), ("stop", {"total_tokens": 1}))
        whole = misc.openai_chat_completion_message_template("m", "hi")
        self.assertEqual(whole["choices"][0]["message"], {"role": "assistant", "content": "hi"})

    def test_small_things(self):
        self.assertEqual(misc.get_messages_content(conversation()[1:3]), "USER: one\nASSISTANT: two")
        self.assertEqual(misc.deep_update({"a": {"b": 1}}, {"a": {"c": 2}}), {"a": {"b": 1, "c": 2}})
        self.assertEqual(misc.calculate_sha256(io.BytesIO(b"x")), misc.calculate_sha256_string("x"))
        self.assertEqual(misc.sanitize_filename(" a b/../c.txt "), "a_b..c.txt")
        self.assertTrue(misc.validate_email_format("a@b.example"))
        self.assertFalse(misc.validate_email_format("a b@c"))
        self.assertEqual(misc.parse_duration("1h30m"), timedelta(minutes=90))
        self.assertIsNone(misc.parse_duration("-1"))
        with self.assertRaises(ValueError):
            misc.parse_duration("soon")
