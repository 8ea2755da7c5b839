package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// created runs create over an export and returns the pipeline, after lint has found
// nothing in it.
func created(t *testing.T, export string) (config string, p *process) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "export.json")
	require.NoError(t, os.WriteFile(file, []byte(export), 0o600))
	p = begin(t, "create", "--from-rudderstack", file)
	require.Zero(t, p.code(), p.said())
	config = p.out.String()
	for _, name := range regexp.MustCompile(`\$\{(S[A-Z0-9_]+)\}`).FindAllStringSubmatch(config, -1) {
		t.Setenv(name[1], strings.ToLower(name[1]))
	}
	linted := begin(t, "lint", pipeline(t, config))
	assert.Zero(t, linted.code(), linted.said())
	assert.Empty(t, linted.said(), config)
	return config, p
}

// The first line of the help text led to a pipeline that lint accepted and run
// refused, because of the plan of an example.
func TestWhatCreatePrintsRunsWithAWriteKeyAlone(t *testing.T) {
	t.Setenv("SEGMENT_WRITE_KEY", "key")
	p := begin(t, "create", "stdin//segment")
	require.Zero(t, p.code(), p.said())
	file := pipeline(t, strings.Replace(p.out.String(), "0.0.0.0:4195", "127.0.0.1:0", 1))
	p = begin(t, "lint", file)
	assert.Zero(t, p.code(), p.said())
	p = begin(t, "run", file) // which ends when its empty standard input does
	assert.Zero(t, p.code(), p.said())
}

// The form in which the server reads a workspace, as rudder-server's tests have it.
const workspace = `{"workspaceId":"w","sources":[
  {"id":"s1","name":"Site","writeKey":"rudder-key-site","enabled":true,"sourceDefinition":{"name":"Javascript"},"destinations":[
    {"id":"d1","name":"Product","enabled":true,"config":{"writeKey":"secret-of-product",
      "consentManagement":{"web":[{"provider":"oneTrust","consents":[{"consent":"C0002"},{"consent":" "}]},
                                  {"provider":"custom","resolutionStrategy":"or","consents":[{"consent":"ads"}]},
                                  {"provider":"didomi","consents":[{"consent":"x"}]}]},
      "oneTrustCookieCategories":[{"oneTrustCookieCategory":"${PATH}"}],"eventDelivery":true},
      "transformations":[{"id":"t1"}],
      "destinationDefinition":{"name":"SEGMENT","displayName":"Segment"}},
    {"id":"d2","name":"Marketing","enabled":true,"config":{"writeKey":"env.MARKETING_KEY"},"destinationDefinition":{"name":"SEGMENT"}},
    {"id":"d3","name":"GA","enabled":true,"config":{"trackingID":"x"},"destinationDefinition":{"name":"GA"}}]},
  {"id":"s2","name":"App","writeKey":"rudder-key-app","enabled":true,"sourceDefinition":{"name":"Android"},"destinations":[
    {"id":"d1","name":"Product","enabled":true,"config":{"writeKey":"secret-of-product"},"destinationDefinition":{"name":"SEGMENT"}}]},
  {"id":"s3","name":"Old","writeKey":"rudder-key-old","enabled":false,"destinations":[
    {"id":"d1","name":"Product","enabled":true,"config":{"writeKey":"secret-of-product"},"destinationDefinition":{"name":"SEGMENT"}}]}
]}`

