import ctypes
import mmap
import os
import platform

if platform.machine() != "x86_64":
    os.kill(os.getpid(), 31)
# mov eax, 20; int 0x80; ret: getpid of the 32-bit table, past a filter that only knows the 64-bit one.
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
result = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
print("BREACH went on", result)
