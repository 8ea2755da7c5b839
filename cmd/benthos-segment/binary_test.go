package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
)

// binary is the path of the binary, which is built for the tests as a release
// is.
var binary string

func TestMain(m *testing.M) {
	catchHangUp()
	os.Exit(withBinary(m.Run))
}

// catchHangUp lets SIGHUP end the processes of the tests also where it is
// ignored, as under `nohup make test`. They inherit an ignored signal, and Go
// keeps it ignored; one that is caught here goes back to its default in them.
func catchHangUp() {
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
}

func withBinary(run func() int) int {
	folder, err := os.MkdirTemp("", "benthos-segment")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "benthos-segment")
	build := exec.Command("go", "build", "-ldflags", "-X main.Version=v1.2.3 -X main.DateBuilt=2026-01-02", "-o", binary, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the binary:", err)
		return 1
	}
	return run()
}

// process is a run of the binary.
type process struct {
	t *testing.T
	*exec.Cmd
	out, err streamtest.Log
	ended    chan error
}

// begin runs the binary until it ends, or the test does.
func begin(t *testing.T, args ...string) *process {
	t.Helper()
	return beginBy(t, nil, args...)
}

// beginIn runs the binary in a folder.
func beginIn(t *testing.T, folder string, args ...string) *process {
	t.Helper()
	return beginLine(t, folder, append([]string{binary}, args...))
}

// beginBy runs the binary by a command that becomes it, such as nohup.
func beginBy(t *testing.T, starter []string, args ...string) *process {
	t.Helper()
	return beginLine(t, t.TempDir(), append(append(slices.Clone(starter), binary), args...))
}

func beginLine(t *testing.T, folder string, line []string) *process {
	t.Helper()
	p := &process{t: t, Cmd: exec.CommandContext(t.Context(), line[0], line[1:]...), ended: make(chan error, 1)}
	p.Dir = folder
	p.Stdout, p.Stderr = &p.out, &p.err
	require.NoError(t, p.Start())
	go func() { p.ended <- p.Wait() }()
	return p
}

// code waits for the end and returns the exit code.
func (p *process) code() int {
	p.t.Helper()
	<-p.ended
	return p.ProcessState.ExitCode()
}

// interrupt tells it to stop, as Ctrl-C does.
func (p *process) interrupt() error { return p.Process.Signal(syscall.SIGINT) }

// said is everything that it has written so far.
func (p *process) said() string { return p.out.String() + p.err.String() }

// awaitText waits until it has said a text.
func (p *process) awaitText(text string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return strings.Contains(p.said(), text) }, 30*time.Second, 5*time.Millisecond,
		"it never says %q but %s", text, lazily(p.said))
}

// pipeline writes a config and returns its path.
func pipeline(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestTheBinaryHasWhatPeopleReadFrom(t *testing.T) {
	p := begin(t, "list", "--format", "json")
	require.Zero(t, p.code())
	for _, name := range []string{
		"file", "http_server", "kafka_franz", "redpanda", "nats_jetstream", "redis_streams", "amqp_0_9", "mqtt", "prometheus", "segment",
	} {
		assert.Contains(t, p.said(), `"`+name+`"`)
	}
}

func TestTheSandboxEndsWellWhenItIsToldTo(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := begin(t, "sandbox", "--listen", "127.0.0.1:0")
		p.awaitText("Stop it with Ctrl-C")
		require.NoError(t, p.Process.Signal(signal))
		assert.Zero(t, p.code(), signal)
	}
}

func TestAWrongCommandLineFails(t *testing.T) {
	for _, args := range [][]string{{"sandbox", "--no-such-flag"}, {"sandbox", "--listen", "0.0.0.0:0"}, {"run", "absent.yaml"}} {
		p := begin(t, args...)
		assert.NotZero(t, p.code(), args)
		assert.NotEmpty(t, p.said())
	}
}

// lazily is a text that is made when it is shown.
type lazily func() string

func (l lazily) String() string { return l() }
