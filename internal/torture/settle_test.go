package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leaky is a source whose pipeline loses one event and acknowledges it.
type leaky struct{ source }

func (leaky) pipeline() string { return "testdata/leaky.yaml" }

// leaking makes a connector whose sources are leaky.
func leaking(connect connector) connector {
	return func(ctx context.Context, name string) (source, error) {
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

// acknowledging is a source that holds some events for acknowledged.
type acknowledging struct {
	source
	events []event
}

func (a acknowledging) acknowledged(context.Context) ([]event, error) { return a.events, nil }
func (acknowledging) drained(context.Context) (bool, error)           { return false, nil }

func TestOfARoundThatWasBrokenOffOnlyWhatIsAcknowledgedCanBeLost(t *testing.T) {
	t.Parallel()
	events := newCrowd("crowd", 2, true).events(6)
	accepted := []acceptance{{step: events[0].step, ID: "a"}, {step: events[1].step, ID: "b"}}

	got := conclude(t.Context(), acknowledging{events: events[:3]}, events, accepted, nobody, assert.AnError)
	assert.Equal(t, 1, got.lost)

	got = conclude(t.Context(), acknowledging{events: events[:2]}, events, accepted, nobody, assert.AnError)
	assert.Zero(t, got.lost)

	got = conclude(t.Context(), acknowledging{events: events[:2]}, events, accepted, nobody, errMissing)
	assert.Equal(t, 4, got.lost, "they have had their time")
}

func TestWhatIsAcknowledgedMustBeAccepted(t *testing.T) {
	t.Parallel()
	events := newCrowd("crowd", 2, true).events(3)
	has := func(s step) bool { return s != events[1].step }

	n, err := allAccepted(t.Context(), acknowledging{events: events[:1]}, has)
	require.NoError(t, err)
	assert.Equal(t, 1, n)

	_, err = allAccepted(t.Context(), acknowledging{events: events}, has)
	assert.ErrorContains(t, err, "1 events are acknowledged and not accepted, the first is step 0 of person 1")
}

func TestOrderThatNobodyJudgesIsADash(t *testing.T) {
	t.Parallel()
	events := newCrowd("crowd", 1, true).events(3)
	accepted := []acceptance{{step: events[0].step, ID: "0"}, {step: events[2].step, ID: "2"}, {step: events[1].step, ID: "1"}}
	judged, unjudged := round{kind: "judged"}, round{kind: "unjudged"}
	table := newTable([]round{judged, unjudged})
	table.add(judged.kind, tally{verdict: judge(events, accepted, nobody)}, nil)
	table.add(unjudged.kind, tally{verdict: judge(events, accepted, anybody)}, nil)

	shown := table.String()

	assert.Regexp(t, `(?m)^.* 0 +0 +1 +0  judged$`, shown)
	assert.Regexp(t, `(?m)^.* 0 +0 +- +0  unjudged$`, shown)
	assert.Regexp(t, `(?m)^.* 0 +0 +1 +0  all$`, shown, "only what was judged counts")
	assert.Contains(t, shown, "-: the broker promises no order there")
}
