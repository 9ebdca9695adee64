"""What a cell raised, as data."""

import linecache
import traceback


def frame(summary):
    return {
        "file": summary.filename,
        "line": summary.lineno,
        "column": None if getattr(summary, "colno", None) is None else summary.colno + 1,
        "function": summary.name,
        "source": summary.line or "",
    }


def without_own(stack):
    """Without the frames of what runs the cells, which come first."""
    for at, summary in enumerate(stack):
        if summary.filename != "<soulbox>":
            return traceback.StackSummary.from_list(list(stack)[at:])
    return traceback.StackSummary.from_list([])


def cut(error):
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.stack = without_own(error.stack)
        if error.__context__ is not None and error.__cause__ is None and not error.__suppress_context__:
            error = error.__context__
        else:
            error = error.__cause__


def told(error, sources):
    for file, source in sources.items():
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    about = traceback.TracebackException.from_exception(error)
    cut(about)
    frames = [frame(summary) for summary in about.stack]
    if isinstance(error, SyntaxError) and error.lineno is not None:
        place = {"file": error.filename, "line": error.lineno, "column": error.offset, "function": "<module>"}
        frames.append({**place, "source": (error.text or "").rstrip("\n")})
    return {
        "name": type(error).__qualname__,
        "message": str(error),
        "frames": frames,
        "text": "".join(about.format()),
    }
