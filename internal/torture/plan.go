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

	"benthos-segment/internal/torture/ordeal"
)

// The brokers that have to be killed.
const (
	roleKafka = "kafka"
	roleNATS  = "nats"
)

var roles = map[string]ordeal.Role{
	roleKafka: func(folder string, port int) error { _, err := startKafka(folder, port); return err },
	roleNATS:  func(folder string, port int) error { _, err := startNATS(folder, port); return err },
}

// world is what the rounds have in common.
type world struct {
	product ordeal.Binary
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

func newWorld(product ordeal.Binary, folder string, calls int) (w *world, err error) {
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

func (w *world) Close() {
	w.kafka.Close()
	w.nats.Shutdown()
	w.redis.Close()
}

func (w *world) topic(ctx context.Context, name string) (ordeal.Feed, error) {
	return newTopic(ctx, w.kafka.ListenAddrs()[0], name)
}

func (w *world) stream(ctx context.Context, name string) (ordeal.Feed, error) {
	return newStream(ctx, w.nats.ClientURL(), name)
}

func (w *world) entries(_ context.Context, name string) (ordeal.Feed, error) {
	return newEntries(w.redis.Addr(), name)
}

const (
	// people is how many share the calls of a round.
	people = 250
	// patience stops a round that hangs.
	patience = 5 * time.Minute
)

// full is everything once: what `make torture` plays without a DURATION, and
// over and over with one.
func (w *world) full() (rounds []ordeal.Round) {
	add := func(times int, r ordeal.Round) {
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
	for _, p := range ordeal.Plights {
		add(20, w.stop("stopped "+p.Name, w.topic, p))
	}
	for _, p := range ordeal.Plights {
		add(5, w.stop("from JetStream, stopped "+p.Name, w.stream, p))
		add(5, w.stop("from Redis, stopped "+p.Name, w.entries, p))
	}
	for _, h := range w.hardships {
		add(5, w.door("front door "+h.name, h))
	}
	add(3, w.reload("from JetStream, reloaded while held", w.stream))
	add(3, w.reload("from Redis, reloaded while held", w.entries))
	return rounds
}

func (w *world) group() ordeal.Round {
	return w.fleet("group of Kafka, processes come and go", w.topic, ordeal.Fleet{
		Pipeline: "../../config/kafka_scaled.yaml", Size: 3, Moves: 5, Ready: enlisted,
	})
}

func (w *world) partitions() ordeal.Round {
	return w.fleet("partitions of JetStream, processes come and go", w.sharedStream(true), ordeal.Fleet{
		Size: partitions, Moves: 4, Pinned: true,
	})
}

func (w *world) consumer() ordeal.Round {
	return w.fleet("consumer of JetStream, processes come and go", w.sharedStream(false), ordeal.Fleet{
		Size: 3, Moves: 5, Spread: true,
	})
}

func (w *world) sharedStream(byPartition bool) ordeal.Connector {
	return func(ctx context.Context, name string) (ordeal.Feed, error) {
		s, err := newStream(ctx, w.nats.ClientURL(), name)
		if err != nil {
			return nil, err
		}
		return s, s.share(ctx, byPartition)
	}
}

// crowd has message ids of its own in half of the rounds.
func (*world) crowd(name string, rng *rand.Rand) *ordeal.Crowd {
	return ordeal.NewCrowd(name, people, rng.IntN(2) == 0)
}

func (w *world) crash(kind string, connect ordeal.Connector) ordeal.Round {
	return ordeal.Round{Kind: kind, Play: func(ctx context.Context, rng *rand.Rand, name string) (ordeal.Tally, error) {
		return connect.With(ctx, name, func(from ordeal.Feed) (ordeal.Tally, error) {
			return ordeal.Crashes{
				Product: w.product, Feed: from, Crowd: w.crowd(name, rng), Calls: w.calls, Kills: 1 + rng.IntN(3), Patience: patience,
			}.Run(ctx, rng)
		})
	}}
}

// outages is how often the stand-in of Segment is killed in a round. It is away
// so shortly that ten times take less than 30 seconds.
const outages = 10

func (w *world) outageOfSegment(kind string, calls int) ordeal.Round {
	return ordeal.Round{Kind: kind, Play: func(ctx context.Context, rng *rand.Rand, name string) (ordeal.Tally, error) {
		return ordeal.Connector(w.topic).With(ctx, name, func(from ordeal.Feed) (ordeal.Tally, error) {
			folder, err := w.folderFor(name)
			if err != nil {
				return ordeal.Tally{}, err
			}
			return ordeal.SegmentOutages{
				Product: w.product, Feed: from, Crowd: w.crowd(name, rng), Calls: calls, Kills: outages, Folder: folder, Patience: patience,
			}.Run(ctx, rng)
		})
	}}
}

func (w *world) outageOfBroker(kind, role string) ordeal.Round {
	return ordeal.Round{Kind: kind, Play: func(ctx context.Context, rng *rand.Rand, name string) (ordeal.Tally, error) {
		folder, err := w.folderFor(name)
		if err != nil {
			return ordeal.Tally{}, err
		}
		broker, err := ordeal.NewChild(role, folder)
		if err != nil {
			return ordeal.Tally{}, err
		}
		connect := func(ctx context.Context, address string) (ordeal.Feed, error) { return newTopic(ctx, address, name) }
		if role == roleNATS {
			connect = func(ctx context.Context, address string) (ordeal.Feed, error) {
				return newStream(ctx, "nats://"+address, name)
			}
		}
		return ordeal.BrokerOutages{
			Product: w.product, Broker: broker, Connect: connect, Crowd: w.crowd(name, rng), Calls: w.calls, Kills: 2, Patience: patience,
		}.Run(ctx, rng)
	}}
}

func (w *world) fleet(kind string, connect ordeal.Connector, f ordeal.Fleet) ordeal.Round {
	return ordeal.Round{Kind: kind, Play: func(ctx context.Context, rng *rand.Rand, name string) (ordeal.Tally, error) {
		return connect.With(ctx, name, func(from ordeal.Feed) (ordeal.Tally, error) {
			f := f // the rounds run side by side
			f.Product, f.Feed, f.Crowd, f.Calls, f.Patience = w.product, from, w.crowd(name, rng), w.calls, patience
			if f.Pipeline == "" {
				f.Pipeline = from.Pipeline()
			}
			return f.Run(ctx, rng)
		})
	}}
}

func (w *world) stop(kind string, connect ordeal.Connector, p ordeal.Plight) ordeal.Round {
	return ordeal.Round{Kind: kind, Play: func(ctx context.Context, rng *rand.Rand, name string) (ordeal.Tally, error) {
		return connect.With(ctx, name, func(from ordeal.Feed) (ordeal.Tally, error) {
			crowd := ordeal.NewCrowd(name, ordeal.StopPeople, rng.IntN(2) == 0)
			return ordeal.Stops{Product: w.product, Feed: from, Crowd: crowd, Plight: p, Patience: patience}.Run(ctx, rng)
		})
	}}
}

func (w *world) reload(kind string, connect ordeal.Connector) ordeal.Round {
	return ordeal.Round{Kind: kind, Play: func(ctx context.Context, rng *rand.Rand, name string) (ordeal.Tally, error) {
		return connect.With(ctx, name, func(from ordeal.Feed) (ordeal.Tally, error) {
			folder, err := w.folderFor(name)
			if err != nil {
				return ordeal.Tally{}, err
			}
			crowd := ordeal.NewCrowd(name, ordeal.StopPeople, rng.IntN(2) == 0)
			return ordeal.Reloads{Product: w.product, Feed: from, Crowd: crowd, Folder: folder, Patience: patience}.Run(ctx, rng)
		})
	}}
}

func (w *world) door(kind string, h hardship) ordeal.Round {
	return ordeal.Round{Kind: kind, Play: func(ctx context.Context, rng *rand.Rand, name string) (ordeal.Tally, error) {
		folder, err := w.folderFor(name)
		if err != nil {
			return ordeal.Tally{}, err
		}
		// SDKs give events their ids.
		crowd := ordeal.NewCrowd(name, people, true)
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
