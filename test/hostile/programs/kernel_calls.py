import ctypes
import os

from hostile import attempt, call, done

zeros = ctypes.create_string_buffer(256)
attempt("bpf", lambda: call("bpf", 0, zeros, 128))
attempt("perf_event_open", lambda: call("perf_event_open", zeros, 0, -1, -1, 0))
attempt("userfaultfd", lambda: call("userfaultfd", 1))
attempt("kcmp", lambda: call("kcmp", os.getpid(), 1, 0, 0, 0))
attempt("open_by_handle_at", lambda: call("open_by_handle_at", -100, zeros, 0))
attempt("name_to_handle_at", lambda: call("name_to_handle_at", -100, b"/", zeros, zeros, 0))
attempt("quotactl", lambda: call("quotactl", 0, None, 0, None))
attempt("acct", lambda: call("acct", None))
attempt("fanotify_init", lambda: call("fanotify_init", 0, 0))
attempt("syslog", lambda: call("syslog", 3, zeros, 256))
attempt("vhangup", lambda: call("vhangup"))
attempt("migrate_pages", lambda: call("migrate_pages", 0, 8, zeros, zeros))
attempt("a call of the future", lambda: call(2000))
done()
