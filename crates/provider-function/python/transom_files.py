"""Open files and modes of files, before any function runs."""

import os
import stat


def _chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    """`os.chmod` through an open file: its name alone is not enough here, and whose mode is right already need not change."""
    if isinstance(path, int):
        return _set(path, mode)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_symlinks else os.O_NOFOLLOW)
    opened = os.open(path, flags, dir_fd=dir_fd)
    try:
        _set(opened, mode)
    finally:
        os.close(opened)


def _set(opened, mode):
    if stat.S_IMODE(os.fstat(opened).st_mode) != stat.S_IMODE(mode):
        _fchmod(opened, mode)


_fchmod = os.fchmod


def install():
    """Closes what the server may have left open, and lets `shutil.copy` and its like work where `chmod` is refused."""
    for name in os.listdir("/dev/fd"):
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:
                # The list itself was open while it was read.
                pass
    os.chmod = _chmod
    os.fchmod = _set
