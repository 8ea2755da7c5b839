package inbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/sandbox/inbox"
)

func TestAnInvalidFilterSaysWhy(t *testing.T) {
	for q, says := range map[string]string{
		"type:Track":       "type must be",
		"tpye:track":       "unknown filter tpye:",
		"http://x":         "in quotes",
		"user:":            "user: needs a value",
		"-":                "a term is empty",
		`""`:               "a term is empty",
		`event:"Order`:     "quotation mark is missing after",
		`event:"a"b`:       "a space is missing before b",
		"duplicate:maybe":  "true or false",
		"status:teapot":    "status: needs",
		"status:2":         "status: needs",
		"seq:one":          "seq: needs",
		"seq:0":            "seq: needs",
		`type:"track`:      "quotation mark",
		"violation: a":     "violation: needs a value",
		"accepted:\"yes\"": "true or false",
	} {
		_, err := inbox.ParseFilter(q)
		assert.ErrorContains(t, err, says, q)
	}
}

// Whatever is typed is refused or can be matched with a call, and any text can be
// searched for in quotes.
func FuzzParseFilter(f *testing.F) {
	for _, q := range []string{`type:track user:42 event:"Order*" violation:any`, `-"a \" b"`, `event:"\\"`, "seq:1 tea", "\u2028key:\x00\xff"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, text string) {
		call := inbox.Call{Seq: 1, Name: text, UserID: "u", Raw: []byte(text), Status: 200}
		if filter, err := inbox.ParseFilter(text); err == nil {
			filter.Matches(&call)
		}
		if text == "" {
			return
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
		for _, q := range []string{"text:" + quoted, `-event:"*not this*" ` + quoted} {
			filter, err := inbox.ParseFilter(q)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			if !strings.Contains(text, "not this") && !filter.Matches(&call) {
				t.Fatalf("%s does not find its own text", q)
			}
		}
	})
}
