"""A call whose server is a few values."""

import transom_call


class FakeCall:
    def __init__(self, **given):
        self.user = {"id": "u1", "name": "Ada", "email": "ada@example.com", "role": "user"}
        self.files = []
        self.body = {"model": "m", "messages": []}
        self.asked = []
        self.known = {}
        self.listed = {}
        self.pieces = [b'data: {"choices": []}\n\n', b"data: [DONE]\n\n"]
        self.refusal = None
        self.__dict__.update(given)

    def models(self):
        return self.listed

    def ask_now(self, what, payload):
        self.asked.append((what, payload))
        return self.known.get(payload["id"])

    async def complete(self, body):
        self.asked.append(("complete", body))
        if self.refusal:
            raise self.refusal
        return {"choices": [{"message": {"content": "answer"}}]}

    async def complete_streamed(self, body):
        self.asked.append(("complete", body))
        if self.refusal:
            raise self.refusal
        for piece in self.pieces:
            yield piece

    def __enter__(self):
        self._token = transom_call.enter(self)
        return self

    def __exit__(self, *_):
        transom_call.leave(self._token)
