import ctypes
import os
import signal

from hostile import done

# Pending signals are the kernel's memory, counted per user of the host.
libc = ctypes.CDLL(None)
number = signal.SIGRTMIN + 3
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
queued = 0
while queued < 100_000 and libc.sigqueue(os.getpid(), number, None) == 0:
    queued += 1
if queued > 4096:
    print("BREACH", queued, "signals queued")
done()
