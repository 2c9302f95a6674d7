"""Helpers for messages, by their documented behaviour."""

import hashlib
import re
import time
import uuid
from datetime import timedelta

import transom_imports

__getattr__ = transom_imports.strict(__name__)


def get_content_from_message(message):
    """The text of a message; of one in parts, its first text."""
    content = message.get("content")
    if not isinstance(content, list):
        return content
    return next((part.get("text") for part in content if part.get("type") == "text"), None)


def get_last_message_item(messages, role):
    return next((message for message in reversed(messages) if message.get("role") == role), None)


def get_last_user_message_item(messages):
    return get_last_message_item(messages, "user")


def get_last_user_message(messages):
    message = get_last_user_message_item(messages)
    return get_content_from_message(message) if message else None


def get_last_assistant_message_item(messages):
    return get_last_message_item(messages, "assistant")


def get_last_assistant_message(messages):
    message = get_last_assistant_message_item(messages)
    return get_content_from_message(message) if message else None


def get_system_message(messages):
    return next((message for message in messages if message.get("role") == "system"), None)


def remove_system_message(messages):
    return [message for message in messages if message.get("role") != "system"]


def pop_system_message(messages):
    """The system message, and the others."""
    return get_system_message(messages), remove_system_message(messages)


def get_messages_content(messages):
    """The conversation as text, each message after its role in capitals."""
    return "\n".join(f"{message['role'].upper()}: {get_content_from_message(message)}" for message in messages)


def get_message_list(messages_map, message_id):
    """The messages that lead to `message_id` in a history of messages with `parentId`, oldest first."""
    found, seen = [], set()
    while message_id and message_id not in seen and message_id in (messages_map or {}):
        seen.add(message_id)
        found.append(messages_map[message_id])
        message_id = found[-1].get("parentId")
    return found[::-1]


def update_message_content(message, content, append=True):
    """Puts text behind (or before) what a message says, on a line of its own."""
    old = message.get("content")
    if isinstance(old, list):
        for part in old:
            if part.get("type") == "text":
                part["text"] = f"{part['text']}\n{content}" if append else f"{content}\n{part['text']}"
                break
        else:
            old.append({"type": "text", "text": content})
    else:
        message["content"] = f"{old}\n{content}" if append else f"{content}\n{old}"
    return message


def prepend_to_first_user_message_content(content, messages):
    for message in messages:
        if message.get("role") == "user":
            update_message_content(message, content, append=False)
            break
    return messages


def add_or_update_system_message(content, messages, append=False):
    if messages and messages[0].get("role") == "system":
        update_message_content(messages[0], content, append)
    else:
        messages.insert(0, {"role": "system", "content": content})
    return messages


def replace_system_message_content(content, messages):
    for message in messages:
        if message.get("role") == "system":
            message["content"] = content
            break
    return messages


def add_or_update_user_message(content, messages, append=True):
    if messages and messages[-1].get("role") == "user":
        update_message_content(messages[-1], content, append)
    else:
        messages.append({"role": "user", "content": content})
    return messages


def append_or_update_assistant_message(content, messages):
    if messages and messages[-1].get("role") == "assistant":
        update_message_content(messages[-1], content)
    else:
        messages.append({"role": "assistant", "content": content})
    return messages


def openai_chat_message_template(model):
    """What chunks and whole answers have in common."""
    return {
        "id": f"{model}-{uuid.uuid4()}",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "logprobs": None, "finish_reason": None}],
    }


def openai_chat_chunk_message_template(model, content=None, reasoning_content=None, tool_calls=None, usage=None):
    """A chunk of a stream; one that says nothing is the last."""
    template = openai_chat_message_template(model)
    template["object"] = "chat.completion.chunk"
    delta = {"content": content, "reasoning_content": reasoning_content, "tool_calls": tool_calls}
    delta = {name: value for name, value in delta.items() if value}
    template["choices"][0]["delta"] = delta
    if not delta:
        template["choices"][0]["finish_reason"] = "stop"
    if usage:
        template["usage"] = usage
    return template


def openai_chat_completion_message_template(model, message=None, reasoning_content=None, tool_calls=None, usage=None):
    """A whole answer."""
    template = openai_chat_message_template(model)
    template["object"] = "chat.completion"
    if message is not None:
        said = {"role": "assistant", "content": message, "reasoning_content": reasoning_content, "tool_calls": tool_calls}
        template["choices"][0]["message"] = {
            name: value for name, value in said.items() if value or name in ("role", "content")
        }
    template["choices"][0]["finish_reason"] = "stop"
    if usage:
        template["usage"] = usage
    return template


def deep_update(target, source):
    """Like `dict.update`, into nested dicts too."""
    for name, value in source.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            deep_update(target[name], value)
        else:
            target[name] = value
    return target


def calculate_sha256_string(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def calculate_sha256(file, chunk_size=1 << 16):
    digest = hashlib.sha256()
    while piece := file.read(chunk_size):
        digest.update(piece)
    return digest.hexdigest()


def validate_email_format(email):
    return email.endswith("@localhost") or bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email))


def sanitize_filename(name):
    """A name with letters, digits, `.`, `_` and `-` alone."""
    return re.sub(r"[^\w.-]+", "", name.strip().replace(" ", "_"))


_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(duration):
    """`1h30m` and the like; `None` for `0` and `-1`, which mean without end."""
    if duration in ("0", "-1"):
        return None
    parts = re.findall(r"(-?\d+(?:\.\d+)?)(ms|s|m|h|d|w)", duration)
    if not parts:
        raise ValueError("a duration is a number with one of ms, s, m, h, d, w, such as 30m")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
