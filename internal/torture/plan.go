package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/twmb/franz-go/pkg/kfake"
)

// A round is one ordeal of the product.
type round struct {
	kind string
	play func(ctx context.Context, rng *rand.Rand, name string) (tally, error)
}

// world is what the rounds have in common.
type world struct {
	product binary
	folder  string
	kafka   *kfake.Cluster
	nats    *server.Server
	redis   *miniredis.Miniredis
	// calls is how many calls a round of crashes has. Others have as many, or
	// as they need.
	calls int
	// hardships are those that this machine can have.
	hardships []hardship
}

func newWorld(product binary, folder string, calls int) (w *world, err error) {
	w = &world{product: product, folder: folder, calls: calls}
	if w.kafka, err = startKafka("", 0); err != nil {
		return nil, err
	}
	if w.nats, err = startNATS(filepath.Join(folder, "nats"), -1); err != nil {
		w.kafka.Close()
		return nil, err
	}
	if w.redis, err = startRedis(); err != nil {
		w.kafka.Close()
		w.nats.Shutdown()
		return nil, err
	}
	w.chooseHardships()
	return w, nil
}

// chooseHardships leaves out what this machine does not have.
func (w *world) chooseHardships() {
	for _, h := range hardships {
		mount, err := os.MkdirTemp(w.folder, "disk")
		if err == nil {
			err = h.isHere(mount)
		}
		if err != nil {
			fmt.Printf("left out: front door %s: %v\n", h.name, err)
			continue
		}
		w.hardships = append(w.hardships, h)
	}
}

func (w *world) close() {
	w.kafka.Close()
	w.nats.Shutdown()
	w.redis.Close()
}

func (w *world) topic(ctx context.Context, name string) (feed, error) {
	return newTopic(ctx, w.kafka.ListenAddrs()[0], name)
}

func (w *world) stream(ctx context.Context, name string) (feed, error) {
	return newStream(ctx, w.nats.ClientURL(), name)
}

func (w *world) entries(_ context.Context, name string) (feed, error) {
	return newEntries(w.redis.Addr(), name)
}

type connector func(ctx context.Context, name string) (feed, error)

// with plays a round with a feed of its own.
func (c connector) with(ctx context.Context, name string, play func(feed) (tally, error)) (tally, error) {
	from, err := c(ctx, name)
	if err != nil {
		return tally{}, err
	}
	defer from.close(ctx)
	return play(from)
}

const (
	// people is how many share the calls of a round.
	people = 250
	// patience stops a round that hangs.
	patience = 5 * time.Minute
)

// full is everything once: what `make torture` plays without a DURATION, and
// over and over with one.
func (w *world) full() (rounds []round) {
	add := func(times int, r round) {
		for range times {
			rounds = append(rounds, r)
		}
	}
	add(25, w.crash("pipeline from Kafka killed", w.topic))
	add(25, w.crash("pipeline from JetStream killed", w.stream))
	add(10, w.crash("pipeline from Redis killed", w.entries))
	add(10, w.outageOfSegment("Segment killed", w.calls))
	add(1, w.outageOfSegment("Segment killed, a long round", 5*w.calls))
	add(10, w.outageOfBroker("Kafka killed", roleKafka))
	add(10, w.outageOfBroker("JetStream killed", roleNATS))
	add(5, w.group())
	add(5, w.partitions())
	add(5, w.consumer())
	for _, p := range plights {
		add(20, w.stop("stopped "+p.name, w.topic, p))
	}
	for _, p := range plights {
		add(5, w.stop("from JetStream, stopped "+p.name, w.stream, p))
		add(5, w.stop("from Redis, stopped "+p.name, w.entries, p))
	}
	for _, h := range w.hardships {
		add(5, w.door("front door "+h.name, h))
	}
	add(3, w.reload("from JetStream, reloaded while held", w.stream))
	add(3, w.reload("from Redis, reloaded while held", w.entries))
	return rounds
}

func (w *world) group() round {
	return w.fleet("group of Kafka, processes come and go", w.topic, fleet{
		pipeline: "../../config/kafka_scaled.yaml", size: 3, moves: 5, ready: enlisted,
	})
}

func (w *world) partitions() round {
	return w.fleet("partitions of JetStream, processes come and go", w.sharedStream(true), fleet{
		size: partitions, moves: 4, pinned: true,
	})
}

func (w *world) consumer() round {
	return w.fleet("consumer of JetStream, processes come and go", w.sharedStream(false), fleet{
		size: 3, moves: 5, spread: true,
	})
}

