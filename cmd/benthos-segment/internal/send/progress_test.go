package send

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
)

// a8m/pb#82 and others: bars in the log of a job.
func TestWhereNobodyLooksThereIsALineNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var state atomic.Pointer[status]
		state.Store(&status{sent: 12_345, retries: 1, refused: 3, done: 42, total: 100, perSecond: 1204.4, left: 80 * time.Second})
		d := newDisplay(terminal.Of(&out), func() status { return *state.Load() })
		time.Sleep(told + time.Second)
		d.say("Something happened.")
		state.Store(&status{sent: 1})
		time.Sleep(told)
		d.end()

		assert.Equal(t, []string{
			"42 %  12,345 calls  1,204/s  1 retry  3 refused  1m20s left",
			"Something happened.",
			"1 call  0/s  0 retries  0 refused",
			"",
		}, strings.Split(out.String(), "\n"))
		assert.NotContains(t, out.String(), "\x1b")
	})
}

func TestABarFitsIntoItsLine(t *testing.T) {
	var out bytes.Buffer
	state := status{sent: 1_234_567, retries: 12, refused: 3456, done: 42, total: 100, perSecond: 12_345, left: 5 * time.Hour}
	b := newBar(terminal.Screen{Writer: &out, IsTerminal: true}, func() status { return state })
	b.say("Something happened.")
	b.end()
	assert.Contains(t, out.String(), "Something happened.\n")
	assert.Contains(t, out.String(), " 42 % [")
	assert.Contains(t, out.String(), "1,234,567 calls  12,345/s  12 retries  3,456 refused  5h00m left")
}

func TestSpansAreShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m01s", 25*time.Hour + 5*time.Minute: "25h05m",
	} {
		assert.Equal(t, want, span(d))
	}
}

func TestALedgerIsNeverAheadOfWhatIsUnderWay(t *testing.T) {
	l := newLedger(2)
	first, second, third := l.add(position{documents: 1}), l.add(position{documents: 2, isEnd: true}), l.add(position{file: 1, documents: 7})
	l.settle(second)
	l.settle(third)
	assert.Equal(t, []position{{}, {}}, l.positions())
	l.settle(first)
	assert.Equal(t, []position{{documents: 2, isEnd: true}, {file: 1, documents: 7}}, l.positions())
}

func TestATallyCountsWhatIsSettled(t *testing.T) {
	var refused tally
	for _, event := range []int64{7, 2, 5} {
		refused.add(event)
	}
	assert.EqualValues(t, 0, refused.settle(1))
	assert.EqualValues(t, 2, refused.settle(5))
	refused.add(9)
	assert.EqualValues(t, 2, refused.settle(6))
	assert.EqualValues(t, 4, refused.settle(9))
}
