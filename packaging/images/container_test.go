package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// needNamespaces leaves a test out where nobody can make namespaces.
func needNamespaces(t *testing.T) {
	t.Helper()
	err := exec.Command("unshare", "--mount", "--net", "ip", "link", "set", "lo", "up").Run()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("an image is started by root, with unshare and ip: %v", err)
	}
	require.NoError(t, err, "unshare and ip, of util-linux and iproute2")
}

// unpacked is an image as a container engine would have it on the disk.
type unpacked struct {
	root   string
	config v1.Config
}

func unpack(t *testing.T, path string) unpacked {
	t.Helper()
	img, err := tarball.ImageFromPath(path, nil)
	require.NoError(t, err)
	file, err := img.ConfigFile()
	require.NoError(t, err)
	u := unpacked{root: t.TempDir(), config: file.Config}
	require.NoError(t, os.Chmod(u.root, 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(u.root), 0o755))
	layers := mutate.Extract(img)
	defer layers.Close()
	for reader := tar.NewReader(layers); ; {
		header, err := reader.Next()
		if err == io.EOF {
			return u
		}
		require.NoError(t, err)
		u.add(t, header, reader)
	}
}

func (u unpacked) add(t *testing.T, header *tar.Header, content io.Reader) {
	t.Helper()
	path := filepath.Join(u.root, header.Name)
	if header.Typeflag == tar.TypeDir {
		require.NoError(t, os.MkdirAll(path, 0o755))
	} else {
		file, err := os.Create(path)
		require.NoError(t, err)
		_, err = io.Copy(file, content)
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
	require.NoError(t, os.Lchown(path, header.Uid, header.Gid))
	require.NoError(t, os.Chmod(path, header.FileInfo().Mode()))
}

// output is what a process prints while it runs.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

// container is the process of an image.
type container struct {
	unpacked
	process *exec.Cmd
	said    output
	// ended is closed when the process is, and err is what it ended with.
	ended chan struct{}
	err   error
}

// start runs the command of the image, and stops it when the test ends.
func (u unpacked) start(t *testing.T) *container {
	t.Helper()
	require.Len(t, u.config.Volumes, 1)
	require.Contains(t, u.config.Volumes, u.config.WorkingDir)
	script, err := filepath.Abs("testdata/start.sh")
	require.NoError(t, err)
	args := append([]string{"--mount", "--net", script, u.root, u.config.WorkingDir, u.config.User}, u.config.Entrypoint...)
	c := &container{unpacked: u, ended: make(chan struct{}), process: exec.Command("unshare", append(args, u.config.Cmd...)...)}
	c.process.Stdout, c.process.Stderr = &c.said, &c.said
	require.NoError(t, c.process.Start())
	go func() { c.err = c.process.Wait(); close(c.ended) }()
	t.Cleanup(func() {
		assert.Equal(t, "SIGTERM", u.config.StopSignal)
		_ = c.process.Process.Signal(syscall.SIGTERM)
		<-c.ended
		assert.NoError(t, c.err, c.said.String())
	})
	return c
}

// run runs a command beside the process, in its namespaces and by its user.
func (c *container) run(command ...string) (said string, err error) {
	args := append([]string{
		"--target", strconv.Itoa(c.process.Process.Pid), "--mount", "--net",
		"chroot", "--userspec=" + c.config.User, c.root,
	}, command...)
	text, err := exec.Command("nsenter", args...).CombinedOutput()
	return string(text), err
}

// awaitHealth asks as the health check of the image does, until it succeeds.
func (c *container) awaitHealth(t *testing.T) {
	t.Helper()
	check := c.config.Healthcheck
	require.NotNil(t, check)
	require.Equal(t, "CMD", check.Test[0])
	var said string
	require.Eventually(t, func() bool {
		text, err := c.run(check.Test[1:]...)
		said = text
		return err == nil || c.hasEnded()
	}, 2*time.Minute, 50*time.Millisecond, "%s", &c.said)
	require.False(t, c.hasEnded(), "%s", &c.said)
	assert.Contains(t, said, "200 OK")
}

func (c *container) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// uid is the user that the process runs as.
func (c *container) uid(t *testing.T) string {
	t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(c.process.Process.Pid) + "/status")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(status), "\nUid:\t")
	uid, _, _ := strings.Cut(rest, "\t")
	return uid
}
