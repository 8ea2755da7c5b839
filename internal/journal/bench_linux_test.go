package journal

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
)

// cpu is what the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkSync is what one sync of a small write costs on this disk, beside
// which all other figures have to be read.
func BenchmarkSync(b *testing.B) {
	file, err := os.Create(filepath.Join(b.TempDir(), "file"))
	require.NoError(b, err)
	defer file.Close()
	block := make([]byte, 1500)
	for b.Loop() {
		_, err := file.Write(block)
		require.NoError(b, err)
		require.NoError(b, syscall.Fdatasync(int(file.Fd())))
	}
}

// BenchmarkThrough takes events of 1.5 KB in, synced, and hands them out, with
// up to 256 batches waiting for their acknowledgement.
func BenchmarkThrough(b *testing.B) {
	for _, count := range []int{1, 5} {
		b.Run("events="+strconv.Itoa(count), func(b *testing.B) {
			syncs := &tally{}
			j, err := Open(Config{Path: filepath.Join(b.TempDir(), "queue"), FS: vfs.Default, Observer: syncs})
			require.NoError(b, err)
			defer j.Close()
			events := make([]Event, count)
			for i := range events {
				events[i] = Event{Content: make([]byte, 1500), Metadata: []Field{{"write_key", "a-key"}, {"path", "/v1/track"}}}
			}
			var reading sync.WaitGroup
			reading.Go(func() {
				for {
					h, err := j.Read(b.Context())
					if err != nil {
						return
					}
					h.Settle(nil)
				}
			})
			used := cpu(b)
			waiting := make(chan struct{}, 256)
			for b.Loop() {
				waiting <- struct{}{}
				if err := j.Write(b.Context(), events, func(err error) { <-waiting }); err != nil {
					b.Fatal(err)
				}
			}
			j.EndOfInput()
			reading.Wait()
			total := float64(b.N * count)
			b.ReportMetric(total/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64((cpu(b)-used).Microseconds())/total, "cpu-µs/event")
			b.ReportMetric(total/float64(max(1, syncs.syncs)), "events/sync")
			var usage syscall.Rusage
			require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
			b.ReportMetric(float64(usage.Maxrss)/1024, "max-MB")
		})
	}
}
