"""Constants that functions read. None of them comes from the server's environment, which a function never sees."""

import logging
from pathlib import Path

import transom_imports

__getattr__ = transom_imports.strict(__name__)

# The version whose functions and API this server speaks.
VERSION = "0.12.4"

ENV = "prod"
WEBUI_NAME = "Transom"
WEBUI_URL = ""

# A function's own folder, which is also where it is started. Nothing of the server is in it.
DATA_DIR = Path.cwd()
OPEN_WEBUI_DIR = DATA_DIR
BASE_DIR = DATA_DIR

GLOBAL_LOG_LEVEL = "INFO"


class _Levels(dict):
    """Any source has the one level."""

    def __missing__(self, source):
        return getattr(logging, GLOBAL_LOG_LEVEL)


SRC_LOG_LEVELS = _Levels()

AIOHTTP_CLIENT_TIMEOUT = 300
AIOHTTP_CLIENT_SESSION_SSL = True
REQUESTS_VERIFY = True

# There is one server process and no Redis, so that what locks through it needs none.
REDIS_URL = ""
REDIS_KEY_PREFIX = "open-webui"

OFFLINE_MODE = False
ENABLE_FORWARD_USER_INFO_HEADERS = False
BYPASS_MODEL_ACCESS_CONTROL = False
