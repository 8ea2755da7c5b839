package jsonscan

// IsNumber reports whether text is a number literal, RFC 8259 section 6.
func IsNumber(text string) bool {
	literal := []byte(text)
	return len(literal) > 0 && skipNumber(literal, 0) == len(literal)
}

func skipNumber(text []byte, at int) int {
	if at < len(text) && text[at] == '-' {
		at++
	}
	if at < len(text) && text[at] == '0' {
		at++
	} else if at = skipDigits(text, at); at < 0 {
		return at
	}
	if at < len(text) && text[at] == '.' {
		if at = skipDigits(text, at+1); at < 0 {
			return at
		}
	}
	if at >= len(text) || text[at]|0x20 != 'e' {
		return at
	}
	at++
	if at < len(text) && (text[at] == '+' || text[at] == '-') {
		at++
	}
	return skipDigits(text, at)
}

// skipDigits passes over at least one digit.
func skipDigits(text []byte, at int) int {
	first := at
	for at < len(text) && IsDigit(text[at]) {
		at++
	}
	if at == first {
		return ^at
	}
	return at
}

// IsDigit reports whether b is an ASCII digit.
func IsDigit(b byte) bool { return b >= '0' && b <= '9' }
