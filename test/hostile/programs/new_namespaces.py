from hostile import attempt, call, done

FLAGS = dict(user=0x10000000, mount=0x20000, pid=0x20000000, net=0x40000000, ipc=0x8000000, uts=0x4000000, cgroup=0x2000000, time=0x80)
for name, flag in FLAGS.items():
    attempt(f"unshare {name}", lambda: call("unshare", flag))
    if name != "time":
        attempt(f"clone {name}", lambda: call("clone", flag | 17, 0, 0, 0, 0) or exit(0))
attempt("clone3", lambda: call("clone3", 0, 64))
done()
