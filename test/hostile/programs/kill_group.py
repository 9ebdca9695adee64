import os
import signal

if os.fork() == 0:
    signal.pause()
os.kill(0, signal.SIGKILL)
