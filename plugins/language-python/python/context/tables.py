"""Data frames as tabular data resources: the fields and the first rows."""

import json
import sys

kind = "application/vnd.dataresource+json"
most_rows = 1_000


def of_pandas(frame):
    table = json.loads(frame.head(most_rows).to_json(orient="table", date_format="iso", default_handler=str))
    fields = [{"name": field["name"], "type": field["type"]} for field in table["schema"]["fields"]]
    keys = table["schema"].get("primaryKey", [])
    return {"schema": {"fields": fields, "primaryKey": keys}, "data": table["data"], "rows": len(frame)}


def polars_type(dtype):
    name = str(dtype)
    if name.startswith(("Int", "UInt")):
        return "integer"
    if name.startswith(("Float", "Decimal")):
        return "number"
    if name.startswith(("Datetime", "Date")):
        return "datetime"
    return {"Boolean": "boolean", "String": "string", "Utf8": "string"}.get(name, "any")


def of_polars(frame):
    fields = [{"name": name, "type": polars_type(dtype)} for name, dtype in frame.schema.items()]
    return {"schema": {"fields": fields}, "data": frame.head(most_rows).to_dicts(), "rows": len(frame)}


def bundle(value):
    library = type(value).__module__.split(".")[0]
    if not isinstance(value, sys.modules[library].DataFrame):
        return {}
    return {kind: of_pandas(value) if library == "pandas" else of_polars(value)}