func (w *world) sharedStream(byPartition bool) connector {
	return func(ctx context.Context, name string) (feed, error) {
		s, err := newStream(ctx, w.nats.ClientURL(), name)
		if err != nil {
			return nil, err
		}
		return s, s.share(ctx, byPartition)
	}
}

// crowd has message ids of its own in half of the rounds.
func (*world) crowd(name string, rng *rand.Rand) *crowd {
	return newCrowd(name, people, rng.IntN(2) == 0)
}

func (w *world) crash(kind string, connect connector) round {
	return round{kind, func(ctx context.Context, rng *rand.Rand, name string) (tally, error) {
		return connect.with(ctx, name, func(from feed) (tally, error) {
			return crashes{
				product: w.product, feed: from, crowd: w.crowd(name, rng), calls: w.calls, kills: 1 + rng.IntN(3), patience: patience,
			}.run(ctx, rng)
		})
	}}
}

// outages is how often the stand-in of Segment is killed in a round. It is away
// so shortly that ten times take less than 30 seconds.
const outages = 10

func (w *world) outageOfSegment(kind string, calls int) round {
	return round{kind, func(ctx context.Context, rng *rand.Rand, name string) (tally, error) {
		return connector(w.topic).with(ctx, name, func(from feed) (tally, error) {
			folder, err := w.folderFor(name)
			if err != nil {
				return tally{}, err
			}
			return segmentOutages{
				product: w.product, feed: from, crowd: w.crowd(name, rng), calls: calls, kills: outages, folder: folder, patience: patience,
			}.run(ctx, rng)
		})
	}}
}

func (w *world) outageOfBroker(kind, role string) round {
	return round{kind, func(ctx context.Context, rng *rand.Rand, name string) (tally, error) {
		folder, err := w.folderFor(name)
		if err != nil {
			return tally{}, err
		}
		broker, err := newChild(role, folder)
		if err != nil {
			return tally{}, err
		}
		connect := func(ctx context.Context, address string) (feed, error) { return newTopic(ctx, address, name) }
		if role == roleNATS {
			connect = func(ctx context.Context, address string) (feed, error) {
				return newStream(ctx, "nats://"+address, name)
			}
		}
		return brokerOutages{
			product: w.product, broker: broker, connect: connect, crowd: w.crowd(name, rng), calls: w.calls, kills: 2, patience: patience,
		}.run(ctx, rng)
	}}
}

func (w *world) fleet(kind string, connect connector, f fleet) round {
	return round{kind, func(ctx context.Context, rng *rand.Rand, name string) (tally, error) {
		return connect.with(ctx, name, func(from feed) (tally, error) {
			f := f // the rounds run side by side
			f.product, f.feed, f.crowd, f.calls, f.patience = w.product, from, w.crowd(name, rng), w.calls, patience
			if f.pipeline == "" {
				f.pipeline = from.pipeline()
			}
			return f.run(ctx, rng)
		})
	}}
}

func (w *world) stop(kind string, connect connector, p plight) round {
	return round{kind, func(ctx context.Context, rng *rand.Rand, name string) (tally, error) {
		return connect.with(ctx, name, func(from feed) (tally, error) {
			crowd := newCrowd(name, stopPeople, rng.IntN(2) == 0)
			return stops{product: w.product, feed: from, crowd: crowd, plight: p, patience: patience}.run(ctx, rng)
		})
	}}
}

func (w *world) reload(kind string, connect connector) round {
	return round{kind, func(ctx context.Context, rng *rand.Rand, name string) (tally, error) {
		return connect.with(ctx, name, func(from feed) (tally, error) {
			folder, err := w.folderFor(name)
			if err != nil {
				return tally{}, err
			}
			crowd := newCrowd(name, stopPeople, rng.IntN(2) == 0)
			return reloads{product: w.product, feed: from, crowd: crowd, folder: folder, patience: patience}.run(ctx, rng)
		})
	}}
}

func (w *world) door(kind string, h hardship) round {
	return round{kind, func(ctx context.Context, rng *rand.Rand, name string) (tally, error) {
		folder, err := w.folderFor(name)
		if err != nil {
			return tally{}, err
		}
		// SDKs give events their ids.
		crowd := newCrowd(name, people, true)
		d := &door{product: w.product, crowd: crowd, calls: w.calls, hardship: h, folder: folder, patience: patience}
		if h.room > 0 {
			// Fewer would be too large for Segment, or too small to fill anything.
			d.calls = max(d.calls, 5000)
		}
		return d.run(ctx, rng)
	}}
}

func (w *world) folderFor(name string) (string, error) {
	folder := filepath.Join(w.folder, name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	return folder, nil
}
