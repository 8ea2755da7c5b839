package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/sandbox"
)

func TestAFilterIsTypedAsOneLine(t *testing.T) {
	sb := filled(t)
	post(t, sb, "/v1/batch", batch(`{"type":"group","userId":"eve","groupId":"tea: \"club\"","messageId":"g","traits":{"n":"caf\u00e9 -x"}}`),
		"X-Retry-Count", "2")
	for q, want := range map[string]string{
		"":                                   "1 2 3 4 5 6 7",
		"type:track":                         "1 2 3 5",
		"type:track violation:any":           "3",
		"  type:track\tduplicate:true ":      "5",
		`event:"Order*" -event:*Completed`:   "2",
		"user:eve -type:page":                "3 6 7",
		"type:track type:page":               "",
		"order":                              "1 2 5",
		`"order refunded"`:                   "2",
		"text:order":                         "",
		"text:Order -duplicate:1":            "1 2",
		`group:"tea: \"club\""`:              "7",
		"id:a":                               "1 5",
		"key:other":                          "6",
		"path:/v1/page":                      "4",
		"status:accepted":                    "1 2 4 5 6 7",
		"status:discarded":                   "3",
		"status:duplicate":                   "5",
		"status:2xx":                         "1 2 3 4 5 6 7",
		"-status:200":                        "",
		"status:cut":                         "",
		"accepted:false":                     "3",
		"seq:4":                              "4",
		"-seq:4 -seq:5":                      "1 2 3 6 7",
		`" -x"`:                              "7",
		`-"refunded" type:track`:             "1 3 5",
		"9007199254740993":                   "2",
		"violation:event_not_defined type:*": "error",
	} {
		t.Run(q, func(t *testing.T) {
			status, answer := control(t, sb, http.MethodGet, "/api/v1/calls?q="+url.QueryEscape(q), "")
			if want == "error" {
				assert.Equal(t, http.StatusBadRequest, status)
				return
			}
			require.Equal(t, http.StatusOK, status, "%v", answer)
			var seqs []string
			for _, call := range answer["calls"].([]any) {
				seqs = append(seqs, fmt.Sprint(call.(map[string]any)["seq"]))
			}
			assert.Equal(t, want, strings.Join(seqs, " "))
		})
	}
	assert.Equal(t, 3, sb.Calls()[6].Attempt)
	_, answer := control(t, sb, http.MethodGet, "/api/v1/wait?timeout=0s&count=3&q=user:eve+-type:page", "")
	assert.Equal(t, true, answer["reached"], "waiting takes the same")
}

func TestAFilterThatIsNotUnderstoodSaysWhy(t *testing.T) {
	for q, says := range map[string]string{
		"type:Track":       "type must be",
		"tpye:track":       "there is no filter tpye:",
		"http://x":         "in quotes",
		"user:":            "has to stand behind",
		"-":                "has to stand behind",
		`""`:               "has to stand behind",
		`event:"Order`:     "quotation mark is missing",
		`event:"a"b`:       "a blank is missing",
		"duplicate:maybe":  "true or false",
		"status:teapot":    "status: takes",
		"status:2":         "status: takes",
		"seq:one":          "seq: takes",
		"seq:0":            "seq: takes",
		`type:"track`:      "quotation mark",
		"violation: a":     "has to stand behind",
		"accepted:\"yes\"": "true or false",
	} {
		_, err := sandbox.ParseFilter(q)
		assert.ErrorContains(t, err, says, q)
	}
}

// Whatever is typed, it is refused or can be asked of a call; and any text can
// be searched for in quotes.
func FuzzParseFilter(f *testing.F) {
	for _, q := range []string{`type:track user:42 event:"Order*" violation:any`, `-"a \" b"`, `event:"\\"`, "seq:1 tea", "\u2028key:\x00\xff"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, text string) {
		call := sandbox.Call{Seq: 1, Name: text, UserID: "u", Raw: []byte(text), Status: 200}
		if filter, err := sandbox.ParseFilter(text); err == nil {
			filter.Matches(&call)
		}
		if text == "" {
			return
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
		for _, q := range []string{"text:" + quoted, `-event:"*not this*" ` + quoted} {
			filter, err := sandbox.ParseFilter(q)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			if !strings.Contains(text, "not this") && !filter.Matches(&call) {
				t.Fatalf("%s does not find its own text", q)
			}
		}
	})
}
