package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// batchings are policies under which batches come to the output as they were,
// cut off by the period, or gathered.
var batchings = map[string]fields{
	"one message at a time": {"count": 1},
	"left out":              {},
	"by count":              {"count": 80, "period": "1h"},
	"by period":             {"period": "10ms"},
	"by size":               {"byte_size": 100, "period": "10ms"},
	"by check":              {"check": `this.last.or(false)`},
}

func TestOnlyTheGuiltyReachTheDeadLetterHoweverBatchesAreGathered(t *testing.T) {
	for name, batching := range batchings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sb := segmenttest.New(t)
			sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{Event: "Refused"})
			p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL, fields{"batching": batching})))
			sendAll(
				p,
				guiltyBatch(10, 3, `{"type":"track","event":"Refused","userId":"u"}`),
				guiltyBatch(30, 29, `{"type":"track","userId":"u"}`),
				guiltyBatch(1, 0, `{"type":"group","userId":"u","last":true}`),
				guiltyBatch(39, 7, `{"type":"track","event":"Fine","userId":"u","last":true}`),
			)
			// Where the refused call came last, one that was accepted before is sent
			// again to ask whether the call or the set-up is to blame.
			totals := totalsOf(sb)
			assert.Equal(t, 9+29+39, totals.accepted-totals.duplicates)
			assert.Zero(t, totals.discarded)
			reasons := map[string]int{}
			for _, reason := range p.dead.Reasons() {
				reasons[strings.SplitN(reason, ":", 2)[0]]++
			}
			assert.Equal(t, map[string]int{
				"segment refused -": 1, "segment event_not_defined event": 1, "segment id_required groupId": 1,
			}, reasons)
		})
	}
}

// sendAll sends batches side by side and waits until all are acknowledged.
func sendAll(p *pipeline, batches ...service.MessageBatch) {
	p.t.Helper()
	var sending sync.WaitGroup
	failed := make([]error, len(batches))
	for i, batch := range batches {
		sending.Go(func() { failed[i] = p.send(p.t.Context(), batch) })
	}
	sending.Wait()
	require.NoError(p.t, errors.Join(failed...))
}

func TestOnlyTheGuiltyAreDeliveredAgain(t *testing.T) {
	sb := segmenttest.New(t)
	// The server refuses the whole, parts of it, and the call alone; then it
	// takes the call.
	fault := sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{Event: "E7"}).Times(4)
	env := service.NewEnvironment()
	builder := env.NewStreamBuilder()
	said := &streamtest.Log{}
	builder.SetPrintLogger(printer{said})
	require.NoError(t, builder.AddInputYAML(`generate:
  interval: ""
  count: 20
  batch_size: 20
  mapping: 'root = {"type": "track", "event": "E%d".format(counter()), "userId": "u"}'
`))
	require.NoError(t, builder.AddOutputYAML(segmentOutput(sb.URL, fields{"batching": fields{}})))
	stream, err := builder.Build()
	require.NoError(t, err)
	require.NoError(t, stream.Run(t.Context()))
	assert.Equal(t, sandboxTotals{accepted: 20}, totalsOf(sb))
	assert.Equal(t, 4, fault.Hits())
	assert.Equal(t, 1, said.Times("1 of 20 messages was not sent, the first with: segment refused -: the server answered this call alone with status 400"))
	assert.Equal(t, 1, said.Times(". Unless this output is the first of a fallback"))
}

// While the only writer waits for an answer, the engine gathers nothing beyond
// the period, and then hands over one message at a time.
func TestALoneWriterGathersWhileItWaits(t *testing.T) {
	for name, test := range map[string]struct {
		env    *service.Environment
		output fields
	}{
		"one batch at a time":             {service.NewEnvironment(), fields{"max_in_flight": 1}},
		"batches that cannot be numbered": {service.NewEnvironment().WithProcessors("mapping"), fields{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sb := segmenttest.New(t)
			sb.Delay(250 * time.Millisecond)
			builder := test.env.NewStreamBuilder()
			builder.SetPrintLogger(printer{&streamtest.Log{}})
			require.NoError(t, builder.AddInputYAML(`generate:
  interval: 5ms
  count: 100
  mapping: 'root = {"type": "track", "event": "E", "userId": "u"}'
`))
			require.NoError(t, builder.AddOutputYAML(segmentOutput(sb.URL, fields{"batching": fields{}}, test.output)))
			stream, err := builder.Build()
			require.NoError(t, err)
			require.NoError(t, stream.Run(t.Context()))
			assert.Equal(t, 100, sb.Summary().Unique)
			assert.LessOrEqual(t, len(sb.Requests()), 8)
		})
	}
}

