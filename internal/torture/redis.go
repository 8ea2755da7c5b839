package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"benthos-segment/internal/torture/ordeal"
)

// startRedis starts a server of Redis streams in this process. It keeps
// everything in memory, so that it is never killed.
func startRedis() (*miniredis.Miniredis, error) {
	m := miniredis.NewMiniRedis()
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("starting a Redis server: %w", err)
	}
	return m, nil
}

// entries is a stream of Redis with its consumer group.
type entries struct {
	url    string
	name   string
	client *redis.Client
	// records are the events in the order of the stream, and places are where
	// they stand, by the ids of their entries.
	records []ordeal.Event
	places  map[string]int
}

var _ ordeal.Feed = (*entries)(nil)

func newEntries(address, name string) (*entries, error) {
	url := "redis://" + address
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("connecting to Redis: %w", err)
	}
	return &entries{url: url, name: name, client: redis.NewClient(options), places: map[string]int{}}, nil
}

// Put writes events in their order.
func (s *entries) Put(ctx context.Context, events []ordeal.Event) error {
	added, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, e := range events {
			p.XAdd(ctx, &redis.XAddArgs{Stream: s.name, Values: []string{"body", string(e.Payload)}})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing to Redis: %w", err)
	}
	for i, a := range added {
		s.places[a.(*redis.StringCmd).Val()] = len(s.records) + i
	}
	s.records = append(s.records, events...)
	return nil
}

func (*entries) Pipeline() string { return "pipelines/redis.yaml" }

func (s *entries) Env() map[string]string {
	return map[string]string{
		"REDIS_URL": s.url, "REDIS_STREAM": s.name, "REDIS_GROUP": s.name, "REDIS_CLIENT": "torture",
	}
}

func (s *entries) Seat(n int) map[string]string {
	env := s.Env()
	env["REDIS_CLIENT"] = fmt.Sprintf("torture-%d", n)
	return env
}

// Acknowledged returns what the group was given and no longer waits for.
func (s *entries) Acknowledged(ctx context.Context) ([]ordeal.Event, error) {
	groups, err := s.client.XInfoGroups(ctx, s.name).Result()
	if err != nil && strings.Contains(err.Error(), "no such key") {
		return nil, nil // Nothing was put in yet.
	}
	if err != nil {
		return nil, fmt.Errorf("looking up the group: %w", err)
	}
	if len(groups) == 0 {
		return nil, nil // No process has got so far as to make it.
	}
	given, known := s.places[groups[0].LastDeliveredID]
	if !known {
		return nil, nil // The group was given nothing yet.
	}
	pending, err := s.client.XPendingExt(ctx, &redis.XPendingExtArgs{
		Stream: s.name, Group: s.name, Start: "-", End: "+", Count: int64(len(s.records)),
	}).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("looking up what is pending: %w", err)
	}
	waiting := make(map[int]bool, len(pending))
	for _, p := range pending {
		waiting[s.places[p.ID]] = true
	}
	var events []ordeal.Event
	for i, e := range s.records[:given+1] {
		if !waiting[i] {
			events = append(events, e)
		}
	}
	return events, nil
}

func (s *entries) Drained(ctx context.Context) (bool, error) {
	events, err := s.Acknowledged(ctx)
	return err == nil && len(events) == len(s.records), err
}

func (s *entries) Settled(ctx context.Context) (int, error) {
	events, err := s.Acknowledged(ctx)
	return len(events), err
}

// KeepsOrder is true: a process of the same name begins with what an earlier
// one was given and has not acknowledged.
func (*entries) KeepsOrder() bool { return true }

func (s *entries) Given(context.Context, int) (int, error) { return 0, nil }

func (s *entries) Close(ctx context.Context) {
	_ = s.client.Del(ctx, s.name).Err() // only to have its memory back
	_ = s.client.Close()
}
