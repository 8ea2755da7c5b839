package guarantees_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// risks lists what could be done to us, or with us, the rule against it, and
// the tests that hold us to the rule.
var risks = []struct {
	risk, rule string
	proven     []string
}{
	{"the key shows where a config is printed", "secret fields", []string{
		"plugin TestSecretsAreHiddenWhereConfigsArePrinted",
	}},
	{"the key shows in logs, errors, metrics, spans, dead letters", "never there, in no form, after any fault", []string{
		"internal/guarantees TestFaultMatrix", "internal/guarantees TestRandomScripts",
		"plugin TestTheWriteKeyIsSentAndNeverSaid", "internal/sandbox TestNoAnswerShowsAWriteKey",
	}},
	{"the key is sent to whoever the endpoint names", "userinfo, other schemes, line breaks, link-local hosts are refused", []string{
		"internal/guarantees TestEndpointsThatAreRefusedAreNeverCalled", "plugin TestTheLinterAndTheConstructorRefuseTheSame",
	}},
	{"an event chooses the endpoint", "never interpolated", []string{
		"internal/guarantees TestEndpointsThatAreRefusedAreNeverCalled",
	}},
	{"a key adds headers to a request", "always in base64", []string{
		"internal/guarantees TestOddWriteKeysStayWithinTheirHeader",
	}},
	{"personal data in logs", "reasons without values", []string{
		"internal/guarantees TestFaultMatrix", "internal/segment TestNoViolationShowsAValueOfThePayload",
	}},
	{"a redirect takes the key elsewhere", "never followed", []string{
		"internal/guarantees TestFaultMatrix", "internal/tracking TestARedirectIsNotFollowed",
	}},
	{"somebody listens on the way", "TLS 1.2 or newer, verified; plain http for near hosts only", []string{
		"internal/guarantees TestFaultMatrix", "plugin TestPlainHTTPStaysNear",
		"internal/tracking TestACertificateThatDoesNotHoldIsASetupError", "internal/tracking TestAServerOfOldVersionsIsASetupError",
	}},
	{"a proxy nobody knows of", "that of proxy_url, else as Go reads the environment", []string{
		"internal/guarantees TestAProxyIsThatOfTheConfigOrTheEnvironment",
		"internal/guarantees TestAProxyOfTheEnvironmentThatCannotBeReadIsSaidAtStart",
	}},
	{"a server writes into our log", "its words are never repeated, or short, in quotes and printable", []string{
		"internal/tracking TestAnAnswerThatIsNotHTTPIsNotRepeated", "internal/guarantees TestFaultMatrix",
		"cmd/benthos-segment TestWhatAServerSendsUnaskedIsNotInTheLog", "cmd/benthos-segment TestALineOfTheStandardLoggerIsCleaned",
	}},
	{"a server answers without end", "64 KB of headers, 64 KB of body, one timeout for all", []string{
		"internal/guarantees TestFaultMatrix", "internal/tracking TestAnEndlessAnswerIsNotRead",
	}},
	{"bombs for the sandbox", "bounded before and after inflating, in number and in bytes", []string{
		"internal/sandbox TestAGzipBombStaysSmall", "internal/sandbox TestTheBodyOnTheWireIsBounded",
		"internal/sandbox TestBodiesThatCannotBeDecoded", "internal/sandbox TestTheOldestCallsAreEvictedByBytes",
		"internal/sandbox TestDeepCallsDoNotBreakTheListTheyAreIn", "internal/sandbox FuzzBody",
	}},
	{"any web page fills the sandbox's memory", "size before content; bounds on elements, on bodies at once, on what is kept", []string{
		"internal/sandbox TestABatchOfManyElementsCostsNoMoreThanItsSize", "internal/sandbox TestBodiesInMemoryAtOnceAreBounded",
		"internal/sandbox TestWhatIsKeptOfARequestIsBounded", "internal/sandbox TestTextsBesideTheCallsAreCounted",
	}},
	{"an open socket or a filter blocks the sandbox", "no lock while waiting; bounds on time, terms and faults", []string{
		"internal/sandbox TestASlowRequestForATokenDelaysNobody", "internal/sandbox TestSlowBodiesAreEnded",
		"internal/sandbox TestAStopDoesNotWaitForSlowBodies", "internal/sandbox TestACostlyFilterDelaysNobody",
		"internal/sandbox TestMatchingEndsWithItsRequest", "internal/sandbox TestFaultsAreBoundedInNumberAndSize",
	}},
	{"a page gets a token, or runs as one of the sandbox", "random tokens, no foreign origin, Content-Security-Policy", []string{
		"internal/sandbox TestATokenLetsCallsInAndCannotBeGuessed", "internal/sandbox TestAPageOfAnotherOriginGetsNoToken",
		"internal/sandbox TestTheBodyOfAFaultIsIsolated",
	}},
	{"a query that cannot be read acts on everything", "400 on every endpoint", []string{
		"internal/sandbox TestAMalformedQueryDoesNothing", "internal/sandbox TestAnEmptyFilterDoesNotMeanEveryCall",
		"internal/sandbox TestAFilterInTheBodyIsNotIgnored",
	}},
	{"the sandbox's filters tell a key letter by letter", "they look at what is shown", []string{
		"internal/sandbox TestNoFilterRevealsAKeyLetterByLetter", "internal/sandbox TestNoFaultRevealsAKeyLetterByLetter",
		"internal/sandbox TestAKeyInAnAddressIsKeptMasked", "internal/sandbox TestNoAnswerShowsAWriteKey",
	}},
	{"the sandbox is reached from elsewhere", "loopback, known host names", []string{
		"cmd/internal/sandbox TestTheSandboxCommandSaysWhatIsWrong", "cmd/internal/sandbox TestTheControlAPIGoesByTheNameItListensOn",
		"internal/sandbox TestTheControlAPIIsOnlyForItsOwnPages",
	}},
	{"a foreign page reads the calls, or injects faults", "no foreign Origin, no cross-site request", []string{
		"internal/sandbox TestTheControlAPIIsOnlyForItsOwnPages",
	}},
	{"an event runs as a script on the page", "text only, a strict Content-Security-Policy, Trusted Types", []string{
		"internal/sandbox/pagetest TestHostileContentStaysText", "internal/sandbox/pagetest TestThePageIsSmallAndMakesNoMarkup",
	}},
	{"an event named __proto__ changes the page's objects", "maps, and no merging", []string{
		"internal/sandbox/pagetest TestHostileContentStaysText",
	}},
	{"the sandbox is made to call somebody", "replay goes only where the command line says", []string{
		"internal/sandbox TestReplayKeepsIDsAndKeysAndGoesToItsTargetOnly",
		"internal/sandbox/pagetest TestReplayGoesOnlyWhereTheCommandLineSays",
	}},
	{"an export is written where an event says", "fixed file names, as attachments", []string{
		"internal/sandbox TestCallsAreExportedAsLines", "internal/sandbox TestTheExportedFixtureIsGo",
	}},
	{"the API of streams mode gives every key, and runs any config", "on loopback only, scrubbed, and not for web pages", []string{
		"cmd/benthos-segment TestTheAPIForStreamsShowsNoSecret", "cmd/benthos-segment TestTheErrorsOfTheAPIForStreamsShowNoSecret",
		"cmd/benthos-segment TestAWebPageCannotUseTheAPIForStreams", "cmd/benthos-segment TestThereIsNoAPIForStreamsWhereOthersReachIt",
	}},
	{"other secrets show, or while a config is reloaded", "never, in no form", []string{
		"cmd/benthos-segment TestOtherSecretsAreFoundNowhereEither",
	}},
	{"a licence that does not allow what we do", "Apache-2.0 components of Connect, and known licences", []string{
		"internal/noticegen TestOnlyAllowedLicencesAreLinked", "internal/noticegen TestTheDefaultBinaryHasOneFileUnderTheCommunityLicence",
		"internal/noticegen TestTheNoticeAndThePageSayWhatIsLinked",
	}},
}

