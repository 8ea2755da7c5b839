package plugin_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// lint says what the linter minds about an output.
func lint(t *testing.T, output string) (sentences []string) {
	t.Helper()
	lints, err := service.GlobalEnvironment().NewComponentConfigLinter().LintOutputYAML([]byte(output))
	require.NoError(t, err)
	for _, l := range lints {
		sentences = append(sentences, l.What)
	}
	return sentences
}

// build makes an output without asking the linter, and says what it minds.
func build(t *testing.T, output string) error {
	t.Helper()
	builder := service.NewResourceBuilder()
	builder.DisableLinting()
	require.NoError(t, builder.AddOutputYAML(labelled(output)))
	res, closeAll, err := builder.Build()
	require.NoError(t, err)
	defer func() { assert.NoError(t, closeAll(context.WithoutCancel(t.Context()))) }()
	// Resources are made when they are first wanted.
	return res.AccessOutput(t.Context(), "segment", func(*service.ResourceOutput) {})
}

// refusals are wrong configs, and the sentence about each.
var refusals = map[string]struct {
	fields fields
	says   string
}{
	"an empty write key": {fields{"write_key": ""}, "field write_key is empty: set it to"},
	"a blank write key":  {fields{"write_key": "  "}, "field write_key is empty"},
	"an unset write key": {fields{"write_key": "${SEGMENT_TEST_UNSET:}"}, "field write_key is empty"},
	// Issue 17, 5: the engine reads no files, and takes ${file:…} for a variable.
	"the name of a key's file":   {fields{"write_key": "${file:/run/secrets/segment_write_key}"}, "field write_key is the name of a file and not a key, and no file is read"},
	"a file beside the config":   {fields{"write_key": "./write_key.txt"}, "field write_key is the name of a file"},
	"a file by its URL":          {fields{"write_key": "file:///run/secrets/segment_write_key"}, "field write_key is the name of a file"},
	"a file of Windows":          {fields{"write_key": `C:\secrets\write_key`}, "field write_key is the name of a file"},
	"a write key in two lines":   {fields{"write_key": "the-key\nanother"}, "field write_key has a blank or a line break in it"},
	"the name of a token's file": {fields{"verify": fields{"token": "${file:/run/secrets/token}"}}, "field verify.token is the name of a file and not a token"},
	"an endpoint without http":   {fields{"endpoint": "events.example.com"}, "field endpoint must begin with http:// or https://, as in https://"},
	"an endpoint of localhost":   {fields{"endpoint": "localhost:8765"}, "field endpoint must begin with http:// or https://"},
	"an endpoint by ftp":         {fields{"endpoint": "ftp://events.example.com"}, "field endpoint must begin with http:// or https://"},
	"an endpoint of no host":     {fields{"endpoint": "https://"}, "field endpoint needs a host"},
	"a password in the URL":      {fields{"endpoint": "https://me:secret@events.example.com"}, "field endpoint must not hold a user or password"},
	"a user in the URL":          {fields{"endpoint": "http://key@localhost"}, "field endpoint must not hold a user or password"},
	"a query in the URL":         {fields{"endpoint": "https://events.example.com/?a=b"}, "field endpoint must be a base URL"},
	"a fragment in the URL":      {fields{"endpoint": "https://events.example.com/#a"}, "field endpoint must be a base URL"},
	// Issue 10, E28: these were held for ever, at 404 or 405.
	"a query that is empty":    {fields{"endpoint": "https://events.example.com?"}, "field endpoint must be a base URL, without a query or fragment: leave out"},
	"a fragment that is empty": {fields{"endpoint": "https://events.example.com/v1#"}, "field endpoint must be a base URL, without a query or fragment: leave out"},
	"the route of batches":     {fields{"endpoint": "https://api.segment.io/v1/batch"}, "field endpoint must be a base URL, and not a route of the API"},
	"a route with a slash":     {fields{"endpoint": "https://api.segment.io/v1/batch/"}, "field endpoint must be a base URL, and not a route of the API"},
	"the route of an import":   {fields{"endpoint": "https://events.example.com/proxy/v1/import"}, "write https://events.example.com and not https://events.example.com/v1/batch"},
	"the route of a call":      {fields{"endpoint": "https://api.segment.io/v1/Track"}, "field endpoint must be a base URL, and not a route of the API"},
	"the route of the browser": {fields{"endpoint": "https://api.segment.io/v1/t"}, "field endpoint must be a base URL, and not a route of the API"},
	// Issue 16, 6.
	"the other region":         {fields{"region": "eu", "endpoint": "https://api.segment.io"}, "field endpoint is the host of region us, and region is eu"},
	"tokens of the other":      {fields{"endpoint": "https://events.eu1.segmentapis.com", "oauth": fields{"client_id": "c", "key_id": "k", "private_key": "p"}}, "field region is us, and endpoint is the host of eu"},
	"the app of Segment":       {fields{"endpoint": "https://app.segment.com"}, "field endpoint is a host of Segment that takes no events"},
	"the Public API":           {fields{"endpoint": "https://eu1.api.segmentapis.com"}, "field endpoint is a host of Segment that takes no events"},
	"one id for all":           {fields{"message_id": "abc"}, "field message_id is the same for all messages"},
	"a period in words":        {fields{"batching": fields{"count": 10, "period": "1 second"}}, "field batching.period must be a duration"},
	"an empty query for OAuth": {fields{"oauth": fields{"server": "https://oauth.example.com?"}}, "field oauth.server must be a base URL, without a query or fragment"},
	"the route of tokens":      {fields{"oauth": fields{"server": "https://oauth2.segment.io/token"}}, "field oauth.server must be a base URL: the output adds /token"},
	"a proxy without http":     {fields{"proxy_url": "proxy:3128"}, "field proxy_url must begin with http://"},
	"a proxy without a host":   {fields{"proxy_url": "http://:3128"}, "field proxy_url needs a host"},
	"a count without a period": {fields{"batching": fields{"count": 10}}, "field batching needs a period"},
	"a size without a period":  {fields{"batching": fields{"byte_size": 10}}, "field batching needs a period"},
	"no batch in flight":       {fields{"max_in_flight": 0}, "field max_in_flight must be at least 1"},
	"less than no events":      {fields{"events_per_second": -1}, "field events_per_second must be a whole number from 1 to 1000000, or 0 for no limit"},
	"absurdly many events":     {fields{"events_per_second": 1_000_001}, "field events_per_second must be a whole number from 1 to 1000000, or 0 for no limit"},
	"no request in parallel":   {fields{"parallel_requests": 0}, "field parallel_requests must be at least 1"},
	"no time":                  {fields{"timeout": "0s"}, "field timeout must be a duration of more than 0s"},
	"negative time":            {fields{"timeout": "-1s"}, "field timeout must be a duration of more than 0s"},
	"no time at all":           {fields{"timeout": "0h0m0s"}, "field timeout must be a duration of more than 0s"},
	"an invalid duration":      {fields{"timeout": "abc"}, "field timeout must be a duration of more than 0s"},
	"a time without a unit":    {fields{"timeout": "15"}, "field timeout must be a duration of more than 0s"},
	"no first wait":            {fields{"retry": fields{"initial_interval": "0.0ms"}}, "field retry.initial_interval must be a duration of more than 0s"},
	"no longest wait":          {fields{"retry": fields{"max_interval": "0s"}}, "field retry.max_interval must be a duration of more than 0s"},
	"an invalid port":          {fields{"endpoint": "https://events.example.com:99999"}, "field endpoint has an invalid port"},
	"a password for OAuth":     {fields{"oauth": fields{"server": "https://me:secret@oauth.example.com"}}, "field oauth.server must not hold a user or password"},
	"no call in a request":     {fields{"max_request_calls": 0}, "field max_request_calls must be from 1 to 2500"},
	"too many calls":           {fields{"max_request_calls": 2501}, "field max_request_calls must be from 1 to 2500"},
	"calls of no size":         {fields{"max_call_bytes": 0}, "field max_call_bytes must be from 1 to 32768"},
	"large calls":              {fields{"max_call_bytes": 32769}, "field max_call_bytes must be from 1 to 32768"},
	"small requests":           {fields{"max_request_bytes": 32063}, "field max_request_bytes must be from max_call_bytes + 64"},
	"OAuth without its keys":   {fields{"oauth": fields{"client_id": "app"}}, "field oauth needs client_id, key_id and private_key together"},
	"OAuth without a client":   {fields{"oauth": fields{"key_id": "kid", "private_key": "secret"}}, "field oauth needs client_id, key_id"},
	"an OAuth server by name":  {fields{"oauth": fields{"server": "oauth2.segment.io"}}, "field oauth.server must begin with http:// or https://, followed by a host"},
	"a query for OAuth":        {fields{"oauth": fields{"server": "https://oauth.example.com?a=b"}}, "field oauth.server must be a base URL"},
	"metadata for OAuth":       {fields{"oauth": fields{"server": "https://169.254.169.254"}}, "field oauth.server must not be a link-local address"},
	"a plain OAuth server":     {fields{"oauth": fields{"server": "http://oauth2.segment.io"}}, "field oauth.server must use https"},
	"half of OAuth":            {fields{"oauth": fields{"client_id": "c", "key_id": "k"}}, "field oauth needs client_id, key_id and private_key together"},
	"OAuth of no host":         {fields{"oauth": fields{"server": "oauth2.segment.io"}}, "field oauth.server must begin with http:// or https://, followed by a host"},
	"OAuth in plain http":      {fields{"oauth": fields{"server": "http://oauth2.segment.io"}}, "field oauth.server must use https"},
	"a token in two lines":     {fields{"verify": fields{"token": "secret\nsecret"}}, "field verify.token has a blank or a line break in it"},
	"required without a token": {fields{"verify": fields{"required": true}}, "field verify.required needs verify.token"},
	"required of any key":      {fields{"write_key": "${! @key }", "verify": fields{"token": "secret", "required": true}}, "field verify.required needs a write_key that is the same"},
	"asking all the time":      {fields{"verify": fields{"interval": "0s"}}, "field verify.interval must be a duration of more than 0s"},
	"an API without a scheme":  {fields{"verify": fields{"endpoint": "api.segmentapis.com"}}, "field verify.endpoint must begin with http:// or https://, followed by a host"},
	"an API with a password":   {fields{"verify": fields{"endpoint": "https://me:secret@api.segmentapis.com"}}, "field verify.endpoint must not hold a user or password"},
	"an API with a query":      {fields{"verify": fields{"endpoint": "https://api.segmentapis.com?a=b"}}, "field verify.endpoint must be a base URL"},
	"an API in plain http":     {fields{"verify": fields{"endpoint": "http://api.segmentapis.com"}}, "field verify.endpoint must use https"},
	"metadata for an API":      {fields{"verify": fields{"endpoint": "https://169.254.169.254"}}, "field verify.endpoint must not be a link-local address"},
	"the other API":            {fields{"verify": fields{"endpoint": "https://api.segment.io"}}, "field verify.endpoint is a host of the Tracking API"},
	"large requests":           {fields{"max_request_bytes": 512_001}, "field max_request_bytes must be from"},
	"a provider without ids": {
		fields{"consent": fields{"providers": []fields{{"provider": "ketch", "ids": []string{}}}}},
		"field consent.providers has ketch without ids, which would skip nothing",
	},
	"a provider twice": {
		fields{"consent": fields{"providers": []fields{{"provider": "ketch", "ids": []string{"a"}}, {"provider": "Ketch", "ids": []string{"b"}}}}},
		"field consent.providers lists ketch twice: put all its ids into one entry",
	},
	"a strategy that does not count": {
		fields{"consent": fields{"providers": []fields{{"provider": "ketch", "ids": []string{"a"}, "resolution_strategy": "or"}}}},
		"field consent.providers has a resolution_strategy for ketch, which would not count: only custom has one",
	},
	"an unset id": {
		fields{"consent": fields{"providers": []fields{{"provider": "oneTrust", "ids": []string{"a", "${SEGMENT_TEST_UNSET:}"}}}}},
		"field consent has an empty id, as an unset variable gives",
	},
	"an unset cookie category": {fields{"consent": fields{"one_trust_cookie_categories": []string{""}}}, "field consent has an empty id"},
	"a plan of no file":        {fields{"tracking_plan": fields{"file": "${SEGMENT_TEST_UNSET:}"}}, "field tracking_plan.file is empty: set it to the file of the plan"},
	"a plan without a file":    {fields{"tracking_plan": fields{"on_violation": "mark"}}, "field tracking_plan.file is missing: set it to the file of the plan"},
	"outcomes for everybody":   {fields{"outcomes": fields{"address": "0.0.0.0:4196"}}, "field outcomes.address can be reached from other machines, and whoever"},
	"outcomes of no host":      {fields{"outcomes": fields{"address": ":4196"}}, "field outcomes.address can be reached from other machines"},
	"outcomes of no port":      {fields{"outcomes": fields{"address": "127.0.0.1"}}, "field outcomes.address must be a host and a port, such as"},
	"outcomes by URL":          {fields{"outcomes": fields{"address": "http://127.0.0.1:4196"}}, "field outcomes.address must be a host and a port"},
	"no outcomes kept":         {fields{"outcomes": fields{"calls": 0}}, "field outcomes.calls must be a whole number from 1 to 100000"},
	"too many outcomes":        {fields{"outcomes": fields{"calls": 100_001}}, "field outcomes.calls must be a whole number from 1 to 100000"},
	"an unset purpose":         {fields{"consent": fields{"ketch_consent_purposes": []string{""}}}, "field consent has an empty id"},
}

