package main

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
)

// leaky is a feed whose pipeline loses one event and acknowledges it.
type leaky struct{ ordeal.Feed }

func (leaky) Pipeline() string { return "testdata/leaky.yaml" }

// leaking makes a connector whose feeds are leaky.
func leaking(connect ordeal.Connector) ordeal.Connector {
	return func(ctx context.Context, name string) (ordeal.Feed, error) {
		s, err := connect(ctx, name)
		return leaky{s}, err
	}
}

// Without this, a table full of zeros might be one that cannot count.
func TestALostEventIsCountedAndBreaksTheRound(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 1000)
	fleet := ordeal.Fleet{Pipeline: "testdata/leaky.yaml", Size: 1, Moves: 1, Pinned: true}
	for n, r := range []ordeal.Round{
		w.crash("crash", leaking(w.topic)),
		w.fleet("fleet", w.topic, fleet),
	} {
		got, err := r.Play(t.Context(), random(t), fmt.Sprintf("leaky-%d", n))
		table := ordeal.NewTable([]ordeal.Round{r})
		table.Add(r.Kind, got, err)

		require.Error(t, err)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "it is found, and not waited for")
		assert.Equal(t, 1, got.Lost, "%v", err)
		assert.Equal(t, 1000, got.Calls)
		assert.Error(t, table.Fault())
		assert.Regexp(t, `(?m)^ +1 +1000 .* 1 +0 +0 +0  `+r.Kind+`$`, table.String())
	}
}

// acknowledging is a feed that holds some events for acknowledged, and
// more that it cannot name.
type acknowledging struct {
	ordeal.Feed
	events  []ordeal.Event
	unnamed int
}

func (a acknowledging) Acknowledged(context.Context) ([]ordeal.Event, error) { return a.events, nil }

func (a acknowledging) Settled(context.Context) (int, error) { return len(a.events) + a.unnamed, nil }
func (acknowledging) Drained(context.Context) (bool, error)  { return false, nil }

// ledger is a book that names what was accepted.
type ledger []ordeal.Event

func (l ledger) Has(s ordeal.Step) bool {
	return slices.ContainsFunc(l, func(e ordeal.Event) bool { return e.Step == s })
}
func (l ledger) Count() int { return len(l) }

func TestOfARoundThatWasBrokenOffOnlyWhatIsAcknowledgedCanBeLost(t *testing.T) {
	t.Parallel()
	events := ordeal.NewCrowd("crowd", 2, true).Events(6)
	accepted := []ordeal.Acceptance{{Step: events[0].Step, ID: "a"}, {Step: events[1].Step, ID: "b"}}

	got := ordeal.Conclude(t.Context(), acknowledging{events: events[:3]}, events, accepted, ordeal.Nobody, assert.AnError)
	assert.Equal(t, 1, got.Lost)

	got = ordeal.Conclude(t.Context(), acknowledging{events: events[:2]}, events, accepted, ordeal.Nobody, assert.AnError)
	assert.Zero(t, got.Lost)

	got = ordeal.Conclude(t.Context(), acknowledging{events: events[:2], unnamed: 3}, events, accepted, ordeal.Nobody, assert.AnError)
	assert.Equal(t, 3, got.Lost, "more is acknowledged than accepted")

	got = ordeal.Conclude(t.Context(), acknowledging{events: events[:2]}, events, accepted, ordeal.Nobody, ordeal.ErrMissing)
	assert.Equal(t, 4, got.Lost, "they have had their time")
}

func TestWhatIsAcknowledgedMustBeAccepted(t *testing.T) {
	t.Parallel()
	events := ordeal.NewCrowd("crowd", 2, true).Events(3)
	accepted := ledger{events[0], events[2]}

	n, err := ordeal.AllAccepted(t.Context(), acknowledging{events: events[:1]}, accepted)
	require.NoError(t, err)
	assert.Equal(t, 1, n)

	n, err = ordeal.AllAccepted(t.Context(), acknowledging{events: events[:1], unnamed: 1}, accepted)
	require.NoError(t, err)
	assert.Equal(t, 1, n)

	_, err = ordeal.AllAccepted(t.Context(), acknowledging{events: events}, accepted)
	assert.ErrorContains(t, err, "1 events are acknowledged and not accepted, the first is step 0 of person 1")

	_, err = ordeal.AllAccepted(t.Context(), acknowledging{events: events[:1], unnamed: 2}, accepted)
	assert.ErrorContains(t, err, "3 events are acknowledged, and 2 accepted")
}

func TestOrderThatNobodyJudgesIsADash(t *testing.T) {
	t.Parallel()
	events := ordeal.NewCrowd("crowd", 1, true).Events(3)
	accepted := []ordeal.Acceptance{{Step: events[0].Step, ID: "0"}, {Step: events[2].Step, ID: "2"}, {Step: events[1].Step, ID: "1"}}
	judged, unjudged := ordeal.Round{Kind: "judged"}, ordeal.Round{Kind: "unjudged"}
	table := ordeal.NewTable([]ordeal.Round{judged, unjudged})
	table.Add(judged.Kind, ordeal.Tally{Judgement: ordeal.Judge(events, accepted, ordeal.Nobody)}, nil)
	table.Add(unjudged.Kind, ordeal.Tally{Judgement: ordeal.Judge(events, accepted, ordeal.Anybody)}, nil)

	shown := table.String()

	assert.Regexp(t, `(?m)^.* 0 +0 +1 +0  judged$`, shown)
	assert.Regexp(t, `(?m)^.* 0 +0 +- +0  unjudged$`, shown)
	assert.Regexp(t, `(?m)^.* 0 +0 +1 +0  all$`, shown, "only what was judged counts")
	assert.Contains(t, shown, "-: the broker promises no order there")
}
