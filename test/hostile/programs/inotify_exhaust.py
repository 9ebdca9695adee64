import ctypes
import time

from hostile import done

# Counted per user of the host, however deep the user namespace: taking all would leave none for others.
libc = ctypes.CDLL(None)
instances = 0
while libc.inotify_init() >= 0:
    instances += 1
if instances > 16:
    print("BREACH", instances, "inotify instances")
time.sleep(0.3)
done()
