import unittest

import transom_request
from open_webui.main import generate_chat_completions
from open_webui.models.users import UserModel
from open_webui.utils.chat import CompletionError, generate_chat_completion
from tests.fake import FakeCall

BODY = {"model": "m", "messages": []}


class Completions(unittest.IsolatedAsyncioTestCase):
    async def test_a_whole_answer_is_a_dict(self):
        call = FakeCall()
        answer = await generate_chat_completion(transom_request.make(call, {}), BODY, UserModel(**call.user))
        self.assertEqual(answer["choices"][0]["message"]["content"], "answer")
        self.assertEqual(call.asked, [("complete", BODY)])

    async def test_a_stream_is_a_response_with_its_pieces(self):
        call = FakeCall()
        response = await generate_chat_completion(transom_request.make(call, {}), {**BODY, "stream": True}, call.user)
        self.assertEqual([piece async for piece in response.body_iterator], call.pieces)

    async def test_a_refused_stream_is_an_exception_of_the_call(self):
        with FakeCall(refusal=CompletionError("no such model", 404)):
            with self.assertRaisesRegex(CompletionError, "no such model"):
                await generate_chat_completion(None, {**BODY, "stream": True}, None)

    async def test_nobody_else_can_be_asked_for(self):
        with FakeCall() as call:
            with self.assertRaises(CompletionError) as refused:
                await generate_chat_completion(None, BODY, UserModel(id="admin"))
            self.assertEqual((refused.exception.status_code, call.asked), (403, []))

    async def test_the_earlier_order_of_arguments_is_understood(self):
        with FakeCall() as call:
            await generate_chat_completions(BODY, call.user)
            await generate_chat_completions(form_data=BODY, user=call.user)
            await generate_chat_completions(None, BODY, call.user)
            await generate_chat_completions(None, BODY, user=call.user)
            await generate_chat_completions(None, form_data=BODY, user=call.user)
            self.assertEqual(call.asked, [("complete", BODY)] * 5)
            with self.assertRaises(CompletionError):
                await generate_chat_completions(BODY, UserModel(id="admin"), True)


class Requests(unittest.IsolatedAsyncioTestCase):
    async def test_the_head_is_that_of_the_http_request(self):
        head = {"method": "POST", "url": "https://h.example:8443/api/chat/completions?a=1", "headers": [["Accept-Language", "de"]], "client": "192.0.2.1"}
        request = transom_request.make(FakeCall(body={"model": "m"}), head)
        self.assertEqual((request.method, str(request.url)), ("POST", "https://h.example:8443/api/chat/completions?a=1"))
        self.assertEqual(request.headers["accept-language"], "de")
        self.assertNotIn("authorization", request.headers)
        self.assertEqual((request.client.host, request.query_params["a"], str(request.base_url)), ("192.0.2.1", "1", "https://h.example:8443/"))
        self.assertEqual((await request.json(), request.cookies), ({"model": "m"}, {}))

    async def test_an_empty_head_is_a_request_too(self):
        request = transom_request.make(FakeCall(), {})
        self.assertEqual((request.method, request.client), ("POST", None))

    async def test_app_state_knows_the_models_and_keeps_what_is_put_there(self):
        first = transom_request.make(FakeCall(listed={"m": {"id": "m"}}), {})
        self.assertEqual(list(first.app.state.MODELS), ["m"])
        first.app.state.cache = {"k": 1}
        first.state.mine = 1
        second = transom_request.make(FakeCall(), {})
        self.assertEqual((second.app.state.cache, second.app.state.MODELS), ({"k": 1}, {}))
        self.assertFalse(hasattr(second.state, "mine"))
        self.assertEqual(second.app.state.__dict__.setdefault("cache", {}), {"k": 1})

    async def test_what_is_not_there_is_named(self):
        state = transom_request.make(FakeCall(), {}).app.state
        with self.assertRaisesRegex(AttributeError, "app.state.config.TASK_MODEL is not offered"):
            state.config.TASK_MODEL
        self.assertIsNone(getattr(state, "sio", None))
