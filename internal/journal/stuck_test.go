package journal

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An input that waits in an acknowledgement holds up no other's commits.
func TestAnInputThatTakesNoAcknowledgementStopsNoCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := opening(t, Config{})
		leave, acknowledged := make(chan struct{}), atomic.Int32{}
		require.NoError(t, j.Write(t.Context(), texts("stuck"), func(error) { <-leave }))
		const many = 50
		for range many {
			require.NoError(t, j.Write(t.Context(), texts("more"), func(error) { acknowledged.Add(1) }))
			synctest.Wait()
		}
		assert.EqualValues(t, many+1, j.Stats().Events, "all are durable")
		assert.Zero(t, acknowledged.Load())
		close(leave)
		synctest.Wait()
		assert.EqualValues(t, many, acknowledged.Load(), "and told in the end")
	})
}

// A read may hang with the disk. The queue is opened again all the same.
func TestAReadThatHangsDoesNotKeepTheQueueFromBeingOpenedAgain(t *testing.T) {
	log := &said{}
	j := opening(t, Config{Log: log})
	mustWrite(t, j, "a")
	broken := j.engine
	broken.reading.RLock()
	defer broken.reading.RUnlock()
	broken.fail(syscall.ENOSPC)
	require.Eventually(t, func() bool { return strings.Contains(log.all(), "works again") }, time.Minute, time.Millisecond)
	mustWrite(t, j, "b")
	assert.Equal(t, []string{"a", "b"}, drain(t, j))
}

// unreadable is a file system whose reads fail now and then.
type unreadable struct{ left atomic.Int32 }

func (*unreadable) String() string { return "unreadable" }

func (u *unreadable) MaybeError(op errorfs.Op) error {
	isRead := op.Kind == errorfs.OpFileReadAt || op.Kind == errorfs.OpOpen
	if isRead && strings.HasSuffix(op.Path, tableSuffix) && u.left.Add(-1) >= 0 {
		return syscall.EMFILE
	}
	return nil
}

func TestAFailedReadIsCalledOne(t *testing.T) {
	fault, log := &unreadable{}, &said{}
	j := opening(t, Config{FS: errorfs.Wrap(vfs.NewCrashableMem(), fault), Log: log, memTableBytes: 1 << 20, tailBytes: 1})
	var left []string
	for i := range 3 * cacheBytes >> 20 { // more than what was read may stay in memory
		left = append(left, strings.Repeat(strconv.Itoa(i%10), 1<<20))
		mustWrite(t, j, left[i])
	}
	fault.left.Store(1 << 20) // until it is said
	var waiting sync.WaitGroup
	defer waiting.Wait()
	waiting.Go(func() {
		assert.Eventually(t, func() bool { return strings.Contains(log.all(), "reading failed: ") }, time.Minute, time.Millisecond)
		fault.left.Store(0)
	})
	var got []string
	for len(got) < len(left) {
		h := mustRead(t, j)
		got = append(got, contents(h)...)
		h.Settle(nil)
	}
	assert.True(t, slices.Equal(left, got), "all arrive, in order")
	require.NoError(t, j.Close())
	assert.Contains(t, log.all(), "reading failed: ")
	assert.Contains(t, log.all(), syscall.EMFILE.Error())
	assert.NotContains(t, log.all(), "writing failed")
	assert.NotContains(t, log.all(), "damaged", "of a table that was cut short nothing is needed")
}

// A writer that waits for room is woken whenever something happens. It makes its
// records once more when there is room, and not each time.
func TestAWriterThatWaitsMakesNoRecordsMeanwhile(t *testing.T) {
	j := opening(t, Config{MaxBytes: 1000, FS: vfs.NewCrashableMem()})
	mustWrite(t, j, string(make([]byte, 900)))
	size := 0
	for range 2 {
		isIn, _, _, err := j.tryWrite(texts(string(make([]byte, 900))), &size, nil)
		require.NoError(t, err)
		require.False(t, isIn)
		require.Greater(t, size, 900)
		j.scratch = nil
	}
	_, _, _, err := j.tryWrite(texts(string(make([]byte, 900))), &size, nil)
	require.NoError(t, err)
	assert.Empty(t, j.scratch)
	mustRead(t, j).Settle(nil)
	done := make(chan error, 1)
	isIn, _, _, err := j.tryWrite(texts("b"), &size, func(err error) { done <- err })
	require.NoError(t, err)
	require.True(t, isIn)
	require.NoError(t, <-done)
	assert.Equal(t, []string{"b"}, drain(t, j))
}
