import os
import resource
import signal

from hostile import attempt, done

attempt("core limit", lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30)))
if os.fork() == 0:
    os.abort()
_, status = os.wait()
if os.WCOREDUMP(status) or any(name.split(".")[0] == "core" for name in os.listdir(".")):
    print("BREACH core file")
assert os.WTERMSIG(status) == signal.SIGABRT
done()
