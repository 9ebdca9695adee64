import ctypes
import time

from hostile import attempt, call, done

attempt("clock_settime", time.clock_settime, time.CLOCK_REALTIME, time.time())
attempt("settimeofday", lambda: call("settimeofday", ctypes.create_string_buffer(16), None))
tick = ctypes.create_string_buffer(256)
tick[0] = 2
attempt("adjtimex", lambda: call("adjtimex", tick))
attempt("sethostname", lambda: call("sethostname", b"owned", 5))
done()
