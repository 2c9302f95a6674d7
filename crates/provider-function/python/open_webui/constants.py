"""Names of the tasks that a call may be made for."""

from enum import Enum

import transom_imports

__getattr__ = transom_imports.strict(__name__)


class TASKS(str, Enum):
    def __str__(self):
        return self.value

    DEFAULT = "generation"
    TITLE_GENERATION = "title_generation"
    FOLLOW_UP_GENERATION = "follow_up_generation"
    TAGS_GENERATION = "tags_generation"
    EMOJI_GENERATION = "emoji_generation"
    QUERY_GENERATION = "query_generation"
    IMAGE_PROMPT_GENERATION = "image_prompt_generation"
    AUTOCOMPLETE_GENERATION = "autocomplete_generation"
    FUNCTION_CALLING = "function_calling"
    MOA_RESPONSE_GENERATION = "moa_response_generation"
