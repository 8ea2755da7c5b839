// Package soak lets a process run for an hour with the traffic of days, and says
// whether anything that it keeps grows.
package soak

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"benthos-segment/internal/torture/metrics"
	"benthos-segment/internal/torture/ordeal"
)

// Config says what a soak is like.
type Config struct {
	Product ordeal.Binary
	// Pipeline is the file that the product runs.
	Pipeline string
	// Folder is for the queue.
	Folder string
	Lasts  time.Duration
	Seed   uint64
	// EventsPerSecond is the mean of the traffic, People how many share it.
	EventsPerSecond float64
	People          int
}

const (
	// days are how many fit into a soak.
	days = 3
	// sightings is how often the process is looked at.
	sightings = 360
	// patience is how long the start may take, and the end: to deliver the rest,
	// and to stop.
	patience = 5 * time.Minute
)

// run is one soak.
type run struct {
	Config
	ledger  *ledger
	segment *segment
	traffic *traffic
	process *ordeal.Process
	metrics string
	began   time.Time
}

// Run soaks the product and returns a report. The error says what was lost,
// doubled or out of order, or what grows.
func Run(ctx context.Context, c Config) (report string, err error) {
	r := &run{Config: c, ledger: newLedger(c.People)}
	r.segment = newSegment(r.ledger, c.Seed)
	if err := r.segment.open(); err != nil {
		return "", err
	}
	defer r.segment.close()
	if err := r.start(); err != nil {
		return "", err
	}
	defer r.process.Kill()
	starting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.process.Await(starting); err != nil {
		return "", err
	}
	seen, err := r.live(ctx)
	if err != nil {
		// An hour's figures are worth having, whatever went wrong.
		report, _ = r.conclude(seen)
		return report, fmt.Errorf("%w\n%s", err, r.process.Said)
	}
	return r.conclude(seen)
}

func (r *run) start() error {
	var ports [2]string
	for i := range ports {
		port, err := ordeal.FreePort()
		if err != nil {
			return err
		}
		ports[i] = net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
	}
	r.metrics = "http://" + ports[1] + "/metrics"
	r.traffic = newTraffic(r.Config, ports[0], r.ledger)
	var err error
	r.process, err = ordeal.Start(ordeal.Connected, map[string]string{
		"DOOR_ADDRESS": ports[0], "METRICS_ADDRESS": ports[1], "QUEUE_PATH": r.queue(),
		"SOURCE_WRITE_KEY": ordeal.WriteKey, "SEGMENT_WRITE_KEY": ordeal.WriteKey, "SEGMENT_ENDPOINT": r.segment.url,
	}, r.Product.Path, "run", r.Pipeline)
	return err
}

func (r *run) queue() string { return filepath.Join(r.Folder, "queue") }

// live lets traffic and outages happen, and looks at the process meanwhile. At
// the end the rest is delivered, and the process stops.
func (r *run) live(ctx context.Context) (seen []sighting, err error) {
	r.began = time.Now()
	lasts, stop := context.WithTimeout(ctx, r.Lasts)
	defer stop()
	sent, out := make(chan error, 1), make(chan error, 1)
	go func() { sent <- r.traffic.flow(ctx, lasts) }()
	go func() { out <- r.segment.suffer(lasts, r.Lasts) }()
	seen, err = r.watch(lasts)
	stop()
	err = errors.Join(err, <-out, <-sent)
	if err != nil || ctx.Err() != nil {
		return seen, errors.Join(err, ctx.Err())
	}
	ending, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.ledger.await(ending); err != nil {
		return seen, err
	}
	if err := r.awaitRejections(ending); err != nil {
		return seen, err
	}
	return seen, r.process.Terminate(ending)
}

// awaitRejections waits until each guilty event is counted as refused: once, or
// again where its request was sent again.
func (r *run) awaitRejections(ctx context.Context) error {
	for {
		values, err := metrics.Scrape(ctx, r.metrics)
		if err != nil {
			return err
		}
		rejected, guilty := int64(values[rejections]), r.ledger.guilty.Load()
		again := r.ledger.guiltyAgain.Load()
		if rejected >= guilty && rejected <= guilty+again {
			return nil
		}
		if !ordeal.Wait(ctx, time.Second) {
			return fmt.Errorf("%d guilty events were sent, %d of them again, and %d refused: %w", guilty, again, rejected, ctx.Err())
		}
	}
}

// A sighting is what the process showed at some time.
type sighting struct {
	at     time.Duration
	values map[string]float64
	// settled says that it had nothing else to do than what came in.
	settled bool
}

// watch looks at the process until its time is over.
func (r *run) watch(lasts context.Context) (seen []sighting, err error) {
	pause := max(r.Lasts/sightings, time.Second)
	for ordeal.Wait(lasts, pause) {
		s, err := r.look(lasts)
		if err != nil && lasts.Err() == nil {
			return seen, err
		}
		if err == nil {
			seen = append(seen, s)
		}
	}
	return seen, r.process.Running()
}

// settledWithin is how much traffic may be on its way without being a backlog,
// in seconds of the mean.
const settledWithin = 5

func (r *run) look(ctx context.Context) (s sighting, err error) {
	s.at = time.Since(r.began)
	if s.values, err = metrics.Scrape(ctx, r.metrics); err != nil {
		return s, err
	}
	s.values[diskBytes], err = sizeOf(r.queue())
	backlog := r.ledger.backlog()
	s.values[backlogEvents] = float64(backlog)
	s.settled = !r.segment.isOut() && float64(backlog) < settledWithin*r.EventsPerSecond
	return s, err
}

// sizeOf is how much is in a folder. Files may go while it is asked.
func sizeOf(folder string) (bytes float64, err error) {
	err = filepath.WalkDir(folder, func(_ string, entry os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err == nil {
			bytes += float64(info.Size())
		}
		return err
	})
	return bytes, err
}
