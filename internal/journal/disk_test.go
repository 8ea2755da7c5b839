package journal

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fullAt is a file system whose writes fail while it is full.
type fullAt struct{ isFull atomic.Bool }

func (f *fullAt) String() string { return "full" }

func (f *fullAt) MaybeError(op errorfs.Op) error {
	if !f.isFull.Load() {
		return nil
	}
	switch op.Kind {
	case errorfs.OpFileWrite, errorfs.OpCreate, errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFilePreallocate:
		return syscall.ENOSPC
	}
	return nil
}

func TestAFullDiskLosesNothingThatWasAcknowledged(t *testing.T) {
	full, log := &fullAt{}, &said{}
	j, err := Open(Config{Path: "queue", FS: errorfs.Wrap(vfs.NewCrashableMem(), full), Log: log, FullTimeout: time.Millisecond})
	require.NoError(t, err)
	mustWrite(t, j, numbered(0, 10)...)
	out := mustRead(t, j)

	full.isFull.Store(true)
	err = write(t.Context(), j, "refused")
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "given back to the input")
	require.Eventually(t, func() bool {
		return write(t.Context(), j, "refused") != nil
	}, 10*time.Second, time.Millisecond)

	full.isFull.Store(false)
	require.Eventually(t, func() bool { return write(t.Context(), j, numbered(10, 20)...) == nil }, 20*time.Second, 10*time.Millisecond)
	out.Settle(func(i int) bool { return i > 4 })
	got := drain(t, j)
	for _, event := range append(numbered(5, 10), numbered(10, 20)...) {
		assert.Contains(t, got, event)
	}
	assert.NotContains(t, got, "event-000004")
	assert.Contains(t, log.all(), "the disk works again")
	require.NoError(t, j.Close())
}

// Where only the queue is on a disk, nothing but delivering makes room on it.
func TestAQueueOnAFullDiskIsDelivered(t *testing.T) {
	full, log, disk := &fullAt{}, &said{}, vfs.NewCrashableMem()
	j, err := Open(Config{Path: "queue", FS: errorfs.Wrap(disk, full), Log: log})
	require.NoError(t, err)
	mustWrite(t, j, numbered(0, 20)...)
	out := mustRead(t, j)

	disk.TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 1 << 30, AvailBytes: 1 << 20, UsedBytes: 1023 << 20})
	full.isFull.Store(true)
	out.Settle(func(i int) bool { return i > 4 }) // What is deleted is written down, too.
	require.Eventually(t, func() bool { return strings.Contains(log.all(), "writing failed") }, 10*time.Second, time.Millisecond)
	full.isFull.Store(false)
	assert.Len(t, drain(t, j), 15)
	require.NoError(t, j.Close())
}