func TestTheLinterAndTheConstructorRefuseTheSame(t *testing.T) {
	for name, test := range refusals {
		t.Run(name, func(t *testing.T) {
			output := segmentOutput("", test.fields)
			sentences := lint(t, output)
			require.Len(t, sentences, 1)
			assert.Contains(t, sentences[0], test.says)
			assert.ErrorContains(t, build(t, output), sentences[0])
			assert.NotContains(t, sentences[0], "secret")
		})
	}
}

func TestTheKeyIsNeeded(t *testing.T) {
	const output = `{"segment": {"region": "eu"}}`
	assert.Contains(t, strings.Join(lint(t, output), "\n"), "field write_key is required")
	assert.ErrorContains(t, build(t, output), "write_key")
}

// Reported: "field consent.providers has  without ids".
func TestAProviderWithoutANameIsSaidOnce(t *testing.T) {
	output := segmentOutput("", fields{"consent": fields{"providers": []fields{{"provider": "", "ids": []string{}}}}})
	assert.Equal(t, []string{"value  is not a valid option for this field"}, lint(t, output))
	assert.ErrorContains(t, build(t, output), `field provider has an unknown value ""`)
	output = segmentOutput("", fields{"consent": fields{"providers": []fields{{"ids": []string{}}}}})
	assert.Equal(t, []string{"field provider is required"}, lint(t, output))
}

