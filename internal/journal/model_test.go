package journal

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// model is a queue in a slice: what must still come, and what may come again.
type model struct {
	t       *rapid.T
	fs      *vfs.MemFS
	journal *Journal
	events  int
	// left are the numbers that were acknowledged and not settled, in order.
	left []int
	out  []*Handout
	next int // the first number that was not handed out since the start
}

func (m *model) open(fs *vfs.MemFS) {
	// With a short tail, some events come from memory and some from the disk.
	tail := rapid.SampledFrom([]int{1, 5 * keptRoom, tailBytes}).Draw(m.t, "tail")
	j, err := Open(Config{Path: "queue", FS: fs, memTableBytes: 64 << 10, tailBytes: tail, MaxBatchEvents: 5, RetryInitial: 1, RetryMax: 1})
	require.NoError(m.t, err)
	m.fs, m.journal, m.out, m.next = fs, j, nil, 0
}

func (m *model) write(t *rapid.T) {
	count := rapid.IntRange(1, 7).Draw(t, "count")
	require.NoError(t, write(t.Context(), m.journal, padded(m.events, m.events+count)...))
	for range count {
		m.left = append(m.left, m.events)
		m.events++
	}
}

// read takes what is there, without waiting.
func (m *model) read(t *rapid.T) {
	if m.journal.retries.len() == 0 && !m.hasFresh() {
		t.Skip("nothing to read")
	}
	h, err := m.journal.Read(t.Context())
	require.NoError(t, err)
	for _, content := range contents(h) {
		n := number(content)
		if h.again == nil {
			require.GreaterOrEqual(t, n, m.next, "handed out twice")
			missed := slices.ContainsFunc(m.left, func(left int) bool { return left >= m.next && left < n })
			require.False(t, missed, "an event was passed over before %d", n)
			m.next = n + 1
		}
		require.Contains(t, m.left, n, "it was settled before")
	}
	m.out = append(m.out, h)
}

func (m *model) hasFresh() bool { return len(m.left) > 0 && m.left[len(m.left)-1] >= m.next }

// settle accepts a part of a batch and rejects the rest.
func (m *model) settle(t *rapid.T) {
	if len(m.out) == 0 {
		t.Skip("nothing is out")
	}
	i := rapid.IntRange(0, len(m.out)-1).Draw(t, "batch")
	h := m.out[i]
	m.out = slices.Delete(m.out, i, i+1)
	rejected := rapid.SliceOfN(rapid.Bool(), len(h.Events), len(h.Events)).Draw(t, "rejected")
	list := contents(h)
	h.Settle(func(i int) bool { return rejected[i] })
	for i, content := range list {
		if !rejected[i] {
			m.left = slices.DeleteFunc(m.left, func(left int) bool { return left == number(content) })
		}
	}
}

// restart closes the queue well. Nothing that was settled comes again.
func (m *model) restart(t *rapid.T) {
	require.NoError(t, m.journal.Close())
	m.open(m.fs)
}

// cut cuts the power. What was settled may come again.
func (m *model) cut(t *rapid.T) {
	seed := rapid.Uint64().Draw(t, "seed")
	percent := rapid.IntRange(0, 100).Draw(t, "unsynced")
	clone := m.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, 1))})
	require.NoError(t, m.journal.Close())
	m.open(clone)
	m.relearn(t)
}

// relearn makes what came back after a cut the new truth, if nothing is missing.
func (m *model) relearn(t *rapid.T) {
	j := m.journal
	j.mu.Lock()
	known := j.ledger
	known.runs = slices.Clone(known.runs)
	j.mu.Unlock()
	var there []int
	for seq := known.skip(0); seq < known.end; seq = known.skip(seq + 1) {
		event, _, err := j.engine.get(seq)
		require.NoError(t, err)
		there = append(there, number(string(event.Content)))
	}
	for _, n := range m.left {
		require.Contains(t, there, n, "event %d is lost", n)
	}
	require.True(t, slices.IsSorted(there))
	m.left = there
}

func number(content string) (n int) {
	for _, c := range content {
		if c >= '0' && c <= '9' {
			n = 10*n + int(c-'0')
		}
	}
	return n
}

func TestTheQueueIsAsGoodAsASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{t: t}
		m.open(vfs.NewCrashableMem())
		defer func() { _ = m.journal.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"write": m.write, "read": m.read, "settle": m.settle, "restart": m.restart, "cut": m.cut,
			"": func(t *rapid.T) {
				held := m.journal.Stats()
				require.EqualValues(t, len(m.left), held.Events)
				require.Equal(t, held.Events == 0, held.Bytes == 0)
			},
		})
		m.finish(t)
	})
}

// finish takes the rest out.
func (m *model) finish(t *rapid.T) {
	for _, h := range m.out {
		h.Settle(func(int) bool { return true })
	}
	m.journal.EndOfInput()
	for {
		h, err := m.journal.Read(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		for _, content := range contents(h) {
			i := slices.Index(m.left, number(content))
			require.GreaterOrEqual(t, i, 0)
			m.left = slices.Delete(m.left, i, i+1)
		}
		h.Settle(nil)
	}
	require.Empty(t, m.left)
}
