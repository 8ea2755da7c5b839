package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lintCommand runs the linter over a file of testdata.
func lintCommand(t *testing.T, file string) *process {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "lint", file))
	require.NoError(t, err)
	require.FileExists(t, path)
	return begin(t, "lint", path)
}

func TestLintRefusesWhatCannotWork(t *testing.T) {
	for file, sentence := range map[string]string{
		"no_write_key.yaml":            "field write_key is required",
		"empty_write_key.yaml":         "field write_key is empty: set it to",
		"unknown_region.yaml":          "value asia is not a valid option",
		"endpoint_without_scheme.yaml": "field endpoint must begin with http:// or https://, as in https://",
		"count_without_period.yaml":    "field batching needs a period next to count",
		"endpoint_route.yaml":          "field endpoint must be a base URL, and not a route of the API",
		"endpoint_query.yaml":          "field endpoint must be a base URL, without a query or fragment",
		"plain_http.yaml":              "field endpoint must use https: the write key goes with every request",
		"unknown_integrations.yaml":    "value ignore is not a valid option",
		"misspelt_field.yaml":          "field writekey not recognised",
		"region_disagrees.yaml":        "(9,19) field endpoint is the host of region us, and region is eu",
	} {
		t.Run(file, func(t *testing.T) {
			p := lintCommand(t, file)
			assert.Equal(t, 1, p.code())
			assert.Contains(t, p.said(), sentence)
			assert.Equal(t, 1, strings.Count(p.said(), "\n")-strings.Count(p.said(), "hint:"), p.said())
		})
	}
}

func TestLintHintsAtWhatIsSeldomMeant(t *testing.T) {
	for file, sentence := range map[string]string{
		"no_dead_letter.yaml":  "(5,3) hint: there is no dead letter",
		"retry.yaml":           "hint: retry sends whole batches again and hides the reasons",
		"key_per_message.yaml": "hint: write_key is different for each message: set on_setup_error to reject",
		"list_of_outputs.yaml": "hint: there is no dead letter",
		"short.yml":            "(3,28) hint: write_key is different for each message",

		// Issue 10, A1: 100 of 1,000 events of a Redis stream were acknowledged and
		// never sent, in each of four runs.
		"batched.yaml":          "(2,3) hint: batched acknowledges events that were not sent",
		"batched_resource.yaml": "(6,5) hint: batched acknowledges events that were not sent",
		"broker_batching.yaml":  "(6,5) hint: batching of the input broker acknowledges events that were not sent",
		"memory_buffer.yaml":    "(5,3) hint: a buffer in memory acknowledges an event when it is read",
		// A5: 100 of 100 events were lost in a restart while held.
		"mqtt.yaml":         "(2,3) hint: mqtt acknowledges an event when it is read",
		"redis_list.yaml":   "(2,3) hint: redis_list takes an event off its list when it is read",
		"redis_pubsub.yaml": "(2,3) hint: redis_pubsub keeps nothing",
		"nats.yaml":         "(2,3) hint: nats keeps nothing",
		"auto_ack.yaml":     "(6,15) hint: auto_ack acknowledges an event when it is read",
		// C12: 5 to 800 of 5,000 events out of order.
		"threads.yaml":     "(5,3) hint: pipeline.processors run in several threads, one for each core by default",
		"threads_set.yaml": "(5,12) hint: pipeline.processors run in several threads",
		"greedy.yaml":      "(7,18) hint: greedy gives up order",
		"copies.yaml":      "(7,13) hint: copies sends every event 2 times",
		// C16: one event a second.
		"drop_on.yaml":          "(5,3) hint: drop_on hands over one batch and waits for its answer",
		"drop_on_resource.yaml": "(6,7) hint: drop_on hands over one batch and waits for its answer",
		// C17: 13,000 calls of 1,000 events.
		"ack_wait.yaml":         "(6,15) hint: ack_wait is 1m0s: while Segment cannot be reached for longer",
		"ack_wait_default.yaml": "(2,3) hint: ack_wait is 30s: while Segment cannot be reached for longer",
		"max_ack_pending.yaml":  "(7,22) hint: max_ack_pending is 500 and a batch of the output has up to 1000 events",
		"any_key.yaml":          "(2,3) hint: write_keys is empty: anybody's events are taken",
		"full_timeout.yaml":     "(8,19) hint: full_timeout is 4s, and the clients of the input segment are answered after 4s",
		"prefetch.yaml":         "(2,3) hint: prefetch_count is 10 and a batch of the output has up to 500 events",

		"one_output.yaml":   "(5,3) hint: fallback has one output, so that there is no dead letter",
		"second.yaml":       "(7,7) hint: segment is number 2 in its fallback",
		"fan_out.yaml":      "(6,7) hint: broker sends what an output refuses again and again, and the fallback around it never gets it",
		"switch_retry.yaml": "(7,30) hint: retry_until_success sends what an output refuses again and again",
		"switch.yaml":       "(6,7) hint: switch drops events that match none of its cases",
		"group.yaml":        "(7,7) hint: group_by_value gives up order",
		"unordered.yaml":    "(7,16) hint: unordered_processing gives up order",
		"replay.yaml":       "(6,24) hint: auto_replay_nacks: false deletes events that are not accepted",
		"dedupe.yaml":       "(7,7) hint: dedupe drops events when its cache fails",
		"shutdown.yaml":     "(9,19) hint: shutdown_timeout is 1s",
		// connect#1001: what the period held at a stop came again.
		"period.yaml": "(8,41) hint: batching.period is 1m0s, and a stop has 6s of shutdown_timeout",
		// With oauth, whose tokens go by region, it is an error.
		"region_unused.yaml": "(8,17) hint: region is us, and endpoint is the host of eu, which decides",
		"new_ids.yaml":       "(8,21) hint: message_id is made with uuid_v4(), which is different each time",
	} {
		t.Run(file, func(t *testing.T) {
			p := lintCommand(t, file)
			assert.Zero(t, p.code(), p.said())
			assert.Equal(t, 1, strings.Count(p.said(), "hint:"), p.said())
			assert.Contains(t, p.said(), sentence)
		})
	}
}

