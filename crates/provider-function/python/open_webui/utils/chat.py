"""An answer from another model of the server."""

import transom_call
import transom_imports

__getattr__ = transom_imports.strict(__name__)


class CompletionError(Exception):
    """The server refused the completion, or the model failed. `detail` is the sentence, `status_code` the HTTP status."""

    def __init__(self, detail, status_code=500):
        super().__init__(detail)
        self.detail = detail
        self.status_code = status_code


async def generate_chat_completion(request, form_data, user=None, bypass_filter=False, **_):
    """Asks the model that `form_data` names: a dict, or a `StreamingResponse` of `data:` lines where `stream` is set.

    It is asked with the grants of the user whose call this is. `bypass_filter`, which leaves checks out in the reference,
    changes nothing here.
    """
    call = transom_call.of(request, "generate_chat_completion")
    whose = user.get("id") if isinstance(user, dict) else getattr(user, "id", None)
    if whose is not None and whose != call.user.get("id"):
        raise CompletionError("a completion runs with the grants of the user whose call this is, not of another one", 403)
    if not form_data.get("stream"):
        return await call.complete(form_data)

    from starlette.responses import StreamingResponse

    # The first piece is awaited here, so that a refusal is an exception of this call and not of the stream.
    pieces = call.complete_streamed(form_data)
    first = await anext(pieces, None)

    async def lines():
        try:
            if first is not None:
                yield first
            async for piece in pieces:
                yield piece
        finally:
            await pieces.aclose()

    return StreamingResponse(lines(), media_type="text/event-stream")


async def generate_chat_completions(*arguments, request=None, form_data=None, user=None, **_):
    """The name before Open WebUI 0.5, when there was no request in front of the other arguments; it may be there or not."""
    if arguments and not isinstance(arguments[0], dict):
        request, *arguments = arguments
    if arguments:
        form_data, *arguments = arguments
    if arguments:
        user = arguments[0]
    return await generate_chat_completion(request, form_data, user)


chat_completion = generate_chat_completion
