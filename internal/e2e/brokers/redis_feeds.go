package brokers

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"benthos-segment/internal/torture/ordeal"
)

// redisPlace is what all feeds of Redis have.
type redisPlace struct {
	server *redisServer
	name   string
}

func (redisPlace) settings() []string { return nil }

func (redisPlace) close() {}

// each asks for something with each event, all at once.
func (p redisPlace) each(ctx context.Context, events []ordeal.Event, ask func(redis.Pipeliner, []byte)) error {
	_, err := p.server.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, e := range events {
			ask(p, e.Payload)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing to Redis: %w", err)
	}
	return nil
}

// redisStream is a stream with a consumer group, which the pipeline makes.
type redisStream struct{ redisPlace }

func (s *redisStream) env() map[string]string {
	return map[string]string{
		"REDIS_URL": "redis://" + s.server.Address(), "REDIS_STREAM": s.name,
		"REDIS_DEAD_LETTERS": s.name + "-dead",
	}
}

func (s *redisStream) put(ctx context.Context, events []ordeal.Event) error {
	return s.each(ctx, events, func(p redis.Pipeliner, payload []byte) {
		p.XAdd(ctx, &redis.XAddArgs{Stream: s.name, Values: []string{"body", string(payload)}})
	})
}

// left counts what the group was given and has not acknowledged, and what it
// was not given yet.
func (s *redisStream) left(ctx context.Context) (int, error) {
	length, err := s.server.client.XLen(ctx, s.name).Result()
	if err != nil {
		return 0, fmt.Errorf("looking up the stream: %w", err)
	}
	if length == 0 {
		return 0, nil // Redis has forgotten it, and the group with it.
	}
	groups, err := s.server.client.XInfoGroups(ctx, s.name).Result()
	if err != nil {
		return 0, fmt.Errorf("looking up the group: %w", err)
	}
	if len(groups) != 1 {
		return 0, errors.New("there is no group yet")
	}
	rest, err := s.server.client.XRange(ctx, s.name, "("+groups[0].LastDeliveredID, "+").Result()
	if err != nil {
		return 0, fmt.Errorf("looking up what is not read: %w", err)
	}
	return int(groups[0].Pending) + len(rest), nil
}

// redisList is a list, which keeps what nobody has taken.
type redisList struct{ redisPlace }

func (l *redisList) env() map[string]string {
	return map[string]string{"REDIS_URL": "redis://" + l.server.Address(), "REDIS_LIST": l.name}
}

func (l *redisList) put(ctx context.Context, events []ordeal.Event) error {
	return l.each(ctx, events, func(p redis.Pipeliner, payload []byte) { p.RPush(ctx, l.name, payload) })
}

// left counts what nobody has taken.
func (l *redisList) left(ctx context.Context) (int, error) {
	length, err := l.server.client.LLen(ctx, l.name).Result()
	if err != nil {
		return 0, fmt.Errorf("looking up the list: %w", err)
	}
	return int(length), nil
}

// redisChannel is a channel, which keeps nothing.
type redisChannel struct{ redisPlace }

func (c *redisChannel) env() map[string]string {
	return map[string]string{"REDIS_URL": "redis://" + c.server.Address(), "REDIS_CHANNEL": c.name}
}

// heard waits until a process has subscribed.
func (c *redisChannel) heard(ctx context.Context) error {
	for {
		subscribers, err := c.server.client.PubSubNumSub(ctx, c.name).Result()
		if err == nil && subscribers[c.name] > 0 {
			return nil
		}
		if !ordeal.Wait(ctx, glance) {
			return fmt.Errorf("asking who listens: %w: %w", ctx.Err(), err)
		}
	}
}

func (c *redisChannel) put(ctx context.Context, events []ordeal.Event) error {
	return c.each(ctx, events, func(p redis.Pipeliner, payload []byte) { p.Publish(ctx, c.name, payload) })
}

func (*redisChannel) left(context.Context) (int, error) { return 0, nil }
