package needs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAProgramIsLookedForInThePathAndByPattern(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	p := Program{Name: "a-real-broker", Package: "a-real-broker-server"}
	assert.Equal(t, "there is no a-real-broker (package a-real-broker-server)", p.Missing())
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a-real-broker"), nil, 0o600))
	assert.NotEmpty(t, p.Missing(), "it is no program yet")
	require.NoError(t, os.Chmod(filepath.Join(folder, "a-real-broker"), 0o700))

	assert.Empty(t, p.Missing())
	assert.Equal(t, filepath.Join(folder, "a-real-broker"), p.Path())
	assert.Equal(t, p.Path(), Program{Name: filepath.Join(folder, "a-*-broker")}.Path())
	assert.Contains(t, Program{Name: filepath.Join(folder, "none-*"), Package: "p"}.Missing(), "(package p)")
}

func TestTheVersionOfAPackageIsThatOfTheProgram(t *testing.T) {
	for version, want := range map[string]string{
		"5:7.0.15-1~deb12u10":       "7.0.15",
		"2.9.10-1+b3":               "2.9.10",
		"17.0.15+6-1~deb12u1":       "17.0.15",
		"3.10.8-1.1+deb12u1":        "3.10.8",
		"15+248":                    "15",
		"1:1.22.1-9+deb12u3~really": "1.22.1",
	} {
		assert.Equal(t, want, upstream(version), version)
	}
}

// apt stands in for apt-get, and writes down what it is asked for.
const apt = "#!/bin/sh\necho \"$*\" >>\"$(dirname \"$0\")/asked\"\n"

func TestOnlyWhatIsMissingIsInstalledAndOnce(t *testing.T) {
	if Root.Missing() != "" {
		require.NotEqual(t, "true", os.Getenv("CI"), "nothing is left out in CI")
		t.Skip("without root it would ask sudo for a password")
	}
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "apt-get"), []byte(apt), 0o700))
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	missing := Program{Name: "a-real-broker", Package: "broker"}
	other := Program{Name: "another-broker", Package: "another"}

	require.NoError(t, Install(t.Context(), []Need{missing, other, missing, Program{Name: "sh", Package: "dash"}, Root}))

	asked, err := os.ReadFile(filepath.Join(folder, "asked"))
	require.NoError(t, err)
	assert.Equal(t, "update -qq\ninstall -y -qq --no-install-recommends another broker\n", string(asked))
}

func TestWithoutAptGetItSaysWhichPackagesAreMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := Install(t.Context(), []Need{Program{Name: "a-real-broker", Package: "broker"}})
	assert.ErrorContains(t, err, "there is no apt-get to install them with: broker")
}

func TestAnotherVersionOfArchivesIsAnotherFolder(t *testing.T) {
	assert.NotEqual(t, Kafka4.Folder(), Kafka3.Folder())
	assert.Equal(t, "e2e", filepath.Base(Cache()))
	assert.Contains(t, Jars{Name: "kafka-4"}.ClassPath(), "kafka-4-")
}

// In CI nothing is left out, the power cuts least of all.
func TestARightThatIsMissingIsSaid(t *testing.T) {
	if what := PowerCuts.Missing(); what != "" {
		require.NotEqual(t, "true", os.Getenv("CI"), what)
		assert.Contains(t, what, "FUSE")
	}
	refused := &powerCuts{refused: func() error { return assert.AnError }}
	assert.Equal(t, "it wants to mount a disk by FUSE, as root: "+assert.AnError.Error(), refused.Missing())
}
