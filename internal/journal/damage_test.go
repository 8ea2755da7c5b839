package journal

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wear makes a queue with tables, logs, deletions and events that were settled
// out of order. It returns the file system, and what is left in the queue.
func wear(t *testing.T, isClosed bool) (*vfs.MemFS, []string) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	j, err := Open(Config{Path: "queue", FS: fs, memTableBytes: 128 << 10, MaxBatchEvents: 100})
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	all := padded(0, 3000)
	for i := 0; i < len(all); i += 3 {
		mustWrite(t, j, all[i:i+3]...)
	}
	for range 10 {
		mustRead(t, j).Settle(nil)
	}
	late := mustRead(t, j)
	mustRead(t, j).Settle(nil)
	left := append(contents(late), all[1200:]...)
	if isClosed {
		require.NoError(t, j.Close())
	}
	return fs.CrashClone(vfs.CrashCloneCfg{}), left
}

func padded(from, to int) (list []string) {
	for _, text := range numbered(from, to) {
		list = append(list, text+strings.Repeat("x", 150))
	}
	return list
}

func numberOf(t *testing.T, content string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimRight(strings.TrimPrefix(content, "event-"), "x"))
	require.NoError(t, err)
	return n
}

var namedRange = regexp.MustCompile(`events (\d+) to (\d+) \(`)

// namedAsLost reads the ranges off the log.
func namedAsLost(t *testing.T, log *said) map[int]bool {
	t.Helper()
	lost := map[int]bool{}
	for _, found := range namedRange.FindAllStringSubmatch(log.all(), -1) {
		from, err := strconv.Atoi(found[1])
		require.NoError(t, err)
		to, err := strconv.Atoi(found[2])
		require.NoError(t, err)
		for i := from; i <= to; i++ {
			lost[i] = true
		}
	}
	return lost
}

func flip(t *testing.T, fs vfs.FS, path string, at int64, bit int) {
	t.Helper()
	file, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	defer file.Close()
	var b [1]byte
	_, err = file.ReadAt(b[:], at)
	require.NoError(t, err)
	b[0] ^= 1 << bit
	_, err = file.WriteAt(b[:], at)
	require.NoError(t, err)
	require.NoError(t, file.Sync())
}

// Each bit of each file may be the one that flips. Whatever is not handed out
// then is named, and that is little. Others refuse to start over such a file, or
// go on and say nothing: fluent/fluent-bit#5265, #6995 and #11847,
// open-telemetry/opentelemetry-collector-contrib#35899.
func TestAFlippedBitCostsLittleAndIsNamed(t *testing.T) {
	for _, isClosed := range []bool{true, false} {
		fs, left := wear(t, isClosed)
		names, err := fs.List("queue/db")
		require.NoError(t, err)
		kinds := map[string]int{}
		for _, name := range names {
			info, err := fs.Stat("queue/db/" + name)
			require.NoError(t, err)
			if info.IsDir() || info.Size() == 0 {
				continue
			}
			kinds[strings.TrimLeft(name, "0123456789")]++
			random := rand.New(rand.NewPCG(1, uint64(info.Size())))
			for range 6 {
				at, bit := random.Int64N(info.Size()), random.IntN(8)
				t.Run(fmt.Sprintf("closed=%v/%s/%d.%d", isClosed, name, at, bit), func(t *testing.T) {
					survive(t, fs.CrashClone(vfs.CrashCloneCfg{}), left, isClosed, func(fs vfs.FS) { flip(t, fs, "queue/db/"+name, at, bit) })
				})
			}
		}
		t.Log(kinds)
		assert.Positive(t, kinds[".log"])
		assert.Positive(t, kinds[".sst"])
	}
}

// survive does some harm to a queue and sees what comes out of it.
func survive(t *testing.T, fs vfs.FS, left []string, isClosed bool, harm func(vfs.FS)) {
	t.Helper()
	harm(fs)
	log, count := &said{}, &tally{}
	j, err := Open(Config{Path: "queue", FS: fs, Log: log, Observer: count, memTableBytes: 128 << 10})
	require.NoError(t, err)
	defer j.Close()
	got := map[int]bool{}
	last := -1
	j.EndOfInput()
	for {
		h, err := j.Read(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		for _, content := range contents(h) {
			n := numberOf(t, content)
			require.Greater(t, n, last, "out of order or twice")
			last = n
			got[n] = true
		}
		h.Settle(nil)
	}
	lost, missing := namedAsLost(t, log), 0
	for _, content := range left {
		n := numberOf(t, content)
		if got[n] {
			continue
		}
		missing++
		if isClosed || n < 2997 {
			assert.True(t, lost[n], "event %d is gone without a word:\n%s", n, log.all())
		} else {
			// Nobody can tell a damaged last write from one that was cut.
			assert.True(t, lost[n] || strings.Contains(log.all(), "in the middle of a write"), "event %d is gone without a word:\n%s", n, log.all())
		}
	}
	assert.LessOrEqual(t, missing, 3, log.all())
	if isClosed {
		assert.Equal(t, missing, count.lost)
	}
	assert.Zero(t, j.Stats().Events)
	assert.GreaterOrEqual(t, j.Stats().Bytes, int64(0))
}
