package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

var addressing = regexp.MustCompile(`(?m)^ {4}BASE=\S+ ; (sed .*) > `)

// The command of the runbook gives each alert the address of its section.
func TestTheRunbookHasAnAddressWhereItIsGivenOne(t *testing.T) {
	runbook, err := os.ReadFile("../../docs/runbook.md")
	require.NoError(t, err)
	command := addressing.FindSubmatch(runbook)
	require.NotNil(t, command)
	sed := exec.CommandContext(t.Context(), "sh", "-c", string(command[1]))
	sed.Dir, sed.Env = "../..", append(os.Environ(), "BASE=https://pages.example/copy")
	text, err := sed.Output()
	require.NoError(t, err)
	var file struct{ Groups []struct{ Rules []rule } }
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.NotEmpty(t, file.Groups)
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			if r.Alert != "" {
				assert.Equal(t, "https://pages.example/copy/docs/runbook.md#"+strings.ToLower(r.Alert), r.Annotations["runbook_url"])
			}
		}
	}
}

// Two processes of a group export the same lag: docs/kafka.md.
const twoProcesses = `
tests:
  - interval: 1m
    input_series:
      - {series: 'redpanda_lag{job="segment",instance="a",topic="events",partition="0"}', values: '10x5'}
      - {series: 'redpanda_lag{job="segment",instance="a",topic="events",partition="1"}', values: '20x5'}
      - {series: 'redpanda_lag{job="segment",instance="b",topic="events",partition="0"}', values: '10x5'}
      - {series: 'redpanda_lag{job="segment",instance="b",topic="events",partition="1"}', values: '20x5'}
    promql_expr_test:
      - {eval_time: 3m, expr: 'EXPR', exp_samples: [{labels: '{job="segment",topic="events"}', value: 30}]}
`

func TestTheDashboardCountsTheLagOfAGroupOnce(t *testing.T) {
	promtool := tool(t, "promtool")
	for _, panel := range panels(t) {
		if panel.Title != "Lag, by topic" {
			continue
		}
		require.Len(t, panel.Targets, 1)
		path := filepath.Join(t.TempDir(), "test.yml")
		writeFile(t, path, strings.Replace(twoProcesses, "EXPR", asGrafana.Replace(panel.Targets[0].Expr), 1))
		run(t, promtool, "test", "rules", path)
		return
	}
	require.Fail(t, "there is no panel of the lag")
}
