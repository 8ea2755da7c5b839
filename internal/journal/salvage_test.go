package journal

import (
	"errors"
	"io"
	"math"
	"os"
	"slices"
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

// failsOnceSalvaged is a file system on which some operations of one kind fail
// after a queue was salvaged.
type failsOnceSalvaged struct {
	kind       errorfs.OpKind
	path       string
	isSalvaged atomic.Bool
	left       atomic.Int32
}

func (*failsOnceSalvaged) String() string { return "fails once salvaged" }

func (f *failsOnceSalvaged) MaybeError(op errorfs.Op) error {
	if op.Kind == errorfs.OpRename && strings.HasSuffix(op.Path, salvagingTmp) {
		f.isSalvaged.Store(true)
	}
	if f.isSalvaged.Load() && op.Kind == f.kind && strings.HasSuffix(op.Path, f.path) && f.left.Add(-1) >= 0 {
		return syscall.EMFILE
	}
	return nil
}

// faults are what may fail between the moment at which a salvage is complete and
// that at which its result is in use.
func faults() map[string]*failsOnceSalvaged {
	return map[string]*failsOnceSalvaged{
		"saying that it is complete": {kind: errorfs.OpOpenDir},
		"opening it":                 {kind: errorfs.OpOpen, path: ".sst"},
		"setting the damage aside":   {kind: errorfs.OpRename, path: "/" + dbName},
		"putting it in its place":    {kind: errorfs.OpRename, path: salvagedName},
	}
}

// harm overwrites the middle of each file that has many events, so that some are in
// no other. An engine that works may delete a file meanwhile, and then others hold
// its events.
func harm(t *testing.T, fs vfs.FS) {
	t.Helper()
	err := harmOnce(fs)
	for errors.Is(err, os.ErrNotExist) {
		err = harmOnce(fs)
	}
	require.NoError(t, err)
}

func harmOnce(fs vfs.FS) error {
	files, err := dataFiles(fs, "queue/db")
	if err != nil {
		return err
	}
	for _, name := range files {
		path := "queue/db/" + name.name
		info, err := fs.Stat(path)
		if err != nil {
			return err
		}
		if info.Size() < 10_000 {
			continue
		}
		file, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		_, err = file.WriteAt(make([]byte, info.Size()/3), info.Size()/3)
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// rest reads what is left, and checks that all others are named.
func rest(t *testing.T, j *Journal, left []string, log *said, count *tally) {
	t.Helper()
	got := map[int]bool{}
	for _, content := range drain(t, j) {
		got[numberOf(t, content)] = true
	}
	lost := namedAsLost(t, log)
	for _, content := range left {
		n := numberOf(t, content)
		assert.True(t, got[n] != lost[n], "event %d: delivered %v, named %v", n, got[n], lost[n])
	}
	assert.NotEmpty(t, lost)
	assert.Equal(t, len(lost), count.lost, "each is counted once")
}

func TestALossIsNamedWhereTheStartFailsAfterTheSalvage(t *testing.T) {
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			fs, left := wear(t, true)
			harm(t, fs)
			fault.left.Store(1)
			log, count := &said{}, &tally{}
			conf := Config{Path: "queue", FS: errorfs.Wrap(fs, fault), Log: log, Observer: count, memTableBytes: 128 << 10}
			_, err := Open(conf)
			require.ErrorIs(t, err, syscall.EMFILE)

			j, err := Open(conf)
			require.NoError(t, err)
			rest(t, j, left, log, count)
			require.NoError(t, j.Close())
		})
	}
}

// A queue that is damaged while it works is salvaged once, however often its
// files cannot be opened then. Others go round in circles, as in
// vectordotdev/vector#17644.
func TestALossIsNamedWhereTheQueueCannotBeOpenedAgainAfterTheSalvage(t *testing.T) {
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			fs, left := wear(t, true)
			log, count := &said{}, &tally{}
			j, err := Open(Config{Path: "queue", FS: errorfs.Wrap(fs, fault), Log: log, Observer: count, memTableBytes: 128 << 10})
			require.NoError(t, err)
			harm(t, fs)
			fault.left.Store(2)
			j.engine.fail(errDamaged)
			require.Eventually(t, func() bool { return strings.Contains(log.all(), "works again") }, 60*time.Second, time.Millisecond)
			assert.Contains(t, log.all(), "Retrying")
			rest(t, j, left, log, count)
			require.NoError(t, j.Close())
			damaged, err := fs.List("queue/damaged")
			require.NoError(t, err)
			assert.Len(t, damaged, 1, log.all())
		})
	}
}

