package oauth

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"benthos-segment/internal/tracking/internal/notice"
	"benthos-segment/internal/tracking/internal/outcome"
)

// noticeableTokenFailures is how many requests for a token in a row have to
// fail before that is worth a line. Fewer pass by themselves.
const noticeableTokenFailures = 3

// trouble says that no access token is granted, where no Send does: the
// calls wait for one without being sent, or the one in use is still good.
type trouble struct {
	log notice.Log

	mu       sync.Mutex
	failures int
	said     time.Time
}

// note takes down how a request for a token ended, and until when the one
// before is good.
func (t *trouble) note(err error, good time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		if !t.said.IsZero() {
			t.log.Info("access tokens are granted again")
		}
		t.failures, t.said = 0, time.Time{}
		return
	}
	t.failures++
	now := time.Now()
	isGood := now.Before(good)
	if !t.isNoticeable(err, isGood) || now.Sub(t.said) < notice.Interval {
		return
	}
	t.said = now
	then := "calls wait for one; nothing is lost while this process runs"
	if isGood {
		then = "the one in use is valid until " + good.UTC().Format(time.RFC3339)
	}
	t.log.Warn(fmt.Sprintf("no access token is granted: %s; retrying, and %s", describeMissing(err), then))
}

// isNoticeable leaves out what is said elsewhere: that the calls are held, since
// the server does not like what it is asked, or wants us to wait.
func (t *trouble) isNoticeable(err error, isGood bool) bool {
	switch outcome.Explain(err).Class {
	case outcome.Transient:
		return t.failures >= noticeableTokenFailures
	case outcome.Setup:
		return isGood
	default:
		return isGood && t.failures >= noticeableTokenFailures
	}
}

func describeMissing(err error) string {
	if why, isIt := errors.AsType[*missing](err); isIt {
		return why.reason()
	}
	return outcome.Explain(err).Text
}
