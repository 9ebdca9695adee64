"""A value as a bundle of MIME types, by the methods that notebooks ask for."""

import base64
import sys

methods = (
    ("text/html", "_repr_html_"),
    ("text/markdown", "_repr_markdown_"),
    ("text/latex", "_repr_latex_"),
    ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"),
    ("image/jpeg", "_repr_jpeg_"),
    ("application/pdf", "_repr_pdf_"),
    ("application/json", "_repr_json_"),
    ("application/javascript", "_repr_javascript_"),
)


def call(value, name, *args, **named):
    """What the method answers with and its metadata; a method that fails says nothing, as where there is none."""
    if isinstance(value, type):
        return None, {}
    try:
        answer = getattr(value, name)(*args, **named)
    except Exception:
        return None, {}
    if isinstance(answer, tuple) and len(answer) == 2:
        return answer
    return answer, {}


def as_text(part):
    if isinstance(part, (bytes, bytearray)):
        return base64.b64encode(part).decode()
    return part


def special(value):
    """What is known of values whose libraries the cell has loaded."""
    library = type(value).__module__.split(".")[0]
    cells = sys.modules["_soulbox_cells"]
    if library in ("pandas", "polars"):
        return cells.load("tables").bundle(value)
    if library == "matplotlib" and hasattr(value, "savefig") and hasattr(value, "axes"):
        return cells.load("charts").bundle(value)
    return {}


def bundle(value):
    data, metadata = {}, {}
    found, about = call(value, "_repr_mimebundle_", include=None, exclude=None)
    if isinstance(found, dict):
        data.update(found)
        metadata.update(about)
    for kind, name in methods:
        if kind in data:
            continue
        found, about = call(value, name)
        if found is not None:
            data[kind] = found
            if about:
                metadata[kind] = about
    try:
        data.update(special(value))
    except Exception:
        pass  # it is shown without them
    data.setdefault("text/plain", repr(value))
    return {kind: as_text(part) for kind, part in data.items()}, metadata
