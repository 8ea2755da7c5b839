package runner

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

// watchOwn looks at the memory of a process until the function that it returns
// is called, which gives the most that was its own, in bytes; 0 where the
// system does not tell. The system counts the most of all resident pages, and
// not of these: how many pages of the program's file are among them depends on
// how that file has come to the cache.
func watchOwn(pid int) func() int64 {
	const every = 5 * time.Millisecond
	var most int64
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			most = max(most, ownNow(pid))
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	})
	return func() int64 {
		close(done)
		watching.Wait()
		return most
	}
}

// ownNow reads the memory that is a process's own from /proc, see proc(5).
func ownNow(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(status, []byte("RssAnon:"))
	amount, _, _ := bytes.Cut(after, []byte(" kB"))
	kilobytes, _ := strconv.ParseInt(string(bytes.TrimSpace(amount)), 10, 64)
	return kilobytes << 10
}
