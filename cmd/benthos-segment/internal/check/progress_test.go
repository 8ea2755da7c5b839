package check

import (
	"bufio"
	"bytes"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
)

// slow gives nothing for a while, and then ends.
type slow struct{}

func (slow) Read([]byte) (int, error) {
	time.Sleep(6 * time.Second)
	return 0, io.EOF
}

// Reported: `(sleep 1; cat big; sleep 6) | check -` showed the figures of some time
// ago until there was more.
func TestProgressIsOfNowWhileAPipeGivesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen bytes.Buffer
		r := &runner{
			checker: &checker{}, out: bufio.NewWriter(io.Discard),
			progress: newProgress(terminal.Screen{Writer: &screen, IsTerminal: true}),
		}
		r.progress.begin("stdin", 0, func() int64 { return 0 })
		r.summary.events = 5
		_, err := flushing{slow{}, r}.Read(nil)
		assert.Equal(t, io.EOF, err)
		assert.Contains(t, screen.String(), "stdin  5 events  0 refused")
	})
}