func TestAFieldWithAFixedSetOfValuesTakesNoOther(t *testing.T) {
	for _, name := range []string{"region", "integrations", "sent_at", "compression", "on_setup_error"} {
		output := segmentOutput("", fields{name: "wrong"})
		assert.Equal(t, []string{"value wrong is not a valid option for this field"}, lint(t, output), name)
		assert.ErrorContains(t, build(t, output), `field `+name+` has an unknown value "wrong"`)
	}
}

func TestValuesMayBeInCapitalsWhereTheLinterAllowsIt(t *testing.T) {
	output := segmentOutput("", fields{
		"region": "EU", "integrations": "Drop", "sent_at": "None", "compression": "GZIP", "on_setup_error": "Hold",
	})
	assert.Empty(t, lint(t, output))
	assert.NoError(t, build(t, output))
}

func TestPlainHTTPStaysNear(t *testing.T) {
	for endpoint, isNear := range map[string]bool{
		"http://localhost":                true,
		"http://LOCALHOST:80":             true,
		"http://127.0.0.1:8765":           true,
		"http://127.3.2.1":                true,
		"http://[::1]:8765":               true,
		"http://sandbox:8080":             true,
		"http://my-sandbox_2/path":        true,
		"http://10.1.2.3":                 true,
		"http://172.16.0.1":               true,
		"http://172.31.255.1":             true,
		"http://192.168.1.1":              true,
		"http://[fd12:3456::1]:80":        true,
		"http://api.segment.io":           false,
		"HTTP://api.segment.io":           false,
		"http://8.8.8.8":                  false,
		"http://172.32.0.1":               false,
		"http://169.254.169.254":          false,
		"http://169.254.169.254/latest":   false,
		"http://[fe80::1]":                false,
		"http://[2001:db8::1]":            false,
		"http://[::ffff:8.8.8.8]":         false,
		"http://127.0.0.1.example.com":    false,
		"http://localhost.example.com":    false,
		"http://10.0.0.1.example.com:80":  false,
		"http://2130706433":               false,
		"http://0x7f.1":                   false,
		"https://api.segment.io":          true,
		"https://8.8.8.8":                 true,
		"https://events.example.com/base": true,
		"https://events.example.com/v1":   true,
		"https://batch.example.com/v1/":   true,
		"https://events.example.com/t":    true,
		"https://example.com/v1/segment":  true,
	} {
		output := segmentOutput(endpoint)
		if isNear {
			assert.Empty(t, lint(t, output), endpoint)
			assert.NoError(t, build(t, output), endpoint)
			continue
		}
		assert.Contains(t, strings.Join(lint(t, output), "\n"), "field endpoint must use https", endpoint)
		assert.ErrorContains(t, build(t, output), "field endpoint must use https", endpoint)
	}
}

