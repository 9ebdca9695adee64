import os

from hostile import attempt, done, read

expected = {"GIVEN": "value"}
surplus = {key: value for key, value in os.environ.items() if expected.get(key) != value and key != "LC_CTYPE"}
if surplus or os.environ.get("GIVEN") != "value":
    print("BREACH environment", surplus)
attempt("environment of the first process", read, "/proc/1/environ")
done()
