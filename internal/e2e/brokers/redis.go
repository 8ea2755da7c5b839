package brokers

import (
	"context"
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
	kind   redisKind
}

// redisKind is where in Redis events are.
type redisKind string

const (
	redisStreamed  redisKind = "stream"
	redisListed    redisKind = "list"
	redisPublished redisKind = "channel"
)

// redisWith starts Redis with these options, such as --appendonly yes.
func redisWith(kind redisKind, options ...string) starter {
	return func(ctx context.Context, folder string) (system, error) {
		port, err := ordeal.FreePort()
		if err != nil {
			return nil, err
		}
		address := "127.0.0.1:" + strconv.Itoa(port)
		r := &redisServer{kind: kind, client: redis.NewClient(&redis.Options{Addr: address})}
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

// feed is a stream, a list or a channel.
func (r *redisServer) feed(_ context.Context, name string) (feed, error) {
	place := redisPlace{server: r, name: name}
	return map[redisKind]feed{
		redisStreamed: &redisStream{place}, redisListed: &redisList{place}, redisPublished: &redisChannel{place},
	}[r.kind], nil
}
