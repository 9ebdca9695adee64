import os
import platform

from hostile import call

if platform.machine() != "x86_64":
    os.kill(os.getpid(), 31)
call(0x40000000 + 39)
print("BREACH went on")
