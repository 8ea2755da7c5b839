package plan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/plan"
)

func load(tb testing.TB, name string) *plan.Plan {
	tb.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	p, err := plan.Parse(file)
	require.NoError(tb, err)
	return p
}

// judged lists the findings about a call, by type and field.
func judged(p *plan.Plan, t segment.Type, event string) (found []string) {
	for _, f := range p.Judge(t, []byte(event), []byte(event)) {
		found = append(found, f.Type+" "+f.Field)
	}
	return found
}

func properties(event, properties string) string {
	return `{"type":"track","event":"` + event + `","properties":` + properties + `}`
}

// How Segment judges is told in its documentation (protocols/tracking-plan,
// protocols/enforce and protocols/validate of segmentio/segment-docs 747b35d8);
// what its validator does with numbers, dates and patterns was measured with
// xeipuuv/gojsonschema v1.2.0, whose texts Segment's violations have.
func TestSegmentsPlans(t *testing.T) {
	p := load(t, "segment_public_api.json")
	require.Equal(t, plan.Segment, p.Vendor)
	assert.Equal(t, 10, p.Rules())
	inVersion := func(version, properties string) string {
		return `{"type":"track","event":"Order Completed","context":{"protocols":{"event_version":` + version + `}},"properties":` + properties + `}`
	}
	for _, row := range []struct {
		name  string
		kind  segment.Type
		event string
		want  []string
	}{
		{"a planned event", segment.Track, properties("Order Completed", `{"total":1.5}`), nil},
		{"an event of another name", segment.Track, properties("Order Paid", `{}`), []string{"Unplanned Event event"}},
		{"an event in other letters", segment.Track, properties("order completed", `{"total":1}`), []string{"Unplanned Event event"}},
		{"an event with a blank", segment.Track, properties("Order Completed ", `{"total":1}`), []string{"Unplanned Event event"}},
		{"a missing property", segment.Track, properties("Order Completed", `{}`), []string{"Required properties.total"}},
		{"no properties at all", segment.Track, `{"type":"track","event":"Order Completed"}`, nil},
		{"a property of another type", segment.Track, properties("Order Completed", `{"total":"1"}`), []string{"Invalid Type properties.total"}},
		{"null", segment.Track, properties("Order Completed", `{"total":null}`), []string{"Invalid Type properties.total"}},
		{"1.0 is an integer", segment.Track, properties("Order Completed", `{"total":1,"quantity":1.0}`), nil},
		{"1e2 is an integer", segment.Track, properties("Order Completed", `{"total":1,"quantity":1e2}`), nil},
		{"1.5 is not", segment.Track, properties("Order Completed", `{"total":1,"quantity":1.5}`), []string{"Invalid Type properties.quantity"}},
		{"an integer above 2^53", segment.Track, properties("Order Completed", `{"total":1,"quantity":9007199254740993}`), nil},
		{"a fraction above 2^53", segment.Track, properties("Order Completed", `{"total":1,"quantity":9007199254740993.5}`), []string{"Invalid Type properties.quantity"}},
		{"a permitted value", segment.Track, properties("Order Completed", `{"total":1,"currency":"EUR"}`), nil},
		{"patterns have no anchors", segment.Track, properties("Order Completed", `{"total":1,"currency":"xEURx"}`), nil},
		{"a value that is not permitted", segment.Track, properties("Order Completed", `{"total":1,"currency":"GBP"}`), []string{"Invalid Value properties.currency"}},
		{"a date and time", segment.Track, properties("Order Completed", `{"total":1,"paid_at":"2026-01-02T03:04:05.678Z"}`), nil},
		{"a date alone", segment.Track, properties("Order Completed", `{"total":1,"paid_at":"2026-01-01"}`), nil},
		{"a time alone", segment.Track, properties("Order Completed", `{"total":1,"paid_at":"15:04:05"}`), nil},
		{"no date", segment.Track, properties("Order Completed", `{"total":1,"paid_at":"yesterday"}`), []string{"Invalid Value properties.paid_at"}},
		{"inside an object", segment.Track, properties("Order Completed", `{"total":1,"address":{"city":7}}`), []string{"Invalid Type properties.address.city"}},
		{"missing in an object", segment.Track, properties("Order Completed", `{"total":1,"address":{}}`), []string{"Required properties.address.city"}},
		{"inside an array", segment.Track, properties("Order Completed", `{"total":1,"products":[{"sku":"a"},{"sku":1}]}`), []string{"Invalid Type properties.products.1.sku"}},
		{"several at once", segment.Track, properties("Order Completed", `{"currency":1,"quantity":"x"}`), []string{"Invalid Type properties.currency", "Invalid Type properties.quantity", "Required properties.total"}},
		{"a property that the plan does not have", segment.Track, properties("Order Completed", `{"total":1,"b":2,"a":1}`), []string{"Unplanned Property properties.a", "Unplanned Property properties.b"}},
		{"the same inside an object", segment.Track, properties("Order Completed", `{"total":1,"address":{"city":"x","zip":"y"}}`), []string{"Unplanned Property properties.address.zip"}},
		{"a property that the schema forbids", segment.Track, properties("Closed", `{"b":1}`), []string{"Additional Property properties.b"}},
		{"an empty schema", segment.Track, properties("Anything", `{"b":1}`), nil},
		{"properties of another kind", segment.Track, properties("Order Completed", `[]`), []string{"Invalid Type properties"}},

		{"without a version the oldest counts", segment.Track, properties("Order Completed", `{"amount":1}`), []string{"Required properties.total", "Unplanned Property properties.amount"}},
		{"version 1", segment.Track, inVersion("1", `{"total":1}`), nil},
		{"version 2", segment.Track, inVersion("2", `{"amount":1}`), nil},
		{"version 2, written with a fraction of 0", segment.Track, inVersion("2.0", `{"amount":1}`), nil},
		{"version 2, written with an exponent", segment.Track, inVersion("0.2e1", `{"amount":1}`), nil},
		{"version 3", segment.Track, inVersion("3", `{"amount":1}`), []string{"Required properties.order_id", "Unplanned Property properties.amount"}},
		{"an unknown version", segment.Track, inVersion("9", `{"total":1}`), nil},
		{"a version of text", segment.Track, inVersion(`"2"`, `{"total":1}`), nil},
		{"a version with a fraction", segment.Track, inVersion(`2.5`, `{"total":1}`), nil},

		{"an identify call", segment.Identify, `{"type":"identify","traits":{"email":1,"x":2}}`, []string{"Invalid Type traits.email", "Unplanned Property traits.x"}},
		{"a call without a rule", segment.Group, `{"type":"group","traits":{"x":2}}`, nil},
		{"the common rule", segment.Alias, `{"type":"alias","context":{"plan":7}}`, []string{"Invalid Type context.plan"}},
		{"the common rule beside another", segment.Track, `{"type":"track","event":"Order Completed","context":{"plan":7},"properties":{}}`, []string{"Required properties.total", "Invalid Type context.plan"}},
		{"the common rule of an unplanned event", segment.Track, `{"type":"track","event":"X","context":{"plan":7}}`, []string{"Unplanned Event event", "Invalid Type context.plan"}},
		{"a page is an event", segment.Page, `{"type":"page","name":"Home","properties":{}}`, []string{"Required properties.url"}},
		{"a screen with a rule of its name", segment.Screen, `{"type":"screen","name":"Home"}`, []string{"Required category"}},
		{"a screen with the rule of all", segment.Screen, `{"type":"screen"}`, []string{"Required name"}},
	} {
		t.Run(row.name, func(t *testing.T) { assert.Equal(t, row.want, judged(p, row.kind, row.event)) })
	}
}

