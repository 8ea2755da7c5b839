#!/bin/sh
# Runs after a removal. Only purge, which an rpm does not have, deletes what the
# service wrote: a queue may hold events that nobody has got yet.
set -e

name=benthos-segment

case "$1" in
	purge)
		rm -rf "/var/lib/$name" "/etc/$name"
		if getent passwd "$name" >/dev/null; then
			userdel "$name"
		fi
		if getent group "$name" >/dev/null; then
			groupdel "$name" || true
		fi
		;;
esac
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
