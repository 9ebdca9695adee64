import ctypes

compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


@compare
def again(pointer):
    return again(pointer)


import sys

sys.setrecursionlimit(10**9)
again(None)
