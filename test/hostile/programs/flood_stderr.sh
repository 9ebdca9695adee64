while :; do echo flooding >&2; done
