package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is said of processors and memory is what was measured last.
func TestTheFiguresAreThoseOfTheMeasurements(t *testing.T) {
	perLine, slow := row(t, "bench/README.md", "per-line input"), row(t, "bench/README.md", "batched input, 300 ms")
	soak := row(t, "docs/guarantees.md", "memory, MB")
	inOutages := soak[len(soak)-3] // before the growth, and the end of the line
	perSecond := 250_000 / number(t, perLine[0]) / 1000
	figures := []string{
		perLine[4] + " events a second", "at " + perLine[0] + " µs", perLine[5] + " MB at most",
		fmt.Sprintf("some %d,000", int(perSecond)), slow[5] + " MB", inOutages + " MB",
	}
	for _, file := range []string{"packaging/kubernetes/chart/values.yaml", "docs/kubernetes.md"} {
		text := strings.ReplaceAll(flat(t, file), "# ", "")
		for _, figure := range figures {
			assert.True(t, strings.Contains(text, figure), "%s does not say %q", file, figure)
		}
	}
	resources := renderedWith(t, values{}).pod(t).Containers[0].Resources
	assert.Equal(t, "250m", resources.Requests.Cpu().String())
	assert.GreaterOrEqual(t, float64(resources.Requests.Memory().Value()), number(t, perLine[5])*1e6)
	assert.GreaterOrEqual(t, float64(resources.Limits.Memory().Value()), 2*max(number(t, slow[5]), number(t, inOutages))*1e6)

	// limit ≥ 200 MB + 5 × buffer × partitions
	const partitions = 21
	assert.EqualValues(t, partitions, (resources.Limits.Memory().Value()-200_000_000)/(5*8_000_000))
	for _, file := range []string{"packaging/kubernetes/chart/values.yaml", "docs/kubernetes.md"} {
		assert.True(t, strings.Contains(flat(t, file), fmt.Sprintf("%d partitions", partitions)), "%s does not say %d partitions", file, partitions)
	}
	assert.Contains(t, renderedWith(t, values{}).configMap.Data["pipeline.yaml"], `partition_buffer_bytes: "${KAFKA_PARTITION_BUFFER:8MB}"`)
}

// row returns the cells of a row of a table after its name.
func row(t *testing.T, file, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, file))
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(name) + ` \|(.*)$`).FindStringSubmatch(string(text))
	require.NotNil(t, found, "%s has no row %q", file, name)
	cells := strings.Split(found[1], "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// flat is a file without its ends of lines.
func flat(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, file))
	require.NoError(t, err)
	return strings.Join(strings.Fields(string(text)), " ")
}

func number(t *testing.T, cell string) float64 {
	t.Helper()
	value, err := strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64)
	require.NoError(t, err)
	return value
}
