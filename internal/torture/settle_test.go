package main

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leaky is a feed whose pipeline loses one event and acknowledges it.
type leaky struct{ feed }

func (leaky) pipeline() string { return "testdata/leaky.yaml" }

// leaking makes a connector whose feeds are leaky.
func leaking(connect connector) connector {
	return func(ctx context.Context, name string) (feed, error) {
		s, err := connect(ctx, name)
		return leaky{s}, err
	}
}

// Without this, a table full of zeros might be one that cannot count.
func TestALostEventIsCountedAndBreaksTheRound(t *testing.T) {
	t.Parallel()
	w := theWorld(t, 1000)
	fleet := fleet{pipeline: "testdata/leaky.yaml", size: 1, moves: 1, pinned: true}
	for n, r := range []round{
		w.crash("crash", leaking(w.topic)),
		w.fleet("fleet", w.topic, fleet),
	} {
		got, err := r.play(t.Context(), random(t), fmt.Sprintf("leaky-%d", n))
		table := newTable([]round{r})
		table.add(r.kind, got, err)

		require.Error(t, err)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "it is found, and not waited for")
		assert.Equal(t, 1, got.lost, "%v", err)
		assert.Equal(t, 1000, got.calls)
		assert.Error(t, table.fault())
		assert.Regexp(t, `(?m)^ +1 +1000 .* 1 +0 +0 +0  `+r.kind+`$`, table.String())
	}
}

// acknowledging is a feed that holds some events for acknowledged, and
// more that it cannot name.
type acknowledging struct {
	feed
	events  []event
	unnamed int
}

func (a acknowledging) acknowledged(context.Context) ([]event, error) { return a.events, nil }
func (a acknowledging) settled(context.Context) (int, error)          { return len(a.events) + a.unnamed, nil }
func (acknowledging) drained(context.Context) (bool, error)           { return false, nil }

// ledger is a book that names what was accepted.
type ledger []event

func (l ledger) has(s step) bool {
	return slices.ContainsFunc(l, func(e event) bool { return e.step == s })
}
func (l ledger) count() int { return len(l) }

func TestOfARoundThatWasBrokenOffOnlyWhatIsAcknowledgedCanBeLost(t *testing.T) {
	t.Parallel()
	events := newCrowd("crowd", 2, true).events(6)
	accepted := []acceptance{{step: events[0].step, ID: "a"}, {step: events[1].step, ID: "b"}}

	got := conclude(t.Context(), acknowledging{events: events[:3]}, events, accepted, nobody, assert.AnError)
	assert.Equal(t, 1, got.lost)

	got = conclude(t.Context(), acknowledging{events: events[:2]}, events, accepted, nobody, assert.AnError)
	assert.Zero(t, got.lost)

	got = conclude(t.Context(), acknowledging{events: events[:2], unnamed: 3}, events, accepted, nobody, assert.AnError)
	assert.Equal(t, 3, got.lost, "more is acknowledged than accepted")

	got = conclude(t.Context(), acknowledging{events: events[:2]}, events, accepted, nobody, errMissing)
	assert.Equal(t, 4, got.lost, "they have had their time")
}

func TestWhatIsAcknowledgedMustBeAccepted(t *testing.T) {
	t.Parallel()
	events := newCrowd("crowd", 2, true).events(3)
	accepted := ledger{events[0], events[2]}

	n, err := allAccepted(t.Context(), acknowledging{events: events[:1]}, accepted)
	require.NoError(t, err)
	assert.Equal(t, 1, n)

	n, err = allAccepted(t.Context(), acknowledging{events: events[:1], unnamed: 1}, accepted)
	require.NoError(t, err)
	assert.Equal(t, 1, n)

	_, err = allAccepted(t.Context(), acknowledging{events: events}, accepted)
	assert.ErrorContains(t, err, "1 events are acknowledged and not accepted, the first is step 0 of person 1")

	_, err = allAccepted(t.Context(), acknowledging{events: events[:1], unnamed: 2}, accepted)
	assert.ErrorContains(t, err, "3 events are acknowledged, and 2 accepted")
}

func TestOrderThatNobodyJudgesIsADash(t *testing.T) {
	t.Parallel()
	events := newCrowd("crowd", 1, true).events(3)
	accepted := []acceptance{{step: events[0].step, ID: "0"}, {step: events[2].step, ID: "2"}, {step: events[1].step, ID: "1"}}
	judged, unjudged := round{kind: "judged"}, round{kind: "unjudged"}
	table := newTable([]round{judged, unjudged})
	table.add(judged.kind, tally{judgement: judge(events, accepted, nobody)}, nil)
	table.add(unjudged.kind, tally{judgement: judge(events, accepted, anybody)}, nil)

	shown := table.String()

	assert.Regexp(t, `(?m)^.* 0 +0 +1 +0  judged$`, shown)
	assert.Regexp(t, `(?m)^.* 0 +0 +- +0  unjudged$`, shown)
	assert.Regexp(t, `(?m)^.* 0 +0 +1 +0  all$`, shown, "only what was judged counts")
	assert.Contains(t, shown, "-: the broker promises no order there")
}
