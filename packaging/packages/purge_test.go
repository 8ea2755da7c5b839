package main

import (
	"bufio"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// basho/node_package#9 and elastic/kibana#6310: userdel failed because a process of
// the user ran, and with it the script and the purge, which left the package half
// removed. A volume that is mounted is no better: rm cannot delete where it is.
func TestAPurgeSaysWhatItLeaves(t *testing.T) {
	deb := packageOf(t, "deb")
	d := freshDebian(t)
	d.put(deb, "/root/benthos-segment.deb")
	d.do("apt-get update; apt-get install -y /root/benthos-segment.deb; install -d -o benthos-segment /var/lib/benthos-segment")
	queue := d.root + "/var/lib/benthos-segment"
	said, err := d.enter("mount", "-t", "tmpfs", "queue", queue).CombinedOutput()
	require.NoError(t, err, string(said))

	process := d.shell("benthos-segment", "echo runs; exec cat")
	input, err := process.StdinPipe()
	require.NoError(t, err)
	output, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		_ = input.Close()
		_ = process.Wait()
	})
	_, err = bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)

	told := d.do("apt-get purge -y benthos-segment")
	assert.Contains(t, told, "/var/lib/benthos-segment stays.")
	assert.Contains(t, told, "The user benthos-segment stays.")
	d.says("not there", "dpkg-query -W benthos-segment 2>/dev/null || echo not there")
	d.says("", "ls -d /etc/benthos-segment 2>/dev/null || true")

	// What is said to be done then works, and so does the package once more.
	said, err = d.enter("umount", queue).CombinedOutput()
	require.NoError(t, err, string(said))
	require.NoError(t, input.Close())
	require.NoError(t, process.Wait())
	d.do("rm -r /var/lib/benthos-segment; userdel benthos-segment")
	d.says("", "getent passwd benthos-segment || getent group benthos-segment || true")
	d.do("apt-get install -y /root/benthos-segment.deb")
	d.says("root:benthos-segment 750", "stat -c '%U:%G %a' /etc/benthos-segment")
}
