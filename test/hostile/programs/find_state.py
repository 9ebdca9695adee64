import os
import socket

from hostile import attempt, call, done

for place in (".", "/tmp", "/dev/shm", "/home", "/var/tmp", "/run"):
    attempt(f"file in {place}", os.stat, f"{place}/planted")
attempt("shared memory", lambda: call("shmget", 0x50554C42, 4096, 0o666))
attempt("message queue", lambda: call("mq_open", b"planted", 2, 0, None))
attempt("abstract socket", lambda: socket.socket(socket.AF_UNIX).connect("\0planted"))
done()
