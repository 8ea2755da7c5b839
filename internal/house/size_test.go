package house

import (
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	// maxLines is how long a file may be that is to be about one thing.
	maxLines = 350
	// maxFiles is how many files a package may have that can be looked over.
	maxFiles = 20
)

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func TestNoFileIsLong(t *testing.T) {
	for _, file := range tracked(t, ".go") {
		text := read(t, file)
		if !generated.MatchString(text) {
			assert.LessOrEqual(t, strings.Count(text, "\n"), maxLines, file)
		}
	}
}

func TestNoPackageHasManyFiles(t *testing.T) {
	files := make(map[string]int)
	for _, file := range tracked(t, ".go") {
		if !strings.HasSuffix(file, "_test.go") {
			files[path.Dir(file)]++
		}
	}
	for folder, count := range files {
		assert.LessOrEqual(t, count, maxFiles, folder)
	}
}
