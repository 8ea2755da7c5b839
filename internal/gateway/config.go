package gateway

import (
	"errors"
	"net/netip"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
)

// Config is what can be chosen about a Gateway.
type Config struct {
	// WriteKeys are the keys that are accepted; none accepts any.
	WriteKeys []string
	// PathPrefix is a path before that of each route, such as /events.
	PathPrefix string
	// CORS says which pages may send.
	CORS *ingest.CORS
	// TrustedProxies are the peers whose X-Forwarded-For, -Host and -Proto count.
	TrustedProxies []netip.Prefix
	// PublicAddress is where clients reach this, for the settings of SDKs. Without a
	// host, it is what each request was sent to.
	PublicAddress ingest.Address
	// Dialect is that of all events; unknown, each request tells.
	Dialect segment.Dialect
	// MaxRequestBytes bounds a body after decompression, and MaxRequestEvents the
	// events in it.
	MaxRequestBytes  int64
	MaxRequestEvents int
	// MaxPending bounds the requests whose events are on their way, and
	// MaxPendingBytes the memory for these events. Bodies that are being read may
	// take as much again.
	MaxPending      int
	MaxPendingBytes int64
	// Timeout is how long a request waits for its events to be acknowledged, and
	// BodyTimeout how long for its body.
	Timeout, BodyTimeout time.Duration
	// Gather is how long a batch may wait for requests that are just being read.
	Gather time.Duration
	// Observer is told of every answer.
	Observer Observer
}

func (c *Config) check() error {
	for _, key := range c.WriteKeys {
		if key == "" {
			return errors.New("a write key is empty, which is neither a key nor any key: " +
				"set the variable that it comes from, or leave the list empty to accept any")
		}
	}
	return nil
}

// Observer is told what happens. Its methods are called by many goroutines.
type Observer interface {
	// Answered is told of each answer.
	Answered(Answer)
	// Pending is told how many requests are on their way.
	Pending(requests int)
	// Troubled is told of what somebody has to look at: connections that cannot be
	// taken, or a fault of this program. It has no event and no key.
	Troubled(said string)
}

// Answer is what an Observer is told of an answer.
type Answer struct {
	// Route is the path of the route, with {key} in place of a write key.
	Route  string
	Status int
	// Code is that of an error.
	Code string
	// IsRefused says that events are lost or late because of the answer, and that the
	// gateway is not stopping.
	IsRefused bool
	// Events is how many the request had, as far as it was read.
	Events int
	Took   time.Duration
}
