# Runs the cells of a context, one after another. The last thing that it has of its own are names that begin with two underscores.
exec 9<&3 3<&-
__tell() { printf '%s\n' "$1" >&9; }
__run() { eval "$__code"; }
# A cell that is interrupted ends the loops that it is in; the shell itself goes on.
trap '__interrupted=1; break 1000 2>/dev/null' INT
__tell '{"type":"ready"}'
while IFS=' ' read -r __next __size <&9; do
  __code=$(head -c "$__size" <&9)
  __cell=$__next __interrupted=
  __tell "{\"id\":$__cell,\"type\":\"start\"}"
  __run 9<&-
  __status=$?
  if [ -n "$__interrupted" ]; then
    __tell "{\"id\":$__cell,\"type\":\"error\",\"name\":\"Interrupted\",\"message\":\"the cell was interrupted\",\"frames\":[],\"text\":\"\"}"
  elif [ "$__status" -ne 0 ]; then
    __tell "{\"id\":$__cell,\"type\":\"error\",\"name\":\"ExitCode\",\"message\":\"$__status\",\"frames\":[],\"text\":\"\"}"
  fi
  __tell "{\"id\":$__cell,\"type\":\"end\"}"
  __cell=
done
