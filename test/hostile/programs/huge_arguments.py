import os

for size in (1 << 17, 1 << 24):
    child = os.fork()
    if child == 0:
        try:
            os.execve("/bin/true", ["/bin/true", "x" * size], {"BIG": "y" * size})
        except OSError:
            os._exit(7)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 7)
print("done")
