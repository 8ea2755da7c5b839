package publicapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"benthos-segment/internal/publicapi"
	"benthos-segment/plugin/segmenttest"
)

// token looks like one of Segment's.
const token = "sgp_CANARY0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"

// clientOf asks a sandbox.
func clientOf(t *testing.T, sb *segmenttest.Server, alter ...func(*publicapi.Config)) *publicapi.Client {
	t.Helper()
	conf := publicapi.Config{
		BaseURL: sb.PublicAPI(), Token: token, UserAgent: "a-test/1",
		Transport: sb.Client().Transport, Patience: 5 * time.Minute,
	}
	for _, change := range alter {
		change(&conf)
	}
	c, err := publicapi.New(conf)
	require.NoError(t, err)
	return c
}

// post sends a batch to the Tracking API.
func post(t *testing.T, sb *segmenttest.Server, key string, calls ...string) {
	t.Helper()
	body := `{"batch":[` + strings.Join(calls, ",") + `]}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sb.URL+"/v1/batch", strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth(key, "")
	res, err := sb.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

// sources makes so many sources, with a key for each.
func sources(n int) (list []segmenttest.Source) {
	for i := range n {
		list = append(list, segmenttest.Source{Name: fmt.Sprintf("Source %03d", i), WriteKeys: []string{fmt.Sprintf("key-%03d", i)}})
	}
	return list
}

func rules(n int) (list []json.RawMessage) {
	for i := range n {
		list = append(list, json.RawMessage(fmt.Sprintf(`{"type":"TRACK","key":"Event %03d","version":1,"jsonSchema":{"type":"object"}}`, i)))
	}
	return list
}

// last is the span of the last hour.
func last(t *testing.T, length time.Duration) publicapi.Span {
	t.Helper()
	now := time.Now().Add(time.Second)
	span, err := publicapi.Since(now.Add(-length), now)
	require.NoError(t, err)
	return span
}
