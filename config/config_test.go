// Package config_test holds the pipelines that we ship to their word: each of
// them lints, passes the tests that it carries, and has some where it maps.
package config_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	_ "github.com/redpanda-data/connect/v4/public/components/amqp09"
	_ "github.com/redpanda-data/connect/v4/public/components/confluent"
	_ "github.com/redpanda-data/connect/v4/public/components/io"
	_ "github.com/redpanda-data/connect/v4/public/components/kafka"
	_ "github.com/redpanda-data/connect/v4/public/components/mqtt"
	_ "github.com/redpanda-data/connect/v4/public/components/nats"
	_ "github.com/redpanda-data/connect/v4/public/components/prometheus"
	_ "github.com/redpanda-data/connect/v4/public/components/pure"
	_ "github.com/redpanda-data/connect/v4/public/components/redis"
	_ "github.com/redpanda-data/connect/v4/public/components/sql/base"

	_ "benthos-segment/plugin"
)

// atRoot goes to the top of the repository, since the paths in our pipelines
// are written to be run from there, and sets the write keys, since a pipeline
// without one does not lint.
func atRoot(t *testing.T) {
	t.Helper()
	t.Chdir("..")
	for _, name := range []string{"SEGMENT_WRITE_KEY", "SEGMENT_WRITE_KEY_PRODUCT", "SEGMENT_WRITE_KEY_MARKETING", "SOURCE_WRITE_KEY", "SOURCE_WRITE_KEY_SITE", "SOURCE_WRITE_KEY_APP"} {
		t.Setenv(name, "the-write-key")
	}
}

// shipped lists the files below the folders that have that ending.
func shipped(t *testing.T, ending string, folders ...string) (files []string) {
	t.Helper()
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.Name() == "node_modules": // make demo-gateway installs it
				return filepath.SkipDir
			case strings.HasSuffix(path, ending):
				files = append(files, path)
			}
			return nil
		}))
	}
	require.NotEmpty(t, files)
	return files
}

// benthosSegment runs a command line and returns its exit code. What it found
// wrong it prints itself.
func benthosSegment(t *testing.T, args ...string) int {
	t.Helper()
	code, err := service.RunCLIToCode(context.Background(),
		service.CLIOptSetArgs(append([]string{"benthos-segment"}, args...)...))
	require.NoError(t, err)
	return code
}

// isRecipe says whether a file is of the cookbook, whose own test runs each with the
// real binary: it lints there, and the calls that it makes are compared.
func isRecipe(file string) bool {
	return strings.HasPrefix(file, filepath.Join("examples", "cookbook")+string(filepath.Separator))
}

func TestEveryPipelineLints(t *testing.T) {
	atRoot(t)
	for _, file := range shipped(t, ".yaml", "config", "examples") {
		if isRecipe(file) {
			continue
		}
		assert.Zero(t, benthosSegment(t, "lint", "--deprecated", "--skip-env-var-check", file), file)
	}
}

func TestEverySnippetOfTheReadmeLints(t *testing.T) {
	atRoot(t)
	assert.Zero(t, benthosSegment(t, "lint", "--deprecated", "README.md"))
}

func TestEveryPipelinePassesItsOwnTests(t *testing.T) {
	atRoot(t)
	assert.Zero(t, benthosSegment(t, "test", "./config/...", "./examples/..."))
}

func TestEveryPipelineThatMapsCarriesTests(t *testing.T) {
	atRoot(t)
	for _, file := range shipped(t, ".yaml", "config", "examples") {
		pipeline, err := os.ReadFile(file)
		require.NoError(t, err)
		// What a generator makes up is nothing to test a mapping with.
		if !isRecipe(file) && strings.Contains(string(pipeline), "mapping:") && !strings.Contains(string(pipeline), "\n  generate:\n") {
			assert.Contains(t, string(pipeline), "\ntests:\n", file)
		}
	}
}

// A write key with a default is a write key in a file.
func TestNoPipelineForProductionHasAWriteKeyOfItsOwn(t *testing.T) {
	atRoot(t)
	for _, file := range shipped(t, ".yaml", "config") {
		pipeline, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.Lines(string(pipeline)) {
			if _, key, found := strings.Cut(line, " write_key:"); found {
				assert.Regexp(t, `^ "\$\{[A-Z_]+\}"$`, strings.TrimRight(key, "\n"), file)
			}
		}
	}
}

// The input redpanda hands over events of transactions that were aborted, unless
// it is told not to.
func TestEveryPipelineReadsOnlyWhatIsCommittedInKafka(t *testing.T) {
	atRoot(t)
	reads := regexp.MustCompile(`(?m)^  redpanda:\n(    .*\n)+`)
	found := 0
	for _, file := range shipped(t, ".yaml", "config", "examples") {
		pipeline, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, input := range reads.FindAll(pipeline, -1) {
			if !bytes.Contains(input, []byte("consumer_group:")) {
				continue // It writes.
			}
			found++
			assert.Contains(t, string(input), "\n    transaction_isolation_level: read_committed\n", file)
		}
	}
	assert.GreaterOrEqual(t, found, 4)
}

// The input batched acknowledges what was never sent, when a process is stopped
// while held: issue 10, A1. What we ship and show gathers at the output. The
// lint of the binary, which hints at more, is tested on it, too.
func TestNothingThatWeShipGathersAtItsInput(t *testing.T) {
	atRoot(t)
	files := append(shipped(t, ".md", "config", "examples", "docs"), "README.md")
	for _, file := range append(files, shipped(t, ".yaml", "config", "examples")...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.False(t, gathersAtTheInput.Match(text), file)
	}
}

var gathersAtTheInput = regexp.MustCompile(`(?m)^[ -]*batched:`)

// content().string() writes U+FFFD for bytes that are not UTF-8, and the pattern
// that took the error apart stood in seven places: issue 10, A4.
func TestEveryDeadLetterThatWeShipKeepsItsBytes(t *testing.T) {
	atRoot(t)
	files := append(shipped(t, ".md", "config", "examples", "docs"), "README.md")
	files = append(files, shipped(t, ".yaml", "config", "examples", "internal/torture", "internal/e2e")...)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.False(t, losesBytes.Match(text), file)
	}
}

var losesBytes = regexp.MustCompile(`= *content\(\)\.string\(\)|re_find_object\(.*<sentence>`)

// With the engine's default, one thread for each core, 5 to 800 of 5,000 events
// left in another order than they came in: issue 10, C12.
func TestEveryPipelineWithProcessorsKeepsOrder(t *testing.T) {
	atRoot(t)
	checked := 0
	for _, file := range shipped(t, ".yaml", "config", "examples") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var conf struct {
			Pipeline struct {
				Threads    int
				Processors []any
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &conf), file)
		if len(conf.Pipeline.Processors) > 0 {
			assert.Equal(t, 1, conf.Pipeline.Threads, file)
			checked++
		}
	}
	assert.NotZero(t, checked)
}
