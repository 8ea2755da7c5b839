package ingest

import (
	"bytes"

	"benthos-segment/internal/segment/jsonscan"
)

// Pick puts into values the values of the members of a JSON object that have these
// names, each at the place of its name. It makes nothing that has to be thrown away.
//
// The text has been read before, as a part of an envelope. Of what is not valid, Pick
// takes members as far as it finds any.
func Pick(text []byte, names []string, values [][]byte) {
	scan := jsonscan.Over(bytes.TrimLeft(text, blanks))
	if scan.Peek() != '{' {
		return
	}
	for isOver := scan.Open('}'); !isOver; isOver = scan.More('}') {
		member, isWhole := scan.Member(1)
		if !isWhole {
			return
		}
		name := plain(member.Name)
		for i, wanted := range names {
			if wanted == string(name) {
				values[i] = member.Value[:len(member.Value):len(member.Value)]
			}
		}
	}
}
