package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// rowOfConnectors is a row of the table of docs/connectors.md.
var rowOfConnectors = regexp.MustCompile("(?m)^\\| [^|]+ \\| (`[^|]+`) \\| ([a-z]+) \\|$")

// What the page says is built in is.
func TestTheBinaryHasTheConnectorsOfItsPage(t *testing.T) {
	p := begin(t, "list", "--format", "json")
	require.Zero(t, p.code())
	var has map[string]any
	require.NoError(t, json.Unmarshal([]byte(p.out.String()), &has))
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "connectors.md"))
	require.NoError(t, err)
	checked := 0
	for _, row := range rowOfConnectors.FindAllStringSubmatch(string(page), -1) {
		kind := map[string]string{"methods": "bloblang-methods"}[row[2]]
		if kind == "" {
			kind = row[2]
		}
		for name := range strings.SplitSeq(row[1], ", ") {
			assert.Contains(t, has[kind], strings.Trim(name, "`"), "%s of the page", row[2])
			checked++
		}
	}
	assert.Greater(t, checked, 50)
}

func TestTheSQLComponentsHaveTheirDrivers(t *testing.T) {
	for _, driver := range []string{"mysql", "postgres", "sqlite"} {
		assert.Contains(t, sql.Drivers(), driver)
	}
}

// The outbox of an application goes to Segment, in order.
func TestRowsOfADatabaseArrive(t *testing.T) {
	dsn := "file:" + filepath.Join(t.TempDir(), "app.db")
	db, err := sql.Open("sqlite", dsn)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `
		CREATE TABLE outbox (id INTEGER PRIMARY KEY, user_id TEXT, payload TEXT);
		INSERT INTO outbox VALUES (1, 'u1', '{"total":19.90,"n":9007199254740993}'), (2, 'u1', '{}'), (3, 'u2', '{}')`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	sb := segmenttest.New(t)
	config := pipeline(t, `
http: {enabled: false}
input:
  sql_select:
    driver: sqlite
    dsn: "`+dsn+`"
    table: outbox
    columns: [id, user_id, payload]
    suffix: ORDER BY id
pipeline:
  threads: 1
  processors:
    - mapping: |
        root = {"type": "track", "event": "Order Paid", "userId": this.user_id, "messageId": "outbox:%v".format(this.id),
          "properties": this.payload.parse_json(use_number: true)}
output:
  segment:
    write_key: the-key
    endpoint: `+sb.URL+`
`)
	p := begin(t, "run", config)
	require.Zero(t, p.code(), lazily(p.said))

	var ids []string
	for _, call := range sb.Calls() {
		ids = append(ids, call.MessageID)
	}
	slices.Sort(ids)
	require.Equal(t, []string{"outbox:1", "outbox:2", "outbox:3"}, ids)
	assert.Contains(t, string(sb.Calls()[0].Raw), `19.90`)
	assert.Contains(t, string(sb.Calls()[0].Raw), `9007199254740993`)
}
