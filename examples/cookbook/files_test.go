package cookbook

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fromFile runs a recipe that reads the files of its own test.
func fromFile(environment map[string]string) func(*kitchen) {
	return func(k *kitchen) {
		for name, value := range environment {
			k.environment[name] = value
		}
		k.runToTheEnd()
		k.compare()
	}
}

// inOrder asserts that calls arrived in the order of these ids.
func (k *kitchen) inOrder(ids ...string) {
	k.Helper()
	sought := make(map[string]bool)
	for _, id := range ids {
		sought[id] = true
	}
	var arrived []string
	for _, call := range k.sandbox.Calls() {
		if sought[call.MessageID] {
			arrived = append(arrived, call.MessageID)
		}
	}
	assert.Equal(k, ids, arrived)
}

func aliased(k *kitchen) {
	fromFile(nil)(k)
	k.inOrder("m1", "m2:alias", "m2:identify", "m2", "m3")
}

func deduplicated(k *kitchen) {
	fromFile(nil)(k)
	assert.Equal(k, 1, k.sandbox.Summary().Duplicates, "the order that was sent twice")
	assert.Equal(k, 5, k.sandbox.Summary().Unique, "two refunds of one order")
}

func perTenant(k *kitchen) {
	keys, err := filepath.Abs(k.path("keys.json"))
	require.NoError(k, err)
	fromFile(map[string]string{"TENANT_KEYS": keys})(k)
	sources := make(map[string]string)
	for _, call := range k.sandbox.Calls() {
		sources[call.MessageID] = call.WriteKey
	}
	assert.Equal(k, map[string]string{"m1": "key-of-acme", "m2": "key-of-globex"}, sources)
}

// enriched asks a service that knows one person, has never heard of another, and
// fails for the third.
func enriched(k *kitchen) {
	var asked atomic.Int64
	accounts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer a-token":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.EscapedPath() == "/accounts/u%2F1":
			asked.Add(1)
			_, _ = w.Write([]byte(`{"plan":"pro","company":{"name":"Acme"}}`))
		case r.URL.Path == "/accounts/unheard-of":
			w.WriteHeader(http.StatusNotFound)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	k.Cleanup(accounts.Close)
	fromFile(map[string]string{"ACCOUNTS_URL": accounts.URL + "/accounts", "ACCOUNTS_TOKEN": "a-token"})(k)
	assert.EqualValues(k, 1, asked.Load(), "the second answer is from the cache")
}
