"""Runs in the interpreter that waits in a sandbox: loads modules, waits for a program, and runs it as `python FILE` would.

The descriptor 3 leads to the sandbox's supervisor: one byte says that all is ready, then the program's arguments and
environment come. Of a zygote the descriptor 3 leads to the agent, and 4 is the library that makes copies of it wait.
"""

import atexit
import builtins
import gc
import os
import sys
import types
from importlib.machinery import SourceFileLoader

main = {}
_status = 0


def wait(preload, forks):
    """Loads modules, and returns in a process of its own, when it has a program."""
    started = frozenset(sys.modules)
    for name in preload:
        try:
            __import__(name)
        except Exception:  # What this interpreter does not have, a program will miss by itself.
            pass
    if forks:
        _wait_as_zygote()
    _touch()
    os.write(3, b"r")
    loaded = frozenset(sys.modules)
    arguments, environment = _take_job()
    _prepare(arguments, environment, loaded - started)
    global _loaded
    _loaded = loaded


def _wait_as_zygote():
    import ctypes

    library = ctypes.PyDLL("/proc/self/fd/4")
    # What is there now belongs to all copies: a collection in one of them must not write to it.
    gc.collect()
    gc.freeze()
    ctypes.pythonapi.PyOS_BeforeFork()
    failed = library.soulbox_zygote()
    ctypes.pythonapi.PyOS_AfterFork_Child()
    if failed:
        os._exit(1)


def _touch():
    """Does a little of everything, so that the pages which every program writes to are this process's own already."""
    text = "class C:\n def f(self, n):\n  return [str(i) + repr({i: (i, 1.5)}) for i in range(n)]\nC().f(200)\n"
    exec(compile(text, "<warm>", "exec"), {"__builtins__": builtins, "__name__": "warm"})
    try:
        raise ValueError("%s" % bytearray(1 << 16)[:1])
    except ValueError as error:
        "{}".format(error)
    sys.stdout.flush()
    os.listdir(".")


def _read(size):
    data = b""
    while len(data) < size:
        part = os.read(3, size - len(data))
        if not part:
            os._exit(0)  # Nobody will come any more.
        data += part
    return data


def _take_job():
    job = _read(int.from_bytes(_read(4), "little"))
    os.close(3)
    if not job[0]:
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
    count = int.from_bytes(job[1:5], "little")
    texts = job[9:].split(b"\0")[:-1]
    return [os.fsdecode(text) for text in texts[:count]], dict(text.split(b"=", 1) for text in texts[count:])


def _prepare(arguments, environment, preloaded):
    path = os.path.join(os.getcwd(), arguments[1])
    folder = os.path.dirname(os.path.realpath(path))
    # A program's own module goes before one of the library with its name: then the library's must not be there yet.
    if not preloaded.isdisjoint(name.split(".")[0] for name in os.listdir(folder)):
        os.execve(arguments[0], arguments, environment)
    for name in [name for name in os.environb if name not in environment]:
        del os.environb[name]
    for name, value in environment.items():
        if os.environb.get(name) != value:
            os.environb[name] = value
    sys.argv[:] = arguments[1:]
    sys.orig_argv = arguments
    sys.path[0] = folder
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__cached__ = None
    module.__builtins__ = builtins
    module.__annotations__ = {}
    module.__loader__ = SourceFileLoader("__main__", path)
    sys.modules["__main__"] = module
    global main
    main = module.__dict__


def program():
    """The program's code, compiled."""
    with open(main["__file__"], "rb") as file:
        source = file.read()
    if b"\0" in source:  # Of this the interpreter speaks otherwise than compile does.
        os.execve(sys.orig_argv[0], sys.orig_argv, os.environb)
    return compile(source, main["__file__"], "exec", dont_inherit=True)


def failed(error):
    """The program ended by an exception: tells of it as the interpreter does."""
    global _status
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename in ("<soulbox>", "<string>") and trace.tb_frame.f_globals is not main:
        trace = trace.tb_next
    error.__traceback__ = trace
    if isinstance(error, SystemExit):
        _status = _exit_status(error.code)
        return
    try:
        sys.excepthook(type(error), error, trace)
    except BaseException:
        sys.__excepthook__(type(error), error, trace)
    _status = -1 if isinstance(error, KeyboardInterrupt) else 1


def _exit_status(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if -(1 << 63) <= code < 1 << 63 else 255
    if sys.stderr is not None:
        print(code, file=sys.stderr)
    return 1


def _flush():
    global _status
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except BaseException as error:
            if stream is sys.stdout and _status == 0:
                _status = 120
                sys.unraisablehook(types.SimpleNamespace(
                    exc_type=type(error), exc_value=error, exc_traceback=None, err_msg=None, object=stream))


def finish():
    """Ends the process as the interpreter does, without taking apart what is shared with others."""
    threading = sys.modules.get("threading")
    if threading:
        try:
            threading._shutdown()
        except BaseException as error:
            sys.__excepthook__(type(error), error, error.__traceback__)
    atexit._run_exitfuncs()
    _flush()
    # Objects of the program that want to know of their end are told.
    global main
    main = None
    for name in [name for name in sys.modules if name == "__main__" or name not in _loaded]:
        del sys.modules[name]
    gc.collect()
    _flush()
    if _status < 0:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(_status)
