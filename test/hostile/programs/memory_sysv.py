import ctypes
import sys

from hostile import NUMBERS, call

try:
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    while True:
        segment = call("shmget", 0, 8 << 20, 0o1600)
        address = libc.shmat(segment, None, 0)
        if address in (None, ctypes.c_void_p(-1).value):
            sys.exit(0)
        ctypes.memset(address, 1, 8 << 20)
except OSError:
    pass
print("done")
