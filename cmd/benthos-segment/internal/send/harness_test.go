package send_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/send"
	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/streamtest"
)

const theKey = "the-write-key-of-tests"

// sending is a run of the command.
type sending struct {
	t        *testing.T
	out, err streamtest.Log
	stop     context.CancelFunc
	ended    chan error
}

// begin runs the command with a write key in the environment.
func begin(t *testing.T, args ...string) *sending {
	t.Helper()
	return beginWith(t, "", args...)
}

func beginWith(t *testing.T, stdin string, args ...string) *sending {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &sending{t: t, stop: stop, ended: make(chan error, 1)}
	app := &cli.App{
		Commands: []*cli.Command{send.Command()}, Writer: &s.out, ErrWriter: &s.err, Reader: strings.NewReader(stdin),
		ExitErrHandler: func(*cli.Context, error) {},
	}
	go func() { s.ended <- app.RunContext(ctx, append([]string{"benthos-segment", "send"}, args...)) }()
	t.Cleanup(stop)
	return s
}

// code waits for the end, and returns the exit code and all that was said.
func (s *sending) code() (code int, said string) {
	s.t.Helper()
	err := <-s.ended
	said = s.out.String() + s.err.String()
	if err != nil {
		said += err.Error()
	}
	return int(command.CodeOf(err)), said
}

func (s *sending) await(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return strings.Contains(s.out.String()+s.err.String(), text) }, 30*time.Second, 5*time.Millisecond,
		"it never says %q", text)
}

// file writes lines to a file of its own folder.
func file(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	write(t, path, lines...)
	return path
}

func write(t *testing.T, path string, lines ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

// events are those of some people, with ids.
func events(from, count int) (lines []string) {
	for n := from; n < from+count; n++ {
		lines = append(lines, fmt.Sprintf(`{"type":"track","event":"Viewed","userId":"user-%d","messageId":"m-%d"}`, n%7, n))
	}
	return lines
}

const (
	waits = 30 * time.Second
	tick  = 5 * time.Millisecond
)
