import type { ComparedProgram, ProgramOptions } from './program.ts';

const python = (name: string, code: string, { files = {}, ...over }: ProgramOptions = {}): ComparedProgram => ({
  name,
  language: 'python',
  files: { 'main.py': code, ...files },
  ...over,
});

export const pythonPrograms: readonly ComparedProgram[] = [
  python(
    'what a module has',
    'print(sorted(globals()), __name__, __file__, __doc__, __spec__, __package__, __builtins__)',
  ),
  python('arguments', 'import sys; print(sys.argv, sys.orig_argv[1:], sys.path[0], sys.flags, sys.executable)', {
    args: ['a b', '', '-x', 'é😀'],
  }),
  python('environment', 'import os; print(sorted(os.environ.items()), os.getcwd(), os.listdir(), os.umask(0))', {
    env: { OWN: 'value', WITH_EQUALS: 'a=b', EMPTY: '' },
  }),
  python('input and its end', 'print(input(), input("? "))\ntry: input()\nexcept EOFError as e: print(repr(e))', {
    stdin: 'one\ntwo',
  }),
  python(
    'standard streams',
    'import sys; print([(s.encoding, s.errors, s.line_buffering, s.isatty(), s.name, s.mode, s.fileno()) for s in (sys.stdin, sys.stdout, sys.stderr)])',
  ),
  python(
    'descriptors',
    'import os; print(sorted(os.listdir("/proc/self/fd")), os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0))',
  ),
  python('bytes in and out', 'import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])', {
    stdin: '\u0000ÿ\n',
  }),
  python('closed streams', 'import os, sys; os.close(0); sys.stdout.close(); os.close(1)\nsys.stderr.write("x")'),
  python('an exception', 'def f(n):\n  return g(n)\ndef g(n):\n  raise ValueError("é", n)\nf(3)'),
  python(
    'a chain of exceptions',
    'try:\n  1/0\nexcept ZeroDivisionError as e:\n  try:\n    {}["x"]\n  except KeyError as k:\n    raise OSError(2, "no") from k',
  ),
  python('an exception group', 'raise ExceptionGroup("many", [ValueError(1), TypeError("t")])'),
  python('a wrong syntax', 'x = 1\nprint("a"\nfor'),
  python('a wrong indentation', 'if True:\nprint(1)'),
  python('a null byte in the source', 'print(1)\u0000'),
  python('another encoding', '# -*- coding: latin-1 -*-\nprint("é")'),
  python('a byte order mark', '\uFEFFprint("after")'),
  python('no newline at the end', 'print("x")  # é'),
  python('an empty program', ''),
  python('a missing module', 'import nothing_of_this_name'),
  ...['', '0', '3', '256', '-1', '"text"', 'None', '[1]', '10**30', 'True', '2.5'].map((code) =>
    python(`sys.exit(${code})`, `import sys\nprint("x")\nsys.exit(${code})`),
  ),
  python('exit()', 'exit(4)'),
  python('raise SystemExit', 'raise SystemExit("why")'),
  python('os._exit', 'import os; print("lost?"); os._exit(5)'),
  python('os.abort', 'import os; os.abort()'),
  python('KeyboardInterrupt', 'raise KeyboardInterrupt'),
  python('a signal of its own', 'import os, signal; os.kill(os.getpid(), signal.SIGTERM)'),
  python('SIGINT', 'import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(5)'),
  python(
    'signal handlers',
    'import signal; print([(s.name, signal.getsignal(s)) for s in sorted(signal.valid_signals()) if hasattr(s, "name") and signal.getsignal(s) is not signal.SIG_DFL and s.name != "SIGINT"], signal.pthread_sigmask(0, []))',
  ),
  python(
    'SIGPIPE',
    'import os\nr, w = os.pipe(); os.close(r)\ntry: os.write(w, b"x")\nexcept BrokenPipeError as e: print(repr(e))',
  ),
  python(
    'an exit handler',
    'import atexit\natexit.register(print, "second")\natexit.register(print, "first")\nprint("body")',
  ),
  python('an exit handler that fails', 'import atexit\n@atexit.register\ndef f(): raise ValueError("late")'),
  python(
    'a destructor',
    'class C:\n  def __del__(self): print("gone")\nc = C()\nd = [C()]; d.append(d)\nprint("body")',
  ),
  python(
    'threads',
    'import threading\ndef f(n): print(n, threading.current_thread().name)\nfor n in (3, 1, 2): t = threading.Thread(target=f, args=(n,)); t.start(); t.join()\ne = threading.Event(); threading.Thread(target=e.wait).start()\nprint(threading.active_count(), threading.main_thread() is threading.current_thread(), threading.get_native_id()); e.set()',
  ),
  python(
    'a thread that fails',
    'import threading\ndef f(): raise ValueError("in it")\nt = threading.Thread(target=f); t.start(); t.join(); print("after")',
  ),
  python(
    'a daemon thread',
    'import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint("end")',
  ),
  python(
    'a pool of threads',
    'from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as p: print(list(p.map(lambda n: n * n, range(9))))',
  ),
  ...['fork', 'spawn', 'forkserver'].map((method) =>
    python(
      `multiprocessing by ${method}`,
      `import multiprocessing as m\ndef f(n): return n * n\nif __name__ == "__main__":\n  m.set_start_method("${method}")\n  with m.Pool(2) as p: print(p.map(f, range(5)))`,
    ),
  ),
  python(
    'os.fork',
    'import os\np = os.fork()\nif p == 0:\n  print("child", flush=True); os._exit(3)\nprint(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))',
  ),
  python(
    'subprocess',
    'import subprocess, sys\nprint(subprocess.run([sys.executable, "-c", "import sys; print(sys.argv); sys.exit(3)", "x"], capture_output=True))',
  ),
  python('a shell', 'import os; print(os.system("echo shell; exit 2"))'),
  python(
    'os.execv',
    'import os, sys\nprint("before", flush=True)\nos.execv(sys.executable, [sys.executable, "-c", "print(\'after\')"])',
  ),
  python(
    'asyncio',
    'import asyncio\nasync def f(n):\n  await asyncio.sleep(n / 100); return n\nasync def main(): print(await asyncio.gather(f(2), f(1)))\nasyncio.run(main())',
  ),
  python('asyncio that fails', 'import asyncio\nasync def f(): raise ValueError("async")\nasyncio.run(f())'),
  python(
    'a subprocess of asyncio',
    'import asyncio\nasync def main():\n  p = await asyncio.create_subprocess_exec("/bin/echo", "x", stdout=-1)\n  print(await p.communicate())\nasyncio.run(main())',
  ),
  python(
    'warnings',
    'import warnings\nwarnings.warn("own")\nwarnings.warn("old", DeprecationWarning)\nprint("\\d")\nassert (1, "x")',
    {},
  ),
  python(
    'inspect.getsource',
    'import inspect\ndef f():\n  # a comment\n  return 1\nprint(inspect.getsource(f), inspect.getsourcefile(f), inspect.stack()[0][1:4], inspect.getmodule(f))',
  ),
  python(
    'pickle',
    'import pickle\nclass C:\n  def __init__(self): self.a = 1\nc = pickle.loads(pickle.dumps(C())); print(c.a, C, c.__class__ is C)',
  ),
  python(
    'dataclasses and typing',
    'from dataclasses import dataclass\nimport typing\n@dataclass\nclass D:\n  a: "int"\n  b: list[str] = None\nx: int = 3\nprint(D(1), typing.get_type_hints(D), __annotations__)',
  ),
  python(
    'enum, json, re and the like',
    'import enum, json, re, decimal, datetime, collections, hashlib\nclass E(enum.Enum): A = 1\nprint(E.A, json.dumps({"é": [1.5, None]}), re.sub("(a)", r"<\\1>", "banana"), decimal.Decimal("1") / 7, decimal.getcontext(), datetime.date(2024, 2, 29), collections.Counter("abca"), hashlib.sha256(b"x").hexdigest())',
  ),
  python(
    'logging',
    'import logging\nlogging.warning("w"); logging.info("i"); print(logging.root.handlers, logging.root.level)',
  ),
  python(
    'deep recursion',
    'import sys\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(sys.getrecursionlimit(), f(900))\ntry: f(10**5)\nexcept RecursionError as e: print(e)',
  ),
  python(
    'locale and time zone',
    'import locale, time, sys; print(locale.getlocale(), locale.getpreferredencoding(), time.tzname, sys.getfilesystemencoding(), time.localtime(0)[:5])',
  ),
  python('another time zone', 'import time; print(time.tzname, time.localtime(0)[:5])', {
    env: { TZ: 'Asia/Tokyo-9' },
    isCold: true,
  }),
  python('its own variables of Python', 'import sys; print(sys.flags.optimize, __debug__)', {
    env: { PYTHONOPTIMIZE: '1' },
    isCold: true,
  }),
  python('a seed of its own', 'print(hash("x"))', { env: { PYTHONHASHSEED: '7' }, isCold: true }),
  python(
    'a module of its own',
    'import helper; print(helper.value, helper.__file__); from package import part; print(part.name, part.__package__)',
    {
      files: {
        'helper.py': 'value = 1',
        'package/__init__.py': '',
        'package/part.py': 'from . import other\nname = other.name',
        'package/other.py': 'name = "n"',
      },
    },
  ),
  python('a module with the name of one of the library', 'import random; print(random.mine)', {
    files: { 'random.py': 'mine = 1' },
  }),
  python('a package with the name of one of the library', 'import json; print(json.mine)', {
    files: { 'json/__init__.py': 'mine = 2' },
  }),
  python('a module with the name of one that others need', 'import heapq; print(heapq.mine)', {
    files: { 'heapq.py': 'mine = 3' },
  }),
  python('a program in a folder', 'import helper; print(helper.value, __file__)', {
    files: {
      'src/app.py': 'import sys, os, beside; print(sys.path[0], os.getcwd(), beside.x, __file__, sys.argv)',
      'src/beside.py': 'x = 1',
    },
    entry: 'src/app.py',
  }),
  python('a name that is an option', 'print(1)', {
    files: { '-c.py': 'import sys; print(sys.argv, __file__)' },
    entry: '-c.py',
  }),
  python(
    'changes of the library',
    'import random, os, sys, builtins\nrandom.random = lambda: 4\nbuiltins.own = 5\nsys.stdout.write(str((random.random(), own)))\nsys.modules["os"] = None\nimport json',
  ),
  python(
    'its own hooks',
    'import sys\nsys.excepthook = lambda t, e, tb: print("hook", t, e, tb.tb_lineno)\nsys.unraisablehook = lambda u: print("unraisable", u.exc_value)\nclass C:\n  def __del__(self): raise ValueError("d")\nC()\n1/0',
  ),
  python(
    'tracing',
    'import sys\nlines = []\ndef trace(f, e, a):\n  lines.append((e, f.f_lineno)); return trace\nsys.settrace(trace)\ndef f():\n  return 1\nf()\nsys.settrace(None); print(lines)',
  ),
  python('exec, eval and compile', 'exec("x = 1"); print(eval("x + 1"))\nexec("def f(): raise KeyError(1)\\nf()")'),
  python('the future', 'from __future__ import annotations\nx: not_there = 1\nprint(__annotations__)'),
  python('no future from elsewhere', 'def f(a: int): pass\nprint(f.__annotations__)'),
  python('files', 'open("out.txt", "w").write("é"); print(open("out.txt").read(), open(__file__).read())'),
  python(
    'memory of weak references',
    'import weakref, gc\nclass C: pass\nc = C(); w = weakref.ref(c); del c; print(w(), gc.isenabled(), gc.get_threshold())',
  ),
  python(
    'the limits of resources',
    'import resource as r; print([r.getrlimit(getattr(r, n)) for n in ("RLIMIT_NOFILE", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NICE")])',
  ),
  python(
    'the loader',
    'import sys; m = sys.modules["__main__"]; print(type(__loader__), __loader__.name, __loader__.path, m.__dict__ is globals(), m.__cached__)',
  ),
  python(
    'a generator that is left',
    'def g():\n  try:\n    yield 1\n  finally: print("left")\nx = g(); next(x)\nprint("end")',
  ),
  python(
    'output that nobody flushed',
    'import sys; sys.stdout = open(1, "w", buffering=1 << 16, closefd=False); print("kept")',
  ),
  python(
    'runpy and the main module',
    'import __main__, runpy; print(__main__.__file__); print(runpy.run_path("other.py")["x"])',
    {
      files: { 'other.py': 'x = __name__' },
    },
  ),
];
