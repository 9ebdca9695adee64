import os

from hostile import attempt, call, done

for name in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
    attempt(f"enter {name} of the first process", lambda: call("setns", os.open(f"/proc/1/ns/{name}", os.O_RDONLY), 0))
    attempt(f"enter own {name}", lambda: call("setns", os.open(f"/proc/self/ns/{name}", os.O_RDONLY), 0))
done()
