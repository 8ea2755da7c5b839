#!/bin/sh
# Runs after a removal. Only purge, which an rpm does not have, deletes what the
# service wrote: a queue may hold events that nobody has got yet.
#
# A purge goes on whatever it cannot delete, and says what that is: a script that
# fails would leave the package half removed.
set -e

name=benthos-segment

remove_account() {
	if getent passwd "$name" >/dev/null && ! userdel "$name"; then
		echo "The user $name stays. When none of its processes runs any more: userdel $name" >&2
		return 0
	fi
	# userdel takes the group along, where it is set to.
	if getent group "$name" >/dev/null && ! groupdel "$name"; then
		echo "The group $name stays. When no user needs it any more: groupdel $name" >&2
	fi
}

case "$1" in
	purge)
		for directory in "/var/lib/$name" "/etc/$name"; do
			if ! rm -rf "$directory"; then
				echo "$directory stays. Where a volume is mounted there, unmount it, and delete the directory." >&2
			fi
		done
		remove_account
		;;
esac
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
