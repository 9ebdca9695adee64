import fcntl
import os

# Pipe buffers are the kernel's memory, not the process's.
kept = []
try:
    while True:
        reader, writer = os.pipe()
        kept.append((reader, writer))
        try:
            fcntl.fcntl(writer, 1031, 1 << 20)
        except OSError:
            pass
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"x" * 65536)
        except BlockingIOError:
            pass
except OSError:
    print("done")
