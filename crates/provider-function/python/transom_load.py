"""From source code to a function, and what it says of itself."""

import linecache
import re
import sys
import types

KINDS = ("Pipe", "Filter", "Action")
_FRONT = re.compile(r"^\s*([A-Za-z_][\w-]*)\s*:\s*(.*?)\s*$")


class LoadError(Exception):
    """Why code does not load, and in which line."""

    def __init__(self, reason, line=None):
        super().__init__(reason)
        self.reason = reason
        self.line = line


def words(error):
    """What an exception says, as a sentence for who called."""
    detail = getattr(error, "detail", None)
    text = detail if isinstance(detail, str) and detail else str(error)
    # Python's own texts for these are the missing thing alone.
    if not text or isinstance(error, (KeyError, IndexError, StopIteration)):
        return f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text


def manifest(source):
    """The front matter: `name: value` lines of the docstring that the code begins with."""
    lines = source.lstrip("\ufeff \t\r\n").splitlines()
    found = {}
    if not lines or lines[0].strip()[:3] not in ('"""', "'''"):
        return found
    quotes = lines[0].strip()[:3]
    lines[0] = lines[0].strip()[3:]
    for line in lines:
        line, closed, _ = line.partition(quotes)
        match = _FRONT.match(line)
        if match:
            found[match.group(1)] = match.group(2)
        if closed:
            break
    return found


class Function:
    """A loaded function."""

    def __init__(self, function_id, source):
        self.id = function_id
        self.file = f"{function_id}.py"
        self.manifest = manifest(source)
        self.module = self._module(source)
        self.kind = next((kind for kind in KINDS if hasattr(self.module, kind)), None)
        if self.kind is None:
            raise LoadError("the code has no class Pipe, Filter or Action")
        try:
            self.instance = getattr(self.module, self.kind)()
        except Exception as error:
            raise LoadError(words(error), self._line(error)) from error
        self._first_valves = getattr(self.instance, "valves", None)

    def _module(self, source):
        # So that tracebacks show the function's lines, which are in no file.
        linecache.cache[self.file] = (len(source), None, source.splitlines(True), self.file)
        module = types.ModuleType(f"function_{self.id}")
        module.__file__ = self.file
        # Pydantic and dataclasses look the module up by its name.
        sys.modules[module.__name__] = module
        try:
            exec(compile(source, self.file, "exec", dont_inherit=True), module.__dict__)
        except SyntaxError as error:
            raise LoadError(error.msg, error.lineno if error.filename == self.file else self._line(error)) from error
        except Exception as error:
            raise LoadError(words(error), self._line(error)) from error
        except SystemExit as error:
            raise LoadError("the code ends the process", self._line(error)) from error
        return module

    def _line(self, error):
        """The last line of the function's own that led to an error."""
        line, trace = None, error.__traceback__
        while trace:
            if trace.tb_frame.f_code.co_filename == self.file:
                line = trace.tb_lineno
            trace = trace.tb_next
        return line

    def valves_class(self, which):
        """The class of the administrator's (`admin`) or each user's (`user`) settings."""
        name = "Valves" if which == "admin" else "UserValves"
        return getattr(self.instance, name, None) or getattr(self.module, name, None)

    def set_valves(self, values):
        """The administrator's values; without any, what the function itself began with."""
        cls = self.valves_class("admin")
        if not values:
            if self._first_valves is not None:
                self.instance.valves = self._first_valves
        elif cls is not None:
            self.instance.valves = made(cls, values)

    def user_valves(self, values):
        """A user's settings, defaults where the stored ones do not fit any more; `None` where there are none."""
        cls = self.valves_class("user")
        if cls is None:
            return None
        try:
            return made(cls, values or {})
        except Exception:
            return made(cls, {})

    def about(self):
        instance, module = self.instance, self.module
        valves = getattr(instance, "valves", None)
        priority = getattr(valves, "priority", None)
        priority = getattr(instance, "priority", 0) if priority is None else priority
        icon = getattr(instance, "icon", None)
        return {
            "type": self.kind.lower(),
            "manifest": self.manifest,
            "manifold": hasattr(instance, "pipes"),
            "inlet": callable(getattr(instance, "inlet", None)),
            "stream": callable(getattr(instance, "stream", None)),
            "outlet": callable(getattr(instance, "outlet", None)),
            "toggle": bool(getattr(instance, "toggle", False)),
            "file_handler": bool(getattr(instance, "file_handler", False) or getattr(module, "file_handler", False)),
            "priority": priority if isinstance(priority, int) else 0,
            "icon": icon if isinstance(icon, str) else None,
            "valves": schema(self.valves_class("admin")),
            "user_valves": schema(self.valves_class("user")),
        }


def made(cls, values):
    """Settings of a class with these values. A class that is not pydantic's gets them as attributes."""
    if hasattr(cls, "model_json_schema"):
        return cls(**{name: value for name, value in values.items() if value is not None})
    settings = cls()
    for name, value in values.items():
        setattr(settings, name, value)
    return settings


def schema(cls):
    """The JSON schema of a settings class; `None` for one that has none."""
    if not hasattr(cls, "model_json_schema"):
        return None
    found = cls.model_json_schema()
    for entry in found.get("properties", {}).values():
        # `{"input": {"type": "select", "options": "method"}}` names a class method that gives the options.
        choice = entry.get("input")
        if isinstance(choice, dict) and isinstance(choice.get("options"), str):
            try:
                choice["options"] = getattr(cls, choice["options"])()
            except Exception:
                choice["options"] = []
    return found


def checked(cls, values):
    """The given ones of some values, as the class reads them; its own exception for those that it refuses."""
    if not hasattr(cls, "model_json_schema"):
        return values
    settings = cls(**{name: value for name, value in values.items() if value is not None})
    return settings.model_dump(mode="json", exclude_unset=True)
