"""Plants state in every place that a program can reach, and looks for what another one has planted there.

Arguments: `look`, `plant`, or both in the order in which they are to be done. Prints a line of JSON for each `look`.
"""
import atexit
import builtins
import codecs
import ctypes
import decimal
import fcntl
import gc
import json
import locale
import logging
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings

MARK = "soulbox-planted"
KEY = 0x534F554C
home = os.path.expanduser("~")
library = ctypes.CDLL(None, use_errno=True)
places = {}


def place(name):
    """Registers a class with `plant()` and `look()`, the latter true where something was planted."""

    def register(pair):
        places[name] = pair
        return pair

    return register


def file_in(folder):
    path = os.path.join(os.path.abspath(folder), MARK)

    class File:
        plant = staticmethod(lambda: open(path, "w").close())
        look = staticmethod(lambda: os.path.lexists(path))

    return File


for folder in (".", "..", "/tmp", "/dev/shm", "/var/tmp", "/run", "/home", home, f"{home}/.config", "/", sys.prefix,
               os.path.dirname(json.__file__), os.path.dirname(sys.executable)):
    place(f"file in {folder}")(file_in(folder))


@place("start-up file of the interpreter")
class StartUp:
    path = os.path.join(home, ".local", "lib", f"python3.{sys.version_info.minor}", "site-packages", "usercustomize.py")

    def plant():
        os.makedirs(os.path.dirname(StartUp.path), exist_ok=True)
        with open(StartUp.path, "w") as file:
            file.write(f"import builtins; builtins.started = {MARK!r}")

    def look():
        return os.path.exists(StartUp.path) or hasattr(builtins, "started")


@place("System V shared memory")
class Shared:
    plant = lambda: library.shmget(KEY, 4096, 0o1666)
    look = lambda: library.shmget(KEY, 0, 0) >= 0


@place("System V semaphore")
class Semaphore:
    plant = lambda: library.semget(KEY, 1, 0o1666)
    look = lambda: library.semget(KEY, 0, 0) >= 0


@place("System V message queue")
class Queue:
    plant = lambda: library.msgget(KEY, 0o1666)
    look = lambda: library.msgget(KEY, 0) >= 0


@place("abstract socket")
class Abstract:
    def plant():
        Abstract.kept = socket.socket(socket.AF_UNIX)
        Abstract.kept.bind("\0" + MARK)
        Abstract.kept.listen()
        os.set_inheritable(Abstract.kept.fileno(), True)

    def look():
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex("\0" + MARK) == 0


@place("port")
class Port:
    def plant():
        Port.kept = socket.socket()
        Port.kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        Port.kept.bind(("127.0.0.1", 47321))
        Port.kept.listen()

    def look():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", 47321)) == 0


@place("process that stays")
class Stays:
    def plant():
        if os.fork() > 0:
            return
        os.setsid()
        if os.fork() > 0:
            os._exit(0)
        for number in range(1, signal.NSIG):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        library.prctl(15, MARK[:15].encode(), 0, 0, 0)
        os.closerange(0, 3)
        time.sleep(3600)
        os._exit(0)

    def look():
        time.sleep(0.02)
        names = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/comm") as file:
                    names.append(file.read().strip())
            except OSError:
                pass
        return MARK[:15] in names


@place("lock of a file of all")
class Lock:
    def plant():
        Lock.kept = os.open(sys.executable, os.O_RDONLY)
        fcntl.flock(Lock.kept, fcntl.LOCK_EX)

    def look():
        probe = os.open(sys.executable, os.O_RDONLY)
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except OSError:
            return True
        finally:
            os.close(probe)


@place("open descriptor")
class Descriptor:
    plant = lambda: os.dup2(os.open("/", os.O_RDONLY), 200)
    look = lambda: any(leads_to_root(number) for number in range(3, 256))


def leads_to_root(number):
    try:
        return os.readlink(f"/proc/self/fd/{number}") == "/"
    except OSError:
        return False


@place("flags of the streams")
class Flags:
    plant = lambda: [fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | fcntl.fcntl(fd, fcntl.F_GETFL)) for fd in (0, 1, 2)]
    look = lambda: any(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK for fd in (0, 1, 2))


@place("timer")
class Timer:
    plant = lambda: signal.setitimer(signal.ITIMER_REAL, 3000)
    look = lambda: signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0)


@place("signal handler")
class Handler:
    plant = lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    look = lambda: signal.getsignal(signal.SIGUSR1) != signal.SIG_DFL


