package verification

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/publicapi"
)

// directory is the list of the sources of a workspace. All outputs with the same
// token share one, so that the list is not asked for by each of them.
type directory struct {
	lookup *publicapi.Lookup
	// turn holds a token for who may use the rest.
	turn    chan struct{}
	listing *publicapi.Listing
	at      time.Time
	// fresh is how long a list is good enough for the next output that asks.
	fresh time.Duration
}

// directoryKey tells directories apart. It holds no token.
type directoryKey struct {
	base, region string
	token        [sha256.Size]byte
	interval     time.Duration
}

// mostFresh bounds directory.fresh.
const mostFresh = 20 * time.Second

func directoryOf(conf Config, res *service.Resources) (*directory, error) {
	lookup, err := conf.lookup()
	if err != nil {
		return nil, err
	}
	d := &directory{lookup: lookup, turn: make(chan struct{}, 1), fresh: min(mostFresh, conf.Interval/2)}
	key := directoryKey{conf.BaseURL, conf.Region, sha256.Sum256([]byte(conf.Token)), conf.Interval}
	shared, _ := res.GetOrSetGeneric(key, d)
	return shared.(*directory), nil
}

// list returns the list as it was a moment ago, or asks for it.
func (d *directory) list(ctx context.Context) (*publicapi.Listing, error) {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-d.turn }()
	if d.listing != nil && time.Since(d.at) < d.fresh {
		return d.listing, nil
	}
	listing, err := d.lookup.List(ctx)
	if err == nil {
		d.listing, d.at = listing, time.Now()
	}
	return listing, err
}
