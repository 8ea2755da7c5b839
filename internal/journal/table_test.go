package journal

import (
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A process that is killed while a table is being written leaves a part of it. Its
// events are in other files, and the queue is opened as it is: to save what is whole
// would copy all of it.
func TestATableThatAKillCutShortIsNoDamage(t *testing.T) {
	for name, cut := range map[string]func(table []byte) []byte{
		"at its start": func([]byte) []byte { return nil },
		"in it":        func(table []byte) []byte { return table[:len(table)/2] },
		"at its end":   func(table []byte) []byte { return table[:len(table)-10] },
	} {
		t.Run(name, func(t *testing.T) {
			fs, log := vfs.NewCrashableMem(), &said{}
			j := opening(t, Config{FS: fs, memTableBytes: 1 << 20})
			var left []string
			for i := range 40 {
				left = append(left, strconv.Itoa(i)+string(make([]byte, 100_000)))
				mustWrite(t, j, left[i])
			}
			require.NoError(t, j.Close())

			files, err := dataFiles(fs, "queue/db")
			require.NoError(t, err)
			var whole []byte
			for _, file := range files {
				if !file.isLog {
					whole, err = readAll(fs, "queue/db/"+file.name)
					require.NoError(t, err)
				}
			}
			require.NotEmpty(t, whole, "there is a table")
			file, err := fs.Create("queue/db/900000.sst", vfs.WriteCategoryUnspecified)
			require.NoError(t, err)
			_, err = file.Write(cut(whole))
			require.NoError(t, err)
			require.NoError(t, file.Close())

			j = opening(t, Config{FS: fs, Log: log, memTableBytes: 1 << 20})
			assert.Equal(t, left, drain(t, j))
			assert.NotContains(t, log.all(), "damage")
		})
	}
}
