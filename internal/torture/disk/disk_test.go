package disk_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/disk"
)

// volatile leaves a test out where nothing can be mounted, but not in CI.
func volatile(t *testing.T, mount string) disk.Disk {
	t.Helper()
	d, err := disk.NewVolatile(mount)
	if err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), err)
		t.Skip(err)
	}
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

// A disk that forgot nothing would prove nothing.
func TestAPowerCutTakesWhatWasNotSynced(t *testing.T) {
	mount := t.TempDir()
	d := volatile(t, mount)
	rng, isForgotten := rand.New(rand.NewPCG(1, 2)), false
	for n := range 20 {
		synced := filepath.Join(mount, fmt.Sprintf("synced-%d", n))
		file, err := os.Create(synced)
		require.NoError(t, err)
		_, err = file.WriteString("kept")
		require.NoError(t, err)
		require.NoError(t, file.Sync())
		folder, err := os.Open(mount)
		require.NoError(t, err)
		require.NoError(t, folder.Sync())
		require.NoError(t, folder.Close())
		_, err = file.WriteString(", and forgotten")
		require.NoError(t, err)
		require.NoError(t, file.Close())
		unsynced := filepath.Join(mount, fmt.Sprintf("unsynced-%d", n))
		require.NoError(t, os.WriteFile(unsynced, []byte("forgotten"), 0o600))

		require.NoError(t, d.Cut(rng))
		text, err := os.ReadFile(synced)
		require.NoError(t, err)
		require.Equal(t, "kept", string(text[:4]))
		_, err = os.Stat(unsynced)
		isForgotten = isForgotten || os.IsNotExist(err) && string(text) == "kept"
	}
	assert.True(t, isForgotten, "what was not synced outlived twenty cuts")
}

// JetStream and Redis cut files short when they start after a crash.
func TestAFileIsCutShortAndMadeLonger(t *testing.T) {
	mount := t.TempDir()
	volatile(t, mount)
	path := filepath.Join(mount, "file")
	file, err := os.Create(path)
	require.NoError(t, err)
	_, err = file.WriteString("0123456789")
	require.NoError(t, err)

	require.NoError(t, file.Truncate(4))
	_, err = file.WriteAt([]byte("xy"), 4)
	require.NoError(t, err, "the handle goes on with the file that is there now")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "0123xy", string(text))

	require.NoError(t, os.Truncate(path, 8))
	text, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "0123xy\x00\x00", string(text))
	assert.NoError(t, file.Close())
}
