// Command e2e plays the rounds of all parts, real brokers and real networks,
// and writes what they came to into docs/guarantees.md.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"
	"time"

	"benthos-segment/internal/e2e/brokers"
	"benthos-segment/internal/e2e/kafka"
	"benthos-segment/internal/e2e/links"
	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/proxies"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
)

// parts are played in this order.
var parts = slices.Concat([]trial.Part{kafka.Part, kafka.Part39, kafka.Fleet}, brokers.Parts,
	[]trial.Part{links.Part, proxies.Part, proxies.Toxic})

// document has a table for each part.
const document = "../../docs/guarantees.md"

func main() {
	brokers.ServeIfAsked()
	ordeal.PlayIfCast(nil)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	prepare := flag.Bool("prepare", false, "in CI, install what the parts need; elsewhere, say what is left out; and nothing else")
	part := flag.String("part", "", "play only parts whose whole name matches this `pattern`")
	only := flag.String("only", "", "play only rounds whose name matches this `pattern`")
	seed := flag.Uint64("seed", 0, "draw the moments by this `number`; without it, by the time")
	calls := flag.Int("calls", 0, "let a round have `n` calls; without it, as many as for the table")
	save := flag.Bool("save", false, "put the rows of a run into the tables although it has not all rounds, calls or times")
	times := flag.Int("times", 0, "play each round `n` times; without it, as often as for the table")
	flag.Parse()
	chosen, err := matching(*part)
	if err != nil {
		return err
	}
	if *prepare {
		return prepared(ctx, chosen)
	}
	rounds, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only is not a pattern: %w", err)
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	if err := needs.Install(ctx, needsOf(chosen)); err != nil {
		return err
	}
	fmt.Printf("SEED=%d\n", *seed)
	return play(ctx, chosen, rounds, trial.Options{Seed: *seed, Calls: *calls, Times: *times}, *save)
}

func matching(pattern string) (chosen []trial.Part, err error) {
	names, err := regexp.Compile("^(?:" + cmp.Or(pattern, ".*") + ")$")
	if err != nil {
		return nil, fmt.Errorf("-part is not a pattern: %w", err)
	}
	for _, p := range parts {
		if names.MatchString(p.Name) {
			chosen = append(chosen, p)
		}
	}
	if len(chosen) == 0 && pattern != "" {
		return nil, fmt.Errorf("no part is named like %q", pattern)
	}
	return chosen, nil
}

func needsOf(chosen []trial.Part) (list []needs.Need) {
	for _, p := range chosen {
		list = append(list, p.Needs...)
		for _, r := range p.Rounds {
			list = append(list, r.Needs...)
		}
	}
	return list
}

// prepared installs what the tests need where they may not be left out, and says
// what is left out elsewhere.
func prepared(ctx context.Context, chosen []trial.Part) error {
	if os.Getenv("CI") == "true" {
		return needs.Install(ctx, needsOf(chosen))
	}
	for _, p := range chosen {
		for _, what := range p.LeftOut() {
			fmt.Printf("skip	internal/e2e: %s\n", what)
		}
	}
	return nil
}

// play plays the parts one after the other. A run of all rounds with all calls
// is saved, also where a promise was broken: the table says so.
func play(ctx context.Context, chosen []trial.Part, only *regexp.Regexp, o trial.Options, save bool) (err error) {
	for _, p := range chosen {
		if what := needs.Missing(p.Needs); what != "" {
			fmt.Printf("left out: %s: %s\n", p.Name, what)
			continue
		}
		table, broken := trial.Run(ctx, p, only, o)
		fmt.Printf("\n%s\n", table)
		err = errors.Join(err, broken)
		isPart := only.String() != "" || o.Calls+o.Times != 0 || errors.Is(broken, trial.ErrLeftOut)
		if ctx.Err() != nil || isPart && !save {
			continue
		}
		if isPart {
			merged, failed := trial.Merge(document, p, table)
			table, err = merged, errors.Join(err, failed)
		}
		err = errors.Join(err, trial.Save(document, p.Name, table))
	}
	return err
}
