package publicapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/publicapi"
	"benthos-segment/plugin/segmenttest"
)

func TestAWrongConfigurationIsRefusedWithoutTheToken(t *testing.T) {
	for name, test := range map[string]struct {
		conf publicapi.Config
		says string
	}{
		"no token":     {publicapi.Config{BaseURL: "https://api.segmentapis.com"}, "the token is empty"},
		"a blank":      {publicapi.Config{BaseURL: "https://api.segmentapis.com", Token: token + " "}, "copy it again"},
		"a line":       {publicapi.Config{BaseURL: "https://api.segmentapis.com", Token: token + "\n"}, "copy it again"},
		"no scheme":    {publicapi.Config{BaseURL: "api.segmentapis.com", Token: token}, "must begin with http:// or https://, followed by a host"},
		"another":      {publicapi.Config{BaseURL: "ftp://api.segmentapis.com", Token: token}, "must begin with http:// or https://, followed by a host"},
		"a password":   {publicapi.Config{BaseURL: "https://u:p@api.segmentapis.com", Token: token}, "user or password"},
		"with a query": {publicapi.Config{BaseURL: "https://api.segmentapis.com?x=1", Token: token}, "query or fragment"},
	} {
		_, err := publicapi.New(test.conf)
		require.ErrorContains(t, err, test.says, name)
		assert.NotContains(t, err.Error(), token)
	}
}

// A token need not look like one.
//
// https://github.com/slackapi/java-slack-sdk/issues/566
// https://github.com/fluxcd/notification-controller/pull/196
func TestATokenShowsItselfToNobody(t *testing.T) {
	for _, token := range []string{token, "a-CANARY-of-another-form"} {
		t.Run(token, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			_, err := sb.Inject(segmenttest.Fault{
				Status: 403, Match: segmenttest.Match{Path: "/public-api"},
				Body: `{"errors":[{"type":"RequestError","message":"the token ` + token + ` and\n sgp_0123456789abcdefghij are invalid","field":"` + token + `"}]}`,
			})
			require.NoError(t, err)
			conf := publicapi.Config{BaseURL: sb.PublicAPI(), Token: publicapi.Token(token), Transport: sb.Client().Transport}
			c, err := publicapi.New(conf)
			require.NoError(t, err)
			_, err = c.Workspace(t.Context())
			require.Error(t, err)
			asJSON, jsonErr := json.Marshal(conf.Token)
			require.NoError(t, jsonErr)
			for _, shown := range []string{
				fmt.Sprintf("%v %+v %#v %s", conf, conf, conf, conf.Token), fmt.Sprintf("%v %+v %#v", c, c, *c),
				err.Error(), fmt.Sprintf("%+v %#v", err, err), string(asJSON),
			} {
				assert.NotContains(t, shown, "CANARY")
				assert.NotContains(t, shown, "sgp_0123456789")
			}
			assert.Contains(t, err.Error(), "the token (hidden) and (hidden) are invalid")
		})
	}
}

func TestTheTokenGoesNowhereElse(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was asked", r.Host)
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer "+token, r.Header.Get("Authorization"))
		assert.NotContains(t, r.URL.String(), "CANARY")
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	_, err := of(t, server).Workspace(t.Context())
	require.Error(t, err)
	assert.False(t, strings.Contains(err.Error(), elsewhere.URL))
}

// Whatever answers in place of the API, and with whatever, its answer is never
// taken for one, and never repeats the token.
func FuzzAnyAnswerIsSurvived(f *testing.F) {
	for _, body := range []string{"", "null", "[]", `{"data":null}`, `{"data":{"sources":[7]}}`, `{"errors":[{"message":"` + token + `"}]}`, `{"errors":[null]}`} {
		f.Add(200, body)
		f.Add(429, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		answers := roundTripper(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.WriteHeader(status)
			_, _ = w.WriteString(body)
			return w.Result(), nil
		})
		c, err := publicapi.New(publicapi.Config{BaseURL: "https://api.segmentapis.com", Token: token, Transport: answers})
		require.NoError(t, err)
		for _, err := range c.Sources(t.Context()) {
			if err != nil {
				assert.NotContains(t, err.Error(), token)
			}
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
