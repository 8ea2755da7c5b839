package plugin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Whoever is paged reads what to look at, by what was answered.
func TestAHeldKeySaysWhatToCheck(t *testing.T) {
	checks := map[int]string{
		301: "Check endpoint: it leads to another address",
		401: "Check write_key and region, and oauth",
		403: "Check write_key and oauth, and whether a firewall",
		404: "Check endpoint: ",
		405: "Check endpoint: ",
		407: "Check proxy_url: ",
		411: "Check endpoint and proxy_url: ",
		415: "Check compression: ",
		426: "Check endpoint: ",
		428: "Check endpoint: ",
		431: "Check endpoint and proxy_url: ",
		451: "Check region and endpoint: ",
		501: "Check endpoint: ",
		505: "Check endpoint and proxy_url: ",
		511: "Check the network, which wants a login of this machine, and proxy_url",
		// Everything is refused, so that it is not the calls.
		400: "Check endpoint and proxy_url, since something in front of Segment may answer in its place, then write_key and region",
		409: "Check endpoint and proxy_url, since something in front of Segment may answer in its place, then write_key and region",
	}
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL, fields{"write_key": `${! json("key") }`}))
	batch := func() (all service.MessageBatch) {
		for status := range checks {
			all = append(all, events(fmt.Sprintf(`{"type":"page","userId":"u","key":"answers-%d"}`, status))...)
		}
		return all
	}
	p.accept(batch())
	for status := range checks {
		// The set-up is found to be wrong, and then right again.
		times := 1
		if status == 400 || status == 409 {
			times = 2
		}
		sb.Fail(status).Match(segmenttest.Match{WriteKey: fmt.Sprintf("answers-%d", status)}).Times(times)
	}

	p.accept(batch())

	for status, check := range checks {
		said := ""
		for line := range strings.Lines(p.said.String()) {
			if strings.Contains(line, fmt.Sprintf("holding calls, because the last attempt met status %d", status)) {
				said += line
			}
		}
		require.NotEmpty(t, said, "status %d", status)
		assert.Contains(t, said, check)
	}
	assert.Equal(t, len(checks), p.said.Times("requests get through again"))
}

// Who waits for a link that is too slow reads how large the requests are, and
// when only a longer timeout helps.
func TestTimeoutsSayHowLargeTheRequestWas(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL, fields{
		"timeout": "2s", "retry": fields{"initial_interval": "1ms", "max_interval": "1ms"},
	}))
	two := events(`{"type":"page","userId":"u","messageId":"1"}`, `{"type":"page","userId":"u","messageId":"2"}`)
	for _, test := range []struct {
		times int
		batch service.MessageBatch
		says  string
	}{
		{3, two, `A request of 2 events \(\d+ bytes\) got no answer within 2s, the timeout; if this repeats, the next ones hold fewer events`},
		{3, two[:1], `A request of a single event \(\d+ bytes\) got no answer within 2s, the timeout; .* raise timeout`},
	} {
		slow := sb.Delay(time.Hour).Times(test.times)

		p.accept(test.batch)

		slow.Remove()
		assert.Regexp(t, test.says, p.said.String())
	}
}
