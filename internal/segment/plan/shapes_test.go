package plan_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/plan"
)

const (
	schemaOfN      = `{"type":"object","properties":{"properties":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}}`
	schemaOfNInner = `{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}`
)

// The shapes are those of Segment's Public API, segmentio/typewriter (v8 and v7),
// segmentio/terraform-provider-segment and rudderlabs/rudder-transformer.
func TestTheShapesOfPlans(t *testing.T) {
	for name, test := range map[string]struct {
		file   string
		vendor plan.Vendor
	}{
		"an answer of the Public API":     {`{"data":{"rules":[{"type":"TRACK","key":"E","version":1,"jsonSchema":` + schemaOfN + `}],"pagination":{"current":"MA=="}}}`, plan.Segment},
		"the rules of the Public API":     {`{"rules":[{"type":"TRACK","key":"E","version":1,"jsonSchema":` + schemaOfN + `}]}`, plan.Segment},
		"a list of rules":                 {`[{"type":"TRACK","key":"E","jsonSchema":` + schemaOfN + `}]`, plan.Segment},
		"rules with text, as Terraform's": {`{"rules":[{"type":"TRACK","key":"E","version":1,"json_schema":` + quoted(schemaOfN) + `}]}`, plan.Segment},
		"typewriter's plan.json": {
			`{"id":"tp_1","name":"P","rules":[{"key":"E","type":"TRACK","version":1,"jsonSchema":` + schemaOfNInner +
				`,"$schema":"http://json-schema.org/draft-07/schema#","eventMetadata":{"name":"E","type":"TRACK"}}}]}`, plan.Segment,
		},
		"typewriter's, with a name that it has changed": {
			`{"id":"tp_1","rules":[{"key":"changed","type":"TRACK","version":1,"jsonSchema":` + schemaOfNInner + `,"eventMetadata":{"name":"E","type":"TRACK"}}}]}`, plan.Segment,
		},
		"the Config API": {
			`{"name":"workspaces/w/tracking-plans/rs_1","display_name":"P","rules":{"global":{},"identify":{},"events":[{"name":"E","description":"","version":1,"rules":` + schemaOfN + `}]}}`, plan.Segment,
		},
		"draft 4, where ids are addresses": {
			`{"rules":{"events":[{"name":"E","rules":{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"properties":{"id":"/properties/properties",` +
				`"required":["n"],"properties":{"n":{"id":"/properties/properties","type":"integer"},"id":{"type":"string"}}}}}}]}}`, plan.Segment,
		},
		// segmentio/typewriter#64
		"events with rules and no type": {
			`{"events":[{"name":"E","description":"","version":1,"rules":{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"context":{},"properties":` +
				schemaOfNInner + `},"traits":{}},"type":"object"}}],"name":"name"}`, plan.Segment,
		},
		"RudderStack's events":     {`{"id":"tp_1","version":2,"events":[{"name":"E","eventType":"track","rules":` + schemaOfN + `}]}`, plan.RudderStack},
		"a page of the catalog":    {`{"data":[{"name":"E","eventType":"track","identitySection":"","rules":` + schemaOfN + `}]}`, plan.RudderStack},
		"RudderStack's older form": {`{"workspaceId":"w","version":3,"rules":{"events":[{"name":"E","rules":{"version":"1.0.0","properties":{"properties":` + schemaOfNInner + `}}}}],"identify":{},"group":{}}}`, plan.RudderStack},
		"RudderStack's, by the version in a schema": {
			`{"rules":{"events":[{"name":"E","rules":{"version":"1.0.0","properties":{"properties":` + schemaOfNInner + `}}}}],"identify":{}}}`, plan.RudderStack,
		},
		"RudderStack's, by the version in the schema of a type": {
			`{"rules":{"events":[{"name":"E","rules":` + schemaOfN + `}],"identify":{"version":"1.0.0","properties":{}}}}`, plan.RudderStack,
		},
		"a whole version with a fraction of 0": {`{"rules":[{"type":"TRACK","key":"E","version":1.0,"jsonSchema":` + schemaOfN + `}]}`, plan.Segment},
		"a byte order mark":                    {"\xef\xbb\xbf" + `{"rules":[{"type":"TRACK","key":"E","jsonSchema":` + schemaOfN + `}]}`, plan.Segment},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := plan.Parse([]byte(test.file))
			require.NoError(t, err)
			assert.Equal(t, test.vendor, p.Vendor)
			assert.Empty(t, judged(p, segment.Track, properties("E", `{"n":1}`)))
			assert.Len(t, judged(p, segment.Track, properties("E", `{"n":"1"}`)), 1)
			assert.Len(t, judged(p, segment.Track, properties("E", `{}`)), 1)
			assert.Len(t, judged(p, segment.Track, properties("X", `{"n":1}`)), 1)
		})
	}
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }

