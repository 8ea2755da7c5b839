package demo

import (
	"bytes"
	"encoding/json"
	"fmt"

	"benthos-segment/internal/segment"
)

// report says what arrived and what did not. It fails if an event is in neither
// place.
func (d *demo) report(events int, deadLetters []byte) error {
	sum := d.sandbox.Inbox.Summary()
	fmt.Fprintf(d.out, `
  %s
      %d events of eight SDKs and a till
          │
  %s
          │
  %s, which stands in for Segment
      %d calls in requests: %d, duplicates: %d, discarded: %d

`, d.path(eventsFile), events, d.path(pipelineFile), d.url, sum.Unique, sum.Requests, sum.Duplicates, sum.Discarded)
	for t := segment.Identify; t <= segment.Alias; t++ {
		fmt.Fprintf(d.out, "      %-9s %3d\n", t, sum.ByType[t.String()])
	}
	letters, err := readLetters(deadLetters)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\n  %s\n      events that Segment would have answered with 200 and discarded: %d\n", d.path(deadLettersFile), len(letters))
	for _, l := range letters {
		fmt.Fprintf(d.out, "\n      reason    %s\n      field     %s\n      sentence  %s\n      payload   %s\n",
			l.Reason, l.Field, clip(l.Sentence), clip(l.Payload))
	}
	if sum.Unique+len(letters) != events {
		return fmt.Errorf("of %d events, %d arrived and %d are dead letters: see %s", events, sum.Unique, len(letters), d.path(pipelineFile+".log"))
	}
	return nil
}

type letter struct{ Reason, Field, Sentence, Payload string }

func readLetters(lines []byte) (all []letter, err error) {
	decoder := json.NewDecoder(bytes.NewReader(lines))
	for decoder.More() {
		var one letter
		if err := decoder.Decode(&one); err != nil {
			return nil, fmt.Errorf("reading the dead letters: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}

// clip cuts a text that is too long for a line.
func clip(text string) string {
	const most = 90
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func (d *demo) sayWhereNext() {
	fmt.Fprintf(d.out, `
  Where to look next
      %s
                               the pipeline: a file in, Segment out
      %s demo --keep
                               the same, and the page of the sandbox to watch
      README.md                what is promised, and how to check it

`, d.path(pipelineFile), d.called)
}

func (d *demo) sayWhatToWatch() {
	fmt.Fprintf(d.out, `
  Open %[1]s in a browser. The events are there, and a little made-up
  traffic goes on until Ctrl-C, with a few calls that Segment would discard.
  Or, in another terminal:
      curl %[1]s/api/v1/summary
      curl '%[1]s/api/v1/calls?q=user:cus_7001'
      EVENTS=%[2]s SEGMENT_ENDPOINT=%[1]s %[4]s run %[3]s
      curl '%[1]s/api/v1/calls?q=duplicate:true'     # the same ids again

`, d.url, d.path(eventsFile), d.path(pipelineFile), d.called)
}
