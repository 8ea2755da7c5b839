package lint_test

import (
	"os"
	"path/filepath"
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

// Of an alias that stands in itself, the engine made stack until there was none.
func TestAConfigThatNeverEndsIsFound(t *testing.T) {
	const says = "(1,1) an alias stands in what it stands for, or aliases make the config endless: write out what they stand for"
	for name, config := range map[string]string{
		"an alias in itself": "output: &a {fallback: [*a]}",
		"too much of it": "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]",
	} {
		assert.Equal(t, []string{says}, findings(t, config), name)
	}
}

// redpanda-data/benthos#187, connect#1210, vectordotdev/vector#21025 and others:
// what people wrote, and what is said of it now.
func TestWhatPeopleReportedIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		config string
		want   []string
	}{
		"a variable in a comment": {
			"# ${NOBODY_SETS_THIS}\n" + around("region: eu"),
			[]string{"(1,3) the environment variable NOBODY_SETS_THIS is not set and has no default: set it, or write ${NOBODY_SETS_THIS:default}"},
		},
		// Issue 17, 5. Other programs read ${file:…}, and here it was the key itself.
		"a write key of a file": {
			strings.Replace(around("region: eu"), "abc", `"${file:/run/secrets/segment_write_key}"`, 1),
			[]string{"(5,20) field write_key is the name of a file and not a key, and no file is read: Segment would answer 200 and throw all " +
				"calls away; write ${! file(path: \"…\", no_cache: true).string() }, or set a variable from the file before the start"},
		},
		"a password of a file": {
			"# As in ${file:/a} of others.\ninput: {http_client: {url: \"http://h\", basic_auth: {password: \"${file:/p}\"}}}\noutput: {drop: {}}\n",
			[]string{"(2,64) ${file:…} is read as a variable that is called file, and what comes after the colon as its default: nothing is looked up; set a " +
				"variable from the file before the start, or where messages are interpolated, as in write_key, write ${! file(path: \"…\", no_cache: true).string() }"},
		},
		// Found in a pipeline of ours: an outage of a schema registry.
		"a catch that is skipped": {
			around("region: eu") + "pipeline: {threads: 1, processors: [{mapping: root = this}, {catch: [{mapping: root = this}]}]}\nerror_handling: {strict: true}\n",
			[]string{"(8,62) hint: catch does nothing with error_handling.strict: what has failed skips it, goes back to the input, and comes again; " +
				"use try_catch, which has both"},
		},
		"a catch that is not": {
			around("region: eu") + "pipeline: {threads: 1, processors: [{try_catch: {processors: [{mapping: root = this}], catch: [{mapping: root = this}]}}]}\n" +
				"error_handling: {strict: true}\n", nil,
		},
		"a catch where it works": {
			around("region: eu") + "pipeline: {threads: 1, processors: [{catch: [{mapping: root = this}]}]}\n", nil,
		},
		"a variable with that name": {"input: {file: {paths: [\"${FILE:events.ndjson}\"]}}\noutput: {drop: {}}\n", nil},
		"a secret of a service": {
			"input: {http_client: {url: \"http://h/${vault:secret/data/a#b}\"}}\noutput: {drop: {}}\n",
			[]string{"(1,38) ${vault:…} is read as a variable that is called vault, and what comes after the colon as its default: nothing is looked up; " +
				"set a variable from it before the start, and write ${VARIABLE}"},
		},
		"a key that a file holds": {
			strings.Replace(around("region: eu"), "abc", `'${! file(path: "/run/secrets/key", no_cache: true).string().trim() }'`, 1), nil,
		},
		"a key that differs from message to message": {
			strings.Replace(around("region: eu"), "abc", `'${! file("keys/" + @tenant) }'`, 1),
			[]string{"(5,20) hint: write_key is different for each message: set on_setup_error to reject, or one wrong key stops all others"},
		},
		"a number of the environment in quotes": {
			around(`max_in_flight: "${N:64}"`),
			[]string{"(6,24) field max_in_flight takes a whole number and no text: remove the quotes around 64"},
		},
		"fields beside their component": {
			"input: {stdin: {}}\noutput:\n  fallback:\n    - segment: {write_key: a}\n      region: eu\n    - drop: {}\n",
			[]string{"(5,7) field region is invalid when the component type is segment (output); it is a field of segment: indent it further"},
		},
		"a component that is misspelt": {
			"input: {stdn: {}}\noutput: {drop: {}}\n",
			[]string{"(1,9) stdn is no input that this build has; did you mean stdin?"},
		},
		"a resource of another file": {
			"input: {stdin: {}}\noutput: {resource: to_segment}\n",
			[]string{`(2,20) field resource: there is no resource "to_segment" in output_resources: add it, or name the file that has it with -r`},
		},
		"tabs": {
			"input: {stdin: {}}\noutput:\n\tdrop: {}\n",
			[]string{"(3,1) this is not YAML: found character that cannot start any token; YAML is indented with blanks and never with tabs, and texts that begin with a special character need quotes"},
		},
		"nothing":              {"", []string{"(1,1) expected object value, got !!null"}},
		"lines of Windows":     {strings.ReplaceAll(around("reigon: eu"), "\n", "\r\n"), []string{"(6,9) field reigon not recognised; did you mean region?"}},
		"it is not looked at":  {"# BENTHOS LINT DISABLE\n" + around("reigon: eu"), nil},
		"an alias, twice used": {"input: {stdin: {}}\nx: &x {count: 10, period: 1s}\n", []string{"(2,1) field x not recognised"}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, findings(t, test.config)) })
	}
}