// The verdicts were measured by running RudderStack's own validation
// (rudderlabs/rudder-transformer c98d160c, src/util/eventValidation.js, with ajv
// 8.18.0), and its plans have the shape of its catalog API (rudder-iac dfdfe26a).
func TestRudderStacksPlans(t *testing.T) {
	p := load(t, "rudderstack_catalog.json")
	require.Equal(t, plan.RudderStack, p.Vendor)
	assert.Equal(t, "tp_1", p.ID)
	for _, row := range []struct {
		name  string
		kind  segment.Type
		event string
		want  []string
	}{
		{"a planned event", segment.Track, properties("Product Viewed", `{"sku":"s"}`), nil},
		{"an unplanned one", segment.Track, properties("product viewed", `{"sku":"s"}`), []string{"Unplanned-Event event"}},
		{"other calls are never unplanned", segment.Page, `{"type":"page"}`, nil},
		{"alias is never checked", segment.Alias, `{"type":"alias"}`, nil},
		{"a missing property", segment.Track, properties("Product Viewed", `{}`), []string{"Required-Missing properties.sku"}},
		{"no properties at all", segment.Track, `{"type":"track","event":"Product Viewed"}`, nil},
		{"another type", segment.Track, properties("Product Viewed", `{"sku":"s","price":"1"}`), []string{"Datatype-Mismatch properties.price"}},
		{"null for text", segment.Track, properties("Product Viewed", `{"sku":null}`), []string{"Datatype-Mismatch properties.sku"}},
		{"1.0 is an integer", segment.Track, properties("Product Viewed", `{"sku":"s","quantity":1.0}`), nil},
		{"an extra property", segment.Track, properties("Product Viewed", `{"sku":"s","b":1,"a":1}`), []string{"Additional-Properties properties.a", "Additional-Properties properties.b"}},
		{"below the minimum", segment.Track, properties("Product Viewed", `{"sku":"s","price":-0.01}`), []string{"Advance-Rules-Violation properties.price"}},
		{"a negative lookahead", segment.Track, properties("Product Viewed", `{"sku":"test 1"}`), []string{"Advance-Rules-Violation properties.sku"}},
		{"a date alone", segment.Track, properties("Product Viewed", `{"sku":"s","seen_at":"2026-01-01"}`), []string{"Advance-Rules-Violation properties.seen_at"}},
		{"none of the values", segment.Track, properties("Product Viewed", `{"sku":"s","kind":"c"}`), []string{"Advance-Rules-Violation properties.kind"}},
		{"not the constant", segment.Track, properties("Product Viewed", `{"sku":"s","page":"y"}`), []string{"Unknown-Violation properties.page"}},
		{"a condition, beside its reason", segment.Track, properties("Product Viewed", `{"sku":"s","kind":"a"}`), []string{"Advance-Rules-Violation ", "Required-Missing properties.price"}},
		{"a condition that is met", segment.Track, properties("Product Viewed", `{"sku":"s","kind":"a","price":1}`), nil},
		{"traits where the SDK writes them", segment.Identify, `{"type":"identify","context":{"traits":{"email":"e"}}}`, nil},
		{"traits elsewhere", segment.Identify, `{"type":"identify","traits":{"email":"e"},"context":{}}`, []string{"Required-Missing context.traits"}},
	} {
		t.Run(row.name, func(t *testing.T) { assert.Equal(t, row.want, judged(p, row.kind, row.event)) })
	}
}

