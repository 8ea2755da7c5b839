package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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

// dist is a release: make release-snapshot tries its deb and rpm, whose binary is
// static. Without it, packages are made of the binary of make build, which is linked
// to the C library where there is a C compiler.
var dist = flag.String("dist", "", "the directory with the packages of a release, to try them")

// made are the packages by format, and newer those of a version after them, whose
// files have a date of their own.
var made, newer = released(packagesOf("1.2.3", date)), packagesOf(newerVersion, date.AddDate(0, 1, 0))

const newerVersion = "999.2.4"

// released returns the packages of a release where there is one, and others where
// there is none.
func released(others func() (map[string]string, error)) func() (map[string]string, error) {
	return func() (map[string]string, error) {
		if *dist == "" {
			return others()
		}
		byFormat := make(map[string]string)
		for format, suffix := range map[string]string{"deb": "_" + runtime.GOARCH + ".deb", "rpm": "." + map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH] + ".rpm"} {
			found, err := filepath.Glob(filepath.Join(*dist, "benthos-segment*"+suffix))
			if err != nil || len(found) != 1 {
				return nil, fmt.Errorf("%s must have one %s for this machine, and has %v", *dist, format, found)
			}
			byFormat[format] = found[0]
		}
		return byFormat, nil
	}
}

// binary is what packages are made of here.
func binary(top string) (path string, err error) {
	if *dist == "" {
		return filepath.Join(top, "bin/benthos-segment"), nil
	}
	found, err := filepath.Glob(filepath.Join(*dist, "benthos-segment_linux_"+runtime.GOARCH+"*", "benthos-segment"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("%s must have one binary for this machine, and has %v", *dist, found)
	}
	return found[0], nil
}

func packagesOf(version string, date time.Time) func() (map[string]string, error) {
	return sync.OnceValues(func() (map[string]string, error) {
		top, err := filepath.Abs(repository)
		if err != nil {
			return nil, err
		}
		from, err := binary(top)
		if err != nil {
			return nil, err
		}
		p := packager{root: top, binary: from, out: output, arch: runtime.GOARCH, version: version, date: date, isPlain: true}
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
	if *dist == "" {
		require.FileExists(t, filepath.Join(repository, "bin/benthos-segment"), "make build makes it")
	}
	paths, err := version()
	require.NoError(t, err)
	return paths[format]
}

func TestMain(m *testing.M) {
	if os.Getenv(probing) != "" {
		probe()
		return
	}
	var err error
	if output, err = os.MkdirTemp("", "packages"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(output)
	os.Exit(code)
}
