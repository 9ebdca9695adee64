import os

from hostile import attempt, done, read, write

attempt("list the network devices", os.listdir, "/sys/class/net")
attempt("read the kernel's notes", read, "/sys/kernel/notes")
attempt("leave the cgroup", write, "/sys/fs/cgroup/cgroup.procs", "0")
for controller in ("memory", "pids", "cpu", "unified"):
    attempt(f"leave {controller}", write, f"/sys/fs/cgroup/{controller}/cgroup.procs", "0")
attempt("set a release agent", write, "/sys/fs/cgroup/memory/release_agent", "/tmp/x")
attempt("set a uevent helper", write, "/sys/kernel/uevent_helper", "/tmp/x")
done()