func TestAWrongPlanSaysWhatAndWhere(t *testing.T) {
	inRule := func(schema string) string {
		return "{\"rules\": [\n  {\"type\": \"TRACK\", \"key\": \"E\", \"jsonSchema\": {\n" + schema + "\n}}]}"
	}
	for name, test := range map[string]struct{ file, says string }{
		"an empty file":          {"", "line 1: the plan is not valid JSON"},
		"cut off":                {"{\n\"rules\": [", "line 2: the plan is not valid JSON"},
		"a comma too many":       {"{\n\"rules\": [],\n}", "line 2: the plan is not valid JSON"},
		"a name twice":           {"{\"rules\": [],\n\"rules\": []}", "line 2: the plan is not valid JSON: duplicate object member name"},
		"two documents":          {"{\"rules\": []}\n{\"rules\": []}", "line 2: a second document begins here"},
		"another object":         {`{"a": 1}`, "line 1: this is no tracking plan"},
		"another list":           {`[{"a": 1}]`, "line 1: this is no tracking plan"},
		"a text":                 {`"x"`, "line 1: this is no tracking plan"},
		"rules of another kind":  {`{"rules": {"a": 1}}`, "line 1: this is no tracking plan"},
		"no rules":               {`{"rules": []}`, "line 1: the plan has no rules, so that every event would be unplanned"},
		"no events":              {`{"events": []}`, "line 1: the plan has no events"},
		"one page of several":    {"{\"data\": {\"rules\": [],\n\"pagination\": {\"next\": \"MQ==\"}}}", "line 2: this is one page of several"},
		"an unknown type":        {"{\"rules\": [\n{\"type\": \"ALIAS\", \"jsonSchema\": {}}]}", `line 2: a rule has the type "ALIAS"`},
		"no schema":              {"{\"rules\": [\n{\"type\": \"TRACK\", \"key\": \"E\"}]}", "line 2: a rule has no jsonSchema"},
		"no name":                {"{\"rules\": [\n{\"type\": \"TRACK\", \"jsonSchema\": {}}]}", "line 2: a rule of track calls has no name"},
		"a version of text":      {"{\"rules\": [{\"type\": \"TRACK\", \"key\": \"E\",\n\"version\": \"new\", \"jsonSchema\": {}}]}", "line 2: the version of a rule must be a whole number"},
		"a rule twice":           {"{\"rules\": [{\"type\": \"TRACK\", \"key\": \"E\", \"jsonSchema\": {}},\n{\"type\": \"TRACK\", \"key\": \"E\", \"version\": 1, \"jsonSchema\": {}}]}", `line 2: the plan has the rule for track "E", version 1 twice, first on line 1`},
		"an invalid type":        {inRule(`"properties": {"properties": {` + "\n" + `"type": "text"}}`), `line 4: the schema of the rule for track "E", version 1 is not a valid JSON Schema`},
		"a lookahead":            {inRule(`"properties": {"properties": {` + "\n" + `"pattern": "^(?!x)"}}`), `line 4: the schema of the rule for track "E", version 1 is not a valid JSON Schema`},
		"an unknown draft":       {inRule(`"$schema": "https://example.com/schema"`), "it refers to https://example.com/schema, and a plan must hold everything that it needs"},
		"a file elsewhere":       {inRule(`"$ref": "file:///etc/passwd"`), "it refers to file:///etc/passwd, and a plan must hold everything that it needs"},
		"an unknown definition":  {inRule(`"$ref": "#/definitions/x"`), "line 2: the schema of"},
		"text that is no schema": {"{\"rules\": [{\"type\": \"TRACK\", \"key\": \"E\",\n\"json_schema\": \"{\"}]}", "line 2: the schema of a rule is text that is not JSON"},
		"an event without rules": {"{\"events\": [\n{\"name\": \"E\", \"eventType\": \"track\"}]}", "line 2: an event has no rules that are a JSON Schema: the catalog API gives them with ?format=schema"},
		"an event of no type":    {"{\"events\": [\n{\"name\": \"E\", \"eventType\": \"record\", \"rules\": {}}]}", `line 2: an event has the eventType "record"`},
		"an older event":         {"{\"rules\": {\"events\": [\n{\"name\": \"E\"}]}}", "line 2: an event of the plan has no rules"},
		"YAML of RudderStack":    {"version: rudder/v1\nkind: tracking-plan\n", "read the plan from RudderStack's catalog API instead"},
		"the CSV of Segment":     {"Event,Property\na,b\n", "the CSV that Segment's app exports has no schemas"},
		"Terraform":              {"resource \"segment_tracking_plan\" \"p\" {\n  json_schema = jsonencode({})\n}", "this is Terraform"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plan.Parse([]byte(test.file))
			require.ErrorContains(t, err, test.says)
			var at *plan.Error
			assert.ErrorAs(t, err, &at)
		})
	}
}

// Whatever a file holds, it is a plan or an error; and whatever an event holds,
// it is judged.
func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"rules":[{"type":"TRACK","key":"E","jsonSchema":`+schemaOfN+`}]}`), []byte(properties("E", `{"n":1e9999}`)))
	f.Add([]byte(`{"events":[{"name":"E","eventType":"track","rules":{"allOf":[{"if":{},"then":false}]}}]}`), []byte(properties("E", `[]`)))
	f.Fuzz(func(t *testing.T, file, event []byte) {
		p, err := plan.Parse(file)
		if err != nil {
			return
		}
		conf := segment.Config{Plan: p, PlanMode: segment.PlanMark, NewID: func() string { return "id" }}
		calls, _, v := segment.NewConverter(conf).Convert(nil, event, segment.Provenance{WriteKey: "k"})
		if v != nil {
			return
		}
		for _, call := range calls {
			assert.Empty(t, segment.Inspect(call.JSON, segment.UnknownType).Violations)
		}
	})
}
