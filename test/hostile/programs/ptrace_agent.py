import ctypes
import os

from hostile import attempt, call, done

TRACEME, ATTACH, SEIZE = 0, 16, 0x4206
for pid in (1, os.getppid()):
    if pid > 0:
        attempt(f"attach to {pid}", lambda: call("ptrace", ATTACH, pid, 0, 0))
        attempt(f"seize {pid}", lambda: call("ptrace", SEIZE, pid, 0, 0))
attempt("be traced", lambda: call("ptrace", TRACEME, 0, 0, 0))
done()