func TestEveryRiskHasItsTest(t *testing.T) {
	for _, row := range risks {
		assert.NotEmpty(t, row.proven, row.risk)
		requireTests(t, row.proven)
	}
}

// Whatever would be dialled goes through a proxy that must never be asked.
func TestEndpointsThatAreRefusedAreNeverCalled(t *testing.T) {
	var dials atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	proxy.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dials.Add(1)
		}
	}
	t.Cleanup(proxy.Close)
	for name, wrong := range map[string]fields{
		"no key":                   {"write_key": ""},
		"a line break":             {"endpoint": "https://events.example.com\r\nX-Evil: 1"},
		"a line break in the path": {"endpoint": "https://events.example.com/a\r\nHost: evil.example"},
		"a NUL":                    {"endpoint": "https://events.example.com/\x00"},
		"a file":                   {"endpoint": "file:///etc/passwd"},
		"another scheme":           {"endpoint": "gopher://127.0.0.1:25/"},
		"cloud metadata":           {"endpoint": "http://169.254.169.254/latest"},
		"cloud metadata over TLS":  {"endpoint": "https://169.254.169.254/latest"},
		"link-local":               {"endpoint": "https://[fe80::1]/"},
		"cloud metadata, mapped":   {"endpoint": "https://[::ffff:169.254.169.254]/"},
		"a key in the URL":         {"endpoint": "https://" + canaryKey + "@events.example.com"},
		"chosen by an event":       {"endpoint": "https://${! json(\"host\") }"},
		"chosen by metadata":       {"endpoint": "${! @endpoint }"},
	} {
		t.Run(name, func(t *testing.T) {
			err := built(t, segmentOutput("", fields{"proxy_url": proxy.URL}, wrong))
			require.Error(t, err)
			assert.NotContains(t, err.Error(), canaryKey)
		})
	}
	assert.Zero(t, dials.Load())
}

