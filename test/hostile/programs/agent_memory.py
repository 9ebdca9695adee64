import ctypes
import os

from hostile import attempt, call, done, read


class Area(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


buffer = ctypes.create_string_buffer(64)
here = Area(ctypes.cast(buffer, ctypes.c_void_p), 64)
there = Area(0x400000, 64)
by_address = ctypes.byref
attempt("read its memory", lambda: call("process_vm_readv", 1, by_address(here), 1, by_address(there), 1, 0))
attempt("write its memory", lambda: call("process_vm_writev", 1, by_address(here), 1, by_address(there), 1, 0))
for name in ("mem", "maps", "environ", "auxv", "stack", "syscall"):
    attempt(f"read /proc/1/{name}", read, f"/proc/1/{name}", 64)
attempt("open its memory for writing", os.open, "/proc/1/mem", os.O_RDWR)
for name in ("exe", "cwd", "root"):
    attempt(f"follow /proc/1/{name}", os.readlink, f"/proc/1/{name}")
attempt("list its descriptors", os.listdir, "/proc/1/fd")
attempt("take its descriptor", lambda: call("pidfd_getfd", call("pidfd_open", 1, 0), 3, 0))
done()