func TestCreateFromRudderStackWritesWhatLintsWithoutAKey(t *testing.T) {
	t.Setenv("MARKETING_KEY", "marketing")
	config, p := created(t, workspace)
	for _, secret := range []string{"secret-of-product", "rudder-key"} {
		assert.NotContains(t, config+p.said(), secret)
	}
	for _, part := range []string{
		`- "${SOURCE_WRITE_KEY_SITE}"`, `- "${SOURCE_WRITE_KEY_APP}"`,
		`write_key: "${SEGMENT_WRITE_KEY_PRODUCT}"`, `write_key: "${MARKETING_KEY}"`,
		"- provider: oneTrust", `ids: [ "C0002" ]`, "- provider: custom", "resolution_strategy: or", `one_trust_cookie_categories: [ "$\u007bPATH}" ]`,
		"message_id: ", "pattern: fan_out",
	} {
		assert.Contains(t, config, part)
	}
	for _, note := range []string{
		`the source "Old": it is disabled`, `the transformation of the destination "Product"`,
		`the consent of the provider "didomi" in the destination "Product"`, `the setting "eventDelivery" of the destination "Product"`,
	} {
		assert.Contains(t, config, "#   - "+note)
		assert.Contains(t, p.said(), "not carried over: "+note)
	}
	assert.NotContains(t, config, "OLD")
}

func TestCreateFromRudderStackReadsEachFormOfAnExport(t *testing.T) {
	const destination = `{"id":"d1","name":"Segment","config":{"writeKey":"secret"},"destinationDefinition":{"name":"SEGMENT"}}`
	for name, export := range map[string]string{
		"one destination":                 destination,
		"a destination of no definition":  `{"name":"Mine","config":{"writeKey":"secret"}}`,
		"destinations":                    `{"destinations":[` + destination + `]}`,
		"by workspace":                    `{"w1":{"sources":[{"id":"s","name":"Web","destinations":[` + destination + `]}]},"w2":{"sources":[]}}`,
		"with capitals":                   `{"Sources":[{"ID":"s","Name":"Web","Destinations":[{"ID":"d","Name":"x","Enabled":true,"Config":{"writeKey":"secret"},"DestinationDefinition":{"Name":"SEGMENT"}}]}]}`,
		"a list of connections":           `{"sources":[{"id":"s","name":"Web"}],"destinations":[` + destination + `],"connections":[{"sourceId":"s","destinationId":"d1","enabled":true}]}`,
		"connections by id":               `{"sources":[{"id":"s","name":"Web"}],"destinations":[` + destination + `],"connections":{"c":{"sourceId":"s","destinationId":"d1"}}}`,
		"what the config generator saves": `{"sources":[{"id":"s","name":"Web"}],"destinations":[` + destination + `],"metadata":{"connectionsStore":{"connections":{"s":["d1"]}}}}`,
		"names that are no labels":        `{"sources":[{"id":"s","name":"Wéb: \"one\"\n# two","destinations":[` + destination + `]},{"id":"t","name":"!!","destinations":[` + destination + `]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			config, p := created(t, export)
			assert.NotContains(t, config+p.said(), "secret")
			assert.Contains(t, config, `write_key: "${SEGMENT_WRITE_KEY`)
		})
	}
}

// One destination has its settings for all sources, and an older one has no
// consentManagement.
func TestCreateFromRudderStackReadsConsentInEachForm(t *testing.T) {
	for settings, want := range map[string]string{
		`"consentManagement":[{"consents":[{"consent":"C1"}]}]`:                       "        consent:\n          providers:\n            - provider: oneTrust\n              ids: [ \"C1\" ]\n",
		`"oneTrustCookieCategories":[{"oneTrustCookieCategory":"C2"}]`:                "          one_trust_cookie_categories: [ \"C2\" ]\n",
		`"ketchConsentPurposes":{"cloud":[{"purpose":"p"}],"web":[{"purpose":"no"}]}`: "          ketch_consent_purposes: [ \"p\" ]\n",
	} {
		config, p := created(t, `{"name":"Segment","type":"SEGMENT","config":{"writeKey":"secret",`+settings+`}}`)
		assert.Contains(t, config, want)
		assert.NotContains(t, p.said(), "not carried over")
	}
}