// built makes an output as a config that nobody has linted would, and sends a
// call.
func built(t *testing.T, output string) error {
	t.Helper()
	return made(t, output, func(o *service.ResourceOutput) {
		_ = o.WriteBatch(t.Context(), messages([]given{{payload: `{"type":"page","userId":"u"}`}}))
	})
}

// madeOnly makes an output and sends nothing.
func madeOnly(t *testing.T, output string) error {
	t.Helper()
	return made(t, output, func(*service.ResourceOutput) {})
}

func made(t *testing.T, output string, use func(*service.ResourceOutput)) error {
	t.Helper()
	builder := service.NewResourceBuilder()
	builder.DisableLinting()
	require.NoError(t, builder.AddOutputYAML(`{"label": "it", `+output[1:]))
	resources, closeAll, err := builder.Build()
	require.NoError(t, err)
	defer func() { assert.NoError(t, closeAll(context.WithoutCancel(t.Context()))) }()
	return resources.AccessOutput(t.Context(), "it", use)
}

// throughProxy tells a test that it is the process with a proxy in its
// environment, which Go reads once.
const throughProxy = "BENTHOS_SEGMENT_TEST_THROUGH_PROXY"

func TestAProxyIsThatOfTheConfigOrTheEnvironment(t *testing.T) {
	list := trial{calls: 1, people: 1}.givenCalls()
	if os.Getenv(throughProxy) != "" {
		start(t, segmentOutput("http://segment")).accept(t, list)
		return
	}
	sb := segmenttest.NewInProcess(t)
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Host)
		sb.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)

	start(t, segmentOutput("http://segment", fields{"proxy_url": proxy.URL})).accept(t, list)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "HTTP_PROXY="+proxy.URL, throughProxy+"=1")
	out, err := child.CombinedOutput()

	require.NoError(t, err, "%s", out)
	assert.Equal(t, []string{"segment", "segment"}, asked)
	assert.Equal(t, 2, sb.Summary().Accepted)
	assert.NotContains(t, string(out), canaryKey)
}