@place("signal mask")
class Mask:
    plant = lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    look = lambda: bool(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


@place("pending signal")
class Pending:
    def plant():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
        os.kill(os.getpid(), signal.SIGUSR2)

    look = lambda: bool(signal.sigpending())


@place("working directory")
class Directory:
    def plant():
        os.makedirs(f"/tmp/{MARK}-cwd", exist_ok=True)
        os.chdir(f"/tmp/{MARK}-cwd")

    look = lambda: MARK in os.getcwd()


@place("limit of a resource")
class Limit:
    plant = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (233, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    look = lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 233


@place("priority")
class Priority:
    plant = lambda: os.setpriority(os.PRIO_PROCESS, 0, 7)
    look = lambda: os.getpriority(os.PRIO_PROCESS, 0) == 7


@place("processor affinity")
class Affinity:
    plant = lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    look = lambda: len(os.sched_getaffinity(0)) == 1 < (os.cpu_count() or 1)


@place("name of the process")
class Name:
    plant = lambda: library.prctl(15, b"planted-name", 0, 0, 0)

    def look():
        with open("/proc/self/comm") as file:
            return file.read().strip() == "planted-name"


@place("environment")
class Environment:
    def plant():
        os.environ["SOULBOX_PLANTED"] = MARK
        os.putenv("SOULBOX_PUT", MARK)

    look = lambda: "SOULBOX_PLANTED" in os.environ or library.getenv(b"SOULBOX_PUT") != 0


@place("time zone")
class Zone:
    def plant():
        os.environ["TZ"] = "PLANTED-7"
        time.tzset()

    look = lambda: "PLANTED" in time.tzname


@place("locale")
class Locale:
    plant = lambda: locale.setlocale(locale.LC_NUMERIC, "C.UTF-8")
    look = lambda: locale.setlocale(locale.LC_NUMERIC) == "C.UTF-8"


@place("module")
class Module:
    plant = lambda: sys.modules.__setitem__("soulbox_planted", sys)
    look = lambda: "soulbox_planted" in sys.modules


@place("search path")
class Path:
    plant = lambda: sys.path.insert(0, MARK)
    look = lambda: MARK in sys.path


@place("built-in function")
class BuiltIn:
    def plant():
        real = builtins.len
        builtins.len = lambda thing: real(thing)
        builtins.planted = MARK

    look = lambda: hasattr(builtins, "planted") or type(builtins.len) is not type(builtins.abs)


@place("function of a module")
class Patched:
    def plant():
        real = json.dumps
        json.dumps = lambda *arguments, **more: real(*arguments, **more)

    look = lambda: json.dumps.__module__ != "json"


@place("hooks of the interpreter")
class Hooks:
    def plant():
        sys.excepthook = lambda *_: None
        sys.meta_path.append(None)
        sys.meta_path.pop()
        threading.excepthook = lambda *_: None
        atexit.register(lambda: None)

    look = lambda: sys.excepthook is not sys.__excepthook__ or threading.excepthook is not threading.__excepthook__


@place("settings of the interpreter")
class Settings:
    def plant():
        sys.setrecursionlimit(777)
        sys.setswitchinterval(0.5)
        gc.set_threshold(7)

    look = lambda: sys.getrecursionlimit() == 777 or sys.getswitchinterval() == 0.5 or gc.get_threshold()[0] == 7


@place("decimal context")
class Context:
    plant = lambda: setattr(decimal.getcontext(), "prec", 3)
    look = lambda: decimal.getcontext().prec == 3


@place("logging")
class Logging:
    plant = lambda: logging.getLogger().addHandler(logging.NullHandler())
    look = lambda: bool(logging.getLogger().handlers)


@place("filters of warnings")
class Warnings:
    plant = lambda: warnings.filterwarnings("ignore", message=MARK)
    look = lambda: any(entry[1] and MARK in entry[1].pattern for entry in warnings.filters)


@place("codec")
class Codec:
    plant = lambda: codecs.register(lambda name: codecs.lookup("utf-8") if name == "soulbox_planted" else None)

    def look():
        try:
            return bool(codecs.lookup("soulbox_planted"))
        except LookupError:
            return False


@place("folder of temporary files")
class Temporary:
    plant = lambda: setattr(tempfile, "tempdir", f"/tmp/{MARK}")
    look = lambda: MARK in tempfile.gettempdir()


@place("seed of random numbers")
class Seed:
    plant = lambda: random.seed(MARK)

    def look():
        return random.getstate() == random.Random(MARK).getstate()


@place("umask")
class Umask:
    plant = lambda: os.umask(0o123)

    def look():
        now = os.umask(0)
        os.umask(now)
        return now == 0o123


def look():
    found = [name for name, pair in places.items() if pair.look()]
    fresh = {
        "random": random.random(),
        "temporary": next(tempfile._get_candidate_names()),
        "system": os.urandom(8).hex(),
    }
    print(json.dumps({"places": list(places), "found": found, "fresh": fresh, "hash": hash(MARK)}), flush=True)


def plant():
    for pair in places.values():
        try:
            pair.plant()
        except Exception:  # A wall, which is well.
            pass


for argument in sys.argv[1:]:
    {"look": look, "plant": plant}[argument]()
sys.stdout.flush()
os._exit(0)
