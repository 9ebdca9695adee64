import os
import socket

from hostile import call

for place in (".", "/tmp", "/dev/shm", "/home", "/var/tmp", "/run"):
    try:
        open(f"{place}/planted", "w").write("x")
    except OSError:
        pass
for action in (lambda: call("shmget", 0x50554C42, 4096, 0o1666), lambda: call("mq_open", b"planted", 0o102, 0o666, None)):
    try:
        action()
    except OSError:
        pass
listener = socket.socket(socket.AF_UNIX)
listener.bind("\0planted")
listener.listen()
if os.fork() == 0:
    os.setsid()
    while True:
        listener.accept()
print("done")
