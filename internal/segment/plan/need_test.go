package plan

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"benthos-segment/internal/segment"
)

// values draws any JSON that is made of names that the plans have.
func values(depth int) *rapid.Generator[string] {
	scalars := rapid.SampledFrom([]string{`1`, `1.0`, `1.5`, `-1`, `"a"`, `"EUR"`, `true`, `null`, `""`, `{}`, `[]`})
	if depth == 0 {
		return scalars
	}
	return rapid.OneOf(scalars, objects(depth-1), arrays(depth-1))
}

func objects(depth int) *rapid.Generator[string] {
	names := rapid.SampledFrom([]string{"total", "quantity", "address", "city", "products", "sku", "kind", "price", "email", "traits", "plan", "x"})
	return rapid.Custom(func(t *rapid.T) string {
		var members []string
		for _, name := range rapid.SliceOfN(names, 0, 5).Draw(t, "names") {
			members = append(members, fmt.Sprintf("%q:%s", name, values(depth).Draw(t, "value")))
		}
		return "{" + strings.Join(members, ",") + "}"
	})
}

func arrays(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return "[" + strings.Join(rapid.SliceOfN(values(depth), 0, 3).Draw(t, "elements"), ",") + "]"
	})
}

// What is not decoded makes no difference to any rule.
func TestNothingThatCountsIsLeftOut(t *testing.T) {
	for _, name := range []string{"segment_public_api.json", "rudderstack_catalog.json"} {
		file, err := os.ReadFile("testdata/" + name)
		require.NoError(t, err)
		p, err := Parse(file)
		require.NoError(t, err)
		rapid.Check(t, func(t *rapid.T) {
			event := []byte(`{"properties":` + values(3).Draw(t, "properties") + `,"traits":` + values(3).Draw(t, "traits") + `,"context":` + values(3).Draw(t, "context") + `}`)
			for _, versions := range p.rules {
				for _, r := range versions {
					part, whole := r.need.decode(event), needsAll.decode(event)
					assert.Equal(t, fmt.Sprint(p.validate(nil, r, whole)), fmt.Sprint(p.validate(nil, r, part)), r.String())
				}
			}
		})
	}
}

// An expression that backtracks for ever lets the event pass, as at RudderStack,
// and not wait.
func TestAnExpressionThatTakesTooLongPasses(t *testing.T) {
	p, err := Parse([]byte(`{"events":[{"name":"E","eventType":"track","rules":{"properties":{"properties":{"properties":{"a":{"pattern":"^(?!x)(a+)+$"}}}}}}]}`))
	require.NoError(t, err)
	event := []byte(`{"event":"E","properties":{"a":"` + strings.Repeat("a", 40) + `b"}}`)
	for range 1000 {
		found := p.Judge(segment.Track, event, event)
		require.Len(t, found, 1)
		assert.Equal(t, segment.FindingUnjudged, found[0].Kind)
		assert.False(t, found[0].IsViolation())
	}
}

// ajv-validator/ajv#2248: this text hung a page.
func TestAnExpressionThatHangsElsewhereIsMatchedAtOnce(t *testing.T) {
	p, err := Parse([]byte(`{"events":[{"name":"E","eventType":"track","rules":{"properties":{"properties":{"properties":{"a":{"pattern":"^(([a-z0-9.-]+)(,|,\\\\s)?)+$"}}}}}}]}`))
	require.NoError(t, err)
	event := []byte(`{"event":"E","properties":{"a":"xn-b1afk4ade4e.xnb1ab2a0a.xnb1aew.xn-p1ai/info-service.htm?sid=2000"}}`)
	assert.Len(t, p.Judge(segment.Track, event, event), 1)
}

func TestNumbersOfThePlanAreWrittenWithAllDigits(t *testing.T) {
	p, err := Parse([]byte(`{"rules":[{"type":"TRACK","key":"E","jsonSchema":{"properties":{"properties":{"properties":{` +
		`"a":{"maximum":9007199254740993},"b":{"minimum":0.10000000000000000001}}}}}}]}`))
	require.NoError(t, err)
	event := []byte(`{"event":"E","properties":{"a":9007199254740994,"b":0.1}}`)
	found := p.Judge(segment.Track, event, event)
	require.Len(t, found, 2)
	assert.Equal(t, "it must be at most 9007199254740993", found[0].Description)
	assert.Equal(t, "it must be at least 0.10000000000000000001", found[1].Description)
}
