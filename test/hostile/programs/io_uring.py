import ctypes

from hostile import attempt, call, done

attempt("io_uring_setup", lambda: call("io_uring_setup", 8, ctypes.create_string_buffer(120)))
done()
