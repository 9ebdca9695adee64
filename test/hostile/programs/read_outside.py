import os
import sys

from hostile import attempt, done, read

for path in ("/etc/shadow", "/etc/ssh", "/root/.ssh", "/var/run/docker.sock", "/run/docker.sock", "/var/lib", "/home/root"):
    attempt(f"read {path}", lambda path=path: os.listdir(path) if os.path.isdir(path) else read(path))
for base in ("/proc/1/root", "/proc/1/cwd", "/proc/self/root/..", "../../../../.."):
    attempt(f"secret through {base}", read, base + sys.argv[1])
attempt("secret", read, sys.argv[1])
attempt("the host's folder", os.listdir, os.path.dirname(sys.argv[1]))
for name in os.listdir("/home"):
    if name != "sandbox":
        print("BREACH home of", name)
done()
