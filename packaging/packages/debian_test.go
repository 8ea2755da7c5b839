package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const repository = "../.."

// holdScript keeps namespaces of their own for a Debian: what is written goes to
// memory, and the network is the machine's own loopback.
const holdScript = `
set -e
ip link set lo up
mount -t tmpfs memory "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay debian -o lowerdir="$1",upperdir="$2/upper",workdir="$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount --bind /dev "$2/root/dev"
echo ready
exec cat
`

// debian is a fresh one that a test may change.
type debian struct {
	t    *testing.T
	root string
	// pid is a process that has its namespaces and the files of this machine.
	pid string
	// systemd is the one that runs in there, if it does.
	systemd string
}

// freshDebian makes one from that of .ci/debian, which takes no time.
func freshDebian(t *testing.T) debian {
	t.Helper()
	folder := t.TempDir()
	hold := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", holdScript, "sh", debianRoot(t), folder)
	_, err := startHeld(t, hold)
	require.NoError(t, err)
	return debian{t: t, root: filepath.Join(folder, "root"), pid: childOf(t, hold.Process.Pid)}
}

// debianRoot is where .ci/debian has made one.
func debianRoot(t *testing.T, args ...string) string {
	t.Helper()
	where := exec.CommandContext(t.Context(), filepath.Join(repository, ".ci/debian"), args...)
	where.Stderr = os.Stderr
	root, err := where.Output()
	require.NoError(t, err, "CI=true leaves nothing out")
	if len(root) == 0 {
		t.Skip(".ci/debian says why")
	}
	return strings.TrimSpace(string(root))
}

// startHeld starts a script that writes a line when it is ready, and ends when its
// input does.
func startHeld(t *testing.T, hold *exec.Cmd) (line string, err error) {
	t.Helper()
	input, err := hold.StdinPipe()
	require.NoError(t, err)
	lines, err := hold.StdoutPipe()
	require.NoError(t, err)
	var said bytes.Buffer
	hold.Stderr = &said
	require.NoError(t, hold.Start())
	t.Cleanup(func() {
		_ = input.Close()
		_ = hold.Wait()
	})
	line, err = bufio.NewReader(lines).ReadString('\n')
	if err != nil {
		_ = hold.Wait()
		return "", fmt.Errorf("%w: %s", err, &said)
	}
	return strings.TrimSpace(line), nil
}

// childOf returns the process that unshare has started, which is the first one
// of its namespaces.
func childOf(t *testing.T, pid int) string {
	t.Helper()
	children, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + strconv.Itoa(pid) + "/children")
	require.NoError(t, err)
	child := strings.Fields(string(children))
	require.Len(t, child, 1)
	return child[0]
}

// enter returns a command on this machine in the namespaces of that Debian.
func (d debian) enter(command ...string) *exec.Cmd {
	args := append([]string{"--target", d.pid, "--mount", "--net", "--pid"}, command...)
	return exec.Command("nsenter", args...)
}

// shell returns a script in that Debian, by root unless a user is named.
func (d debian) shell(user, script string) *exec.Cmd {
	var cmd *exec.Cmd
	if d.systemd != "" {
		require.Empty(d.t, user, "systemd has users of its own")
		cmd = exec.Command("nsenter", "--target", d.systemd, "--all", "/bin/sh", "-ec", script)
	} else {
		chroot := []string{"chroot"}
		if user != "" {
			chroot = append(chroot, "--userspec="+user)
		}
		cmd = d.enter(append(chroot, d.root, "/bin/sh", "-ec", script)...)
	}
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"}
	return cmd
}

// do runs a script by root, which must succeed, and returns what it prints.
func (d debian) do(script string) string {
	d.t.Helper()
	said, err := d.shell("", script).CombinedOutput()
	require.NoError(d.t, err, "%s: %s", script, said)
	return strings.TrimSpace(string(said))
}

// says checks what a script prints.
func (d debian) says(want, script string) {
	d.t.Helper()
	assert.Equal(d.t, want, d.do(script), script)
}

// put copies a file of this machine into that Debian.
func (d debian) put(from, to string) {
	d.t.Helper()
	said, err := d.enter("cp", from, filepath.Join(d.root, to)).CombinedOutput()
	require.NoError(d.t, err, string(said))
}

// output is where the tests put packages, which TestMain removes.
var output string

// made are the packages of the binary that make build has made, by format, and
// newer those of a version after it, whose files have a date of their own.
var made, newer = packagesOf("1.2.3", date), packagesOf("1.2.4", date.AddDate(0, 1, 0))

func packagesOf(version string, date time.Time) func() (map[string]string, error) {
	return sync.OnceValues(func() (map[string]string, error) {
		top, err := filepath.Abs(repository)
		if err != nil {
			return nil, err
		}
		p := packager{root: top, binary: filepath.Join(top, "bin/benthos-segment"), out: output, arch: "amd64", version: version, date: date, isPlain: true}
		byFormat := make(map[string]string)
		paths, err := p.all()
		for _, path := range paths {
			byFormat[strings.TrimPrefix(filepath.Ext(path), ".")] = path
		}
		return byFormat, err
	})
}

func packageOf(t *testing.T, format string) string {
	t.Helper()
	return packageFrom(t, made, format)
}

func packageFrom(t *testing.T, version func() (map[string]string, error), format string) string {
	t.Helper()
	require.FileExists(t, filepath.Join(repository, "bin/benthos-segment"), "make build makes it")
	paths, err := version()
	require.NoError(t, err)
	return paths[format]
}

func TestMain(m *testing.M) {
	var err error
	if output, err = os.MkdirTemp("", "packages"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(output)
	os.Exit(code)
}
