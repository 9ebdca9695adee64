import os
import time

# The grandchild keeps standard output open: whoever waits for its end waits for ever.
if os.fork() == 0:
    os.setsid()
    time.sleep(3600)
print("done")
