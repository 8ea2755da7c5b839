package publicapi

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// window is the time that a limit is for.
const window = time.Minute

// maxCounted bounds what is remembered of who asked.
const maxCounted = 10_000

// limits count what is asked, by token and endpoint.
type limits struct {
	mu      sync.Mutex
	counted map[string]*spent
}

type spent struct {
	since time.Time
	n     int
}

// take counts one question, and refuses it if there were too many.
func (l *limits) take(header http.Header, who string, most int) *refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if len(l.counted) > maxCounted || l.counted == nil {
		l.counted = map[string]*spent{}
	}
	s := l.counted[who]
	if s == nil || now.Sub(s.since) >= window {
		s = &spent{since: now}
		l.counted[who] = s
	}
	s.n++
	end := s.since.Add(window)
	header.Set("X-RateLimit-Consumed", strconv.Itoa(min(s.n, most)))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(max(most-s.n, 0)))
	header.Set("X-RateLimit-Reset", end.UTC().Format(time.RFC1123Z))
	if s.n <= most {
		return nil
	}
	return &refusal{
		status: http.StatusTooManyRequests, Type: typeRequest, Message: "Too many requests",
		Data: map[string]any{"msBeforeNext": end.Sub(now).Milliseconds(), "remainingPoints": 0, "consumedPoints": s.n},
	}
}
