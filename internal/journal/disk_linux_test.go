package journal

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A real file system that fills up, and has room again. Deletions need room,
// too: open-telemetry/opentelemetry-collector#7198.
func TestARealDiskFillsUp(t *testing.T) {
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(mount, syscall.MNT_DETACH) })
	count := &tally{}
	conf := Config{Path: filepath.Join(mount, "queue"), FS: vfs.Default, FullTimeout: 10 * time.Millisecond, Observer: count, memTableBytes: 1 << 20}
	j, err := Open(conf)
	require.NoError(t, err)
	payload := string(make([]byte, 100_000))
	taken := 0
	for ; taken < 2000; taken++ {
		if err = write(t.Context(), j, payload); err != nil {
			break
		}
	}
	require.Error(t, err)
	assert.Greater(t, taken, 100)
	require.NoError(t, j.Close())

	j, err = Open(conf)
	require.NoError(t, err, "it opens on a full disk")
	assert.Len(t, drain(t, j), taken)
	// Delivered events free the disk.
	require.Eventually(t, func() bool {
		var usage syscall.Statfs_t
		require.NoError(t, syscall.Statfs(mount, &usage))
		return usage.Bavail*uint64(usage.Bsize) > 40<<20
	}, 30*time.Second, 100*time.Millisecond)
	require.NoError(t, write(t.Context(), j, payload))
	require.NoError(t, j.Close())
	assert.Positive(t, count.refused[RefusedDisk])
}
