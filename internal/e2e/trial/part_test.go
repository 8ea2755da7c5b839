package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/torture/ordeal"
)

func tally(j ordeal.Judgement) ordeal.Tally {
	j.Calls, j.Placed = 100, 100
	return ordeal.Tally{Judgement: j}
}

func TestARoundFailsUnlessItSaysThatThePromiseCannotHold(t *testing.T) {
	for name, test := range map[string]struct {
		breaks Promise
		got    ordeal.Tally
		err    error
		says   string
	}{
		"all holds":                     {0, tally(ordeal.Judgement{Resent: 7}), nil, ""},
		"lost":                          {0, tally(ordeal.Judgement{Lost: 1}), nil, "1 of 100 calls were lost"},
		"lost, as it says":              {Delivery, tally(ordeal.Judgement{Lost: 1}), ordeal.ErrMissing, ""},
		"lost, and it says overtaken":   {Order, tally(ordeal.Judgement{Lost: 1}), ordeal.ErrMissing, "1 of 100 calls were lost"},
		"overtaken, as it says":         {Order | Delivery, tally(ordeal.Judgement{Overtaken: 2}), nil, ""},
		"doubled":                       {Order | Delivery, tally(ordeal.Judgement{Doubled: 3}), nil, "3 of 100 calls were doubled"},
		"what nobody sent":              {Order | Delivery | Once, tally(ordeal.Judgement{Strange: 1}), nil, "1 of 100 calls were strange"},
		"it could not be played":        {Delivery, tally(ordeal.Judgement{Lost: 1}), assert.AnError, assert.AnError.Error()},
		"broken, with no count":         {0, tally(ordeal.Judgement{}), ordeal.ErrMissing, "events are missing"},
		"the key leaked":                {Delivery, ordeal.Tally{Leaked: 1}, nil, "the write key leaked 1 times"},
		"joined with what it had to be": {Delivery, tally(ordeal.Judgement{Lost: 1}), errors.Join(fmt.Errorf("waiting: %w", ordeal.ErrMissing)), ""},
	} {
		err := Round{Breaks: test.breaks}.verdict(test.got, test.err)
		if test.says == "" {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorContains(t, err, test.says, name)
	}
}

// A machine without the right to mount still plays the other rounds.
func TestAMachineSaysWhatItLeavesOut(t *testing.T) {
	absent := needs.Program{Name: "a-real-broker", Package: "broker"}
	rounds := []Round{{Name: "killed"}, {Name: "without power", Needs: []needs.Need{absent}}}
	const why = "there is no a-real-broker (package broker)"

	assert.Equal(t, []string{"rounds of a (1 of 2): " + why}, Part{Name: "a", Rounds: rounds}.LeftOut())
	assert.Equal(t, []string{"all of a: " + why}, Part{Name: "a", Needs: []needs.Need{absent}, Rounds: rounds}.LeftOut())
	assert.Empty(t, Part{Name: "a", Rounds: rounds[:1]}.LeftOut())
}

func TestNamesAreThoseThatBrokersTake(t *testing.T) {
	assert.Equal(t, "kafka-a-leader-moved-isr-shrunk-2", nameOf("kafka", "a leader moved, ISR shrunk!", 2))
}

func TestATableSaysWhatCannotHold(t *testing.T) {
	rows := []row{
		{Round: Round{Name: "killed"}, times: 2, tally: tally(ordeal.Judgement{Resent: 9})},
		{Round: Round{Name: "leaked", Breaks: Delivery, Note: "it acknowledges on receipt."}, times: 1, tally: tally(ordeal.Judgement{Lost: 5})},
		{Round: Round{Name: "stopped", Note: "it acknowledges on receipt."}, times: 1, tally: tally(ordeal.Judgement{})},
		{Round: Round{Name: "unordered"}, times: 3, broken: 1, tally: ordeal.Tally{}},
	}

	got := tableOf("Broker 1.2, `make e2e`, 3s", rows)

	assert.Contains(t, got, "Broker 1.2, `make e2e`, 3s:\n\n| What happens |")
	assert.Contains(t, got, "\n| killed | 2 | 100 | 0 | 9 | 0 | 0 | 0 |\n")
	assert.Contains(t, got, "\n| leaked | 1 | 100 | 0 | 0 | **5** | 0 | 0 |\n")
	assert.Contains(t, got, "\n| unordered | 3, **1 broken** | 0 | 0 | 0 | 0 | 0 | - |\n")
	assert.Contains(t, got, "\n\n- leaked; stopped: it acknowledges on receipt.\n")
}

func TestATableSaysForHowLongDeliveryStood(t *testing.T) {
	stood := tally(ordeal.Judgement{})
	stood.Pause = 1530 * time.Millisecond
	rows := []row{{Round: Round{Name: "cut"}, times: 1, tally: stood.Plus(tally(ordeal.Judgement{}))}, {Round: Round{Name: "slow"}, times: 1}}

	got := tableOf("Network", rows)

	assert.Contains(t, got, "| order violations | goes on after, at most |\n|---|---|---|---|---|---|---|---|---|\n")
	assert.Contains(t, got, "\n| cut | 1 | 200 | 0 | 0 | 0 | 0 | 0 | 1.5 s |\n")
	assert.Contains(t, got, "\n| slow | 1 | 0 | 0 | 0 | 0 | 0 | - | 0.0 s |\n")
}

func TestATableIsWrittenBetweenItsMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	const before = "# Page\n\n<!-- e2e:a -->\nold\n<!-- /e2e:a -->\nbetween\n<!-- e2e:b -->\n<!-- /e2e:b -->\n"
	require.NoError(t, os.WriteFile(path, []byte(before), 0o600))

	require.NoError(t, Save(path, "a", "new\n"))
	require.NoError(t, Save(path, "b", "other\n"))
	assert.ErrorContains(t, Save(path, "c", "none\n"), "has no lines <!-- e2e:c --> and <!-- /e2e:c -->")

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "# Page\n\n<!-- e2e:a -->\nnew\n<!-- /e2e:a -->\nbetween\n<!-- e2e:b -->\nother\n<!-- /e2e:b -->\n", string(text))
}

