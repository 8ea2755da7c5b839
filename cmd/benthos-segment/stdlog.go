package main

import (
	"fmt"
	"io"
	"log"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// standardLog is where Go's standard logger writes, in place of stderr. Go's
// own HTTP client and server have no other, and put there what they were sent
// and did not expect: lines that belong into the log of the pipeline, in its
// form, and without the words of a server.
type standardLog struct {
	// early takes what is written before there is a logger.
	early io.Writer

	mu     sync.Mutex
	logger *service.Logger
}

// redirectStandardLog makes the standard logger write to the log of the
// pipeline, once use has been called.
func redirectStandardLog(early io.Writer) *standardLog {
	s := &standardLog{early: early}
	log.SetFlags(0) // The log has a time of its own.
	log.SetOutput(s)
	return s
}

func (s *standardLog) use(logger *service.Logger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logger = logger
}

// unsolicited begins the line about a server that has sent something over an
// idle connection. What follows is what it has sent.
const unsolicited = "Unsolicited response received on idle HTTP channel"

// Write takes one message of the standard logger.
func (s *standardLog) Write(message []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := string(message)
	switch {
	case s.logger == nil:
		fmt.Fprintln(s.early, cleaned(text))
	case strings.HasPrefix(text, unsolicited):
		// Nothing follows from it: the next request has another connection.
		s.logger.Debug("an HTTP server has sent something over an idle connection, which is closed")
	default:
		s.logger.Warn(cleaned(text))
	}
	return len(message), nil
}

// maxStandardLine bounds a message of the standard logger, which may hold the
// stacks of a panic.
const maxStandardLine = 8 << 10

// quoted is what somebody else has written, as Go's libraries show it.
var quoted = regexp.MustCompile(`(?s)"(?:[^"\\]|\\.)*(?:"|$)`)

// cleaned returns a message without what it quotes, and without characters
// that a terminal obeys.
func cleaned(message string) string {
	message = quoted.ReplaceAllString(message, `"…"`)
	message = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, message)
	if len(message) > maxStandardLine {
		message = strings.ToValidUTF8(message[:maxStandardLine], "") + "…"
	}
	return strings.TrimSpace(message)
}
