package sandbox

import (
	"cmp"
	"crypto/rand"
	"time"

	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/sandbox/tokens"
	"benthos-segment/internal/sandbox/trackingapi"
	"benthos-segment/internal/segment"
)

// Config holds what can be chosen about a sandbox. The zero value is the real
// service as far as it is known, with room for 10,000 calls.
type Config struct {
	// Strict answers 400 to a request that holds anything Segment would discard,
	// and accepts nothing of it. Otherwise such a call is answered with 200 and
	// recorded as discarded, as Segment does.
	Strict bool
	// WriteKeys are the only write keys that are accepted; others get a 401,
	// which Segment never gives. Empty accepts every key.
	WriteKeys []string
	// Plan, if set, is the tracking plan that calls are judged by. What they break
	// of it is shown, and changes nothing about the answer.
	Plan segment.Plan
	// OAuth, if set, makes the Tracking API ask for access tokens, and the
	// sandbox grant them under /token.
	OAuth *tokens.Config
	// Hosts are further host names by which the control API may be called.
	// Loopback names always may.
	Hosts []string
	// AnyAddress lets the control API be called by any IP address, for a sandbox
	// that other machines reach. An address is safe: only a name can be made to
	// lead a foreign page here.
	AnyAddress bool

	// ReplayTo is the only place that calls are ever sent on to, such as
	// https://api.segment.io. Empty sends them nowhere.
	ReplayTo string
	// Version is shown as the sandbox's own.
	Version string

	// MaxCalls and MaxBytes bound the calls that are held; newer calls evict the
	// oldest. Zero means 10,000 calls and 64 MiB.
	MaxCalls int
	MaxBytes int64
	// MaxRequests bounds the requests that are held, which may take another
	// MaxBytes. Zero means 10,000.
	MaxRequests int
	// MaxMessageIDs is how many message ids are remembered at least, to find
	// duplicates even after their calls were evicted. Zero means 1,000,000.
	MaxMessageIDs int

	// MaxCallBytes bounds one call, alone or in a batch, MaxBatchBytes the body
	// of a batch, and MaxBatchCalls the calls in it. Zero means Segment's 32 KiB,
	// 500 KiB and 2,500.
	MaxCallBytes  int
	MaxBatchBytes int
	MaxBatchCalls int
	// MaxBodyBytes is how much of any body is read, before and after
	// decompression, though what is over the limits above is not kept. Zero
	// means 5 MiB.
	MaxBodyBytes int64
	// MaxBodyMemory bounds the bodies that are in memory at once. A request that
	// would exceed it is answered with 503. Zero means 64 MiB.
	MaxBodyMemory int64
	// Keeper, if set, keeps what arrives beyond the process, and Held is what it
	// kept of the one before. Run is its name for both, so that a page that is open
	// goes on; empty makes one up.
	Keeper inbox.Keeper
	Held   inbox.Held
	Run    string
	// BodyTimeout is how long a body may take to arrive. Zero means 30 seconds.
	BodyTimeout time.Duration
}

func (c Config) withDefaults() Config {
	c.Version = cmp.Or(c.Version, "unknown")
	c.Run = cmp.Or(c.Run, rand.Text()[:8])
	c.MaxCalls = cmp.Or(c.MaxCalls, 10_000)
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<20)
	c.MaxRequests = cmp.Or(c.MaxRequests, 10_000)
	c.MaxMessageIDs = cmp.Or(c.MaxMessageIDs, 1_000_000)
	c.MaxCallBytes = cmp.Or(c.MaxCallBytes, segment.MaxCallBytes)
	c.MaxBatchBytes = cmp.Or(c.MaxBatchBytes, segment.MaxRequestBytes)
	c.MaxBatchCalls = cmp.Or(c.MaxBatchCalls, segment.MaxRequestCalls)
	c.MaxBodyBytes = cmp.Or(c.MaxBodyBytes, 5<<20)
	c.MaxBodyMemory = cmp.Or(c.MaxBodyMemory, 64<<20)
	c.BodyTimeout = cmp.Or(c.BodyTimeout, 30*time.Second)
	return c
}

func (c Config) inbox() inbox.Config {
	return inbox.Config{
		Strict:   c.Strict,
		MaxCalls: c.MaxCalls, MaxBytes: c.MaxBytes,
		MaxRequests: c.MaxRequests, MaxMessageIDs: c.MaxMessageIDs, Keeper: c.Keeper,
	}
}

func (c Config) tracking() trackingapi.Settings {
	return trackingapi.Settings{
		Strict: c.Strict, WriteKeys: c.WriteKeys, Plan: c.Plan,
		MaxCallBytes: c.MaxCallBytes, MaxBatchBytes: c.MaxBatchBytes, MaxBatchCalls: c.MaxBatchCalls,
		MaxBodyBytes: c.MaxBodyBytes, MaxBodyMemory: c.MaxBodyMemory, BodyTimeout: c.BodyTimeout,
	}
}
