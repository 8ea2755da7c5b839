package journal

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rejecting rejects those events.
func rejecting(h *Handout, guilty ...string) func(int) bool {
	list := contents(h)
	return func(i int) bool { return slices.Contains(guilty, list[i]) }
}

func TestARejectedEventComesAgainAloneAndBeforeAnythingNewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := opening(t, Config{RetryInitial: time.Second, RetryMax: 3 * time.Second})
		mustWrite(t, j, "a", "bad", "c")
		h := mustRead(t, j)
		mustWrite(t, j, "d")
		h.Settle(rejecting(h, "bad"))

		var waits []time.Duration
		for range 2 {
			start := time.Now()
			h = mustRead(t, j)
			waits = append(waits, time.Since(start))
			require.Equal(t, []string{"bad"}, contents(h))
			h.Settle(rejecting(h, "bad"))
		}
		assert.Equal(t, []time.Duration{time.Second, 2 * time.Second}, waits)
		assert.Equal(t, []string{"d"}, contents(mustRead(t, j)), "others were accepted: it is to blame, and holds up nobody")
		start := time.Now()
		assert.Equal(t, []string{"bad"}, contents(mustRead(t, j)))
		assert.Equal(t, 3*time.Second, time.Since(start), "never longer than the limit")
	})
}

func TestWhileEverythingIsRejectedOrderIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := opening(t, Config{})
		mustWrite(t, j, "a", "b")
		h := mustRead(t, j)
		mustWrite(t, j, "c")
		h.Settle(func(int) bool { return true })
		for range 10 {
			first, second := mustRead(t, j), mustRead(t, j)
			require.Equal(t, []string{"a"}, contents(first))
			require.Equal(t, []string{"b"}, contents(second))
			first.Settle(func(int) bool { return true })
			second.Settle(func(int) bool { return true })
		}
		assert.Equal(t, []string{"a", "b", "c"}, drain(t, j))
	})
}

// Nothing else was in flight when it was rejected first, so nothing was accepted
// beside it. What comes later follows when it is out again: one event that its
// dead letter refuses, too, must not stop all others.
func TestNewerEventsFollowARejectedOneThatIsOutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := opening(t, Config{RetryInitial: time.Second, RetryMax: 8 * time.Second})
		mustWrite(t, j, "bad")
		for range 5 {
			h := mustRead(t, j)
			require.Equal(t, []string{"bad"}, contents(h))
			h.Settle(rejecting(h, "bad"))
		}
		mustWrite(t, j, "c", "d")
		start := time.Now()
		again, newer := mustRead(t, j), mustRead(t, j)
		assert.Equal(t, []string{"bad"}, contents(again))
		assert.Equal(t, []string{"c", "d"}, contents(newer))
		assert.Equal(t, 8*time.Second, time.Since(start))
		again.Settle(rejecting(again, "bad"))
		newer.Settle(nil)

		again = mustRead(t, j)
		require.Equal(t, []string{"bad"}, contents(again))
		again.Settle(rejecting(again, "bad"))
		mustWrite(t, j, "e")
		assert.Equal(t, []string{"e"}, contents(mustRead(t, j)), "it is to blame, and set aside")
		assert.Equal(t, 16*time.Second, time.Since(start))
	})
}

func TestWhenItIsFullItWaitsAndThenRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := &tally{}
		j := opening(t, Config{MaxBytes: 1000, FullTimeout: 2 * time.Second, Observer: count})
		mustWrite(t, j, string(make([]byte, 900)))

		start := time.Now()
		err := write(t.Context(), j, "more than there is room for, all in all")
		require.ErrorContains(t, err, "max_bytes 1000")
		assert.Equal(t, 2*time.Second, time.Since(start))
		require.ErrorContains(t, write(t.Context(), j, "more than there is room for, all in all"), "full")
		assert.Equal(t, 2*time.Second, time.Since(start), "the wait is counted from when it became full")
		assert.Equal(t, map[Refusal]int{RefusedFull: 2}, count.refused)

		mustRead(t, j).Settle(nil)
		mustWrite(t, j, string(make([]byte, 5000)))
		assert.EqualValues(t, 1, j.Stats().Events, "what is larger than all goes in alone")
	})
}

