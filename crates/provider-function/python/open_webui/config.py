"""Folders that functions write into; all are in the function's own."""

import transom_imports
from open_webui.env import DATA_DIR, WEBUI_NAME, WEBUI_URL

_missing = transom_imports.strict(__name__)
_folders = {"CACHE_DIR": "cache", "UPLOAD_DIR": "uploads"}


def __getattr__(name):
    if name not in _folders:
        return _missing(name)
    # Made when somebody asks, so that a function that stores nothing leaves no empty folders.
    path = DATA_DIR / _folders[name]
    path.mkdir(exist_ok=True)
    return path
