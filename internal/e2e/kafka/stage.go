package kafka

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

// set is a round in the making: a cluster that runs, and a topic on it.
type set struct {
	*trial.Stage
	*cluster
	topic *topic.Topic
}

type play func(ctx context.Context, s set) (ordeal.Tally, error)

const (
	// partitions is how many a topic has where nothing else is said.
	partitions = 6
	// people share the calls of a round.
	people = 300
)

// on plays a round on a cluster and a topic of its own.
func on(o options, t topic.Options, p play) func(context.Context, *trial.Stage) (ordeal.Tally, error) {
	return func(ctx context.Context, s *trial.Stage) (ordeal.Tally, error) {
		c, err := start(ctx, s, o)
		if c != nil {
			defer c.close()
		}
		if err != nil {
			return ordeal.Tally{}, err
		}
		return c.with(ctx, s, t, p)
	}
}

// with plays a round on a topic of its own, beside one for dead letters.
func (c *cluster) with(ctx context.Context, s *trial.Stage, t topic.Options, p play) (ordeal.Tally, error) {
	t.Partitions = cmp.Or(t.Partitions, partitions)
	t.Replicas = cmp.Or(t.Replicas, min(3, len(c.brokers)))
	t.Pipeline = cmp.Or(t.Pipeline, shipped("kafka_scaled.yaml"))
	t.Connection = c.connection
	t.Env = map[string]string{"KAFKA_DEAD_LETTERS": deadLettersOf(s.Name)}
	from, err := topic.New(ctx, c.bootstrap(), s.Name, t)
	if err != nil {
		return ordeal.Tally{}, err
	}
	defer from.Client.Close()
	if err := from.Create(ctx, deadLettersOf(s.Name), 1, nil); err != nil {
		return ordeal.Tally{}, err
	}
	return p(ctx, set{s, c, from})
}

func deadLettersOf(topic string) string { return topic + "-dead" }

// shipped is one of the pipelines that users get.
func shipped(name string) string { return filepath.Join(needs.Project(), "config", name) }

// small makes batches and requests small, and several of them, so that at any
// moment something is under way, and something is committed.
var small = []string{
	"--set", "input.redpanda.commit_period=200ms",
	"--set", "output.fallback.0.segment.max_request_calls=100",
	"--set", "output.fallback.0.segment.parallel_requests=4",
	"--set", "output.fallback.0.segment.batching.count=500",
	"--set", "output.fallback.0.segment.batching.period=50ms",
	"--set", "output.fallback.0.segment.retry.initial_interval=20ms",
	"--set", "output.fallback.0.segment.retry.max_interval=500ms",
}

// product is the binary with small batches, and with what it needs to connect.
func (s set) product() ordeal.Binary {
	b := s.Product.With(small...)
	if s.security != nil {
		b = b.With(s.security.flags()...)
	}
	return b
}

// killed kills the pipeline now and then.
func killed(ctx context.Context, s set) (ordeal.Tally, error) {
	return ordeal.Crashes{
		Product: s.product(), Feed: s.topic, Crowd: s.Crowd(people), Calls: s.Calls,
		Kills: 1 + s.Rand.IntN(3), Patience: s.Patience,
	}.Run(ctx, s.Rand)
}

// segmentKilled kills the stand-in of Segment now and then.
func segmentKilled(ctx context.Context, s set) (ordeal.Tally, error) {
	folder := filepath.Join(s.Folder, "segment")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return ordeal.Tally{}, fmt.Errorf("making a folder: %w", err)
	}
	return ordeal.SegmentOutages{
		Product: s.product(), Feed: s.topic, Crowd: s.Crowd(people), Calls: s.Calls,
		Kills: 1 + s.Rand.IntN(3), Folder: folder, Patience: s.Patience,
	}.Run(ctx, s.Rand)
}

// disturbed lets something happen to the cluster so often.
func disturbed(times int, disturb func(ctx context.Context, s set, n int) error) play {
	return func(ctx context.Context, s set) (ordeal.Tally, error) {
		return ordeal.Disturbances{
			Product: s.product(), Feed: s.topic, Crowd: s.Crowd(people), Calls: s.Calls, Times: times,
			Disturb:  func(ctx context.Context, n int) error { return disturb(ctx, s, n) },
			Patience: s.Patience,
		}.Run(ctx, s.Rand)
	}
}

// onSecure plays a round on a cluster that only lets in who has a password, over
// TLS.
func onSecure(o options, p play) func(context.Context, *trial.Stage) (ordeal.Tally, error) {
	return func(ctx context.Context, s *trial.Stage) (t ordeal.Tally, err error) {
		if o.security, err = newSecurity(s.Folder); err != nil {
			return t, err
		}
		return on(o, topic.Options{}, p)(ctx, s)
	}
}

// eagerPipeline is one with the input kafka, which is deprecated and lints so.
func eagerPipeline() string {
	return filepath.Join(needs.Project(), "internal", "e2e", "kafka", "testdata", "eager.yaml")
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// javaVersion is what Java says that it is.
func javaVersion(ctx context.Context) string {
	said, err := exec.CommandContext(ctx, needs.Java.Path(), "-version").CombinedOutput()
	if found := quoted.FindSubmatch(said); err == nil && found != nil {
		return string(found[1])
	}
	return "of unknown version"
}
