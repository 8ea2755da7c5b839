package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/plugin/segmenttest"
)

// `DELETE /api/v1/calls?event=100%` deleted everything, and
// `POST /api/v1/replay?q=event:50%+off` sent everything on with real keys: the
// malformed part of a query was dropped without a word.
func TestAMalformedQueryDoesNothing(t *testing.T) {
	target := segmenttest.NewInProcess(t)
	sb := segmenttest.NewInProcess(t, segmenttest.Config{ReplayTo: target.URL})
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	sb.Fail(http.StatusTeapot).Match(segmenttest.Match{User: "nobody"})
	for query, says := range map[string]string{
		"event=100%":           "the query cannot be read",
		"q=event:50%+off":      "the query cannot be read",
		"user=%zz&event=Order": "the query cannot be read",
		"event=a;b":            "encode % as %25 and ; as %3B",
		"evnt=Order":           `unknown parameter "evnt"`,
		"q=type:track&q=tea":   "parameter",
	} {
		_, answer := control(t, sb, http.MethodGet, "/openapi.json", "")
		for path, methods := range answer.S("paths").ChildrenMap() {
			for method := range methods.ChildrenMap() {
				address := strings.NewReplacer("{seq}", "1", "{id}", "1").Replace(path) + "?" + query
				status, answer := control(t, sb, strings.ToUpper(method), address, "{}")
				assert.Equal(t, http.StatusBadRequest, status, "%s %s", method, address)
				assert.Contains(t, answer.at("error"), says)
			}
		}
	}
	assert.Len(t, sb.Calls(), 3)
	assert.Len(t, sb.Faults(), 1)
	assert.Empty(t, target.Requests())
}

func TestAParameterIsGivenOnce(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	status, answer := control(t, sb, http.MethodDelete, "/api/v1/calls?message_id=m0&message_id=m1", "")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, answer.at("error"), "parameter message_id is given 2 times")
	assert.Len(t, sb.Calls(), 3)
}

// Filters in the body of a request are a known way to lose a whole collection
// (keen/keen-analysis.js#24), as are names that an API does not know
// (kestra-io/kestra#18246).
func TestAFilterInTheBodyIsNotIgnored(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	sb.Fail(http.StatusTeapot).Match(segmenttest.Match{User: "nobody"})
	for _, request := range []string{
		"DELETE /api/v1/calls", "POST /api/v1/replay", "POST /api/v1/reset", "DELETE /api/v1/faults", "DELETE /api/v1/faults/1", "GET /api/v1/calls",
	} {
		method, path, _ := strings.Cut(request, " ")
		for _, body := range []string{"q=type:page", `{"event":"Order Refunded"}`} {
			status, answer := control(t, sb, method, path, body)
			assert.Equal(t, http.StatusBadRequest, status, request)
			assert.Contains(t, answer.at("error"), "takes no body: put filters into the query")
		}
	}
	assert.Len(t, sb.Calls(), 3)
	assert.Len(t, sb.Faults(), 1)
}

// In a script, a variable that is not set must not mean every call
// (phrase/strings-openapi#669).
func TestAnEmptyFilterDoesNotMeanEveryCall(t *testing.T) {
	target := segmenttest.New(t)
	sb := segmenttest.NewInProcess(t, segmenttest.Config{ReplayTo: target.URL})
	post(t, sb, "/v1/batch", batch(tracks(0, 3)...))
	for _, query := range []string{"event=", "q=", "user", "type=track&duplicate=", "since="} {
		for method, path := range map[string]string{http.MethodDelete: "/api/v1/calls?", http.MethodPost: "/api/v1/replay?"} {
			status, answer := control(t, sb, method, path+query, "")
			assert.Equal(t, http.StatusBadRequest, status, query)
			assert.Contains(t, answer.at("error"), "is empty: leave it out to mean every call")
		}
		status, _ := control(t, sb, http.MethodGet, "/api/v1/calls?"+query, "")
		assert.Equal(t, http.StatusOK, status, "a list may be asked for all the same")
	}
	assert.Len(t, sb.Calls(), 3)
	assert.Empty(t, target.Requests())

	status, _ := control(t, sb, http.MethodPost, "/api/v1/replay?", "")
	assert.Equal(t, http.StatusOK, status)
	status, _ = control(t, sb, http.MethodDelete, "/api/v1/calls", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, sb.Calls())
}
