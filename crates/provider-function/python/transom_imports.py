"""What of Open WebUI may be imported here, and what is said of the rest.

Functions import Open WebUI's own modules. The common few are in the folder `open_webui` next to this file; any other
import of that package fails with a message that names it and says what there is, instead of a bare "no module named".
"""

import importlib
import importlib.abc
import importlib.util
import sys

# What can be imported, in the words of the message.
OFFERED = {
    "open_webui.utils.chat": "generate_chat_completion",
    "open_webui.utils.misc": "helpers for messages",
    "open_webui.models.users": "Users, UserModel",
    "open_webui.models.models": "Models",
    "open_webui.models.files": "Files",
    "open_webui.models.chats": "Chats",
    "open_webui.constants": "TASKS",
    "open_webui.env": "VERSION, SRC_LOG_LEVELS, DATA_DIR",
    "open_webui.config": "CACHE_DIR, UPLOAD_DIR",
    "open_webui.main": "generate_chat_completion",
}

# Names of before 0.5, which functions that were never touched since still import.
_EARLIER = {"utils.chat": "utils.chat", "utils.misc": "utils.misc", "main": "main", "config": "config"}
for _root in ("apps.webui.models", "open_webui.apps.webui.models"):
    for _name in ("users", "models", "files", "chats"):
        _EARLIER[f"{_root}.{_name}"] = f"models.{_name}"
# The packages on the way to them.
_LEADS = {name.rsplit(".", depth)[0] for name in _EARLIER for depth in range(1, name.count(".") + 1)} - {"open_webui"}


def sentence(what):
    offered = "; ".join(f"{module} ({names})" for module, names in OFFERED.items())
    return f"{what} is not offered to functions by this server. What is: {offered}"


def strict(module):
    """The `__getattr__` of a module here: what it does not have fails with our sentence."""

    def missing(name):
        if name.startswith("__"):
            # Python itself asks for these, and goes on where they are not.
            raise AttributeError(name)
        raise ImportError(sentence(f"{module}.{name}"))

    return missing


class Offers(type):
    """The type of `Users` and its like: methods that they do not have fail with our sentence."""

    def __getattr__(cls, name):
        raise AttributeError(name if name.startswith("__") else sentence(f"{cls.__name__}.{name}"))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Is asked last, when nothing that is installed has the name."""

    def find_spec(self, name, path=None, target=None):
        if name in _EARLIER:
            return importlib.util.spec_from_loader(name, self)
        if name in _LEADS:
            return importlib.util.spec_from_loader(name, self, is_package=True)
        if name.startswith("open_webui."):
            # Without its `name`: Python swallows an error that names the very module it tries for `from … import`.
            raise ModuleNotFoundError(sentence(name))
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__
        if name in _EARLIER:
            sys.modules[name] = importlib.import_module(f"open_webui.{_EARLIER[name]}")


def install():
    """Puts this in place for the process."""
    sys.meta_path.append(_Finder())
