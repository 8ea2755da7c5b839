package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
)

// roleStarter is that of a program that starts another one.
const roleStarter = "starter"

func init() {
	roles[roleStarter] = func(folder string, _ int) error {
		_, err := ordeal.Start(nil, nil, "sh", "-c", "exec >"+lifeline(folder)+"; sleep 30 >/dev/null; echo survived")
		return err
	}
}

// lifeline is open as long as what the starter started lives.
func lifeline(folder string) string { return filepath.Join(folder, "lifeline") }

// A test binary that is killed, or out of time, ends nothing that it started.
func TestWhatWasStartedDiesWithWhoStartedIt(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, syscall.Mkfifo(lifeline(folder), 0o600))
	starter, err := ordeal.NewChild(roleStarter, folder)
	require.NoError(t, err)
	require.NoError(t, starter.Start(t.Context()))
	started, err := os.Open(lifeline(folder))
	require.NoError(t, err)
	defer started.Close()

	starter.Kill()

	said, err := io.ReadAll(started)
	require.NoError(t, err)
	assert.Empty(t, string(said))
}
