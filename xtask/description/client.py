"""Signs in and chats with nothing but a client that was generated from the description."""

import sys

from transom_client import AuthenticatedClient, Client
from transom_client.api.auths import generate_api_key_api_v1_auths_api_key_post as create_api_key
from transom_client.api.auths import signin_api_v1_auths_signin_post as sign_in
from transom_client.api.default import chat_completion_api_chat_completions_post as complete_chat
from transom_client.api.default import get_models_api_models_get as list_models
from transom_client.models import ChatRequest, SigninForm

base, email, password, model = sys.argv[1:]
session = sign_in.sync(client=Client(base), body=SigninForm(email=email, password=password))
with AuthenticatedClient(base, token=session.token) as signed_in:
    key = create_api_key.sync(client=signed_in).api_key
with AuthenticatedClient(base, token=key) as client:
    models = [entry.id for entry in list_models.sync(client=client).data]
    assert model in models, models
    request = ChatRequest(model=model, messages=[{"role": "user", "content": "When does the warranty end?"}])
    answer = complete_chat.sync(client=client, body=request)
    print(f"the generated client was answered: {answer.choices[0].message.content}")
