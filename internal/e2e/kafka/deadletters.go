package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

// spoilt is a topic in which an event that has to be refused follows every
// hundredth one.
type spoilt struct {
	*topic.Topic
	mu     sync.Mutex
	guilty map[string]bool
}

const guiltyEvery = 100

// Put writes events in their order, with guilty ones between them.
func (s *spoilt) Put(ctx context.Context, events []ordeal.Event) error {
	var records, good []*kgo.Record
	for i, e := range events {
		record := s.Record(e)
		records, good = append(records, record), append(good, record)
		if i%guiltyEvery > 0 {
			continue
		}
		refused := s.Record(e)
		refused.Value = fmt.Appendf(nil, `{"type":"track","userId":"guilty-%d-%d","properties":{"price":19.90}}`, e.Person, e.Seq)
		records = append(records, refused)
		s.mu.Lock()
		s.guilty[string(refused.Value)] = true
		s.mu.Unlock()
	}
	if err := s.Client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("writing to Kafka: %w", err)
	}
	return s.Keep(good, events)
}

// withDeadLetters lets something happen to the cluster while some events are
// refused. All of these, and nothing else, have to be dead letters at the end.
func withDeadLetters(times int, disturb func(ctx context.Context, s set, n int) error) play {
	return func(ctx context.Context, s set) (ordeal.Tally, error) {
		from := &spoilt{Topic: s.topic, guilty: map[string]bool{}}
		return ordeal.Disturbances{
			Product: s.product(), Feed: from, Crowd: s.Crowd(people), Calls: s.Calls, Times: times,
			Disturb:  func(ctx context.Context, n int) error { return disturb(ctx, s, n) },
			Finish:   func(ctx context.Context) error { return from.allAreDead(ctx, s.cluster) },
			Patience: s.Patience,
		}.Run(ctx, s.Rand)
	}
}

// allAreDead waits until there is a dead letter of each guilty event.
func (s *spoilt) allAreDead(ctx context.Context, c *cluster) error {
	return until(ctx, "all guilty events are dead letters", func(ctx context.Context) (bool, error) {
		found, strange := map[string]bool{}, 0
		err := c.readAll(ctx, deadLettersOf(s.Name), func(r *kgo.Record) {
			found[string(r.Value)] = true
			if !s.guilty[string(r.Value)] {
				strange++
			}
		})
		if strange > 0 {
			return false, fmt.Errorf("%d dead letters are none of the events that had to be refused", strange)
		}
		return len(found) == len(s.guilty), err
	})
}

// readAll hands over all records that a topic has.
func (c *cluster) readAll(ctx context.Context, name string, take func(*kgo.Record), more ...kgo.Opt) error {
	ends, err := c.admin.ListEndOffsets(ctx, name)
	if err := errors.Join(err, ends.Error()); err != nil {
		return fmt.Errorf("looking for the end of a topic: %w", err)
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.addresses()...), kgo.ConsumeTopics(name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(100 * time.Millisecond),
	}, slices.Concat(c.connection, more)...)...)
	if err != nil {
		return fmt.Errorf("connecting to Kafka: %w", err)
	}
	defer client.Close()
	left := map[int32]bool{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = true
		}
	})
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("reading a topic: %w", ctx.Err())
		}
		fetches.EachRecord(func(r *kgo.Record) {
			take(r)
			if end, _ := ends.Lookup(name, r.Partition); r.Offset >= end.Offset-1 {
				delete(left, r.Partition)
			}
		})
	}
	return nil
}
