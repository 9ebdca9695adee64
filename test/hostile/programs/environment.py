import os

from hostile import attempt, done, read

# What was given, and what Python's plugin gives to all.
expected = {
    "GIVEN": "value", "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/sandbox", "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
}
surplus = {key: value for key, value in os.environ.items() if expected.get(key) != value and key != "LC_CTYPE"}
if surplus or os.environ.get("GIVEN") != "value":
    print("BREACH environment", surplus)
attempt("environment of the first process", read, "/proc/1/environ")
done()
