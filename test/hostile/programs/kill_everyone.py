import os
import signal

# Some of these are permitted and must do nothing; what counts is that the world still stands afterwards.
for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
    for target in (1, -1):
        try:
            if target != -1 or number == signal.SIGKILL:
                os.kill(target, number)
        except OSError:
            pass
print("done")
