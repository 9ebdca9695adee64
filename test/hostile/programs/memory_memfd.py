import os
import sys

block = b"x" * (1 << 20)
try:
    file = os.memfd_create("hidden")
    while True:
        os.write(file, block)
except OSError:
    print("done")
