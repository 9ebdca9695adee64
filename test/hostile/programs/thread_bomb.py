import sys
import threading

forever = threading.Event()
try:
    while True:
        threading.Thread(target=forever.wait, daemon=True).start()
except RuntimeError:
    sys.stdout.flush()
    import os
    os._exit(1)
