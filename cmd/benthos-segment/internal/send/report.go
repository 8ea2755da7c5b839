package send

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/segment"
)

// report says what came of the run.
func (s *session) report(why error) {
	t := table{}
	t.row("events", s.settledEvents()-s.before, "settled: sent, skipped or refused")
	if s.before > 0 {
		t.row("", s.before, "settled by earlier runs")
	}
	t.row("calls sent", s.figures.sum(figureSent), listed(s.figures.by(figureSent)))
	if skipped := s.figures.by(figureSkipped); len(skipped) > 0 {
		t.row("skipped", s.figures.sum(figureSkipped), listed(skipped))
	}
	t.row("refused", int64(s.letters.refused()), s.refusedWhy())
	if s.refusedBefore > 0 {
		t.row("", s.refusedBefore, "refused by earlier runs")
	}
	if retries := s.figures.sum(figureRetries); retries > 0 {
		t.row("retries", retries, listed(s.figures.by(figureRetries)))
	}
	t.row("requests", s.figures.sum(figureRequests), s.requestsSay())
	if s.dry != nil {
		fmt.Fprintln(s.out, "\nDry run: nothing was sent.")
	}
	fmt.Fprintln(s.out)
	t.write(s.out.Writer)
	s.sayWhatNext(why)
}

func (s *session) settledEvents() (total int64) {
	for _, at := range s.ledger.positions() {
		total += at.documents
	}
	return total
}

// refusedWhy lists the reasons.
func (s *session) refusedWhy() string {
	reasons := s.figures.by(figureRejected)
	delete(reasons, string(segment.ReasonUndelivered))
	return listed(reasons)
}

func (s *session) requestsSay() string {
	if s.dry != nil {
		return humanize.Bytes(uint64(s.figures.sum(figureWireBytes))) + " compressed"
	}
	took := time.Since(s.meter.started)
	parts := []string{humanize.Bytes(uint64(s.figures.sum(figureWireBytes))) + " on the wire in " + span(took)}
	if seconds := took.Seconds(); seconds >= 1 {
		parts = append(parts, command.Thousands(int64(float64(s.figures.sum(figureSent))/seconds))+" calls a second")
	}
	return strings.Join(parts, ", ")
}

// listed writes counts by name, the largest first.
func listed(counts map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = command.Thousands(counts[name]) + " " + name
	}
	return strings.Join(parts, ", ")
}

// sayWhatNext names the next command.
func (s *session) sayWhatNext(why error) {
	if s.allRefused() > 0 && s.dry == nil {
		s.tell(fmt.Sprintf("\nThe refused events were written to %s with their reasons. After a fix:", strings.Join(s.deadLetters(), ", ")))
		fmt.Fprintf(s.out, "  %s\n", s.nextCommand())
	}
	if why == nil {
		return
	}
	s.tell("\nStopped before the end: " + s.explain(why))
	switch {
	case s.dry != nil, errors.Is(why, errChanged):
	case s.keeper.path == "":
		s.tell("There is no checkpoint: the same command sends everything again. Events with an id or a time of their own keep their message ids, and Segment removes the duplicates.")
	default:
		s.tell(fmt.Sprintf("Nothing is lost: the same command goes on from there. The checkpoint is %s.", s.keeper.path))
	}
}

// tell writes a line of the result, which a terminal does not break within a word.
func (s *session) tell(line string) { fmt.Fprintln(s.out, s.out.Wrap(line)) }

// nextCommand sends the dead letters to where this run has sent to.
func (s *session) nextCommand() string {
	words := append([]string{"benthos-segment", "send"}, s.conf.given...)
	words = append(words, "--"+flagDeadLetters)
	words = append(words, s.deadLetters()...)
	for i, word := range words {
		words[i] = quoted(word)
	}
	return strings.Join(words, " ")
}

// explain says in the user's words why a run has ended.
func (s *session) explain(why error) string {
	text := why.Error()
	if errors.Is(why, errInterrupted) {
		return text + "."
	}
	if said, isAboutSetUp := strings.CutSuffix(text, ", which is about the set-up; nothing is wrong with the event, it can be sent again as it is"); isAboutSetUp {
		return said + ". Check " + keyVariable + ", --" + flagRegion + " and --" + flagEndpoint + "."
	}
	text, _, _ = strings.Cut(text, "; nothing is wrong with the event")
	return text + "."
}

// exit is the end of the command.
func (s *session) exit(why error) error {
	switch {
	case why != nil:
		return command.Failed()
	case s.allRefused() > 0:
		return command.Refused()
	default:
		return nil
	}
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	if word == "" || strings.ContainsAny(word, " \t\n'\"\\$`!*?[](){}<>|&;#~") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
