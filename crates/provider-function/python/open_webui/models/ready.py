"""Answers that are there already, and may be awaited all the same.

Open WebUI's models were asked without `await` until 0.9 and are asked with it since; functions of both kinds are about.
What is looked up here can be used either way.
"""


class Ready:
    """A value that is itself when awaited."""

    def __await__(self):
        return self
        yield  # makes this a generator, which `__await__` has to be


class ReadyList(list, Ready):
    """A list that may be awaited."""


class Nobody(Ready):
    """Nothing was found: `None` when awaited, and false without."""

    def __await__(self):
        return None
        yield

    def __bool__(self):
        return False

    def __eq__(self, other):
        return other is None or isinstance(other, Nobody)

    def __repr__(self):
        return "None"

    __hash__ = None


NOBODY = Nobody()
