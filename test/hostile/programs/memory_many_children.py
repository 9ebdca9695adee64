import os
import time

# Each stays below the limit; together they do not.
for _ in range(6):
    if os.fork() == 0:
        kept = bytearray(b"x" * (24 << 20))
        time.sleep(3600)
time.sleep(3600)
