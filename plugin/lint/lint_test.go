package lint_test

import (
	"strings"
	"testing"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "benthos-segment/plugin"
	"benthos-segment/plugin/lint"
)

// newLinter returns a linter with variables of its own.
func newLinter(t *testing.T) *lint.Linter {
	t.Helper()
	l, err := lint.New(service.GlobalEnvironment())
	require.NoError(t, err)
	return l
}

// findings are what a linter says of a config, a line each.
func findings(t *testing.T, config string) []string {
	t.Helper()
	var said []string
	for _, f := range newLinter(t).Lint("x.yaml", []byte(config)) {
		said = append(said, strings.TrimPrefix(f.String(), "x.yaml"))
	}
	return said
}

// around puts fields of the output into a config that is fine but for them.
func around(fields string) string {
	return "input: {stdin: {}}\noutput:\n  fallback:\n    - segment:\n        write_key: abc\n        " + fields + "\n    - drop: {}\n"
}

func TestAFieldIsFoundWhereItIs(t *testing.T) {
	for name, test := range map[string]struct{ fields, want string }{
		"text for a number":    {`max_in_flight: "many"`, `(6,24) field max_in_flight takes a whole number and not "many"; its default is 256`},
		"a number in quotes":   {`max_in_flight: "64"`, `(6,24) field max_in_flight takes a whole number and no text: remove the quotes around 64`},
		"words for a number":   {`parallel_requests: lots`, `(6,28) field parallel_requests takes a whole number and not "lots"; its default is 64`},
		"text for a bool":      {`tls: {skip_cert_verify: maybe}`, `(6,33) field tls.skip_cert_verify takes true or false and not "maybe"; its default is false`},
		"a period in words":    {`batching: {count: 10, period: 1 second}`, `(6,39) field batching.period takes a duration such as 100ms, 1s or 5m, and not "1 second"; did you mean 1s?`},
		"a period of nonsense": {`batching: {period: soon}`, `(6,28) field batching.period takes a duration such as 100ms, 1s or 5m, and not "soon"`},
		"a timeout in words":   {`timeout: 15 sec`, `(6,18) field timeout takes a duration such as 100ms, 1s or 5m, and not "15 sec"; did you mean 15s?`},
		"no unit":              {`timeout: 15`, `(6,18) field timeout takes a duration such as 100ms, 1s or 5m, and not "15"; did you mean 15s?`},
		"no rate limit":        {`rate_limit: nope`, `(6,21) field rate_limit: there is no resource "nope" in rate_limit_resources: add it, or name the file that has it with -r`},
		"a route":              {`endpoint: https://api.segment.io/v1/batch`, `(6,19) field endpoint must be a base URL, and not a route of the API, which the output adds itself: write https://events.example.com and not https://events.example.com/v1/batch`},
		"a misspelt field":     {`reigon: eu`, `(6,9) field reigon not recognised; did you mean region?`},
		"a field in camels":    {`maxInFlight: 3`, `(6,9) field maxInFlight not recognised; did you mean max_in_flight?`},
		"a misspelt child":     {`batching: {coutn: 3}`, `(6,20) field coutn not recognised; did you mean count?`},
		"an unknown option":    {`region: eu1`, `(6,17) field region: value eu1 is not a valid option for this field: choose eu or us; did you mean eu?`},
		"a misspelt option":    {`integrations: forwrd`, `(6,23) field integrations: value forwrd is not a valid option for this field: choose auto, drop, filter or forward; did you mean forward?`},
		"a field twice":        {`write_key: def`, `(6,9) field write_key is there twice, on line 5 too, and only one counts: remove one`},
		"one id for all":       {`message_id: abc`, `(6,21) field message_id is the same for all messages, and Segment keeps only one call of an id: write ${! … }, as in ${! json("id") }, or leave it out`},
		"another host":         {`endpoint: https://app.segment.com`, `(6,19) field endpoint is a host of Segment that takes no events: remove endpoint, and set region to that of the workspace`},
		"no variable":          {`endpoint: "${NOBODY_SETS_THIS}"`, `(6,20) the environment variable NOBODY_SETS_THIS is not set and has no default: set it, or write ${NOBODY_SETS_THIS:default}`},
		"after a variable":     {`oauth: {client_id: "${A:abcdefghijklmnop}", key_id: b, private_key: c, scop: d}`, `(6,80) field scop not recognised; did you mean scope?`},
		"too little in oauth":  {`oauth: {client_id: a}`, `(6,9) field oauth needs client_id, key_id and private_key together: set all three, or none`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{test.want}, findings(t, around(test.fields)))
		})
	}
}
