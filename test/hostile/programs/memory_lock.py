from hostile import attempt, call, done

attempt("mlockall", lambda: call("mlockall", 3))
done()
