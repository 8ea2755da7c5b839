package ingest

import "bytes"

// Pick puts into values the values of the members of a JSON object that have these
// names, each at the place of its name. It makes nothing that has to be thrown away.
//
// The text has been read before, as a part of an envelope: so it is valid, and
// strings and brackets are all that has to be looked at. Of what is not, Pick takes
// members as far as it finds any.
func Pick(text []byte, names []string, values [][]byte) {
	at := skipSpace(text, 0)
	if at == len(text) || text[at] != '{' {
		return
	}
	for at = skipSpace(text, at+1); at < len(text) && text[at] == '"'; at = skipSpace(text, at+1) {
		end, isWhole := skipString(text, at)
		if !isWhole {
			return
		}
		name := plain(text[at:end])
		if at = skipSpace(text, end); at == len(text) || text[at] != ':' {
			return
		}
		at = skipSpace(text, at+1)
		if end, isWhole = skipValue(text, at); !isWhole {
			return
		}
		for i, wanted := range names {
			if wanted == string(name) {
				values[i] = text[at:end:end]
			}
		}
		if at = skipSpace(text, end); at == len(text) || text[at] != ',' {
			return
		}
	}
}

func skipSpace(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r') {
		at++
	}
	return at
}

// skipString returns where the string ends that begins at a quote.
func skipString(text []byte, at int) (end int, isWhole bool) {
	for end = at + 1; ; {
		quote := bytes.IndexByte(text[end:], '"')
		if quote < 0 {
			return len(text), false
		}
		end += quote + 1
		if !isEscaped(text[at+1 : end-1]) {
			return end, true
		}
	}
}

// isEscaped reports whether what follows the text is: an odd number of backslashes
// says so.
func isEscaped(text []byte) bool {
	slashes := len(text) - len(bytes.TrimRight(text, `\`))
	return slashes%2 == 1
}

// skipValue returns where the value ends that begins there.
func skipValue(text []byte, at int) (end int, isWhole bool) {
	if at == len(text) {
		return at, false
	}
	switch text[at] {
	case '"':
		return skipString(text, at)
	case '{', '[':
		return skipNested(text, at)
	default:
		end = at
		for end < len(text) && !isDelimiter(text[end]) {
			end++
		}
		return end, end > at
	}
}

func isDelimiter(c byte) bool {
	switch c {
	case ',', '}', ']', ':', ' ', '\t', '\n', '\r':
		return true
	default:
		return false
	}
}

// skipNested returns where the object or the array ends that begins there.
func skipNested(text []byte, at int) (end int, isWhole bool) {
	depth := 0
	for at < len(text) {
		switch text[at] {
		case '"':
			if at, isWhole = skipString(text, at); !isWhole {
				return at, false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		at++
		if depth == 0 {
			return at, true
		}
	}
	return at, false
}
