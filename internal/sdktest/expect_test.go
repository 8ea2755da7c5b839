package sdktest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// call is what every SDK says in its own way.
type call struct {
	Type, UserID, Event, Name, Category, GroupID, PreviousID string
	// Data are the members of properties or traits that the programs set.
	Plan  string
	Total float64
	Round int
}

// expected are the calls of a round, in their order.
func (s sdk) expected(n int) []call {
	calls := []call{
		{Type: "identify", Plan: "pro", Round: n},
		{Type: "track", Event: "Order Completed", Total: 9.5, Round: n},
		{Type: "page", Category: "Shop", Name: "Cart", Round: n},
		{Type: "screen", Category: "Shop", Name: "Cart", Round: n},
		{Type: "group", GroupID: fmt.Sprintf("team-%d", n), Round: n},
		{Type: "alias", PreviousID: fmt.Sprintf("%s-%d", s.name, n), Round: n},
	}
	if s.hasNoScreen {
		calls = slices.Delete(calls, 3, 4)
	}
	for i := range calls {
		calls[i].UserID = s.name
	}
	return calls
}

// event is the JSON of a call, as far as it is looked at.
type event struct {
	Type, UserID, Event, Name, Category, GroupID, PreviousID string

	MessageID  string
	Properties data
	Traits     data
	Context    struct{ Traits data }
}

type data struct {
	Plan, Category string
	Total          float64
	N              int
}

// read reads a call in the form that Segment documents.
func read(t *testing.T, raw []byte) (call, event) {
	t.Helper()
	var e event
	require.NoError(t, json.Unmarshal(raw, &e))
	c := call{
		Type: e.Type, UserID: e.UserID, Event: e.Event, Name: e.Name, Category: e.Category,
		GroupID: e.GroupID, PreviousID: e.PreviousID, Plan: e.Traits.Plan, Total: e.Properties.Total,
		Round: cmp.Or(e.Properties.N, e.Traits.N),
	}
	switch e.Type {
	case "alias":
		_, err := fmt.Sscan(e.PreviousID[strings.LastIndex(e.PreviousID, "-")+1:], &c.Round)
		require.NoError(t, err, e.PreviousID)
	case "page", "screen":
		c.Category = cmp.Or(e.Category, e.Properties.Category)
	}
	return c, e
}

// readAsSent reads a call as an SDK of either world sends it: RudderStack's have
// the traits of a person in the context.
func readAsSent(t *testing.T, raw []byte) (call, event) {
	t.Helper()
	c, e := read(t, raw)
	if e.Type == "identify" {
		c.Plan, c.Round = cmp.Or(c.Plan, e.Context.Traits.Plan), cmp.Or(c.Round, e.Context.Traits.N)
	}
	return c, e
}

// patience is how long everything may take to arrive. RudderStack's SDK for Java
// waits for 15 seconds and more before it tries again.
const patience = 3 * time.Minute

// await waits until every SDK's calls have arrived.
func await(t *testing.T, server *segmenttest.Server, visits ...visit) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		missing := make(map[string]int)
		for _, v := range visits {
			left := v.rounds*len(v.expected(1)) - len(firsts(callsOf(server, v.sdk)))
			if left <= 0 {
				continue
			}
			missing[v.name] = left
			require.Empty(t, v.trouble(), v.name)
		}
		if len(missing) == 0 {
			return
		}
		require.True(t, time.Now().Before(deadline), "these SDKs miss so many calls: %v\n%s", missing, server.Summary())
	}
}

func callsOf(server *segmenttest.Server, s sdk) []segmenttest.Call {
	return server.Calls(segmenttest.Filter{Match: segmenttest.Match{User: s.name}})
}

// firsts leaves out calls whose message id was there before, as Segment does.
func firsts(calls []segmenttest.Call) []segmenttest.Call {
	return slices.DeleteFunc(slices.Clone(calls), func(c segmenttest.Call) bool { return c.Duplicate })
}

// wanted is what else has to be true of the calls of an SDK.
type wanted struct {
	writeKey string
	read     func(*testing.T, []byte) (call, event)
	hasOrder bool
}

// check compares what arrived of an SDK with what it was told to send: each call
// once, correct, and in order.
func (v visit) check(t *testing.T, arrived []segmenttest.Call, want wanted) {
	t.Helper()
	var expected, got []call
	for n := 1; n <= v.rounds; n++ {
		expected = append(expected, v.expected(n)...)
	}
	for _, one := range arrived {
		c, e := want.read(t, one.Raw)
		got = append(got, c)
		assert.NotEmpty(t, e.MessageID, "%s", one.Raw)
		assert.True(t, one.Accepted, "%s\n%v", one.Raw, one.Violations)
		assert.Empty(t, one.Warnings, "%s", one.Raw)
		assert.Equal(t, want.writeKey, one.WriteKey)
	}
	if want.hasOrder {
		assert.Equal(t, textsOf(expected), textsOf(got))
		return
	}
	assert.ElementsMatch(t, textsOf(expected), textsOf(got))
}

// textsOf makes differences short to read.
func textsOf(calls []call) (texts []string) {
	for _, c := range calls {
		texts = append(texts, fmt.Sprintf("%+v", c))
	}
	return texts
}
