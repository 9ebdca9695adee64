import ctypes

from hostile import attempt, call, done

text = ctypes.c_char_p
attempt("add_key", lambda: call("add_key", text(b"user"), text(b"covert"), text(b"x"), 1, -3))
attempt("request_key", lambda: call("request_key", text(b"user"), text(b"covert"), None, 0))
attempt("keyctl", lambda: call("keyctl", 0, -3, 1))
done()
