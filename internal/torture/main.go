// Command torture kills the product, the brokers that it reads from and the
// stand-in of Segment that it delivers to, and tells whether the promises held.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/soak"
)

func main() {
	ordeal.PlayIfCast(roles)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := torture(ctx, optionsFromFlags()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are what can be chosen about a run.
type options struct {
	duration time.Duration
	seed     uint64
	calls    int
	atOnce   int
	only     *regexp.Regexp
	race     bool
	poison   bool
	cost     bool
	soak     bool
	rate     float64
}

func optionsFromFlags() (o options) {
	flag.DurationVar(&o.duration, "duration", 0, "play rounds for `as long as this`; without it, every round once")
	flag.Uint64Var(&o.seed, "seed", 0, "draw the moments by this `number`; without it, by the time")
	flag.IntVar(&o.calls, "calls", 20_000, "let a round have `n` calls")
	flag.IntVar(&o.atOnce, "at-once", 2, "play `n` rounds side by side")
	flag.BoolVar(&o.race, "race", false, "build the product with the race detector")
	flag.BoolVar(&o.poison, "poison", false, "measure what undeliverable events cost, and nothing else")
	flag.BoolVar(&o.cost, "cost", false, "measure what processes of a Kafka group cost, and nothing else")
	flag.BoolVar(&o.soak, "soak", false, "let a process run for -duration, an hour by default, and say what it keeps, and nothing else")
	flag.Float64Var(&o.rate, "rate", 5000, "let `n` events a second come in a soak, on average")
	only := flag.String("only", "", "play only rounds whose kind, or poisons whose name, matches this `pattern`")
	flag.Parse()
	o.only = regexp.MustCompile(*only)
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano())
	}
	return o
}

// torture plays rounds and prints what they came to.
func torture(ctx context.Context, o options) error {
	folder, err := os.MkdirTemp("", "torture")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	product, err := ordeal.Build(ctx, folder, o.race)
	if err != nil {
		return err
	}
	if o.poison {
		return measurePoison(ctx, product, folder, o.only)
	}
	if o.soak {
		return soaked(ctx, product, folder, cmp.Or(o.duration, time.Hour), o)
	}
	w, err := newWorld(product, folder, o.calls)
	if err != nil {
		return err
	}
	defer w.Close()
	if o.cost {
		return measureCost(ctx, w)
	}
	fmt.Printf("SEED=%d\n", o.seed)
	if !hasAny(w.full(), o.only) {
		return errors.New("no round is of that kind")
	}
	started := time.Now()
	got := playAll(ctx, w, o, started)
	fmt.Printf("\nSEED=%d, %s\n\n%s", o.seed, time.Since(started).Round(time.Second), got)
	return got.Fault()
}

func soaked(ctx context.Context, product ordeal.Binary, folder string, lasts time.Duration, o options) error {
	fmt.Printf("SEED=%d, %s\n", o.seed, lasts)
	report, err := soak.Run(ctx, soak.Config{
		Product: product, Pipeline: "pipelines/soak.yaml", Folder: folder, Lasts: lasts, Seed: o.seed,
		EventsPerSecond: o.rate, People: 1_000_000,
	})
	fmt.Print("\n" + report)
	return err
}

func measurePoison(ctx context.Context, product ordeal.Binary, folder string, only *regexp.Regexp) error {
	const events, times = 100_000, 5
	chosen := slices.DeleteFunc(slices.Clone(poisons), func(p poison) bool { return !only.MatchString(p.name) })
	costs, err := comparePoisons(ctx, product, folder, chosen, events, times)
	fmt.Printf("%d events of 1.3 KB, medians of %d runs\n\n%s", events, times, costs)
	return err
}

func hasAny(rounds []ordeal.Round, only *regexp.Regexp) bool {
	for _, r := range rounds {
		if only.MatchString(r.Kind) {
			return true
		}
	}
	return false
}

// playAll plays rounds side by side, in an order that the seed gives. Each
// draws from randomness of its own, so that it can be played again alone.
func playAll(ctx context.Context, w *world, o options, started time.Time) *ordeal.Table {
	got := ordeal.NewTable(w.full())
	var players errgroup.Group
	players.SetLimit(o.atOnce)
	order := rand.New(rand.NewPCG(o.seed, 0))
	over := func() bool { return ctx.Err() != nil || o.duration > 0 && time.Since(started) >= o.duration }
	for n := uint64(1); !over(); {
		plan := w.full()
		order.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
		for _, r := range plan {
			if !o.only.MatchString(r.Kind) || over() {
				continue
			}
			number := n
			n++
			players.Go(func() error {
				began := time.Now()
				t, err := r.Play(ctx, rand.New(rand.NewPCG(o.seed, number)), fmt.Sprintf("round-%d", number))
				got.Add(r.Kind, t, err)
				fmt.Println(line(number, r.Kind, t, time.Since(began), err))
				return nil // The table has it.
			})
		}
		if o.duration == 0 {
			break
		}
	}
	_ = players.Wait()
	return got
}

func line(n uint64, kind string, t ordeal.Tally, took time.Duration, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%4d  %-47s %6d calls, %d kills, %5d resent, %s", n, kind, t.Calls, t.Kills, t.Resent, took.Round(10*time.Millisecond))
	if err != nil {
		fmt.Fprintf(&b, "\n      BROKEN: %v", err)
	}
	return b.String()
}