// Issue 16, 6: none of these was found, and run refused the first three.
func TestLintSaysOfJSONAsOfYAMLWhereEachThingIs(t *testing.T) {
	p := lintCommand(t, "types.json")
	assert.Equal(t, 1, p.code())
	var said []string
	for line := range strings.Lines(p.said()) {
		_, place, _ := strings.Cut(line, "types.json")
		said = append(said, strings.TrimSpace(place))
	}
	assert.Equal(t, []string{
		`(7,22) field max_in_flight takes a whole number and not "many"; its default is 256`,
		`(8,19) field rate_limit: there is no resource "segment_ipa" in rate_limit_resources: add it, or name the file that has it with -r; did you mean segment_api?`,
		`(9,41) field batching.period takes a duration such as 100ms, 1s or 5m, and not "1 second"; did you mean 1s?`,
		`(10,5) field reigon not recognised; did you mean region?`,
	}, said)
}

func TestLintIsSilentWhereAllIsWell(t *testing.T) {
	for _, file := range []string{"fine.yaml", "fine_resource.yaml", "fine_inputs.yaml", "fine_mqtt.yaml", "fine_without_segment.yaml"} {
		p := lintCommand(t, file)
		assert.Zero(t, p.code())
		assert.Empty(t, p.said(), file)
	}
}

func TestOurOwnPipelinesGetNoHint(t *testing.T) {
	for _, name := range []string{"SEGMENT_WRITE_KEY", "SEGMENT_WRITE_KEY_PRODUCT", "SEGMENT_WRITE_KEY_MARKETING", "SOURCE_WRITE_KEY", "SOURCE_WRITE_KEY_SITE", "SOURCE_WRITE_KEY_APP"} {
		t.Setenv(name, "a-write-key")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	p := begin(t, append([]string{"lint", "--skip-env-var-check"}, pipelinesBelow(t, root+"/config", root+"/examples")...)...)
	assert.Zero(t, p.code())
	assert.Empty(t, p.said())
}

// pipelinesBelow lists the YAML files below folders, without those of the packages
// that make demo-gateway installs there.
func pipelinesBelow(t *testing.T, folders ...string) (files []string) {
	t.Helper()
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.Name() == "node_modules":
				return filepath.SkipDir
			case slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)):
				files = append(files, path)
			}
			return nil
		}))
	}
	require.NotEmpty(t, files)
	return files
}

func TestLintLooksAtTheFilesThatAreNamed(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a.yaml", "b.yml", "c.txt", "e.json", filepath.Join("below", "d.yaml"), filepath.Join("below", "broken.yaml")} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(`{"output": {"segment": {"write_key": "k"}}}`), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "below", "broken.yaml"), []byte("a: ["), 0o600))
	for given, test := range map[string]struct {
		code  int
		files []string
	}{
		"lint $/a.yaml":              {0, []string{"a.yaml"}},
		"lint $/e.json":              {0, []string{"e.json"}},
		"lint $/a.yaml $/b.yml":      {0, []string{"a.yaml", "b.yml"}},
		"lint $/[a-c].*":             {0, []string{"a.yaml", "b.yml", "c.txt"}},
		"lint $/...":                 {1, []string{"a.yaml", "b.yml", "below/broken.yaml", "below/d.yaml"}},
		"lint $/below/...":           {1, []string{"below/broken.yaml", "below/d.yaml"}},
		"lint --deprecated $/b.yml":  {0, []string{"b.yml"}},
		"lint -r $/a.yaml $/b.yml":   {0, []string{"a.yaml", "b.yml"}},
		"-r $/a.yaml lint $/b.yml":   {0, []string{"a.yaml", "b.yml"}},
		"-c $/a.yaml lint":           {0, []string{"a.yaml"}},
		"lint $/a.yaml $/absent.yml": {2, []string{"a.yaml"}},
		"lint":                       {2, nil},
	} {
		p := begin(t, strings.Fields(strings.ReplaceAll(given, "$", folder))...)
		assert.Equal(t, test.code, p.code(), given)
		var files []string
		for line := range strings.Lines(p.said()) {
			if path, _, isFinding := strings.Cut(line, "(1,"); isFinding {
				name, err := filepath.Rel(folder, path)
				require.NoError(t, err)
				files = append(files, filepath.ToSlash(name))
			}
		}
		assert.Equal(t, test.files, files, given)
	}
}

func TestTheExamplesInTheReferenceLint(t *testing.T) {
	view, exists := service.GlobalEnvironment().GetOutputConfig("segment")
	require.True(t, exists)
	data, err := view.TemplateData()
	require.NoError(t, err)
	require.NotEmpty(t, data.Examples)
	linter := service.GlobalEnvironment().FullConfigSchema("", "").NewStreamConfigLinter().
		SetEnvVarLookupFunc(func(context.Context, string) (string, bool) { return "a-key", true })
	for _, example := range data.Examples {
		lints, err := linter.LintYAML([]byte(example.Config))
		require.NoError(t, err)
		assert.Empty(t, lints, example.Title)
	}
}
