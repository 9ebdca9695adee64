"""Times of a Jupyter kernel without a host: from its start to the first result, and of cells after it, as JSON in ms."""

import json
import sys
import time

from jupyter_client.manager import KernelManager

times, cells = int(sys.argv[1]), int(sys.argv[2])


def run(client, code):
    asked = client.execute(code)
    while True:
        message = client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != asked or message["msg_type"] != "status":
            continue
        if message["content"]["execution_state"] == "idle":
            return


first, warm = [], []
for _ in range(times):
    begun = time.perf_counter()
    manager = KernelManager(kernel_name="python3", transport="ipc")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    run(client, "x = 40\nx + 2")
    first.append((time.perf_counter() - begun) * 1000)
    for _ in range(cells):
        begun = time.perf_counter()
        run(client, "x + 2")
        warm.append((time.perf_counter() - begun) * 1000)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(json.dumps({"first": first, "warm": warm}))
