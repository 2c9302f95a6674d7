"""What a function may use, set before its code is loaded.

Memory, open files and the size of files are limits of the process. Processor time is counted call by call: the main thread
may use so much between two beats of the event loop, a call in a thread so much in all. Whoever exceeds it is interrupted
by an exception where it stands; code that cannot be interrupted is ended by the server when its deadline has passed.
"""

import ctypes
import resource
import signal
import time

# Beyond the allowance, for what catches the exception and goes on; after this the process ends.
_GRACE_SECONDS = 3


class Interrupted(BaseException):
    """Ends a call from outside. No `Exception`, so that a function's own handlers let it pass."""


class CpuLimit(Interrupted):
    pass


class Cancelled(Interrupted):
    pass


class OutputLimit(Exception):
    pass


class Limits:
    def __init__(self, given):
        self.memory = given["memory_bytes"]
        self.cpu = given["cpu_seconds"]
        self.files = given["open_files"]
        self.file_size = given["file_bytes"]
        self.output = given["output_bytes"]
        self._struck = False
        self._main_at_beat = 0.0

    def apply(self):
        for limit, value in (
            (resource.RLIMIT_AS, self.memory),
            (resource.RLIMIT_NOFILE, self.files),
            (resource.RLIMIT_FSIZE, self.file_size),
            (resource.RLIMIT_CORE, 0),
        ):
            _, hard = resource.getrlimit(limit)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            try:
                resource.setrlimit(limit, (value, value))
            except (OSError, ValueError):
                # Some systems know a limit and do not let it be set (macOS and memory); the others hold all the same.
                pass
        signal.signal(signal.SIGXCPU, self._on_cpu)
        self.beat()

    def beat(self):
        """The event loop is alive: the allowance of the main thread begins anew."""
        self._struck = False
        self._main_at_beat = time.thread_time()
        self._allow(self.cpu)

    def _allow(self, seconds):
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = int(time.process_time()) + 1 + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))

    def _on_cpu(self, *_):
        # Runs in the main thread, whoever used the time. What threads use is counted at the next beat;
        # an exception here would end the event loop, and every call with it.
        if time.thread_time() - self._main_at_beat < self.cpu:
            self._allow(self.cpu)
            return
        if self._struck:
            signal.signal(signal.SIGXCPU, signal.SIG_DFL)
            signal.raise_signal(signal.SIGXCPU)
        self._struck = True
        self._allow(_GRACE_SECONDS)
        raise CpuLimit

    def words(self, error):
        """The sentence for a call that went beyond a limit; `None` for any other error."""
        if isinstance(error, CpuLimit):
            return f"the function used more than {self.cpu} s of processor time for one call"
        if isinstance(error, MemoryError):
            return f"the function needed more memory than the {self.memory >> 20} MiB that it may have"
        if isinstance(error, OutputLimit):
            return f"the function's answer is larger than {self.output} bytes"
        return None


def interrupt(thread, error):
    """Raises `error` in a thread, at its next step in Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def cpu_of(thread):
    """Seconds of processor time that a running thread has used; 0 where the system does not say."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return 0.0
    return time.clock_gettime(time.pthread_getcpuclockid(thread))
