package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// visited returns a sandbox in which a visitor becomes a customer, is renamed,
// and joins a group; and a stranger.
func visited(t *testing.T) *segmenttest.Server {
	t.Helper()
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(
		`{"type":"page","name":"Home","anonymousId":"ann","messageId":"1"}`,
		`{"type":"track","event":"X","userId":"stranger","messageId":"2"}`,
		`{"type":"identify","userId":"u1","anonymousId":"ann","messageId":"3","traits":{"plan":"free","n":9007199254740993}}`,
		`{"type":"identify","userId":"u1","messageId":"4","traits":{"plan":"free"}}`,
		`{"type":"alias","userId":"u2","previousId":"u1","messageId":"5"}`,
		`{"type":"identify","userId":"u2","messageId":"6","traits":{"plan":"gold"}}`,
		`{"type":"group","userId":"u2","groupId":"club","messageId":"7"}`,
	))
	return sb
}

func TestAPersonIsEveryoneLinked(t *testing.T) {
	sb := visited(t)
	for _, id := range []string{"ann", "u1", "u2"} {
		_, text := controlText(t, sb, http.MethodGet, "/api/v1/person?id="+id, "")
		var p struct {
			IDs    []struct{ ID, Kind string }
			Links  []struct{ From, To, By string }
			Traits []struct {
				Name    string
				History []struct{ Literal string }
			}
			Calls []struct{ Seq int }
			Total int
		}
		require.NoError(t, json.Unmarshal([]byte(text), &p))
		assert.Equal(t, 6, p.Total)
		assert.Len(t, p.Calls, 6)
		assert.ElementsMatch(t, []struct{ ID, Kind string }{
			{"ann", "anonymous"}, {"u1", "user"}, {"u2", "user"}, {"group:club", "group"},
		}, p.IDs)
		assert.ElementsMatch(t, []struct{ From, To, By string }{
			{"ann", "u1", "identify"}, {"u1", "u2", "alias"}, {"u2", "group:club", "group"},
		}, p.Links)
		require.Equal(t, "plan", p.Traits[0].Name)
		assert.Equal(t, []struct{ Literal string }{{`"free"`}, {`"gold"`}}, p.Traits[0].History)
		assert.Equal(t, "9007199254740993", p.Traits[1].History[0].Literal)
	}
	status, answer := control(t, sb, http.MethodGet, "/api/v1/person?id=nobody", "")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, answer.at("error"), "nobody")
	status, _ = control(t, sb, http.MethodGet, "/api/v1/person", "")
	assert.Equal(t, http.StatusBadRequest, status)
}

func TestAnAssertionSaysWhatIsWrong(t *testing.T) {
	timed := func(id, user, at string) string {
		return `{"type":"track","event":"E","userId":"` + user + `","messageId":"` + id + `","timestamp":"2026-01-01T00:00:0` + at + `Z"}`
	}
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(timed("a", "u", "1"), timed("b", "v", "0"), timed("c", "u", "2")))
	status, answer := control(t, sb, http.MethodGet, "/api/v1/assert", "")
	assert.Equal(t, http.StatusOK, status, "%v", answer)
	assert.EqualValues(t, "2", answer.at("persons"))
	status, _ = control(t, sb, http.MethodPost, "/api/v1/assert", `{"message_ids":["b","a","c"]}`)
	assert.Equal(t, http.StatusOK, status)

	status, answer = control(t, sb, http.MethodPost, "/api/v1/assert", `{"message_ids":["c","a","d","d"]}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, []any{"d"}, answer.at("missing"))
	assert.Equal(t, []any{"b"}, answer.at("unexpected"))
	assert.Equal(t, "c", answer.at("out_of_order.0.message_id"))
	assert.EqualValues(t, "1", answer.at("out_of_order.0.behind_seq"))

	post(t, sb, "/v1/batch", batch(timed("a", "u", "1")))
	status, answer = control(t, sb, http.MethodGet, "/api/v1/assert", "")
	assert.Equal(t, http.StatusConflict, status)
	assert.EqualValues(t, "1", answer.at("duplicate_count"))
	assert.EqualValues(t, "0", answer.at("out_of_order_count"), "what came again does not count for order")
	status, _ = control(t, sb, http.MethodPost, "/api/v1/assert", `{"allow_duplicates":true}`)
	assert.Equal(t, http.StatusOK, status)
	status, _ = control(t, sb, http.MethodPost, "/api/v1/assert?q=user:v", "")
	assert.Equal(t, http.StatusOK, status)
	status, _ = control(t, sb, http.MethodPost, "/api/v1/assert", `{"ids":[]}`)
	assert.Equal(t, http.StatusBadRequest, status)

	// Order is one of a person, also across the login.
	post(t, sb, "/v1/batch", batch(`{"type":"identify","userId":"v","anonymousId":"ann","messageId":"l","timestamp":"2026-01-01T00:00:05Z"}`,
		`{"type":"page","anonymousId":"ann","messageId":"p","timestamp":"2026-01-01T00:00:04Z"}`))
	_, answer = control(t, sb, http.MethodPost, "/api/v1/assert", `{"allow_duplicates":true}`)
	assert.EqualValues(t, "1", answer.at("out_of_order_count"))
}

func TestAnAssertionAboutEvictedCallsFails(t *testing.T) {
	sb := segmenttest.NewInProcess(t, segmenttest.Config{MaxCalls: 2})
	post(t, sb, "/v1/batch", batch(tracks(0, 5)...))
	status, answer := control(t, sb, http.MethodGet, "/api/v1/assert", "")
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, true, answer.at("incomplete"))
}
