package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/torture/ordeal"
)

const (
	// fullCalls is how many events a round of the long form has.
	fullCalls = 5000
	// patience stops a round that hangs, where nothing else is said.
	patience = 10 * time.Minute
)

// Options are what can be chosen about a run.
type Options struct {
	Seed  uint64
	Calls int
	// Times is how often each round is played, as often as it says without it.
	Times int
	// Patience is when a round is stopped that hangs.
	Patience time.Duration
}

// command is how one plays the same again.
func (o Options) command(part string) string {
	var flags []string
	if o.Calls > 0 {
		flags = append(flags, fmt.Sprintf("-calls %d", o.Calls))
	}
	if o.Times > 0 {
		flags = append(flags, fmt.Sprintf("-times %d", o.Times))
	}
	command := fmt.Sprintf("make e2e PART=%s SEED=%d", part, o.Seed)
	if len(flags) > 0 {
		command += fmt.Sprintf(" FLAGS=%q", strings.Join(flags, " "))
	}
	return "`" + command + "`"
}

// product builds the product, once for all who ask at the same time: where it is
// up to date, go does not link it again.
func product(ctx context.Context) (b ordeal.Binary, err error) {
	if err := os.MkdirAll(needs.Cache(), 0o755); err != nil {
		return b, fmt.Errorf("making a folder for the product: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(needs.Cache(), "build.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return b, fmt.Errorf("locking the build: %w", err)
	}
	defer lock.Close() // which lets go of it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return b, fmt.Errorf("locking the build: %w", err)
	}
	return ordeal.Build(ctx, needs.Cache(), false)
}

// play plays a round once, with chance of its own, so that it can be played
// again alone.
func (r Round) play(ctx context.Context, p ordeal.Binary, name string, o Options) (got ordeal.Tally, err error) {
	folder, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		return got, fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	if err := os.Chmod(folder, 0o755); err != nil {
		return got, fmt.Errorf("opening the folder: %w", err)
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(name)) // which never fails
	o.Patience = cmp.Or(o.Patience, patience)
	s := &Stage{
		Product: p, Folder: folder, Name: name, Calls: cmp.Or(o.Calls, fullCalls),
		Rand: rand.New(rand.NewPCG(o.Seed, sum.Sum64())), Patience: o.Patience,
	}
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	got, err = r.Play(ctx, s)
	err = r.verdict(got, err)
	if err != nil {
		err = errors.Join(err, s.keepLogs())
	}
	return got, err
}

// keepLogs copies the logs to where they outlive the round, and says where.
func (s *Stage) keepLogs() (err error) {
	for _, service := range s.logs {
		path, failed := service.KeepLog(filepath.Join(needs.Cache(), "logs", s.Name))
		if failed == nil {
			failed = fmt.Errorf("its log is %s", path)
		}
		err = errors.Join(err, failed)
	}
	return err
}

// nameOf makes a name that brokers take for topics, queues and tables.
func nameOf(part, round string, n int) string {
	var b strings.Builder
	for _, c := range strings.ToLower(part + "-" + round) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return fmt.Sprintf("%s-%d", strings.TrimSuffix(b.String(), "-"), n)
}
