import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        for descriptor in range(3):
            os.close(descriptor)
        os.chdir("/")
        while True:
            time.sleep(1)
    os._exit(0)
os.wait()
print("done")