// Nor does it where all writers are busy, so that by default there are enough
// for answers that take as long as they may.
func TestThereAreWritersForSlowAnswers(t *testing.T) {
	const period = 100 * time.Millisecond
	view, exists := service.GlobalEnvironment().GetOutputConfig("segment")
	require.True(t, exists)
	data, err := view.TemplateData()
	require.NoError(t, err)
	var config struct {
		Output struct {
			Segment struct {
				MaxInFlight int `yaml:"max_in_flight"`
				Timeout     time.Duration
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(data.AdvancedConfigYAML), &config))
	require.Positive(t, config.Output.Segment.Timeout)
	assert.Greater(t, time.Duration(config.Output.Segment.MaxInFlight)*period, config.Output.Segment.Timeout)
}

// printer logs without the levels.
type printer struct{ said *streamtest.Log }

func (p printer) Printf(format string, args ...any) { fmt.Fprintf(p.said, format, args...) }
func (p printer) Println(args ...any)               { fmt.Fprintln(p.said, args...) }

// writeDirectly writes a batch without a pipeline and returns the error of
// each message, by its place in the batch.
func writeDirectly(t *testing.T, output string, batch service.MessageBatch) map[int]error {
	t.Helper()
	failed := map[int]error{}
	withOutput(t, output, func(o *service.ResourceOutput) {
		index := batch.Index()
		err := o.WriteBatch(t.Context(), batch)
		if err == nil {
			return
		}
		var granular *service.BatchError
		require.ErrorAs(t, err, &granular)
		granular.WalkMessagesIndexedBy(index, func(i int, _ *service.Message, own error) bool {
			if own != nil {
				failed[i] = own
			}
			return true
		})
	})
	return failed
}

// withOutput builds an output and closes it again.
func withOutput(t *testing.T, output string, use func(*service.ResourceOutput)) {
	t.Helper()
	builder := service.NewResourceBuilder()
	require.NoError(t, builder.AddOutputYAML(labelled(output)))
	res, closeAll, err := builder.Build()
	require.NoError(t, err)
	defer func() { assert.NoError(t, closeAll(context.WithoutCancel(t.Context()))) }()
	require.NoError(t, res.AccessOutput(t.Context(), "segment", use))
}

func TestAFailureIsThatOfTheMessageItIsAbout(t *testing.T) {
	sb := segmenttest.New(t)
	sb.Fail(http.StatusBadRequest).Match(segmenttest.Match{Event: "Refused"})
	failed := writeDirectly(t, segmentOutput(sb.URL, fields{
		"mapping": `root = match {
  this.skip.or(false) => deleted()
  this.several.or(null) != null => this.several
  _ => this
}`,
	}), events(
		`{"skip":true}`,
		`{"type":"track","event":"Fine","userId":"u"}`,
		`{"several":[{"type":"track","event":"Fine","userId":"u"},{"type":"track","event":"Refused","userId":"u"}]}`,
		` `,
		`{"skip":true}`,
		`{"several":[{"type":"track","event":"Fine","userId":"u"},{"type":"track","userId":"u"}]}`,
		`[{"type":"track","event":"Fine","userId":"v"},{"type":"track","event":"Fine","userId":"v"}]`,
		`{"type":"track","event":"Refused","userId":"u"}`,
		`{"type":"track","event":"Excluded","userId":"u","integrations":{"Segment":false}}`,
		`{"type":"track","event":"Fine","userId":"w"}`,
	))
	texts := map[int]string{}
	for i, err := range failed {
		texts[i] = strings.SplitN(err.Error(), ":", 2)[0]
	}
	assert.Equal(t, map[int]string{
		2: "segment refused -",
		3: "segment bad_request -",
		5: "segment event_not_defined 1.event",
		7: "segment refused -",
	}, texts)
	var fine int
	for _, call := range sb.Calls() {
		fine += strings.Count(string(call.Raw), `"Fine"`)
	}
	assert.Equal(t, 5, fine, "all, but that beside a call that breaks a rule")
}
