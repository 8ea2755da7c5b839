package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/twmb/franz-go/pkg/kgo"

	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

const (
	// tightDisk is what a broker gets, and roomyDisk what somebody gives it when
	// it is full.
	tightDisk = 96 << 20
	roomyDisk = 512 << 20
)

// onTightDisk plays a round on a broker with a disk that gets full.
func onTightDisk(o options, p play) func(context.Context, *trial.Stage) (ordeal.Tally, error) {
	return func(ctx context.Context, s *trial.Stage) (t ordeal.Tally, err error) {
		disk := filepath.Join(s.Folder, "disk")
		if err := os.Mkdir(disk, 0o755); err != nil {
			return t, fmt.Errorf("making a folder for a disk: %w", err)
		}
		if err := mount(disk, 0, tightDisk); err != nil {
			return t, err
		}
		defer func() { err = errors.Join(err, syscall.Unmount(disk, syscall.MNT_DETACH)) }()
		o.data = func(int) string { return filepath.Join(disk, "data") }
		return on(o, topic.Options{}, p)(ctx, s)
	}
}

func mount(disk string, flags uintptr, size int) error {
	if err := syscall.Mount("tmpfs", disk, "tmpfs", flags, "size="+strconv.Itoa(size)); err != nil {
		return fmt.Errorf("mounting a disk of %d bytes: %w", size, err)
	}
	return nil
}

// fill writes to another topic until the broker gives up. Then somebody gives it
// a larger disk and starts it.
func fill(ctx context.Context, s set, _ int) error {
	filler := s.Name + "-filler"
	if err := s.topic.Create(ctx, filler, 1, nil); err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(s.addresses()...), kgo.DefaultProduceTopic(filler), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return fmt.Errorf("connecting to Kafka: %w", err)
	}
	defer client.Close()
	writing, stop := context.WithCancel(ctx)
	defer stop()
	broker := s.brokers[0]
	var watching sync.WaitGroup
	watching.Go(func() {
		for broker.Running() == nil {
			if !sleep(writing) {
				return
			}
		}
		stop()
	})
	for writing.Err() == nil {
		client.ProduceSync(writing, kgo.SliceRecord(make([]byte, 500<<10))) // until there is nobody to write to
	}
	watching.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("filling the disk: %w", err)
	}
	if err := mount(filepath.Dir(broker.data), syscall.MS_REMOUNT, roomyDisk); err != nil {
		return err
	}
	return broker.Start(ctx)
}
