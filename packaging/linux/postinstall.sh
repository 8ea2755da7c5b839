#!/bin/sh
# Runs after an installation or an upgrade, of the deb and of the rpm.
set -e

name=benthos-segment

if ! getent group "$name" >/dev/null; then
	groupadd --system "$name"
fi
if ! getent passwd "$name" >/dev/null; then
	nologin=/usr/sbin/nologin
	[ -x "$nologin" ] || nologin=/sbin/nologin
	useradd --system --gid "$name" --home-dir "/var/lib/$name" --no-create-home \
		--shell "$nologin" --comment 'Sends customer events to Segment' "$name"
fi
# The files of the package belong to root. Write keys are for the service alone.
chown root:"$name" "/etc/$name"
chmod 0750 "/etc/$name"
# Whoever needs no environment may have deleted it, and a deb does not bring it back.
if [ -e "/etc/$name/environment" ]; then
	chown root:"$name" "/etc/$name/environment"
	chmod 0640 "/etc/$name/environment"
fi

# Where systemd runs, it learns of the unit. A running service goes on with the
# new binary, unless policy-rc.d of Debian forbids it; one that was not started stays
# so.
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
	invoke=deb-systemd-invoke
	command -v "$invoke" >/dev/null || invoke=systemctl
	"$invoke" try-restart "$name.service" || true
fi

if [ ! -e "/etc/$name/pipeline.yaml" ]; then
	echo "Write a pipeline to /etc/$name/pipeline.yaml, and start it with: systemctl enable --now $name"
fi
