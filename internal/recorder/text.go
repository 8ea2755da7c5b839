package recorder

import (
	"regexp"
	"strconv"
)

// keyMember is a write key in a text that is no JSON, or in a part of one.
var keyMember = regexp.MustCompile(`("(?i:write_?key)"\s*:\s*")[^"]*`)

// hideAnyKey hides what is named like a write key.
func hideAnyKey(text string) string { return keyMember.ReplaceAllString(text, "$1…") }

func retryCount(earlier int) string { return strconv.Itoa(earlier) }
