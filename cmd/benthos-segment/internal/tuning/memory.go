package tuning

import "github.com/KimMachineGun/automemlimit/memlimit"

// share is what the runtime may take of the memory that a container or a service
// is allowed. The rest is for the pages of the program's file.
const share = 0.9

// Memory makes the runtime collect garbage more often before the process has all
// that its control group allows, and the kernel would kill it: without, a heap
// that an outage of Segment fills doubles between collections. Where GOMEMLIMIT
// is set, or nothing is limited, it changes nothing.
func Memory() { limitBy(memlimit.FromCgroup) }

// limitBy does what Memory does. Where the limit cannot be read, as on another
// system than Linux, the runtime knows none.
func limitBy(allowed memlimit.Provider) {
	_, _ = memlimit.SetGoMemLimitWithOpts(memlimit.WithProvider(allowed), memlimit.WithRatio(share))
}