// Names that the plan does not have are Segment's concern alone, and only where no
// schema judges them: each member is found once.
func TestAMemberThatAPlanDoesNotHaveIsFoundOnce(t *testing.T) {
	const (
		segments     = `{"rules":[{"type":"TRACK","key":"E","jsonSchema":%s}]}`
		rudderStacks = `{"events":[{"name":"E","eventType":"track","rules":%s}]}`
		schema       = `{"$schema":"https://json-schema.org/draft/2019-09/schema","properties":{"properties":{"properties":{"a":{}}%s}}}`
	)
	for _, row := range []struct {
		file, keyword string
		want          []string
	}{
		{segments, ``, []string{"Unplanned Property properties.b"}},
		{segments, `,"additionalProperties":true`, []string{"Unplanned Property properties.b"}},
		{segments, `,"unevaluatedProperties":true`, []string{"Unplanned Property properties.b"}},
		{segments, `,"additionalProperties":false`, []string{"Additional Property properties.b"}},
		{segments, `,"unevaluatedProperties":false`, []string{"Additional Property properties.b"}},
		{rudderStacks, ``, nil},
		{rudderStacks, `,"additionalProperties":true`, nil},
		{rudderStacks, `,"unevaluatedProperties":true`, nil},
		{rudderStacks, `,"additionalProperties":false`, []string{"Additional-Properties properties.b"}},
		{rudderStacks, `,"unevaluatedProperties":false`, []string{"Additional-Properties properties.b"}},
	} {
		p, err := plan.Parse(fmt.Appendf(nil, row.file, fmt.Sprintf(schema, row.keyword)))
		require.NoError(t, err)
		assert.Equal(t, row.want, judged(p, segment.Track, properties("E", `{"a":1,"b":2}`)), "%s %s", p.Vendor, row.keyword)
	}
}

