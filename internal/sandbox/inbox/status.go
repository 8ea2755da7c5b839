package inbox

import (
	"fmt"
	"strconv"
	"strings"
)

// Status is the status of an answer, such as 200, a class of them, such as 2xx,
// or "cut" for connections that were cut instead. Empty stands for all.
type Status string

const cut = "cut"

// ParseStatus refuses what is no status.
func ParseStatus(text string) (Status, error) {
	isCode := len(text) == 3 && text[0] >= '1' && text[0] <= '5' &&
		(text[1:] == "xx" || strings.Trim(text[1:], "0123456789") == "")
	if text != "" && text != cut && !isCode {
		return "", fmt.Errorf("%q is no status such as 200, 2xx or cut", text)
	}
	return Status(text), nil
}

// Has reports whether a status is one of these.
func (s Status) Has(status int) bool {
	name := statusName(status)
	class, isClass := strings.CutSuffix(string(s), "xx")
	return s == "" || string(s) == name || isClass && strings.HasPrefix(name, class)
}

func statusName(status int) string {
	if status == 0 {
		return cut
	}
	return strconv.Itoa(status)
}
