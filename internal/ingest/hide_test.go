package ingest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/ingest"
)

func TestKeysAreHiddenWhereverTheyAre(t *testing.T) {
	for text, want := range map[string]string{
		// What an SDK sends, and what RudderStack and a queue make of it. PHP's has its
		// key in each event: https://github.com/segmentio/analytics-php/issues/127.
		`{"batch":[{"writeKey":"secret_secret"},{"writeKey":"other_secret","n":1.0}]}`: `{"batch":[{"writeKey":"sec…"},{"writeKey":"oth…","n":1.0}]}`,
		`[ {"a":[1e400]}, {"writeKey" : "secret_secret"} ]`:                            `[ {"a":[1e400]}, {"writeKey" : "sec…"} ]`,
		`{"payload":{"writeKey":"secret_secret"}}`:                                     `{"payload":{"writeKey":"sec…"}}`,
		`{"batch":[{"x":1}],"writeKey":"short"}`:                                       `{"batch":[{"x":1}],"writeKey":"…"}`,
		// Names in other styles.
		`{"write_key":"secret_secret"}`:                    `{"write_key":"sec…"}`,
		`{"WRITE-KEY":"secret_secret"}`:                    `{"WRITE-KEY":"sec…"}`,
		`{"WriteKey":"secret_secret"}`:                     `{"WriteKey":"sec…"}`,
		`{"headers":{"X-Write-Key":"secret_secret"}}`:      `{"headers":{"X-Write-Key":"sec…"}}`,
		`{"segment_write_key":"secret_secret"}`:            `{"segment_write_key":"sec…"}`,
		`{"a":{"write\u004bey":"secret_secret"}}`:          `{"a":{"write\u004bey":"sec…"}}`,
		`{"writeKey":"secr\u0065t_secret"}`:                `{"writeKey":"sec…"}`,
		`{"writeKey":["secret"],"write_key":{"a":"secr"}}`: `{"writeKey":"","write_key":""}`,
		// Nothing tells a property of that name from a key.
		`{"properties":{"writeKey":"secret_secret"}}`: `{"properties":{"writeKey":"sec…"}}`,
		// JSON within JSON, as from a log, and the query of a pixel.
		`["{\"writeKey\":\"secret_secret\",\"a\":1"]`:        `["{\"writeKey\":\"sec…\",\"a\":1"]`,
		`{"m":"{\\\"writeKey\\\" : \\\"secret_secret\\\"}"}`: `{"m":"{\\\"writeKey\\\" : \\\"sec…\\\"}"}`,
		`{"url":"/v1/pixel?writeKey=secret_secret&data=x"}`:  `{"url":"/v1/pixel?writeKey=sec…&data=x"}`,
		// What is not JSON.
		`{"writeKey":"secret_secret", no JSON`:              `{"writeKey":"sec…", no JSON`,
		`{"writeKey":"secret_secret"} {"write_key":`:        `{"writeKey":"sec…"} {"write_key":`,
		`{"writeKey":"secret_secr`:                          `{"writeKey":"…`,
		`{'write_key': 'secret_secret', 'a': 1}`:            `{'write_key': 'se…, 'a': 1}`,
		`write_key: secret_secret`:                          `write_key: sec…`,
		`writeKey=secret_secret&writeKey=short`:             `writeKey=sec…&writeKey=…`,
		`writewriteKey=secret_secret`:                       `writewriteKey=sec…`,
		`writeKey=writeKey=secret_secret`:                   `writeKey=wri…`,
		`writeKey="writeKey":"secret_secret"`:               `writeKey="…":"sec…"`,
		`{"log":"writeKey=\"writeKey\":\"secret_secret\""}`: `{"log":"writeKey=\"…\":\"sec…\""}`,
		// What names no key stays.
		`{"keyWrite":"a","write":"b","writeKeys":1,"x":"we write key words"}`: `{"keyWrite":"a","write":"b","writeKeys":1,"x":"we write key words"}`,
		`{"a":"\ud83c","b":"\u00e9"}`:                                         `{"a":"\ud83c","b":"\u00e9"}`,
		``:                                                                    ``,
		`write`:                                                               `write`,
	} {
		assert.Equal(t, want, string(ingest.HideKeys([]byte(text))), text)
	}
}

func TestHidingKeysLeavesItsTextAlone(t *testing.T) {
	for _, text := range []string{`{"a":1}`, `{"writeKey":"secret_secret"}`, `writeKey=secret_secret`} {
		given := []byte(text)
		shown := ingest.HideKeys(given)
		assert.Equal(t, text, string(given))
		clear(given)
		assert.NotContains(t, string(shown), "\x00")
	}
}

func TestKeysAreHiddenAtAnyDepth(t *testing.T) {
	for _, depth := range []int{10, 9_000, 20_000} {
		text := strings.Repeat(`{"a":[`, depth) + `{"writeKey":"secret_secret"}` + strings.Repeat(`]}`, depth)
		shown := string(ingest.HideKeys([]byte(text)))
		assert.NotContains(t, shown, "secret_secret")
		assert.Equal(t, strings.Replace(text, "secret_secret", "sec…", 1), shown)
	}
}

func FuzzHideKeys(f *testing.F) {
	const key = "secret_secret"
	f.Add(`{"a":[`, `{"b":"\\\""}]}`)
	f.Add(`"`, `"`)
	f.Add(`0[`, `0`)
	f.Add(`"write`, `\"`)
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, spelled := range []string{`"writeKey":"` + key + `"`, `{"write_key":"` + key + `"}`, `writeKey=` + key + `&`} {
			text := before + spelled + after
			shown := ingest.HideKeys([]byte(text))
			if json.Valid([]byte(text)) {
				assert.True(t, json.Valid(shown), "%q became %q", text, shown)
			}
			if !strings.Contains(before+after, "secret") {
				assert.NotContains(t, string(shown), key, "%q", text)
			}
		}
	})
}
