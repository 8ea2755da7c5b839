package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/plan"
)

// A few texts on which a pattern backtracks for ever, as in
// https://github.com/hapijs/joi/issues/3119, must neither stop the pipeline nor take
// the rule away from all events after them.
func TestAPatternThatTakesTooLongIsTriedAgain(t *testing.T) {
	p, err := plan.Parse([]byte(`{"id":"tp_1","events":[{"name":"E","eventType":"track","rules":{"properties":{"properties":{"properties":{` +
		`"texts":{"items":{"pattern":"^(?=a)(a+)+$"}}}}}}}]}`))
	require.NoError(t, err)
	judge := func(texts ...string) (kinds []string) {
		event := []byte(properties("E", fmt.Sprintf(`{"texts":["%s"]}`, strings.Join(texts, `","`))))
		for _, f := range p.Judge(segment.Track, event, event) {
			kinds = append(kinds, f.Kind.String())
			if f.Kind == segment.FindingUnjudged {
				assert.False(t, f.IsViolation())
				assert.Contains(t, f.String(), `plan unjudged : a pattern takes too long to match`)
				assert.Contains(t, f.String(), `the rule for track "E"`)
			}
		}
		return kinds
	}
	slow := strings.Repeat("a", 60) + "!"
	require.Equal(t, []string{"invalid"}, judge("b"))
	require.Equal(t, []string{"unjudged"}, judge(slow, slow, slow))

	assert.Equal(t, []string{"unjudged"}, judge("b"), "it is not known to be wrong, and that is told")
	assert.Equal(t, []string{"unjudged"}, judge(strings.Split(strings.Repeat("b ", 10_000), " ")...)[:1])

	assert.Equal(t, []string{"invalid"}, judge("b"))
	assert.Empty(t, judge("aa"))
}
