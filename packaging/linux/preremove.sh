#!/bin/sh
# Runs before a removal or an upgrade. A deb is told "remove" or "upgrade", an rpm
# how many versions stay.
set -e

case "$1" in
	remove | 0)
		if [ -d /run/systemd/system ]; then
			systemctl disable --now benthos-segment.service || true
		fi
		;;
esac
