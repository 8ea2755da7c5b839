package tuning

import (
	"os"
	"runtime"
)

// leastProcessors is what the runtime is told to use at least, whatever the
// machine has. With one, a thread that reads events from a pipe or a file has it
// also while it waits for them, and who waits for the network is not looked at:
// with 5,000 events a second from a pipe, answers of Segment were not seen for a
// second or two (Go 1.26). Two threads that share one processor do not cost more.
const leastProcessors = 2

// Processors makes the runtime look after the network while somebody reads,
// unless the environment says how many processors it is to use.
func Processors() {
	if _, isSet := os.LookupEnv("GOMAXPROCS"); isSet || runtime.GOMAXPROCS(0) >= leastProcessors {
		return
	}
	runtime.GOMAXPROCS(leastProcessors)
}