func TestAWriterThatMayWaitForEverGetsInWhenThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := opening(t, Config{MaxBytes: 1000})
		mustWrite(t, j, string(make([]byte, 900)))
		go func() {
			time.Sleep(time.Hour)
			mustRead(t, j).Settle(nil)
		}()
		start := time.Now()
		mustWrite(t, j, string(make([]byte, 900)))
		assert.GreaterOrEqual(t, time.Since(start), time.Hour)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		assert.ErrorIs(t, write(ctx, j, string(make([]byte, 900))), context.DeadlineExceeded)
	})
}

func TestKeepEndsWhenWhatIsOutIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs, log := vfs.NewCrashableMem(), &said{}
		j := opening(t, Config{FS: fs, KeepAtEnd: true, MaxBatchEvents: 2, Log: log})
		mustWrite(t, j, "a", "b", "c", "d")
		h := mustRead(t, j)
		j.EndOfInput()
		go func() {
			time.Sleep(time.Minute)
			h.Settle(rejecting(h, "b"))
		}()
		_, err := j.Read(t.Context())
		require.Equal(t, io.EOF, err)
		require.NoError(t, j.Close())
		assert.Contains(t, log.last(), "3 events (")
		assert.Contains(t, log.last(), "stay on disk")

		assert.Equal(t, []string{"b", "c", "d"}, drain(t, opening(t, Config{FS: fs})))
	})
}

func TestCloseRefusesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := opening(t, Config{MaxBytes: 1000})
		mustWrite(t, j, string(make([]byte, 900)))
		ended := make(chan error, 2)
		go func() { ended <- write(t.Context(), j, string(make([]byte, 900))) }()
		mustRead(t, j)
		go func() {
			_, err := j.Read(t.Context())
			ended <- err
		}()
		synctest.Wait()
		require.NoError(t, j.Close())
		require.ErrorIs(t, <-ended, ErrClosed)
		require.ErrorIs(t, <-ended, ErrClosed)
		require.ErrorIs(t, write(t.Context(), j, "late"), ErrClosed)
		require.NoError(t, j.Close())
	})
}

func TestManyWritersShareASync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := &tally{}
		j := opening(t, Config{Observer: count, FS: slowSyncs{vfs.NewCrashableMem(), time.Second}})
		done := make(chan error, 100)
		start := time.Now()
		for range 100 {
			require.NoError(t, j.Write(t.Context(), texts("a"), func(err error) { done <- err }))
		}
		for range 100 {
			require.NoError(t, <-done)
		}
		assert.LessOrEqual(t, count.syncs, 3)
		assert.Equal(t, 100, count.synced)
		assert.LessOrEqual(t, time.Since(start), 4*time.Second)
	})
}

func TestWithAnIntervalTheDiskIsSyncedOnceIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewCrashableMem()
		j := opening(t, Config{FS: fs, SyncInterval: 5 * time.Second})
		mustWrite(t, j, "a")
		time.Sleep(6 * time.Second)
		synctest.Wait()
		j = opening(t, Config{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
		assert.Equal(t, []string{"a"}, drain(t, j))
	})
}

func TestAnEventThatCannotBeStoredIsRefused(t *testing.T) {
	j := opening(t, Config{})
	err := j.Write(t.Context(), []Event{{Metadata: []Field{{"f", func() {}}}}}, func(error) { t.Error("it is not acknowledged") })
	require.ErrorContains(t, err, "metadata f: values of the type func() cannot be stored")
	assert.False(t, errors.Is(err, ErrClosed))
	assert.Empty(t, drain(t, j))
}

// slowSyncs makes every sync of a log take its time.
type slowSyncs struct {
	vfs.FS
	delay time.Duration
}

func (s slowSyncs) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := s.FS.Create(name, category)
	return slowFile{file, s.delay}, err
}

type slowFile struct {
	vfs.File
	delay time.Duration
}

func (f slowFile) SyncData() error {
	time.Sleep(f.delay)
	return f.File.SyncData()
}
