"""Speaks with Jupyter kernels for the bench: a request for each line of standard input, an answer for each on standard output."""
import json
import sys

from jupyter_client.manager import KernelManager


def start():
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return manager, client


def execute(client, code):
    printed = []

    def output(message):
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    client.execute_interactive(code, timeout=60, output_hook=output)
    return "".join(printed)


def stop(manager, client):
    client.stop_channels()
    manager.shutdown_kernel(now=True)


warm = start() if sys.argv[1] == "warm" else None
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    manager, client = warm or start()
    print(json.dumps(execute(client, json.loads(line))), flush=True)
    if not warm:
        stop(manager, client)
if warm:
    stop(*warm)