func TestCreateFromRudderStackSaysWhatItCannotRead(t *testing.T) {
	for export, says := range map[string]string{
		`{`:                       "it is no JSON",
		`[]`:                      "it is no export of RudderStack",
		`{"sources":"secretive"}`: "the member sources is of another type",
		`{"sources":[{"id":"s","destinations":[]}]}`:                                              "there is no destination Segment in it",
		`{"destinations":[{"config":{"writeKey":"secretive"},"enabled":false,"type":"SEGMENT"}]}`: "there is no destination Segment in it",
	} {
		file := filepath.Join(t.TempDir(), "export.json")
		require.NoError(t, os.WriteFile(file, []byte(export), 0o600))
		p := begin(t, "create", "--from-rudderstack", file)
		assert.Equal(t, 2, p.code(), export)
		assert.Contains(t, p.said(), says)
		assert.NotContains(t, p.said(), "secretive")
		assert.Empty(t, p.out.String())
	}
	assert.Equal(t, 2, begin(t, "create", "--from-rudderstack", "absent.json").code())
}

// What is written runs: an event of each source comes to where RudderStack sent it.
func TestWhatCreateWritesFromRudderStackRuns(t *testing.T) {
	sb := segmenttest.New(t)
	t.Setenv("MARKETING_KEY", "marketing")
	config, _ := created(t, workspace)
	door := freeAddress(t)
	t.Setenv("GATEWAY_ADDRESS", door)
	t.Setenv("METRICS_ADDRESS", freeAddress(t))
	t.Setenv("SEGMENT_ENDPOINT", sb.URL)
	t.Setenv("QUEUE_PATH", filepath.Join(t.TempDir(), "queue"))
	t.Setenv("DEAD_LETTERS", filepath.Join(t.TempDir(), "dead.ndjson"))
	p := begin(t, "run", pipeline(t, config))
	for source, denied := range map[string]string{"site": "C0004", "app": "C0002"} {
		post(t, door, "source_write_key_"+source, `{"type":"track","event":"From `+source+`","anonymousId":"a","messageId":"m-`+source+
			`","context":{"consentManagement":{"provider":"oneTrust","deniedConsentIds":["`+denied+`"]}}}`)
	}
	// Of the site's events, this one has no consent, for one of its two targets.
	post(t, door, "source_write_key_site", `{"type":"track","event":"Refused","anonymousId":"a","messageId":"m-refused","context":{"consentManagement":{"provider":"oneTrust","deniedConsentIds":["C0002"]}}}`)
	assert.Eventually(t, func() bool { return len(sb.Calls()) == 4 }, time.Minute, 10*time.Millisecond, p.said())
	var ids []string
	for _, call := range sb.Calls() {
		ids = append(ids, call.MessageID)
	}
	assert.ElementsMatch(t, []string{"m-site", "m-site:segment_marketing", "m-app", "m-refused:segment_marketing"}, ids)
}

// post sends an event as SDKs do, as soon as the door is open.
func post(t *testing.T, door, key, event string) {
	t.Helper()
	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+door+"/v1/track", strings.NewReader(event))
		if err != nil {
			return false
		}
		req.SetBasicAuth(key, "")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond)
}

func TestCreateStillDoesWhatTheEngineDoes(t *testing.T) {
	p := begin(t, "create", "//segment")
	assert.Zero(t, p.code(), p.said())
	assert.Contains(t, p.out.String(), "  segment:\n    write_key:")
	p = begin(t, "create", "--small", "stdin//segment")
	assert.Zero(t, p.code(), p.said())
	assert.NotContains(t, p.out.String(), "sent_at")
	p = begin(t, "create", "stdin/mapping,dedupe/segment,drop")
	assert.Zero(t, p.code(), p.said())
}

// Reported: an unknown type, and no word of the one that was meant.
func TestCreateSuggestsWhatWasMeant(t *testing.T) {
	for expression, says := range map[string]string{
		"//segmnt":               `there is no output "segmnt": did you mean segment?`,
		"stdni//segment":         `there is no input "stdni": did you mean stdin?`,
		"stdin/mapping,bloblag/": `there is no processor "bloblag": did you mean bloblang?`,
		"zzz":                    `there is no input "zzz"` + "\n",
	} {
		p := begin(t, "create", expression)
		assert.Equal(t, 2, p.code(), expression)
		assert.Contains(t, p.said(), says)
		assert.Empty(t, p.out.String())
	}
}