// The API lists the versions of a rule in any order.
func TestTheOldestVersionCountsWhereverItStands(t *testing.T) {
	const amount, total = `{"type":"TRACK","key":"Paid","version":2,"jsonSchema":{"properties":{"properties":{"required":["amount"]}}}}`,
		`{"type":"TRACK","key":"Paid","version":1,"jsonSchema":{"properties":{"properties":{"required":["total"]}}}}`
	for _, rules := range []string{amount + "," + total, total + "," + amount} {
		p, err := plan.Parse([]byte(`{"data":{"rules":[` + rules + `]}}`))
		require.NoError(t, err)
		assert.Equal(t, []string{"Required properties.total"}, judged(p, segment.Track, properties("Paid", "{}")), rules)
	}
}

// Segment makes the events "Page Viewed" and "Screen Viewed" of pages and screens.
// RudderStack does not.
func TestAPageOfRudderStackIsNotJudgedAsAnEvent(t *testing.T) {
	rules := `{"properties":{"properties":{"required":["total"]}}}`
	p, err := plan.Parse([]byte(`{"id":"tp_1","events":[{"name":"Page Viewed","eventType":"track","rules":` + rules + `},` +
		`{"name":"Screen Viewed","eventType":"track","rules":` + rules + `}]}`))
	require.NoError(t, err)
	assert.NotEmpty(t, judged(p, segment.Track, properties("Page Viewed", "{}")))
	assert.Empty(t, judged(p, segment.Page, `{"type":"page","name":"Home","properties":{}}`))
	assert.Empty(t, judged(p, segment.Screen, `{"type":"screen","name":"Home","properties":{}}`))
}

// Segment's plans are for the call that is sent, RudderStack's for the event as
// its SDK wrote it.
func TestWhatIsJudged(t *testing.T) {
	event, call := []byte(`{"event":"A","properties":{}}`), []byte(`{"event":"B","properties":{}}`)
	ofSegment, err := plan.Parse([]byte(`{"rules":[{"type":"TRACK","key":"B","jsonSchema":{}}]}`))
	require.NoError(t, err)
	assert.Empty(t, ofSegment.Judge(segment.Track, event, call))
	ofRudderStack, err := plan.Parse([]byte(`{"events":[{"name":"A","eventType":"track","rules":{}}]}`))
	require.NoError(t, err)
	assert.Empty(t, ofRudderStack.Judge(segment.Track, event, call))
}

func TestAFindingNamesItsRule(t *testing.T) {
	p := load(t, "segment_public_api.json")
	event := []byte(properties("Order Completed", `{"total":"SECRET"}`))
	found := p.Judge(segment.Track, event, event)
	require.Len(t, found, 1)
	assert.Equal(t, `plan mistyped properties.total: Invalid type. Expected: number, given: string (the rule for track "Order Completed", version 1, owner:checkout)`, found[0].String())
}

// Numbers that take a second or all memory to calculate with, in an event of 32 KB
// (xeipuuv/gojsonschema#288).
func TestGiantNumbersCostNothing(t *testing.T) {
	p, err := plan.Parse([]byte(`{"rules":[{"type":"TRACK","key":"E","jsonSchema":{"properties":{"properties":{"properties":{"n":{"type":"integer","minimum":0,"maximum":1e300,"multipleOf":1}}}}}}]}`))
	require.NoError(t, err)
	for number, want := range map[string][]string{
		"1e999999999":                     {"Invalid Value properties.n"},
		"-1e99999999999999999999999":      {"Invalid Value properties.n"},
		"1e-999999":                       {"Invalid Type properties.n"},
		"1E-99999999999999999999999":      {"Invalid Type properties.n"},
		"0e999999999":                     nil,
		"1e300":                           nil,
		"1000000000000000000000000000000": nil,
	} {
		assert.Equal(t, want, judged(p, segment.Track, properties("E", `{"n":`+number+`}`)), number)
	}
}
