"""Chats. This server keeps none, so that there is never one to be found."""

import transom_imports
from open_webui.models.ready import NOBODY, ReadyList

__getattr__ = transom_imports.strict(__name__)


class Chats(metaclass=transom_imports.Offers):
    @staticmethod
    def get_chat_by_id(*_, **__):
        return NOBODY

    get_chat_by_id_and_user_id = get_chat_by_id
    get_chat_title_by_id = get_chat_by_id
    get_message_by_id_and_message_id = get_chat_by_id

    @staticmethod
    def get_chats_by_user_id(*_, **__):
        return ReadyList()

    get_chat_list_by_user_id = get_chats_by_user_id
