import fcntl
import os
import termios

from hostile import attempt, done

attempt("open the terminal", os.open, "/dev/tty", os.O_RDWR)
attempt("open the console", os.open, "/dev/console", os.O_RDWR)
for descriptor in range(3):
    attempt(f"push input into {descriptor}", lambda d=descriptor: fcntl.ioctl(d, termios.TIOCSTI, b"x"))
    attempt(f"take {descriptor} as terminal", lambda d=descriptor: fcntl.ioctl(d, termios.TIOCSCTTY, 1))
done()
