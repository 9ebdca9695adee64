import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
print("BREACH went on after a stop")
