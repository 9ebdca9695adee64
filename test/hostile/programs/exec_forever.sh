exec /bin/sh "$0"
