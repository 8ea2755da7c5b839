package journal

import (
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Config says how a queue works.
type Config struct {
	// Path is the directory of the queue.
	Path string
	// MaxBytes bounds what is not delivered.
	MaxBytes int64
	// SyncInterval is how often the disk is synced. Zero syncs before every
	// acknowledgement.
	SyncInterval time.Duration
	// FullTimeout is how long a batch may wait for room before it is refused.
	// Zero is for ever.
	FullTimeout time.Duration
	// KeepAtEnd leaves what was not handed out on the disk at the end of the
	// input, instead of handing it out.
	KeepAtEnd bool
	// RetryInitial and RetryMax are the shortest and the longest wait before a
	// rejected event is handed out again.
	RetryInitial, RetryMax time.Duration
	// MaxBatchEvents and MaxBatchBytes bound what is handed out at once.
	MaxBatchEvents, MaxBatchBytes int

	// FS is the file system; nil is the real one.
	FS vfs.FS
	// Log and Observer may be nil.
	Log      Logger
	Observer Observer

	// memTableBytes and tailBytes are for tests, which want files sooner.
	memTableBytes, tailBytes int
}

// Logger is where a queue says what its operator should know. It never says
// what is in an event.
type Logger interface {
	Debugf(format string, args ...any)
	Infof(format string, args ...any)
	Warnf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Observer counts.
type Observer interface {
	// Synced notes one sync that made events durable.
	Synced(took time.Duration, events int)
	// Refused notes events that were not taken.
	Refused(events int, reason Refusal)
	// Retried notes events that were handed out again.
	Retried(events int)
	// Lost notes events that the disk does not give back.
	Lost(events int)
}

// Refusal is why events were not taken.
type Refusal string

// The reasons.
const (
	RefusedFull   Refusal = "full"
	RefusedDisk   Refusal = "disk"
	RefusedClosed Refusal = "closed"
	RefusedEvent  Refusal = "event"
)

func (c *Config) fill() error {
	if c.Path == "" {
		return errors.New("a journal needs a path")
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	if c.Log == nil {
		c.Log = silent{}
	}
	if c.Observer == nil {
		c.Observer = silent{}
	}
	setDefault(&c.MaxBytes, 10_000_000_000)
	setDefault(&c.RetryInitial, 100*time.Millisecond)
	setDefault(&c.RetryMax, time.Minute)
	setDefault(&c.MaxBatchEvents, 500)
	setDefault(&c.MaxBatchBytes, 1<<20)
	setDefault(&c.memTableBytes, memTableBytes)
	setDefault(&c.tailBytes, tailBytes)
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var none T
	if *field == none {
		*field = value
	}
}

// silent is a Logger and an Observer.
type silent struct{}

func (silent) Debugf(string, ...any)     {}
func (silent) Infof(string, ...any)      {}
func (silent) Warnf(string, ...any)      {}
func (silent) Errorf(string, ...any)     {}
func (silent) Synced(time.Duration, int) {}
func (silent) Refused(int, Refusal)      {}
func (silent) Retried(int)               {}
func (silent) Lost(int)                  {}
