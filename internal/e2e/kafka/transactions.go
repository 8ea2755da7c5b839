package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

// transactional writes each portion of events in a transaction that is
// committed, and something that nobody may see in one that is aborted.
type transactional struct {
	*topic.Topic
	producer *kgo.Client
	rng      *rand.Rand
	// between is held during a transaction, and while the broker is away. Its
	// producer (franz-go 1.22.1) says of a transaction in which the broker died
	// that it is committed, and some of them are not: audit has shown that.
	between sync.Mutex
	// committed are the records that somebody has to see.
	committed []*kgo.Record
}

func newTransactional(s set) (*transactional, error) {
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(s.addresses()...), kgo.TransactionalID(s.Name),
		// A broker may be away for longer than the default, on a machine with much to do.
		kgo.TransactionTimeout(5 * time.Minute),
		kgo.DefaultProduceTopic(s.Name), kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}, s.connection...)...)
	if err != nil {
		return nil, fmt.Errorf("connecting to Kafka: %w", err)
	}
	return &transactional{Topic: s.topic, producer: client, rng: rand.New(rand.NewPCG(s.Rand.Uint64(), 0))}, nil
}

// mostInTransaction is how many events a transaction has at the most.
const mostInTransaction = 400

func (t *transactional) Put(ctx context.Context, events []ordeal.Event) error {
	for len(events) > 0 {
		n := min(len(events), 1+t.rng.IntN(mostInTransaction))
		for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
			if err := t.write(ctx, events[:n], end); err != nil {
				return err
			}
		}
		events = events[n:]
	}
	return nil
}

// write writes events in one transaction. Those of one that is aborted are
// strangers, whom nobody has put in.
func (t *transactional) write(ctx context.Context, events []ordeal.Event, end kgo.TransactionEndTry) error {
	t.between.Lock()
	defer t.between.Unlock()
	if err := t.producer.BeginTransaction(); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		if end == kgo.TryAbort {
			e.Payload = fmt.Appendf(nil, `{"type":"track","event":"Aborted","userId":"nobody","context":{"step":{"person":-1,"seq":%d}}}`, e.Seq)
		}
		records[i] = t.Record(e)
	}
	if err := t.producer.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("writing to Kafka: %w", err)
	}
	if err := t.producer.EndTransaction(ctx, end); err != nil {
		return fmt.Errorf("ending a transaction: %w", err)
	}
	if end == kgo.TryAbort {
		return nil
	}
	t.committed = append(t.committed, records...)
	return t.Keep(records, events)
}

type place struct {
	partition int32
	offset    int64
}

// audit says how many of the events that were committed the broker does not show
// to whoever asks for what is committed: these cannot have been lost here.
func (t *transactional) audit(ctx context.Context, c *cluster) error {
	shown := map[place]bool{}
	take := func(r *kgo.Record) { shown[place{r.Partition, r.Offset}] = true }
	if err := c.readAll(ctx, t.Name, take, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords()); err != nil {
		return err
	}
	hidden := 0
	for _, r := range t.committed {
		if !shown[place{r.Partition, r.Offset}] {
			hidden++
		}
	}
	return fmt.Errorf("of %d events that were committed, the broker hides %d", len(t.committed), hidden)
}

// transactions has a broker killed while transactions come in.
func transactions(times int) play {
	return func(ctx context.Context, s set) (ordeal.Tally, error) {
		from, err := newTransactional(s)
		if err != nil {
			return ordeal.Tally{}, err
		}
		defer from.producer.Close()
		got, err := ordeal.Disturbances{
			Product: s.product(), Feed: from, Crowd: s.Crowd(people), Calls: s.Calls, Times: times,
			Disturb: func(ctx context.Context, n int) error {
				from.between.Lock()
				defer from.between.Unlock()
				return killBroker(ctx, s, n)
			},
			Patience: s.Patience,
		}.Run(ctx, s.Rand)
		if err != nil {
			err = errors.Join(err, from.audit(ctx, s.cluster))
		}
		return got, err
	}
}
