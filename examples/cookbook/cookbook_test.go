// Package cookbook runs every recipe of this folder with the real binary, against
// a sandbox in Segment's place, and compares the calls that arrive with those that
// testdata has.
package cookbook

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recipes say how each of them is fed. Those whose input is a file need nothing but
// what is in their environment.
var recipes = map[string]func(*kitchen){
	"alias_mixpanel":           aliased,
	"backfill":                 fromFile(map[string]string{"EVENTS_PER_SECOND": "1000"}),
	"bots_out":                 fromFile(map[string]string{"MONITOR_IPS": "198.51.100.9, 198.51.100.4,"}),
	"consent":                  fromFile(nil),
	"csv":                      fromFile(nil),
	"deduplication":            deduplicated,
	"enrichment":               enriched,
	"ga4_bigquery":             fromFile(nil),
	"ga4_measurement_protocol": measurementProtocol,
	"hash_personal_data":       fromFile(map[string]string{"HASH_KEY": "a-key-of-the-test"}),
	"jetstream_work_queue":     fromWorkQueue,
	"late_events":              fromFile(nil),
	"mqtt_devices":             fromDevices,
	"per_tenant_keys":          perTenant,
	"posthog":                  fromFile(nil),
	"rename_by_table":          fromFile(nil),
	"replay":                   replayed,
	"rudderstack_archive":      fromFile(nil),
	"sampling":                 fromFile(map[string]string{"SAMPLE": "40"}),
	"segment_archive":          fromFile(nil),
	"segment_function":         fromFile(nil),
	"shopify_webhook":          shopify,
	"snowplow":                 fromSnowplow,
	"stripe_webhook":           stripe,
	"postgres_outbox":          fromOutbox,
	"postgres_rows":            fromRows,
	"warehouse_fan_out":        toWarehouse,
	"protobuf_kafka":           fromProtobuf,
	"avro_kafka":               fromAvro,
}

func TestEveryRecipeMakesItsCalls(t *testing.T) {
	for name, cook := range recipes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cook(newKitchen(t, name))
		})
	}
}

// names are those of the recipes in this folder.
func names(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file, ".yaml"))
	}
	require.NotEmpty(t, names)
	return names
}

func TestEveryRecipeIsRun(t *testing.T) {
	for _, name := range names(t) {
		assert.Contains(t, recipes, name)
	}
}

// unavoidable is what lint says of MQTT, whatever its settings.
const unavoidable = "mqtt acknowledges an event when it is read"

func TestEveryRecipeLintsWithoutAHint(t *testing.T) {
	lint := exec.Command(binary, append([]string{"lint", "--deprecated", "--skip-env-var-check"}, recipeFiles(t)...)...)
	lint.Env = []string{"SEGMENT_WRITE_KEY=any"}
	said, err := lint.CombinedOutput()
	require.NoError(t, err, "%s", said)
	for line := range strings.Lines(string(said)) {
		assert.True(t, strings.HasPrefix(line, "mqtt_devices.yaml") && strings.Contains(line, unavoidable), line)
	}
}

func recipeFiles(t *testing.T) (files []string) {
	for _, name := range names(t) {
		files = append(files, name+".yaml")
	}
	return files
}

// What a reader may count on, whichever recipe it is.
func TestEveryRecipeKeepsToTheForm(t *testing.T) {
	question := regexp.MustCompile(`\A# (How|Why|What|When|Which|Can) [^\n]*\?\n#\n`)
	secret := regexp.MustCompile(`(?m)^\s*(write_key|password|token|dsn):\s*(\S.*)$`)
	for _, name := range names(t) {
		recipe, err := os.ReadFile(name + ".yaml")
		require.NoError(t, err)
		assert.True(t, question.Match(recipe), "%s: the first line is the question that it answers", name)
		assert.LessOrEqual(t, bytes.Count(recipe, []byte("\n")), 90, name)
		for _, want := range []string{"#   benthos-segment run examples/cookbook/" + name + ".yaml\n", " fallback:\n", "\nshutdown_timeout: "} {
			assert.True(t, bytes.Contains(recipe, []byte(want)), "%s has no %s", name, want)
		}
		for _, set := range secret.FindAllStringSubmatch(string(recipe), -1) {
			assert.Contains(t, set[2], "${", "%s: %s is from the environment", name, set[1])
		}
		assert.FileExists(t, filepath.Join("testdata", name, "calls.ndjson"))
	}
}

// inTheCloud is the form of an input that the default binary does not have, in
// comments under the one that is tested.
var inTheCloud = regexp.MustCompile(`(?ms)^  # Straight from [^\n]*\n((?:  # [^\n]*\n)+)`)

// The default binary knows neither S3 nor GCS: of these lines it can tell that they
// are YAML in the right place, and that nothing else is wrong.
func TestTheFormsForTheCloudAreWhatTheyReplace(t *testing.T) {
	component := map[string]string{"segment_archive": "aws_s3", "rudderstack_archive": "gcp_cloud_storage"}
	for name, input := range component {
		recipe, err := os.ReadFile(name + ".yaml")
		require.NoError(t, err)
		found := inTheCloud.FindStringSubmatch(string(recipe))
		require.NotNil(t, found, name)
		before, after, isThere := strings.Cut(string(recipe), "\ninput:\n")
		require.True(t, isThere)
		_, after, isThere = strings.Cut(after, found[0])
		require.True(t, isThere)
		cloud := filepath.Join(t.TempDir(), name+".yaml")
		uncommented := strings.ReplaceAll(found[1], "  # ", "  ")
		require.NoError(t, os.WriteFile(cloud, []byte(before+"\ninput:\n"+uncommented+after), 0o600))
		lint := exec.Command(binary, "lint", "--skip-env-var-check", cloud)
		lint.Env = []string{"SEGMENT_WRITE_KEY=any"}
		said, err := lint.CombinedOutput()
		if err == nil {
			continue // built with TAGS=cloud
		}
		assert.Equal(t, 1, bytes.Count(said, []byte("\n")), "%s", said)
		assert.Contains(t, string(said), input+" is no input that this build has")
	}
}
