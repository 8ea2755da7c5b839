package ingest_test

import (
	"bytes"
	"encoding/base64"
	"image/gif"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/ingest"
)

var noon = time.Date(2026, time.March, 14, 13, 0, 0, 5e6, time.FixedZone("", 3600))

func openPixel(t *testing.T, target string) ([]byte, error) {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	route, known := ingest.RouteOf(u.Path)
	require.True(t, known)
	return ingest.OpenPixel(route, u.Query(), noon)
}

func TestAPixelIsAnEvent(t *testing.T) {
	data := `{"userId":"u1","event":"Opened","n":9007199254740993,"t":"ÿ~?>"}`
	std := base64.StdEncoding.EncodeToString([]byte(data))
	const completed = `"channel":"web","integrations":{"All":true},"originalTimestamp":"2026-03-14T12:00:00.005Z","sentAt":"2026-03-14T12:00:00.005Z"`
	for name, given := range map[string]struct{ target, want string }{
		"rudderstack, track": {
			`/pixel/v1/track?writeKey=secret&anonymousId=%22a1%22&event=Opened&properties.mail=3&context.page.title=T`,
			`{"type":"track","anonymousId":"a1","event":"Opened","properties":{"mail":"3"},"context":{"page":{"title":"T"}},` + completed + `}`,
		},
		"rudderstack, a page without a name": {
			`/pixel/v1/page?userId=u1`, `{"type":"page","userId":"u1","name":"Unknown Page",` + completed + `}`,
		},
		"segment, members": {
			`/v1/pixel/identify?writeKey=secret&userId=u1&traits.email=a%40b.c&type=track`,
			`{"type":"identify","userId":"u1","traits":{"email":"a@b.c"}}`,
		},
		"segment, data":                {`/v1/pixel/track?data=` + url.QueryEscape(std), data},
		"segment, data without escape": {`/v1/pixel/track?data=` + std, data},
		"segment, data for URLs":       {`/v1/pixel/track?data=` + base64.RawURLEncoding.EncodeToString([]byte(data)), data},
	} {
		t.Run(name, func(t *testing.T) {
			event, err := openPixel(t, given.target)
			require.NoError(t, err)
			assert.JSONEq(t, given.want, string(event))
			if strings.Contains(name, "data") {
				assert.Equal(t, given.want, string(event), "every digit stays")
			}
		})
	}
}

func TestAPixelThatIsNoEventIsRefused(t *testing.T) {
	for target, want := range map[string]string{
		`/pixel/v1/track?userId=u1`:                                                "the parameter event is missing",
		`/pixel/v1/page?properties=x&properties.a=y`:                               "want the same place",
		`/pixel/v1/page?` + strings.Repeat("a.", 16) + `a=1`:                       "more than 16 parts",
		`/v1/pixel/track?data=!!`:                                                  "data is not base64",
		`/v1/pixel/track?data=` + base64.URLEncoding.EncodeToString([]byte("[1]")): "data is not base64 of one JSON object",
	} {
		_, err := openPixel(t, target)
		assert.ErrorContains(t, err, want, target)
	}
}

func TestThePictureIsOne(t *testing.T) {
	picture, err := gif.Decode(bytes.NewReader(ingest.Picture))
	require.NoError(t, err)
	assert.Equal(t, 1, picture.Bounds().Dx())
}

func FuzzPixel(f *testing.F) {
	f.Add("/pixel/v1/track", "event=E&properties.a=1&properties.a.b=2")
	f.Add("/v1/pixel/page", "data=e30&a=b")
	f.Fuzz(func(t *testing.T, path, query string) {
		route, known := ingest.RouteOf(path)
		values, err := url.ParseQuery(query)
		if !known || err != nil || route.Kind != ingest.Pixel {
			return
		}
		event, err := ingest.OpenPixel(route, values, noon)
		if err == nil && values.Get("data") == "" {
			_, err = ingest.OpenEvent(event)
			assert.NoError(t, err)
		}
	})
}
