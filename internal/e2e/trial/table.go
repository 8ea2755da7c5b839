package trial

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/torture/ordeal"
)

// row is what the rounds of one name came to.
type row struct {
	Round
	times  int
	broken int
	tally  ordeal.Tally
}

// ErrLeftOut says that the table is not complete.
var ErrLeftOut = errors.New("left out")

// Run plays all rounds of a part whose names match, says how each went, and
// returns the table. Its error says that a round was broken.
func Run(ctx context.Context, p Part, only *regexp.Regexp, o Options) (table string, err error) {
	product, err := product(ctx)
	if err != nil {
		return "", err
	}
	var rows []row
	started := time.Now()
	for _, r := range p.Rounds {
		if !only.MatchString(r.Name) {
			continue
		}
		if what := needs.Missing(r.Needs); what != "" {
			err = errors.Join(err, fmt.Errorf("%w: %s, %s: %s", ErrLeftOut, p.Name, r.Name, what))
			continue
		}
		done := row{Round: r}
		for n := range cmp.Or(o.Times, r.Times, 1) {
			began := time.Now()
			got, broken := r.play(ctx, product, nameOf(p.Name, r.Name, n), o)
			fmt.Printf("%s  %-45s %6d calls, %d kills, %d lost, %d doubled, %d overtaken, %d resent, %s pause, %s\n", p.Name, r.Name,
				got.Calls, got.Kills, got.Lost, got.Doubled, got.Overtaken, got.Resent, got.Pause.Round(100*time.Millisecond), time.Since(began).Round(100*time.Millisecond))
			if broken != nil {
				done.broken++
				fmt.Printf("      BROKEN: %v\n", broken)
				err = errors.Join(err, fmt.Errorf("%s, %s: %w", p.Name, r.Name, broken))
			}
			if ctx.Err() != nil {
				return "", errors.Join(err, ctx.Err())
			}
			done.tally = done.tally.Plus(got)
			done.times++
		}
		rows = append(rows, done)
	}
	if len(rows) == 0 {
		return "", errors.Join(err, fmt.Errorf("%s has no round of that name", p.Name))
	}
	how := fmt.Sprintf("%s, %s, %s", p.Versions(ctx), o.command(p.Name), time.Since(started).Round(time.Second))
	return tableOf(how, rows), err
}

// heading names the columns. That of pauses is there where rounds have some.
func heading(timed bool) string {
	names := "| What happens | rounds | calls | faults | sent again | lost | duplicates after de-duplication | order violations |"
	rule := "\n|---|---|---|---|---|---|---|---|"
	if timed {
		names += " goes on after, at most |"
		rule += "---|"
	}
	return names + rule + "\n"
}

// tableOf says in its first line what was played, and how.
func tableOf(how string, rows []row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:\n\n", how)
	timed := areTimed(rows)
	b.WriteString(heading(timed))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %s | %s | %s |", r.Name, r.rounds(), r.tally.Calls, r.tally.Kills, r.tally.Resent,
			figure(r.tally.Lost, r.Breaks&Delivery), figure(r.tally.Doubled, r.Breaks&Once), disorder(r.tally, r.Breaks&Order))
		if timed {
			fmt.Fprintf(&b, " %.1f s |", r.tally.Pause.Seconds())
		}
		b.WriteByte('\n')
	}
	rounds := make([]Round, len(rows))
	for i, r := range rows {
		rounds[i] = r.Round
	}
	return b.String() + notesOf(rounds)
}

// notesOf says each note once, with all rounds that it is about: below a table,
// or nothing.
func notesOf(rounds []Round) string {
	var notes []string
	names := map[string][]string{}
	for _, r := range rounds {
		if r.Note == "" {
			continue
		}
		if names[r.Note] == nil {
			notes = append(notes, r.Note)
		}
		names[r.Note] = append(names[r.Note], r.Name)
	}
	if len(notes) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte('\n')
	for _, note := range notes {
		fmt.Fprintf(&b, "- %s: %s\n", strings.Join(names[note], "; "), note)
	}
	return b.String()
}

// areTimed says whether rounds measured for how long delivery stood.
func areTimed(rows []row) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return r.tally.Pause > 0 })
}

// rounds says how many were played, and how many of them failed.
func (r row) rounds() string {
	if r.broken > 0 {
		return fmt.Sprintf("%d, **%d broken**", r.times, r.broken)
	}
	return fmt.Sprint(r.times)
}

// figure is bold where it is not what is promised.
func figure(n int, broken Promise) string {
	if n > 0 && broken != 0 {
		return fmt.Sprintf("**%d**", n)
	}
	return fmt.Sprint(n)
}

func disorder(t ordeal.Tally, broken Promise) string {
	if t.Placed == 0 {
		return "-"
	}
	return figure(t.Overtaken, broken)
}

// Save writes a table between the marks of its part in a document.
func Save(path, part, table string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	head, rest, began := bytes.Cut(text, []byte(opening(part)))
	_, tail, ended := bytes.Cut(rest, []byte(closing(part)))
	if !began || !ended {
		return fmt.Errorf("%s has no lines %s and %s for the table", path, opening(part), closing(part))
	}
	whole := string(head) + opening(part) + "\n" + table + closing(part) + string(tail)
	if err := os.WriteFile(path, []byte(whole), 0o644); err != nil {
		return fmt.Errorf("writing the document: %w", err)
	}
	return nil
}

func opening(part string) string { return "<!-- e2e:" + part + " -->" }
func closing(part string) string { return "<!-- /e2e:" + part + " -->" }
