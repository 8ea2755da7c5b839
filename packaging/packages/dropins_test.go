package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dropIns are the lines that docs/install.md has for a drop-in of the unit.
func dropIns(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(repository, "docs/install.md"))
	require.NoError(t, err)
	_, section, isThere := strings.Cut(string(page), "\n### What the service may not do\n")
	require.True(t, isThere)
	section, _, _ = strings.Cut(section, "\n#")
	var lines strings.Builder
	for _, found := range regexp.MustCompile("`([A-Z]\\w+=[^`]+)`").FindAllStringSubmatch(section, -1) {
		lines.WriteString(found[1] + "\n")
	}
	return lines.String()
}

// The unit forbids what a pipeline seldom needs, and each line that the page has
// for a drop-in gives one of these back. vectordotdev/vector#3935: a service could
// not listen on a port below 1024. systemd/systemd#5400 and zeropsio/zcli#27:
// programs that compile while they run died.
func TestTheDropInsOfThePageGiveBackWhatTheySay(t *testing.T) {
	d := bootedDebian(t)
	d.put(packageOf(t, "deb"), "/root/benthos-segment.deb")
	d.do("apt-get install -y /root/benthos-segment.deb; touch /etc/benthos-segment/pipeline.yaml")
	self, err := os.Executable()
	require.NoError(t, err)
	d.put(self, "/usr/local/bin/probe")
	d.do("mkdir /home/me; touch /home/me/events /tmp/events; install -d -o benthos-segment /srv/queue")

	assert.Equal(t, `maps memory that it may write and execute: operation not permitted
reads a file in /home: permission denied
reads a file in /tmp: no such file or directory
writes below /srv/queue: read-only file system
listens on port 80: permission denied`, d.probed(""))
	lines := dropIns(t)
	assert.Equal(t, `maps memory that it may write and execute: yes
reads a file in /home: yes
reads a file in /tmp: yes
writes below /srv/queue: yes
listens on port 80: yes`, d.probed(lines), lines)
}

// probing is the variable with which this test is what the unit starts.
const probing = "BENTHOS_SEGMENT_PROBE"

// probed starts the unit, with another program and some lines more, and returns
// what that program could do.
func (d debian) probed(lines string) string {
	d.t.Helper()
	const folder = "/etc/systemd/system/benthos-segment.service.d"
	d.do("mkdir -p " + folder + "; cat > " + folder + "/override.conf <<'EOF'\n[Service]\n" + lines + `Type=oneshot
ExecStart=
ExecStart=/usr/local/bin/probe
Environment=` + probing + `=yes
StandardOutput=truncate:/root/probed
EOF
systemctl daemon-reload; systemctl start benthos-segment`)
	return d.do("cat /root/probed")
}

// probe tries what the unit forbids, and says what came of it.
func probe() {
	_, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_WRITE|syscall.PROT_EXEC, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	say("maps memory that it may write and execute", err)
	_, err = os.ReadFile("/home/me/events")
	say("reads a file in /home", err)
	_, err = os.ReadFile("/tmp/events")
	say("reads a file in /tmp", err)
	say("writes below /srv/queue", os.WriteFile("/srv/queue/segment", nil, 0o600))
	_, err = net.Listen("tcp", "127.0.0.1:80")
	say("listens on port 80", err)
}

func say(what string, err error) {
	var cause syscall.Errno
	switch {
	case err == nil:
		fmt.Printf("%s: yes\n", what)
	case errors.As(err, &cause):
		fmt.Printf("%s: %s\n", what, cause)
	default:
		fmt.Printf("%s: %s\n", what, err)
	}
}
