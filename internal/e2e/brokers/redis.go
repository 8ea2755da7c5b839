package brokers

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/torture/ordeal"
)

// redisServer is Redis with what it takes to survive, or without.
type redisServer struct {
	*service.Service
	client *redis.Client
}

// redisWith starts Redis with these options, such as --appendonly yes.
func redisWith(options ...string) starter {
	return func(ctx context.Context, folder string) (system, error) {
		port, err := ordeal.FreePort()
		if err != nil {
			return nil, err
		}
		address := "127.0.0.1:" + strconv.Itoa(port)
		r := &redisServer{client: redis.NewClient(&redis.Options{Addr: address})}
		r.Service = service.New(service.Config{
			Name: "redis", Path: needs.Redis.Path(), Folder: folder, Port: port,
			Args: append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", filepath.Join(folder, dataFolder)}, options...),
			// It answers before it has read its files, with an error.
			Ready: func(ctx context.Context) error { return r.client.Ping(ctx).Err() },
		})
		return r, r.Start(ctx)
	}
}

// Start repairs the append-only file where Redis refuses it, as an operator
// has to after a power cut that left holes in what was not synced.
func (r *redisServer) Start(ctx context.Context) error {
	err := r.Service.Start(ctx)
	if err == nil || !strings.Contains(err.Error(), "Bad file format reading the append only file") {
		return err
	}
	manifest := filepath.Join(r.Folder, dataFolder, "appendonlydir", "appendonly.aof.manifest")
	repair := exec.CommandContext(ctx, filepath.Join(filepath.Dir(needs.Redis.Path()), "redis-check-aof"), "--fix", manifest)
	repair.Stdin = strings.NewReader("y\n")
	if said, err := repair.CombinedOutput(); err != nil {
		return fmt.Errorf("repairing the append-only file: %w\n%s", err, said)
	}
	return r.Service.Start(ctx)
}

func (r *redisServer) close() { _ = r.client.Close() }

// feed is a stream with a consumer group, which the pipeline makes.
func (r *redisServer) feed(_ context.Context, name string) (feed, error) {
	return &redisStream{server: r, name: name}, nil
}

type redisStream struct {
	server *redisServer
	name   string
}

func (s *redisStream) env() map[string]string {
	return map[string]string{
		"REDIS_URL": "redis://" + s.server.Address(), "REDIS_STREAM": s.name,
		"REDIS_DEAD_LETTERS": s.name + "-dead",
	}
}

func (s *redisStream) put(ctx context.Context, events []ordeal.Event) error {
	_, err := s.server.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, e := range events {
			p.XAdd(ctx, &redis.XAddArgs{Stream: s.name, Values: []string{"body", string(e.Payload)}})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing to Redis: %w", err)
	}
	return nil
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

func (*redisStream) settings() []string { return nil }

func (*redisStream) close() {}
