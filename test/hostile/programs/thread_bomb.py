import os
import threading
import time

forever = threading.Event()
try:
    while True:
        threading.Thread(target=forever.wait, daemon=True).start()
except RuntimeError:
    # Long enough for one who only looks now and then.
    time.sleep(0.2)
    os._exit(1)