// A process may be stopped before the queue can be opened again. The next one takes
// what was lost for settled. Of the lost events, those that were delivered are not.
func TestALossIsNamedWhereTheQueueIsClosedBeforeItCanBeOpenedAgain(t *testing.T) {
	fs, left := wear(t, true)
	log, count := &said{}, &tally{}
	fault := &failsOnceSalvaged{kind: errorfs.OpOpen, path: tableSuffix}
	conf := Config{Path: "queue", FS: errorfs.Wrap(fs, fault), Log: log, Observer: count, memTableBytes: 128 << 10}
	j, err := Open(conf)
	require.NoError(t, err)
	delivered := map[string]bool{}
	for len(delivered) < len(left)/2 {
		h := mustRead(t, j)
		for _, content := range contents(h) {
			delivered[content] = true
		}
		h.Settle(nil)
	}
	left = slices.DeleteFunc(left, func(content string) bool { return delivered[content] })
	require.NotEmpty(t, left)
	fault.left.Store(math.MaxInt32)
	broken := j.engine
	harm(t, fs)
	broken.fail(errDamaged)
	require.Eventually(t, func() bool { return strings.Contains(log.all(), "Retrying") }, 60*time.Second, time.Millisecond)
	assert.Empty(t, namedAsLost(t, log), "it may be opened again yet")
	require.NoError(t, j.Close())
	lost := namedAsLost(t, log)
	assert.NotEmpty(t, lost)
	assert.Equal(t, len(lost), count.lost)
	for content := range delivered {
		assert.False(t, lost[numberOf(t, content)], "%s was delivered", content)
	}

	fault.left.Store(0)
	j, err = Open(conf)
	require.NoError(t, err)
	rest(t, j, left, log, count)
	require.NoError(t, j.Close())
}

// What is missing without any damage that can be seen is not there after another
// salvage either.
func TestARejectedEventThatIsGoneIsLost(t *testing.T) {
	fs, log, count := vfs.NewCrashableMem(), &said{}, &tally{}
	j, err := Open(Config{Path: "queue", FS: fs, Log: log, Observer: count, RetryInitial: time.Millisecond})
	require.NoError(t, err)
	mustWrite(t, j, "a", "b", "c")
	h := mustRead(t, j)
	require.NoError(t, j.engine.db.Delete(keyOf(1), nil))
	h.Settle(func(int) bool { return true })
	assert.Equal(t, []string{"a", "c"}, drain(t, j))
	assert.Contains(t, log.all(), "events 1 to 1 (1 in all) are lost")
	assert.Equal(t, 1, count.lost)
	assert.Zero(t, j.Stats())
	require.NoError(t, j.Close())
	_, err = fs.Stat("queue/damaged")
	require.Error(t, err)
}

func TestOnlyTheLastDamageIsKept(t *testing.T) {
	fs := vfs.NewCrashableMem()
	for i := range 3 * keptDamaged / 2 {
		j, err := Open(Config{Path: "queue", FS: fs})
		require.NoError(t, err)
		mustWrite(t, j, numbered(i, i+1)...)
		j.engine.fail(errDamaged)
		require.Eventually(t, func() bool { return write(t.Context(), j, "more") == nil }, 60*time.Second, time.Millisecond)
		require.NoError(t, j.Close())
	}
	names, err := fs.List("queue/damaged")
	require.NoError(t, err)
	assert.Len(t, names, keptDamaged)

	j := opening(t, Config{FS: fs})
	got := drain(t, j)
	assert.Subset(t, got, numbered(0, 3*keptDamaged/2), "what was whole is all there")
	_, err = j.Read(t.Context())
	require.ErrorIs(t, err, io.EOF)
}
