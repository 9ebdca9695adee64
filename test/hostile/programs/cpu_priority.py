import os

from hostile import attempt, done

attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20))
attempt("real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)))
attempt("nice of the first process", lambda: os.setpriority(os.PRIO_PROCESS, 1, -5))
done()
