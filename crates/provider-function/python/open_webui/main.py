"""Where older functions find completions."""

import transom_imports
from open_webui.utils.chat import chat_completion, generate_chat_completion, generate_chat_completions

__getattr__ = transom_imports.strict(__name__)
