package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
			assert.Equal(t, want, strings.Join(answer.texts("calls", "seq"), " "))
		})
	}
	assert.Equal(t, 3, sb.Calls()[6].Attempt)
	_, answer := control(t, sb, http.MethodGet, "/api/v1/wait?timeout=0s&count=3&q=user:eve+-type:page", "")
	assert.Equal(t, true, answer.at("reached"), "wait takes the same filter")
}
