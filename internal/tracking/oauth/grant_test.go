package oauth

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnAnswerWithoutATokenOrItsLifeGrantsNothing(t *testing.T) {
	for _, body := range []string{
		`{"access_token":"","expires_in":60}`, `{"access_token":"t"}`, `{"access_token":"t","expires_in":-1}`, `{}`, `t`, ``,
		`{"access_token":"t","expires_in":0}`, `{"access_token":"t","expires_in":"NaN"}`, `{"access_token":"t","expires_in":-1e400}`,
		`{"access_token":"a\r\nX-Evil: b","expires_in":60}`, `{"access_token":"a b","expires_in":60}`, `{"access_token":"é","expires_in":60}`,
	} {
		token, _, err := readToken(&http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))})
		assert.Empty(t, token)
		assert.ErrorContains(t, err, "has no usable token", body)
	}
}
