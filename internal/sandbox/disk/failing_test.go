package disk

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A disk that is full for an hour is one line in the log, and not one a request.
func TestAFailingDiskIsSaidOnce(t *testing.T) {
	var said []string
	d := &Disk{warn: func(text string) { said = append(said, text) }}
	full := errors.New("no space left on device")
	for _, err := range []error{nil, full, full, full, nil, nil, full} {
		d.note(err)
	}
	assert.Equal(t, []string{
		"what arrives is not kept on the disk, and is gone when the sandbox stops: no space left on device",
		"what arrives is kept on the disk again; what came meanwhile is not",
		"what arrives is not kept on the disk, and is gone when the sandbox stops: no space left on device",
	}, said)
}
