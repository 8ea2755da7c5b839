// Package verification asks Segment's Public API, while a pipeline runs, what the
// Tracking API does not tell: whether a source has the write key and is enabled,
// and what became of the calls. It is never in the way of the delivery, except
// where it was told to be.
package verification

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/publicapi"
)

// Name is that of the object, and the others are those of its fields.
const (
	Name          = "verify"
	FieldToken    = "token"
	FieldInterval = "interval"
	FieldRequired = "required"
	FieldEndpoint = "endpoint"
)

// Field describes the object verify of the output.
func Field() *service.ConfigField {
	return service.NewObjectField(
		Name,
		service.NewStringField(FieldToken).
			Description("A token of the Public API, of the workspace that has the source, with the role Source Admin on the source. When it is empty, as an unset `${…}` gives, nothing is verified.").
			Secret().
			Default("").
			Example("${SEGMENT_PUBLIC_API_TOKEN}"),
		service.NewDurationField(FieldInterval).
			Description("How often the API is asked, once a second at the most. While Segment would throw all calls away, it is asked every 30 seconds.").
			Default("5m"),
		service.NewBoolField(FieldRequired).
			Description("Keep the calls while Segment would throw them all away: while no source that the token may see has the write key, the source is disabled, or the workspace is in the other region. They wait upstream, and the log says so. If the API cannot be asked, calls are sent: after ten seconds at the start, and after ten minutes where they waited already.").
			Default(false),
		service.NewStringField(FieldEndpoint).
			Description("Overrides the address of the Public API, which is by `region`, with that of a proxy or a [sandbox](sandbox.md#the-public-api). Plain http is accepted where `endpoint` of the output accepts it.").
			Default("").
			Example("http://127.0.0.1:8765/public-api"),
	).
		Description("Asks [Segment's Public API](verify.md) what the Tracking API does not tell: whether a source has the write key and is enabled, what was received, and what was thrown away and why. What is wrong is in the log within seconds of the start. If the API is away, slow or asked too often, events flow all the same, and one line says so. The settings of `tls` and `proxy_url` are used for it, too. Copies of an output ask once for all of them.").
		Advanced()
}

// Config says what is asked, and on whose behalf.
type Config struct {
	Token    publicapi.Token
	Interval time.Duration
	Required bool
	// BaseURL overrides the address that the region gives.
	BaseURL string
	// Region is where the calls go, and IsOfRegion says that they go to Segment's
	// own host there.
	Region     string
	IsOfRegion bool
	// WriteKey is empty if it is another one for each message.
	WriteKey  string
	UserAgent string
	Transport http.RoundTripper
}

// ConfigFromParsed reads the object verify, as far as it is the package's own
// affair. Lint rules have checked the values.
func ConfigFromParsed(own *service.ParsedConfig) (c Config, err error) {
	token, err := own.FieldString(FieldToken)
	if err != nil {
		return c, err
	}
	c.Token = publicapi.Token(strings.TrimSpace(token))
	if c.Interval, err = own.FieldDuration(FieldInterval); err != nil {
		return c, err
	}
	c.Interval = max(c.Interval, shortestInterval)
	if c.Required, err = own.FieldBool(FieldRequired); err != nil {
		return c, err
	}
	c.BaseURL, err = own.FieldString(FieldEndpoint)
	c.BaseURL = strings.TrimSpace(c.BaseURL)
	return c, err
}

// IsOn says whether anything is verified.
func (c *Config) IsOn() bool { return c.Token != "" }

// URLs are the addresses that may be asked.
func (c *Config) URLs() (urls []string) {
	switch {
	case !c.IsOn():
		return nil
	case c.BaseURL != "":
		return []string{c.BaseURL}
	}
	for _, base := range publicapi.Regions {
		urls = append(urls, base)
	}
	return urls
}

// shortestInterval keeps what is asked far below the limits of the API.
const shortestInterval = time.Second

// oneQuestion bounds a question. An API that is slower is away, and is said to be
// before firstAnswer ends.
const oneQuestion = 8 * time.Second

func (c *Config) lookup() (*publicapi.Lookup, error) {
	l, err := publicapi.NewLookup(publicapi.Config{
		BaseURL: c.BaseURL, Token: c.Token, UserAgent: c.UserAgent, Transport: c.Transport, Timeout: oneQuestion,
	}, c.Region)
	if err != nil {
		return nil, fmt.Errorf("field verify: %w", err)
	}
	return l, nil
}
