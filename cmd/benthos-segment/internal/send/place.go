package send

import (
	"fmt"
	"strings"
)

// place is where an event was read. As the metadata of its message it is what an
// id is made of, where the event has nothing better, and what a dead letter names.
type place struct {
	run      string
	document int64
	line     int
	file     string
}

func (p place) String() string {
	return fmt.Sprintf("send %s %d %d %s", p.run, p.document, p.line, p.file)
}

func parsePlace(text string) (p place, isPlace bool) {
	words := strings.SplitN(text, " ", 5)
	if len(words) != 5 || words[0] != "send" {
		return p, false
	}
	p.run, p.file = words[1], words[4]
	_, err := fmt.Sscan(words[2]+" "+words[3], &p.document, &p.line)
	return p, err == nil
}
