package answer_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/sandbox/answer"
)

// connection notes the deadlines that are set while something is written.
type connection struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (c *connection) SetWriteDeadline(at time.Time) error {
	c.deadlines = append(c.deadlines, at)
	return nil
}

// A client that reads nothing would keep the answer in memory for ever.
func TestAClientHasLimitedTimeToRead(t *testing.T) {
	c := &connection{ResponseRecorder: httptest.NewRecorder()}
	answer.JSON(c, http.StatusTeapot, map[string]string{"html": "<b>"})
	assert.Equal(t, http.StatusTeapot, c.Code)
	assert.Equal(t, "{\"html\":\"<b>\"}\n", c.Body.String(), "nothing is escaped")
	require.Len(t, c.deadlines, 2)
	assert.WithinDuration(t, time.Now().Add(time.Minute), c.deadlines[0], 30*time.Second)
	assert.True(t, c.deadlines[1].IsZero(), "the next request of the connection has its own time")
}