// A run of some rounds leaves the rows of the others as they are, and the table
// says of which run each row is: with another seed, other moments were drawn.
func TestSomeRoundsAreMergedIntoTheTableOfAll(t *testing.T) {
	p := Part{Name: "a", Rounds: []Round{{Name: "first"}, {Name: "second", Breaks: Delivery, Note: "so it is."}, {Name: "third"}}}
	path := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(path, []byte("<!-- e2e:a -->\n<!-- /e2e:a -->\n"), 0o600))
	merge := func(how string, rows ...row) string {
		t.Helper()
		got, err := Merge(path, p, tableOf(how, rows))
		require.NoError(t, err)
		require.NoError(t, Save(path, p.Name, got))
		return got
	}
	const first = "A 1.0, `make e2e PART=a SEED=1`, 1s"
	assert.True(t, strings.HasPrefix(merge(
		first,
		row{Round: p.Rounds[0], times: 1, tally: tally(ordeal.Judgement{})},
		row{Round: p.Rounds[2], times: 1, tally: tally(ordeal.Judgement{})},
		row{Round: Round{Name: "of old"}, times: 1},
	), first+":\n\n"))

	got := merge(
		"A 1.1, `make e2e PART=a SEED=2`, 1s",
		row{Round: p.Rounds[1], times: 2, tally: tally(ordeal.Judgement{Lost: 3})},
		row{Round: p.Rounds[2], times: 2, tally: tally(ordeal.Judgement{Resent: 4})},
	)
	assert.Equal(t, first+", but for the rows that are named below it:\n\n"+heading(false)+
		"| first | 1 | 100 | 0 | 0 | 0 | 0 | 0 |\n"+
		"| second | 2 | 100 | 0 | 0 | **3** | 0 | 0 |\n"+
		"| third | 2 | 100 | 0 | 4 | 0 | 0 | 0 |\n"+
		"\n- second: so it is.\n"+
		"- Of another run (A 1.1, `make e2e PART=a SEED=2`, 1s): second; third.\n", got)

	got = merge("A 1.2, `make e2e PART=a SEED=3 FLAGS=\"-calls 9\"`, 1s",
		row{Round: p.Rounds[1], times: 1, tally: tally(ordeal.Judgement{})})
	assert.Contains(t, got, first+", but for the rows that are named below it:\n\n")
	assert.Contains(t, got, "\n- Of another run (A 1.1, `make e2e PART=a SEED=2`, 1s): third.\n"+
		"- Of another run (A 1.2, `make e2e PART=a SEED=3 FLAGS=\"-calls 9\"`, 1s): second.\n")

	got = merge("A 1.3, `make e2e PART=a SEED=4`, 1s", row{Round: p.Rounds[0], times: 1, tally: tally(ordeal.Judgement{})})
	assert.True(t, strings.HasPrefix(got, "Each row is of a run that is named below the table:\n\n"), got)
}

// Delivery may stand for no time at all in the rounds of a second run.
func TestMergedRowsHaveTheSameColumns(t *testing.T) {
	p := Part{Name: "a", Rounds: []Round{{Name: "cut"}, {Name: "slow"}}}
	stood := tally(ordeal.Judgement{})
	stood.Pause = time.Second
	path := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(path, []byte("<!-- e2e:a -->\n"+
		tableOf("A 1.0", []row{{Round: p.Rounds[0], times: 1, tally: stood}})+"<!-- /e2e:a -->\n"), 0o600))

	got, err := Merge(path, p, tableOf("A 1.1", []row{{Round: p.Rounds[1], times: 1, tally: tally(ordeal.Judgement{})}}))

	require.NoError(t, err)
	assert.Contains(t, got, heading(true)+"| cut | 1 | 100 | 0 | 0 | 0 | 0 | 0 | 1.0 s |\n| slow | 1 | 100 | 0 | 0 | 0 | 0 | 0 | 0.0 s |\n")
}

func TestACommandPlaysTheSameAgain(t *testing.T) {
	assert.Equal(t, "`make e2e PART=a SEED=7`", Options{Seed: 7}.command("a"))
	assert.Equal(t, "`make e2e PART=a SEED=7 FLAGS=\"-calls 400 -times 2\"`", Options{Seed: 7, Calls: 400, Times: 2}.command("a"))
}

// A round whose player fails hands on the error, and nothing of it stays.
func TestARoundLeavesNoFolderBehind(t *testing.T) {
	var folder string
	r := Round{Name: "fails", Play: func(_ context.Context, s *Stage) (ordeal.Tally, error) {
		folder = s.Folder
		return ordeal.Tally{}, assert.AnError
	}}

	_, err := r.play(t.Context(), ordeal.Binary{}, "name", Options{Calls: 1})

	assert.ErrorIs(t, err, assert.AnError)
	require.NotEmpty(t, folder)
	assert.NoDirExists(t, folder)
}