func TestBatchingMayBeLeftOutInPart(t *testing.T) {
	for name, batching := range map[string]fields{
		"a period":         {"period": "5s"},
		"a count of one":   {"count": 1},
		"a check":          {"check": "true"},
		"all as exported":  {"count": 0, "byte_size": 0, "period": "", "check": ""},
		"count and period": {"count": 10, "period": "10ms"},
	} {
		output := segmentOutput("", fields{"batching": batching})
		assert.Empty(t, lint(t, output), name)
		assert.NoError(t, build(t, output), name)
	}
	assert.ErrorContains(t, build(t, segmentOutput("", fields{"batching": fields{"period": "often"}})), "batching")
}

func TestTheRegionDecidesWhereThereIsNoEndpoint(t *testing.T) {
	for region, host := range map[string]string{"us": "api.segment.io", "eu": "events.eu1.segmentapis.com"} {
		for _, endpoint := range []string{"", "  ", "${SEGMENT_TEST_UNSET:}"} {
			assert.Equal(t, host+":443", hostOf(t, segmentOutput(endpoint, fields{"region": region})))
		}
	}
	assert.Equal(t, "events.example.com:443", hostOf(t, segmentOutput("https://events.example.com/v1", fields{"region": "eu"})))
	assert.Equal(t, "api.segment.io:443", hostOf(t, `{"segment": {"write_key": "k", "endpoint": ""}}`))
}

