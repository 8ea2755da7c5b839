// Package trial plays the rounds of the parts and says what they came to: in a
// test, or in the tables of docs/guarantees.md.
package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/torture/ordeal"
)

// A Part is something real that the product works with, and what it goes
// through there.
type Part struct {
	// Name is that of its table in docs/guarantees.md, and what PART= says.
	Name  string
	Needs []needs.Need
	// Versions says what the rounds are played with, such as "Redis 7.0.15". It
	// is asked only where nothing is missing.
	Versions func(ctx context.Context) string
	Rounds   []Round
}

// LeftOut says what this machine cannot play of the part, and why: all of it, or
// some rounds.
func (p Part) LeftOut() (list []string) {
	if what := needs.Missing(p.Needs); what != "" {
		return []string{"all of " + p.Name + ": " + what}
	}
	rounds := map[string]int{}
	for _, r := range p.Rounds {
		if what := needs.Missing(r.Needs); what != "" {
			rounds[what]++
		}
	}
	for _, what := range slices.Sorted(maps.Keys(rounds)) {
		list = append(list, fmt.Sprintf("rounds of %s (%d of %d): %s", p.Name, rounds[what], len(p.Rounds), what))
	}
	return list
}

// A Round is one trial of the product.
type Round struct {
	// Name says what happens, in the words of the table.
	Name string
	// Needs are those of this round, beside the needs of its part.
	Needs []needs.Need
	// Times is how often the long form plays it, once by default.
	Times int
	// Play plays it once. It returns what arrived, and an error where it could
	// not be played or a promise was broken.
	Play func(ctx context.Context, s *Stage) (ordeal.Tally, error)
	// Breaks is what cannot hold here, and Note says why and what to do about it.
	// Without it, a note may say which settings make it hold.
	Breaks Promise
	Note   string
}

// A Promise is one of those that a table counts.
type Promise uint8

// The promises. What is never broken is that an event has one id, and that the
// write key stays secret.
const (
	// Delivery is that nothing is lost.
	Delivery Promise = 1 << iota
	// Order is that nobody's call is overtaken by a later one.
	Order
	// Once is that nothing is left twice by Segment's de-duplication.
	Once
)

// A Stage is what a round is played on.
type Stage struct {
	Product ordeal.Binary
	// Folder is the round's own, and empty. Everybody may enter it, so that a
	// server may run as a user of its own.
	Folder string
	// Name is unique among the rounds of a run: topics, queues and tables take it.
	Name string
	// Calls is how many events the round has to have.
	Calls int
	Rand  *rand.Rand
	// Patience stops a round that hangs.
	Patience time.Duration
	logs     []keeper
}

type keeper interface {
	KeepLog(folder string) (path string, err error)
}

// Keep has the log of a service kept if the round fails. The folder of the
// round is removed with all others.
func (s *Stage) Keep(service keeper) { s.logs = append(s.logs, service) }

// Crowd makes people for the round, half of the time with message ids.
func (s *Stage) Crowd(people int) *ordeal.Crowd {
	return ordeal.NewCrowd(s.Name, people, s.Rand.IntN(2) == 0)
}

// verdict returns an error unless a round held, but for what cannot hold there.
func (r Round) verdict(got ordeal.Tally, err error) error {
	if got.Leaked > 0 {
		return errors.Join(err, fmt.Errorf("the write key leaked %d times", got.Leaked))
	}
	var counted *ordeal.BrokenPromise
	if err != nil && (r.Breaks == 0 || !errors.As(err, &counted)) {
		return err
	}
	for _, p := range []struct {
		promise Promise
		broken  int
		what    string
	}{
		{Delivery, got.Lost, "lost"}, {Order, got.Overtaken, "overtaken"}, {Once, got.Doubled, "doubled"}, {0, got.Strange, "strange"},
	} {
		if p.broken > 0 && r.Breaks&p.promise == 0 {
			return errors.Join(err, fmt.Errorf("%d of %d calls were %s", p.broken, got.Calls, p.what))
		}
	}
	return nil
}
