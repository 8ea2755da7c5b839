package monitoring

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestTheRulesPassTheirOwnTests(t *testing.T) {
	promtool := tool(t, "promtool")
	run(t, promtool, "check", "rules", filepath.Join(docs, "rules.yml"))
	run(t, promtool, "check", "config", filepath.Join(docs, "prometheus.yml"))
	run(t, promtool, "test", "rules", filepath.Join(docs, "rules_test.yml"))
}

// rule is one of rules.yml.
type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

func rules(t *testing.T) (all []rule) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(docs, "rules.yml"))
	require.NoError(t, err)
	var file struct{ Groups []struct{ Rules []rule } }
	require.NoError(t, yaml.Unmarshal(text, &file))
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	require.NotEmpty(t, all)
	return all
}

var heading = regexp.MustCompile(`(?m)^### (Segment\w+)$`)

func TestEachAlertIsInTheRunbookAndTested(t *testing.T) {
	runbook, err := os.ReadFile("../../docs/runbook.md")
	require.NoError(t, err)
	tests, err := os.ReadFile(filepath.Join(docs, "rules_test.yml"))
	require.NoError(t, err)
	var explained, alerts []string
	for _, match := range heading.FindAllSubmatch(runbook, -1) {
		explained = append(explained, string(match[1]))
	}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		alerts = append(alerts, r.Alert)
		assert.Equal(t, "docs/runbook.md#"+strings.ToLower(r.Alert), r.Annotations["runbook_url"], r.Alert)
		assert.NotEmpty(t, r.Annotations["summary"], r.Alert)
		assert.NotEmpty(t, r.Annotations["description"], r.Alert)
		assert.Contains(t, []string{"critical", "warning"}, r.Labels["severity"], r.Alert)
		assert.Contains(t, string(tests), "alertname: "+r.Alert+"\n", "it has a test in which it is said")
	}
	assert.Equal(t, alerts, explained, "in this order")
	for _, section := range strings.Split(string(runbook), "\n### ")[1:] {
		for _, part := range []string{"**Means.**", "**Look at.**", "**Do.**"} {
			assert.Contains(t, section, part, section[:strings.IndexByte(section, '\n')])
		}
	}
}

// panel is one of the dashboard.
type panel struct {
	Type, Title, Description string
	Targets                  []struct{ Expr, LegendFormat string }
}

func panels(t *testing.T) (all []panel) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(docs, "dashboard.json"))
	require.NoError(t, err)
	var dashboard struct{ Panels []panel }
	require.NoError(t, json.Unmarshal(text, &dashboard))
	all = slices.DeleteFunc(dashboard.Panels, func(p panel) bool { return p.Type == "row" })
	require.NotEmpty(t, all)
	return all
}

// asGrafana puts values where the dashboard has variables.
var asGrafana = strings.NewReplacer("$job", ".*", "$instance", ".*", "$__rate_interval", "30s")

// Parts of a query that name no series: selectors of labels, ranges, texts, and the
// labels of groups.
var (
	nameless = regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(?:by|without|on|ignoring|group_left|group_right) ?\([^)]*\)`)
	word     = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\b *\(?`)
	operator = []string{"and", "or", "unless", "bool", "offset", "e"}
)

// seriesOf returns the names in a query that Prometheus has written.
func seriesOf(query string) (names []string) {
	for _, found := range word.FindAllString(nameless.ReplaceAllString(query, " "), -1) {
		if name := strings.TrimSpace(found); !strings.HasSuffix(name, "(") && !slices.Contains(operator, name) {
			names = append(names, name)
		}
	}
	return names
}

func TestSeriesAreFoundInQueries(t *testing.T) {
	for query, names := range map[string][]string{
		`max by (job, instance) (segment_a{reason="b c"}) > 300`:                     {"segment_a"},
		`sum(rate(a[5m])) / 1e+09 and on (job) sum by (x) (delta(job:b:rate5m[1m]))`: {"a", "job:b:rate5m"},
		`time() - start_time`: {"start_time"},
	} {
		assert.Equal(t, names, seriesOf(query))
	}
}

// What the dashboard and the rules ask for is there: by a Prometheus that reads
// processes with everything that they know.
func TestEveryPanelAndRuleNamesASeriesThatIsThere(t *testing.T) {
	s := startScenario(t)
	path, err := filepath.Abs(filepath.Join(docs, "rules.yml"))
	require.NoError(t, err)
	p := startPrometheus(t, path, s.jobs())
	s.play(t)

	for _, panel := range panels(t) {
		assert.NotEmpty(t, panel.Description, panel.Title)
		for _, target := range panel.Targets {
			query := asGrafana.Replace(target.Expr)
			p.canonical(query)
			assert.Eventually(t, func() bool {
				found, err := p.count(query)
				return assert.NoError(t, err, query) && found > 0
			}, patience, tick, "%s: nothing is found by %s", panel.Title, query)
		}
	}
	for _, r := range rules(t) {
		if r.Record == "" {
			continue
		}
		assert.Eventually(t, func() bool {
			found, err := p.count(r.Record)
			return assert.NoError(t, err) && found > 0
		}, patience, tick, "%s has no value", r.Record)
	}
	p.findsTheSetUpError(rules(t))
	if path := os.Getenv("ALERTS_PICTURE"); path != "" {
		p.pictureOfAlerts(path)
	}
	names := p.names()
	for _, r := range rules(t) {
		for _, name := range seriesOf(p.canonical(r.Expr)) {
			assert.True(t, names[name], "%s%s asks for %s, which is not there", r.Record, r.Alert, name)
		}
	}
	var evaluated struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	require.NoError(t, p.get("/api/v1/rules", &evaluated))
	for _, group := range evaluated.Groups {
		for _, r := range group.Rules {
			assert.Equal(t, "ok", r.Health, "%s: %s", r.Name, r.LastError)
		}
	}
}
