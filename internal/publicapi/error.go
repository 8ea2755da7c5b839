package publicapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Kind says what an error means for whoever asked.
type Kind int

// The kinds of errors.
const (
	// Unreachable: there was no answer.
	Unreachable Kind = iota
	// Denied: the token is invalid, of another region, or may not ask this.
	// Segment's documents say 401 and its clients see 403, for either cause.
	Denied
	// Missing: there is no such thing, or not in the plan of the workspace.
	Missing
	// Invalid: the question was not understood, which is a fault of this client.
	Invalid
	// RateLimited: asked too often.
	RateLimited
	// Unavailable: the API failed.
	Unavailable
	// Foreign: what answers is not the Public API, or no longer as it is known.
	Foreign
	// Elsewhere: the API sends us to another address, as that of the US does with
	// tokens of the EU.
	Elsewhere
)

// Error is a question that was not answered.
type Error struct {
	// Op says in the gerund what was asked for.
	Op   string
	Kind Kind
	// Status is that of the answer, 0 if there was none.
	Status int
	// Said is what the API gave as the reason, if it did.
	Said string
	// Field is the parameter that the API blames, if it does.
	Field string
	// Needs is what the token or the workspace has to have for it.
	Needs string
	// RetryIn is how long the API asks us to wait, 0 if it does not say.
	RetryIn time.Duration
	// Region is where the API sends us, if it is one of Segment's.
	Region string
	// Err is the cause, if there was no answer or it cannot be read.
	Err error
}

// Error says what happened, what it means, and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": ")
	switch {
	case e.Status == 0:
		b.WriteString("Segment's Public API did not answer")
	default:
		b.WriteString("Segment's Public API answered " + strconv.Itoa(e.Status))
	}
	if why := cmp.Or(e.Said, textOf(e.Err)); why != "" {
		b.WriteString(" (" + why + ")")
	}
	if advice := e.Advice(); advice != "" {
		b.WriteString(": " + advice)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Advice says what to do.
func (e *Error) Advice() string {
	switch e.Kind {
	case Denied:
		return "the token is invalid, revoked or of a workspace in the other region, or it lacks what this needs (" + e.Needs + ")"
	case Missing:
		return "there is nothing of that id, or the plan of the workspace does not have this (" + e.Needs + ")"
	case RateLimited:
		if e.RetryIn > 0 {
			return "too many questions from this token or this address; ask again in " + e.RetryIn.Round(time.Second).String()
		}
		return "too many questions from this token or this address; ask again later"
	case Unavailable:
		return "it has a failure of its own; ask again later"
	case Foreign:
		return "check the address of the API, and what is between it and this machine"
	case Elsewhere:
		if e.Region != "" {
			return "the workspace of the token is in the region " + e.Region
		}
		return "redirects are not followed, because the token would go there as well; check the address of the API"
	case Invalid:
		if e.Field != "" {
			return "it does not understand " + e.Field
		}
		return "it does not understand the question"
	default:
		return "check the network, the proxy and the address of the API"
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// KindOf returns the kind of an error, and false if it is not one of the API.
func KindOf(err error) (Kind, bool) {
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed.Kind, true
	}
	return 0, false
}

func (q question) unreachable(err error) *Error {
	return &Error{Op: q.op, Kind: Unreachable, Needs: q.needs, Err: err}
}

func (q question) foreign(status int, err error) *Error {
	return &Error{Op: q.op, Kind: Foreign, Status: status, Needs: q.needs, Err: err}
}

// explain takes the address out of an error of the network, which has a query
// that concerns nobody, and whatever looks like a token.
func (c *Client) explain(err error) error {
	if whole, ok := errors.AsType[*url.Error](err); ok {
		err = whole.Err
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("it took too long")
	}
	return errors.New(c.redact(err.Error()))
}

// refusal makes an error of an answer that is none.
func (c *Client) refusal(q question, res *http.Response, got envelope) *Error {
	e := &Error{Op: q.op, Kind: kindOf(res.StatusCode), Status: res.StatusCode, Needs: q.needs}
	if len(got.Errors) > 0 {
		first := got.Errors[0]
		e.Said, e.Field = c.clean(cmp.Or(first.Message, first.Type)), c.clean(first.Field)
	}
	switch e.Kind {
	case RateLimited, Unavailable:
		e.RetryIn = retryIn(res.Header, got.Errors)
	case Elsewhere:
		e.Region = regionOf(res.Header.Get("Location"))
	}
	return e
}

func kindOf(status int) Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Denied
	case status == http.StatusNotFound:
		return Missing
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusRequestTimeout, status/100 == 5:
		return Unavailable
	case status/100 == 3:
		return Elsewhere
	case status/100 == 4:
		return Invalid
	default:
		return Foreign
	}
}

// retryIn is how long an answer asks us to wait: in its body, in Retry-After, or
// until a time that is given as that of an e-mail.
func retryIn(header http.Header, problems []problem) time.Duration {
	for _, p := range problems {
		var data struct {
			Milliseconds float64 `json:"msBeforeNext"`
		}
		if json.Unmarshal(p.Data, &data) == nil && data.Milliseconds > 0 {
			return bounded(time.Duration(data.Milliseconds * float64(time.Millisecond)))
		}
	}
	if seconds, err := strconv.ParseFloat(header.Get("Retry-After"), 64); err == nil && seconds > 0 {
		return bounded(time.Duration(seconds * float64(time.Second)))
	}
	for _, name := range []string{"Retry-After", "X-RateLimit-Reset"} {
		if at, err := mail.ParseDate(header.Get(name)); err == nil {
			return bounded(time.Until(at))
		}
	}
	return 0
}

// longestWait bounds what an answer may ask for. An absurd one is a mistake.
const longestWait = time.Hour

func bounded(wait time.Duration) time.Duration { return min(max(wait, 0), longestWait) }

const (
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
	// mostUnreached is how often a host is asked that cannot be reached: for a
	// closed port or a wrong name, patience is of no use.
	mostUnreached = 3
)

// pause is how long to wait before the question is asked again, if that is of
// any use.
func (e *Error) pause(attempt int) (time.Duration, bool) {
	switch e.Kind {
	case RateLimited, Unavailable, Unreachable:
	default:
		return 0, false
	}
	if errors.Is(e.Err, context.Canceled) || e.Kind == Unreachable && attempt+1 >= mostUnreached {
		return 0, false
	}
	if e.RetryIn > 0 {
		return e.RetryIn, true
	}
	return min(firstPause<<min(attempt, 10), longestPause), true
}

// tokenLike is the form of a token, by those who look for leaked ones.
var tokenLike = regexp.MustCompile(`sgp_[A-Za-z0-9]{16,}`)

// redactor hides a token, and what looks like one, in texts of others.
func redactor(token string) func(string) string {
	return func(text string) string {
		text = strings.ReplaceAll(text, token, hidden)
		return tokenLike.ReplaceAllString(text, hidden)
	}
}

// maxSaid bounds what is repeated of an answer.
const maxSaid = 200

// clean makes one short line of what an answer says.
func (c *Client) clean(text string) string {
	text = strings.Join(strings.FieldsFunc(c.redact(text), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf)
	}), " ")
	if runes := []rune(text); len(runes) > maxSaid {
		text = string(runes[:maxSaid]) + "…"
	}
	return text
}