func TestResourcesOfOtherFilesAreKnown(t *testing.T) {
	l := newLinter(t)
	l.AddResources([]byte("rate_limit_resources: [{label: shared, local: {count: 1, interval: 1s}}]"))
	assert.Empty(t, l.Lint("x.yaml", []byte(around("rate_limit: shared"))))
}

// What lint let pass, and run refused.
func TestFilesAndCachesThatRunLooksForAreLookedFor(t *testing.T) {
	folder := t.TempDir()
	held := func(name, content string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	wrong := held("wrong", "{}")
	const absent = " cannot be read: no such file or directory; a path starts at the folder where the pipeline is started"
	for name, test := range map[string]struct {
		config string
		want   []string
	}{
		"no plan":         {around("tracking_plan: {file: nope.json}"), []string{"(6,31) field tracking_plan.file: nope.json" + absent}},
		"no file of a CA": {around("tls: {root_cas_file: nope.pem}"), []string{"(6,30) field tls.root_cas_file: nope.pem" + absent}},
		"no certificate":  {around("tls: {client_certs: [{cert_file: nope.pem}]}"), []string{"(6,42) field tls.client_certs.cert_file: nope.pem" + absent}},
		"no key of the input": {
			"input: {segment: {write_keys: [a], tls: {cert_file: nope.pem, key_file: " + wrong + "}}}\noutput: {drop: {}}\n",
			[]string{
				"(1,53) field tls.cert_file: nope.pem" + absent,
				"(1,73) field tls.key_file: " + wrong + ": this is not PEM, which starts with -----BEGIN",
			},
		},
		"a CA of nothing": {
			around("tls: {root_cas_file: " + wrong + "}"),
			[]string{"(6,30) field tls.root_cas_file: " + wrong + ": this holds no certificate in PEM, which starts with -----BEGIN CERTIFICATE-----"},
		},
		"a plan that is there": {around("tracking_plan: {file: ../../internal/segment/plan/testdata/segment_public_api.json}"), nil},
		"no cache": {
			"pipeline: {threads: 1, processors: [{cached: {cache: nocache, key: a, processors: []}}, {dedupe: {cache: mcahe, key: a, drop_on_err: false}}]}\n" +
				"cache_resources: [{label: mcache, memory: {}}]\n" + around("region: eu"),
			[]string{
				`(1,54) field cache: there is no resource "nocache" in cache_resources: add it, or name the file that has it with -r; did you mean mcache?`,
				`(1,106) field cache: there is no resource "mcahe" in cache_resources: add it, or name the file that has it with -r; did you mean mcache?`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, findings(t, test.config)) })
	}
	elsewhere := newLinter(t).SetSkipEnvVarCheck(true)
	assert.Empty(t, elsewhere.Lint("x.yaml", []byte(around("tracking_plan: {file: nope.json}"))), "it runs on another machine")
}

func TestAVariableWithoutAValueIsSaidOnce(t *testing.T) {
	const says = " the environment variable NOBODY_SETS_THIS is not set and has no default: set it, or write ${NOBODY_SETS_THIS:default}"
	for fields, place := range map[string]string{
		"write_key: ${NOBODY_SETS_THIS}":                     "(5,20)",
		`write_key: "${NOBODY_SETS_THIS}"`:                   "(5,21)",
		"write_key: a\n        region: ${NOBODY_SETS_THIS}":  "(6,17)",
		"write_key: a\n        timeout: ${NOBODY_SETS_THIS}": "(6,18)",
	} {
		config := strings.Replace(around(""), "write_key: abc", fields, 1)
		assert.Equal(t, []string{place + says}, findings(t, config), config)
	}
}

func TestMarkdownIsLookedAtByItsLines(t *testing.T) {
	document := "# Title\n\n```yaml\noutput: {drop: {}}\n```\n\ntext\n\n```yaml\noutput: {segment: {write_key: a, reigon: eu}}\n```\n"
	var said []string
	for _, f := range newLinter(t).Lint("x.md", []byte(document)) {
		said = append(said, f.String())
	}
	assert.Equal(t, []string{"x.md(10,34) field reigon not recognised; did you mean region?"}, said)
}

// Whatever it is given, it says something and ends, and every place is in the file.
func FuzzLint(f *testing.F) {
	f.Add(around("max_in_flight: many"))
	f.Add("output: &a {fallback: [*a]}")
	f.Add("${A:${B:c}}: [")
	f.Add("a: \"${X}\" # ${Y:z}\r\n\tb: c")
	l, err := lint.New(service.GlobalEnvironment())
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, config string) {
		for _, found := range l.Lint("x.yaml", []byte(config)) {
			assert.Positive(t, found.Line)
			assert.Positive(t, found.Column)
			assert.NotEmpty(t, found.Text)
		}
	})
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