// hostOf returns the host that an output wants to be connected to.
func hostOf(t *testing.T, output string) (host string) {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodConnect, r.Method)
		host = r.Host
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	output = strings.Replace(output, `"write_key"`, `"proxy_url": "`+proxy.URL+`", "write_key"`, 1)
	withOutput(t, output, func(o *service.ResourceOutput) {
		results := o.ConnectionTest(t.Context())
		require.Len(t, results, 1)
		assert.ErrorContains(t, results[0].Err, "reaching the endpoint")
	})
	return host
}

func TestTheConnectionTestTellsWhetherTheEndpointCanBeReached(t *testing.T) {
	sb := segmenttest.New(t)
	withOutput(t, segmentOutput(sb.URL), func(o *service.ResourceOutput) {
		results := o.ConnectionTest(t.Context())
		require.Len(t, results, 1)
		assert.NoError(t, results[0].Err)
	})
	assert.Empty(t, sb.Calls())

	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	withOutput(t, segmentOutput(gone.URL), func(o *service.ResourceOutput) {
		results := o.ConnectionTest(t.Context())
		require.Len(t, results, 1)
		assert.ErrorContains(t, results[0].Err, "reaching the endpoint: ")
		assert.NotContains(t, results[0].Err.Error(), "a-write-key")
	})
}

func TestARateLimitThatIsMissingIsFoundAtTheStart(t *testing.T) {
	assert.ErrorContains(t, build(t, segmentOutput("", fields{"rate_limit": "absent"})),
		`field rate_limit: there is no rate_limit resource "absent"`)
}

func TestSecretsAreHiddenWhereConfigsArePrinted(t *testing.T) {
	schema := service.GlobalEnvironment().CoreConfigSchema("", "")
	view, err := schema.NewStreamConfigMarshaller().SetScrubSecrets(true).
		AnyToYAML(map[string]any{"output": map[string]any{"segment": map[string]any{
			"write_key": "wk_CANARY", "verify": map[string]any{"token": "sgp_CANARY"}, "oauth": map[string]any{"private_key": "CANARY"}, "tls": map[string]any{"client_certs": []any{map[string]any{"key": "CANARY"}}},
		}}})
	require.NoError(t, err)
	assert.NotContains(t, view, "CANARY")
	assert.Contains(t, view, "SECRET_SCRUBBED")
}

func TestMain(m *testing.M) {
	// A proxy of the machine that runs the tests must not get their keys.
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		_ = os.Unsetenv(name)
	}
	os.Exit(m.Run())
}
