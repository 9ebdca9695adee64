import os
import time

# Orphans for the first process to reap, and children that nobody does.
for _ in range(6):
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.01)
        os._exit(0)
time.sleep(0.1)
print("done")
