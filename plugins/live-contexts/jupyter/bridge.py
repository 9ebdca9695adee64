"""Runs cells on a Jupyter kernel: the control stream on one side, the Jupyter messaging protocol on the other."""

import ctypes
import json
import os
import re
import signal
import sys

from jupyter_client.manager import KernelManager

control = os.dup(3)
os.set_inheritable(control, False)
os.close(3)
colour = re.compile(r"\x1b\[[0-9;]*m")
die_with_parent = 1  # PR_SET_PDEATHSIG


def tell(**message):
    line = json.dumps(message).encode() + b"\n"
    while line:
        line = line[os.write(control, line) :]


def write(name, text):
    data = text.encode()
    while data:
        data = data[os.write(1 if name == "stdout" else 2, data) :]


def receive(size):
    data = b""
    while len(data) < size:
        piece = os.read(control, size - len(data))
        if not piece:
            sys.exit()
        data += piece
    return data


def receive_line():
    line = b""
    while not line.endswith(b"\n"):
        line += receive(1)
    return line


def told(cell, kind, content):
    if kind == "stream":
        write(content["name"], content["text"])
    elif kind in ("display_data", "execute_result"):
        shown = "result" if kind == "execute_result" else "display"
        tell(id=cell, type=shown, data=content["data"], metadata=content["metadata"])
    elif kind == "error":
        text = colour.sub("", "\n".join(content["traceback"])) + "\n"
        tell(id=cell, type="error", name=content["ename"], message=content["evalue"], frames=[], text=text)


def run(client, manager, cell, code):
    asked = client.execute(code, allow_stdin=False)
    tell(id=cell, type="start")
    while True:
        try:
            message = client.get_iopub_msg(timeout=1)
        except Exception:
            if manager.is_alive():
                continue
            os._exit(1)
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            tell(id=cell, type="end")
            return
        told(cell, kind, content)


def main():
    process_control = ctypes.CDLL(None).prctl
    manager = KernelManager(kernel_name=sys.argv[1], transport="ipc")
    # The kernel is no longer there than this is: it has a session of its own.
    manager.start_kernel(
        preexec_fn=lambda: process_control(die_with_parent, signal.SIGKILL), stdout=os.dup(1), stderr=os.dup(2)
    )
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    signal.signal(signal.SIGINT, lambda *_: manager.interrupt_kernel())
    tell(type="ready")
    while True:
        cell, size = receive_line().split()
        run(client, manager, int(cell), receive(int(size)).decode())


main()
