package journal

import (
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEventsComeOutInTheOrderOfArrival(t *testing.T) {
	j := opening(t, Config{})
	mustWrite(t, j, "a", "b")
	mustWrite(t, j, "c")

	h := mustRead(t, j)
	assert.Equal(t, []string{"a", "b", "c"}, contents(h))
	assert.EqualValues(t, 3, j.Stats().Events)
	h.Settle(nil)
	assert.Zero(t, j.Stats())
	assert.Empty(t, drain(t, j))
}

func TestARestartBeginsAtTheOldestThatWasNotAcknowledged(t *testing.T) {
	fs, log := vfs.NewCrashableMem(), &said{}
	j := opening(t, Config{FS: fs, MaxBatchEvents: 2})
	mustWrite(t, j, numbered(0, 7)...)
	first, second, third := mustRead(t, j), mustRead(t, j), mustRead(t, j)
	first.Settle(nil)
	third.Settle(nil)
	require.NoError(t, j.Close())
	second.Settle(nil) // Too late: it is handed out again.

	j = opening(t, Config{FS: fs, Log: log})
	assert.Contains(t, log.all(), "3 events")
	assert.Equal(t, append(numbered(2, 4), numbered(6, 7)...), drain(t, j), "what was settled out of order stays settled")
	require.NoError(t, j.Close())
	assert.Contains(t, log.last(), "0 events stay on disk")

	j = opening(t, Config{FS: fs})
	assert.Empty(t, drain(t, j))
	mustWrite(t, j, "one")
	require.NoError(t, j.Close())
	j = opening(t, Config{FS: fs, Log: log})
	assert.Regexp(t, `: 1 event \(\d+ bytes\) is left from the last run`, log.last())
	mustRead(t, j)
	require.NoError(t, j.Close())
	assert.Regexp(t, `: closed\. 1 event \(\d+ bytes\) stays on disk`, log.last())
}

func TestAPowerCutLosesNothingThatWasAcknowledged(t *testing.T) {
	fs := vfs.NewCrashableMem()
	j := opening(t, Config{FS: fs})
	mustWrite(t, j, numbered(0, 100)...)
	cut := fs.CrashClone(vfs.CrashCloneCfg{})

	j = opening(t, Config{FS: cut})
	assert.Equal(t, numbered(0, 100), drain(t, j))
}

func TestTheEndIsWhenNothingIsOut(t *testing.T) {
	j := opening(t, Config{})
	mustWrite(t, j, "a")
	h := mustRead(t, j)
	j.EndOfInput()
	j.EndOfInput()
	ended := make(chan error, 1)
	go func() {
		_, err := j.Read(t.Context())
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatal("it ended while an event was out", err)
	default:
	}
	h.Settle(nil)
	assert.Equal(t, io.EOF, <-ended)
}

func TestOnlyTheFirstWordOnABatchCounts(t *testing.T) {
	count := &tally{}
	j := opening(t, Config{Observer: count})
	mustWrite(t, j, "a", "b")
	h := mustRead(t, j)
	h.Settle(nil)
	for range 3 {
		h.Settle(func(int) bool { return true })
	}
	mustWrite(t, j, "c")
	assert.Equal(t, []string{"c"}, drain(t, j), "nothing comes again, and the end is not before the last")
	assert.Zero(t, count.retried)
}
