"""Runs the cells of a context, one after another, and tells over the control stream what they come to."""

import ast
import builtins
import json
import os
import signal
import sys
import threading
import time

try:
    import fcntl
    import termios
except ImportError:  # a small Python: output and results may change places
    fcntl = None

control = os.dup(3)
os.set_inheritable(control, False)
os.close(3)
own_pid = os.getpid()
coroutine_flag = 0x80  # inspect.CO_COROUTINE, without the cost of the module

namespace = sys.modules["__main__"].__dict__
for name in [name for name in namespace if not name.startswith("__")]:
    del namespace[name]


class Teller:
    """Writes whole lines, whichever thread tells and whenever an interrupt comes."""

    def __init__(self):
        self.lock = threading.RLock()
        self.cell = None
        self.is_running = False
        self.is_telling = False
        self.interrupt_waits = False

    def tell(self, kind, **rest):
        # A child that the cell forked has nothing to say here.
        if self.cell is None or os.getpid() != own_pid:
            return
        line = as_json({"id": self.cell, "type": kind, **rest}).encode() + b"\n"
        with self.lock:
            self.is_telling = True
            flush()
            # The streams are read apart from each other: one waits for the other, to keep the order.
            wait_until_read(1, "FIONREAD")
            wait_until_read(2, "FIONREAD")
            view = memoryview(line)
            while view:
                view = view[os.write(control, view) :]
            if kind != "end":
                wait_until_read(control, "TIOCOUTQ")
            self.is_telling = False
        if self.interrupt_waits and self.is_running:
            self.interrupt_waits = False
            raise KeyboardInterrupt

    def interrupt(self, *_):
        if not self.is_running:
            return
        if self.is_telling:
            self.interrupt_waits = True
        else:
            raise KeyboardInterrupt


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # the cell closed or replaced it


def wait_until_read(descriptor, request):
    try:
        while fcntl and any(fcntl.ioctl(descriptor, getattr(termios, request), bytes(4))):
            time.sleep(0.00005)
    except OSError:
        pass  # the cell closed it, or put something else in its place


def without_nan(value):
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return value


def as_json(value):
    try:
        return json.dumps(value, allow_nan=False, default=str)
    except ValueError:
        return json.dumps(without_nan(value), default=str)


teller = Teller()
sources = {}
loop = None


def load(name):
    """One of the modules that came with this one; most cells need none of them."""
    module = sys.modules.get("_soulbox_" + name)
    if module is None:
        module = type(sys)("_soulbox_" + name)
        sys.modules[module.__name__] = module
        exec(compile(SOURCES[name], "<soulbox>", "exec"), module.__dict__)
    return module


def display(*values, raw=False):
    """Shows values as richly as they can be shown; with raw, each is a dictionary from MIME types already."""
    for value in values:
        data, metadata = (value, {}) if raw else load("rich").bundle(value)
        teller.tell("display", data=data, metadata=metadata)


builtins.display = display


def wait_for(coroutine):
    global loop
    import asyncio

    if loop is None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    task = loop.create_task(coroutine)
    try:
        return loop.run_until_complete(task)
    except KeyboardInterrupt:
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        raise


def evaluate(code):
    value = eval(code, namespace)
    return wait_for(value) if code.co_flags & coroutine_flag else value


def run(source, file):
    """The value of the last line where it is an expression."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(source, file, "exec", flags | ast.PyCF_ONLY_AST)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
        last = ast.Expression(tree.body.pop().value)
    if tree.body:
        evaluate(compile(tree, file, "exec", flags))
    return evaluate(compile(last, file, "eval", flags)) if last else None


def run_cell(number, source):
    file = "<cell-%d>" % number
    sources[file] = source
    try:
        teller.is_running = True
        teller.tell("start")
        value = run(source, file)
        if value is not None:
            namespace["_"] = value
            data, metadata = load("rich").bundle(value)
            teller.tell("result", data=data, metadata=metadata)
        if "_soulbox_figures" in sys.modules:
            load("figures").show()
        teller.is_running = False
    except BaseException as error:
        teller.is_running = False
        try:
            teller.tell("error", **load("errors").told(error, sources))
        except BaseException as other:
            # What the cell raised cannot be shown: its own methods fail.
            teller.tell("error", name=type(error).__name__, message=repr(type(other)), frames=[], text="")


def receive(size):
    data = b""
    while len(data) < size:
        piece = os.read(control, size - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data


def receive_line():
    line = b""
    while not line.endswith(b"\n"):
        line += receive(1)
    return line


def main():
    # A line is one write, and is told as one.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=False)
    signal.signal(signal.SIGINT, teller.interrupt)
    if "MPLBACKEND" not in os.environ:
        load("backend").choose()
    os.write(control, b'{"type":"ready"}\n')
    number = 0
    while True:
        cell, size = receive_line().split()
        source = receive(int(size)).decode()
        number += 1
        teller.cell = int(cell)
        teller.interrupt_waits = False
        run_cell(number, source)
        if os.getpid() != own_pid:
            flush()
            os._exit(0)
        teller.tell("end")
        teller.cell = None


main()
