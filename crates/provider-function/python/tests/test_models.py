import unittest

import transom_call
from open_webui.models.chats import Chats
from open_webui.models.files import Files
from open_webui.models.models import Models
from open_webui.models.users import User, UserModel, Users
from tests.fake import FakeCall


class Lookups(unittest.IsolatedAsyncioTestCase):
    async def test_the_caller_is_found_with_and_without_await_and_without_asking(self):
        with FakeCall() as call:
            self.assertEqual(Users.get_user_by_id("u1").name, "Ada")
            self.assertEqual((await Users.get_user_by_id("u1")).role, "user")
            self.assertEqual((await Users.get_user_by_email("ada@example.com")).id, "u1")
            self.assertEqual(call.asked, [])

    async def test_another_user_is_what_the_server_says(self):
        with FakeCall(known={"u2": {"id": "u2", "name": "Bob"}}) as call:
            self.assertEqual((await Users.get_user_by_id("u2")).name, "Bob")
            self.assertIsNone(await Users.get_user_by_id("u3"))
            self.assertFalse(Users.get_user_by_id("u3"))
            self.assertIsNone(await Users.get_user_by_email("bob@example.com"))
            self.assertEqual([payload["id"] for _, payload in call.asked], ["u2", "u3", "u3"])

    async def test_a_user_is_made_of_the_argument_with_its_valves(self):
        user = UserModel(**{"id": "u1", "name": "Ada", "valves": object()})
        self.assertEqual((user.id, user.model_dump(exclude={"valves"})["email"]), ("u1", ""))
        self.assertIs(User, UserModel)

    async def test_models_are_those_of_the_list(self):
        listed = {
            "m": {"id": "m", "name": "Em", "info": {"base_model_id": "b", "params": {"system": "s"}, "meta": None}},
            "n": {"id": "n"},
        }
        with FakeCall(listed=listed):
            model = await Models.get_model_by_id("m")
            self.assertEqual((model.name, model.base_model_id, model.params.system), ("Em", "b", "s"))
            self.assertEqual(Models.get_model_by_id("n").name, "n")
            self.assertIsNone(await Models.get_model_by_id("x"))
            self.assertEqual([model.id for model in await Models.get_all_models()], ["m", "n"])

    async def test_files_are_what_the_server_says(self):
        with FakeCall(known={"f1": {"id": "f1", "filename": "a.txt", "data": {"content": "text"}}}) as call:
            self.assertEqual((await Files.get_file_by_id("f1")).data["content"], "text")
            self.assertEqual(Files.get_file_by_id_and_user_id("f1", "u1").filename, "a.txt")
            self.assertIsNone(await Files.get_file_by_id("f3"))
            self.assertEqual([file.id for file in await Files.get_files_by_ids(["f3", "f1"])], ["f1"])
            self.assertEqual(call.asked[0], ("file", {"id": "f1"}))

    async def test_there_are_no_chats(self):
        self.assertIsNone(await Chats.get_chat_by_id("c"))
        self.assertEqual(await Chats.get_chats_by_user_id("u1"), [])
        with self.assertRaisesRegex(AttributeError, "Chats.insert_new_chat is not offered"):
            Chats.insert_new_chat("u1", {})

    async def test_without_a_call_a_lookup_says_what_it_needs(self):
        with self.assertRaisesRegex(transom_call.NoCall, "Users.get_user_by_id needs a running call"):
            Users.get_user_by_id("u1")
